"""Marching cubes' cases, derived rather than listed.

Which triangles a cell needs for the signs of its corners. On each face of a cell the surface draws segments between the
edges that change sign. Two cells that share a face must draw the same ones, or the mesh has a crack. With two such
edges there is one way; with four (two corners inside, on one diagonal) the segments either cut the inside corners off
or join them, and the sign of the bilinear saddle decides (the asymptotic decider of Nielson and Hamann, 1991), which
depends on the face's own four values alone. Hence a cell's case is its eight signs and, for every face with four
changes, that one bit.

The segments close to loops, each lattice edge that changes sign lying on exactly one loop of each cell around it, so
that the triangles around a vertex form one disc: the mesh is closed and manifold by construction. Loops are cut into
triangles without diagonals between two vertices of one face, since the cell beyond might draw the same line; a loop
for which there is no such way gets a vertex in its middle.
"""

from __future__ import annotations

import functools
import itertools
from typing import NamedTuple

import numpy as np

CORNERS = np.array(list(itertools.product((0, 1), repeat=3)))
"""(8, 3): corner k has x = k >> 2, y = k >> 1 & 1, z = k & 1."""

EDGES = tuple((k, k | 4 >> axis, axis) for axis in range(3) for k in range(8) if not k & 4 >> axis)
"""12 edges: the corner with the smaller index, the other, the axis along which they differ."""

EDGE_OF = {frozenset(edge[:2]): index for index, edge in enumerate(EDGES)}


def _face(axis: int, side: int) -> tuple[int, int, int, int]:
    """The corners of a face, counter-clockwise as seen from outside the cell."""
    one, two = (axis + 1) % 3, (axis + 2) % 3
    turn = ((0, 0), (1, 0), (1, 1), (0, 1)) if side else ((0, 0), (0, 1), (1, 1), (1, 0))
    corners = []
    for a, b in turn:
        position = [0, 0, 0]
        position[axis], position[one], position[two] = side, a, b
        corners.append(position[0] * 4 + position[1] * 2 + position[2])
    return corners[0], corners[1], corners[2], corners[3]


FACES = tuple(_face(axis, side) for axis in range(3) for side in (0, 1))
"""6 faces: x = 0, x = 1, y = 0, y = 1, z = 0, z = 1."""

FACES_OF_EDGE = tuple(
    frozenset(f for f, face in enumerate(FACES) if edge[0] in face and edge[1] in face) for edge in EDGES
)


class Case(NamedTuple):
    """The triangles of one case.

    Vertices are the 12 edges, then the middles of the loops that need one.
    """

    triangles: np.ndarray
    """(T, 3) int: counter-clockwise seen from outside the surface. 12 + i is the middle of `middles[i]`."""
    middles: tuple[tuple[int, ...], ...]
    """The edges of each loop that is fanned about its middle."""


@functools.cache
def case(signs: int, joined: int) -> Case:
    """Make the triangles for corners inside (bit k of `signs`).

    Faces may join theirs (bit f of `joined`).
    """
    triangles: list[tuple[int, int, int]] = []
    middles: list[tuple[int, ...]] = []
    for loop in _loops(signs, joined):
        cut = _triangulate(loop)
        if cut is None:
            middle = 12 + len(middles)
            middles.append(loop)
            cut = [(loop[i - 1], loop[i], middle) for i in range(len(loop))]
        triangles += cut
    return Case(np.array(triangles, dtype=np.int64).reshape(-1, 3), tuple(middles))


def _loops(signs: int, joined: int) -> list[tuple[int, ...]]:
    """The closed loops of edges that the segments on the six faces form."""
    following: dict[int, int] = {}
    for f, face in enumerate(FACES):
        inside = [signs >> corner & 1 for corner in face]
        edges = [EDGE_OF[frozenset((face[i], face[(i + 1) % 4]))] for i in range(4)]
        leaving = [i for i in range(4) if inside[i] and not inside[(i + 1) % 4]]
        entering = [i for i in range(4) if not inside[i] and inside[(i + 1) % 4]]
        for i in leaving:
            if joined >> f & 1:  # around the corner outside that comes next
                j = min(entering, key=lambda e: (e - i) % 4)
            else:  # around the corners inside that came before
                j = min(entering, key=lambda e: (i - e) % 4)
            # Seen from outside the cell the inside lies clockwise of this segment, as it must for the loop to turn
            # counter-clockwise about the surface's outward normal.
            following[edges[j]] = edges[i]
    loops = []
    while following:
        first, edge = following.popitem()
        loop = [first]
        while edge != first:
            loop.append(edge)
            edge = following.pop(edge)
        loops.append(tuple(loop))
    return sorted(loops)


def _triangulate(loop: tuple[int, ...]) -> list[tuple[int, int, int]] | None:
    """The loop's triangles with the shortest diagonals, none within a face; None where there is no such way."""
    place = np.array([(CORNERS[a] + CORNERS[b]) / 2 for a, b, _ in EDGES])

    def price(a: int, b: int) -> float:
        if (b - a) % len(loop) in (1, len(loop) - 1):
            return 0.0
        if FACES_OF_EDGE[loop[a]] & FACES_OF_EDGE[loop[b]]:
            return float("inf")
        return float(np.linalg.norm(place[loop[a]] - place[loop[b]]))

    @functools.cache
    def best(a: int, b: int) -> tuple[float, tuple[tuple[int, int, int], ...]]:
        """Price and triangles of the part of the polygon from a to b."""
        if b - a < 2:
            return 0.0, ()
        options = []
        for middle in range(a + 1, b):
            left, right = best(a, middle), best(middle, b)
            cost = left[0] + right[0] + price(a, middle) + price(middle, b)
            options.append((cost, (*left[1], (loop[a], loop[middle], loop[b]), *right[1])))
        return min(options)

    cost, triangles = best(0, len(loop) - 1)
    return None if cost == float("inf") else list(triangles)
