"""Rows of many short vectors: which belong together, their sums, lengths and products."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def merged_by_place(vertices: NDArray[np.float32]) -> NDArray[np.int64]:
    """(V,) one number for all vertices at exactly the same place (a texture seam's copies)."""
    places = np.ascontiguousarray(vertices + np.float32(0)).view("V12").ravel()  # + 0 turns -0 into 0
    return np.unique(places, return_inverse=True)[1]


def sums_by_group(values: NDArray[np.floating], group: NDArray[np.integer], count: int) -> NDArray[np.float32]:
    """(count, C) sums of the rows of (N, C) `values` that have the same number in `group` (N,)."""
    sums = np.empty((count, values.shape[1]), np.float32)
    for i in range(values.shape[1]):
        sums[:, i] = np.bincount(group, weights=values[:, i], minlength=count)
    return sums


def thin_product(rows: NDArray[np.float32], matrix: NDArray[np.floating]) -> NDArray[np.float32]:
    """(N, K) @ (K, C) for large N and small K, C.

    Without BLAS: its threads wait for each other longer than they multiply.
    """
    product: NDArray[np.float32] = np.einsum("nk,kc->nc", rows, np.asarray(matrix, np.float32))
    return product


def unit_length(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """(N, 3) at length 1; the zero vector stays zero."""
    length = np.sqrt(np.einsum("ni,ni->n", vectors, vectors))  # faster than np.linalg.norm
    result: NDArray[np.float32] = (vectors / np.maximum(length, 1e-12)[:, None]).astype(np.float32)
    return result
