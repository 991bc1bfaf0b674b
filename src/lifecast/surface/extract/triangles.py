"""Triangles of the cells that the surface runs through.

Marching cubes, vectorised over all cells of a case.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lifecast.surface.extract.cases import EDGES, FACES, case

EDGE_CODES = 4
"""An edge's code: the code of its corner with the smaller index times 4, plus its axis."""


class Triangles(NamedTuple):
    """A closed triangle mesh whose vertices lie on lattice edges.

    A few lie in the middle of loops of such.
    """

    edges: np.ndarray
    """(E,) int64, sorted: the lattice edges that change sign, as codes; vertex i lies on edge i."""
    faces: np.ndarray
    """(F, 3) int64, counter-clockwise seen from outside. Vertices from E on are the middles."""
    middles: list[tuple[np.ndarray, np.ndarray]]
    """Groups of loops: vertices (M,), the edge vertices (M, n) that each is the mean of."""

    @property
    def vertex_count(self) -> int:
        """Number of vertices, those in the middles of cells included."""
        return len(self.edges) + sum(len(vertices) for vertices, _ in self.middles)

    def with_middles(self, at_edges: np.ndarray) -> np.ndarray:
        """Extend values (E, ...) at the edges' vertices to all (V, ...), means in the middles."""
        values = np.empty((self.vertex_count, *at_edges.shape[1:]), at_edges.dtype)
        values[: len(self.edges)] = at_edges
        for vertices, around in self.middles:
            values[vertices] = at_edges[around].mean(axis=1)
        return values


def triangulate(codes: np.ndarray, values: np.ndarray, corner_offsets: np.ndarray) -> Triangles:
    """Triangulate cells (C,) with values (C, 8), positive inside.

    The values are at corners codes + corner_offsets (8,). The same cells in the same order give the same triangles,
    whatever way they were found.
    """
    inside = values > 0
    signs = (inside << np.arange(8)).sum(axis=1)  # (C,)
    joined = np.zeros_like(signs)
    for f, face in enumerate(FACES):
        a, b, c, d = (inside[:, corner] for corner in face)
        saddle = np.flatnonzero((a == c) & (b == d) & (a != b))
        # Products commute, so the two cells at a face decide alike to the last bit.
        one = values[saddle, face[0]] * values[saddle, face[2]]
        two = values[saddle, face[1]] * values[saddle, face[3]]
        joined[saddle] |= (np.where(a[saddle], one - two, two - one) > 0).astype(np.int64) << f
    keys, groups = np.unique(signs | joined << 8, return_inverse=True)
    order = np.argsort(groups, kind="stable")
    bounds = np.searchsorted(groups[order], np.arange(len(keys) + 1))

    edge_code = np.array([corner_offsets[a] * EDGE_CODES + axis for a, _, axis in EDGES])
    faces: list[np.ndarray] = []  # of edge codes; middles are numbered from -1 downwards
    loops: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}
    made = 0
    for key, first, last in zip(keys.tolist(), bounds[:-1], bounds[1:], strict=True):
        cells = order[first:last]
        shape = case(key & 0xFF, key >> 8)
        corners = codes[cells, None] * EDGE_CODES + edge_code  # (n, 12)
        for loop in shape.middles:
            middle = -1 - made - np.arange(len(cells))
            made += len(cells)
            loops.setdefault(len(loop), []).append((middle, corners[:, loop]))
            corners = np.concatenate((corners, middle[:, None]), axis=1)
        faces.append(corners[:, shape.triangles].reshape(-1, 3))
    if not faces:
        return Triangles(np.zeros(0, np.int64), np.zeros((0, 3), np.int64), [])

    joined_faces = np.concatenate(faces)  # (F, 3)
    on_edges = joined_faces[joined_faces >= 0]
    edges, vertex = np.unique(on_edges, return_inverse=True)
    numbered = np.empty_like(joined_faces)
    numbered[joined_faces >= 0] = vertex
    numbered[joined_faces < 0] = len(edges) - 1 - joined_faces[joined_faces < 0]
    middles = []
    for parts in loops.values():
        around = np.searchsorted(edges, np.concatenate([part[1] for part in parts]))
        middles.append((len(edges) - 1 - np.concatenate([part[0] for part in parts]), around))
    return Triangles(edges, numbered, middles)
