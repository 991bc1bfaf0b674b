"""The closed pieces of a mesh, and which of them to keep."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


class Pieces(NamedTuple):
    """The connected components of a closed mesh."""

    of_face: np.ndarray
    """(F,) int: each face's component."""
    volumes: np.ndarray
    """(K,) float64: enclosed volumes; negative where the surface bounds a hollow."""


def pieces(vertices: np.ndarray, faces: np.ndarray) -> Pieces:
    """Find the components of vertices (V, 3) and faces (F, 3), with their signed volumes.

    They are joined by shared vertices.
    """
    count = len(vertices)
    ones = np.ones(len(faces), dtype=bool)
    links = coo_array((ones, (faces[:, 0], faces[:, 1])), shape=(count, count))
    links = links + coo_array((ones, (faces[:, 1], faces[:, 2])), shape=(count, count))
    _, of_vertex = connected_components(links, directed=False)
    # Unused vertices are components of no face: number those that have some.
    _, of_face = np.unique(of_vertex[faces[:, 0]], return_inverse=True)
    a, b, c = (vertices[faces[:, k]].astype(np.float64) for k in range(3))
    tetrahedra = np.einsum("ij,ij->i", a, np.cross(b, c)) / 6
    return Pieces(of_face, np.bincount(of_face, weights=tetrahedra))


def largest_piece(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, int]:
    """Find the faces (F,) bool of the component of the largest volume.

    Returns also how many others there are. Hollows inside of it are among the others: without their surface they are
    filled.
    """
    if not len(faces):
        return np.zeros(0, dtype=bool), 0
    found = pieces(vertices, faces)
    return found.of_face == found.volumes.argmax(), len(found.volumes) - 1


def compact(faces: np.ndarray, *per_vertex: np.ndarray) -> tuple[np.ndarray, ...]:
    """Renumber faces (F, 3) without the vertices that none uses.

    Returns also the arrays (V, ...) of those that remain.
    """
    is_used = np.zeros(len(per_vertex[0]), dtype=bool)
    is_used[faces] = True
    used = np.flatnonzero(is_used)
    number = np.cumsum(is_used, dtype=faces.dtype) - 1
    return number[faces], *(values[used] for values in per_vertex)
