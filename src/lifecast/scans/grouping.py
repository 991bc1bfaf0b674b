"""Which vertices and faces of a triangle soup belong together, and sums over what does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


def merged_by_place(vertices: NDArray[np.float32]) -> NDArray[np.int64]:
    """(V,) one number for all vertices at exactly the same place (a texture seam's copies)."""
    places = np.ascontiguousarray(vertices + np.float32(0)).view("V12").ravel()  # + 0 turns -0 into 0
    return np.unique(places, return_inverse=True)[1]


def face_components(faces: NDArray[np.integer], vertex_count: int) -> NDArray[np.int32]:
    """(F,) number of the connected shell of each face."""
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]]])
    graph = coo_matrix((np.ones(len(ends), np.int8), (ends[:, 0], ends[:, 1])), (vertex_count, vertex_count))
    return connected_components(graph, directed=False)[1][faces[:, 0]]


def sums_by_group(values: NDArray[np.floating], group: NDArray[np.integer], count: int) -> NDArray[np.float32]:
    """(count, C) sums of the rows of (N, C) `values` that have the same number in `group` (N,)."""
    sums = np.empty((count, values.shape[1]), np.float32)
    for i in range(values.shape[1]):
        sums[:, i] = np.bincount(group, weights=values[:, i], minlength=count)
    return sums


def unit_length(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """(N, 3) at length 1; the zero vector stays zero."""
    length = np.sqrt(np.einsum("ni,ni->n", vectors, vectors))  # half the time of np.linalg.norm
    return (vectors / np.maximum(length, 1e-12)[:, None]).astype(np.float32)
