"""Triangle meshes while they are being made: seams, and which vertices are neighbours."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray


def split_seams(
    faces: NDArray[np.int32], face_uv: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """One vertex for each (vertex, uv) pair that occurs.

    Returns
    -------
    faces (F, 3) of the split mesh, the old vertex of each new one, and its row of uv.
    """
    width = int(face_uv.max()) + 1
    key = faces.astype(np.int64) * width + face_uv
    unique, inverse = np.unique(key.ravel(), return_inverse=True)
    return (
        inverse.reshape(faces.shape).astype(np.int32),
        (unique // width).astype(np.int32),
        (unique % width).astype(np.int32),
    )


def adjacency(faces: NDArray[np.int32], count: int) -> sp.csr_matrix:
    """(V, V) of ones between vertices that share an edge."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    ones = np.ones(len(edges))
    matrix = sp.coo_matrix((ones, (edges[:, 0], edges[:, 1])), (count, count)).tocsr()
    matrix = matrix + matrix.T
    matrix.data[:] = 1
    return matrix


def averaging(faces: NDArray[np.int32], count: int) -> sp.csr_matrix:
    """(V, V) rows that average a vertex's neighbours (a vertex without any keeps its own value)."""
    matrix = adjacency(faces, count)
    degree = np.asarray(matrix.sum(1)).ravel()
    alone = sp.diags((degree == 0).astype(float))
    return (sp.diags(1 / np.maximum(degree, 1)) @ matrix + alone).tocsr()
