"""Holes of a mesh closed by strips of triangles between their rims, refined and rounded.

A hole that a cut left is a slit in the pose `home`, and in the pose in which it is closed its two sides are apart: new
edges that would be long there and short at home join what was cut, so they come last.
"""

from __future__ import annotations

import heapq
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Vector = tuple[float, float, float]

STRETCH = 3.0
"""An edge of a fill that is longer than so many mean edges is halved;"""
PASSES = 5
"""at most so often."""
TORN_FROM, TORN, TORN_MOST = 2.0, 4.0, 10.0
"""A new edge that is so many times as long as at home costs, for each time more up to the most, so many radians."""
SHORT = 0.005
"""Metres that an edge is taken to have at home at the least."""
BULGE = 0.03
"""Metres that rounding moves a fill at the most."""


class Filled(NamedTuple):
    """A mesh without holes."""

    vertices: Floats
    """(W, 3) the mesh's own first."""
    faces: Ints
    """(F, 3) the mesh's own first."""
    made_of: sparse.csr_matrix
    """(W, V) what of the mesh's own vertices each one is a mean of; rows sum to 1."""


def rims(faces: Ints) -> list[Ints]:
    """List the rims of a mesh's holes, each a loop of vertices.

    The vertices run round the hole as its own triangles will.
    """
    start, end = faces.ravel(), np.roll(faces, -1, 1).ravel()
    count = int(faces.max()) + 1
    key = np.minimum(start, end) * count + np.maximum(start, end)
    order = np.argsort(key)
    alone = np.diff(key[order], prepend=-1) != 0
    missing = np.zeros(len(key), bool)
    missing[order] = alone & np.append(alone[1:], True)
    after: dict[int, list[int]] = {}
    for a, b in zip(start[missing].tolist(), end[missing].tolist(), strict=True):
        after.setdefault(b, []).append(a)
    loops = []
    while after:
        first = next(iter(after))
        loop, at, seen = [first], first, {first: 0}
        while at in after:
            nexts = after[at]
            following = nexts.pop()
            if not nexts:
                del after[at]
            if following in seen:  # two rims that meet in a vertex
                begin = seen[following]
                loops.append(np.array(loop[begin:]))
                for one in loop[begin + 1 :]:
                    del seen[one]
                del loop[begin + 1 :]
                if begin == 0:
                    break
            else:
                seen[following] = len(loop)
                loop.append(following)
            at = following
    return [loop for loop in loops if len(loop) > 2]


def close_holes(vertices: Floats, faces: Ints, home: Floats) -> Filled:
    """Close all holes of a mesh.

    vertices: (V, 3). faces: (F, 3). home: (V, 3), the vertices before they moved.
    """
    loops = rims(faces)
    identity = sparse.identity(len(vertices), np.float32, format="csr")
    if not loops:
        return Filled(vertices, faces, identity)
    side = faces.ravel(), np.roll(faces, -1, 1).ravel()
    edge = float(np.linalg.norm(home[side[0]] - home[side[1]], axis=1).mean())
    opposite = {(a, b): c for a, b, c in _rim_triangles(faces, loops)}
    added = [strip(vertices, loop, opposite, home) for loop in loops]
    fill, made_of = refine(home, np.concatenate(added), STRETCH * edge)
    whole = np.concatenate([faces, fill])
    points = rounded(made_of @ vertices.astype(np.float64), whole, len(vertices))
    return Filled(points.astype(np.float32), whole, made_of.astype(np.float32))


def _rim_triangles(faces: Ints, loops: list[Ints]) -> list[tuple[int, int, int]]:
    """The corners (a, b, c) of triangles at the rims, b to a being the rim's edge as the hole runs round it."""
    on_rim = np.zeros(int(faces.max()) + 1, bool)
    on_rim[np.concatenate(loops)] = True
    near = faces[on_rim[faces].sum(1) > 1]
    return [(int(b), int(a), int(c)) for k in range(3) for a, b, c in np.roll(near, -k, 1)]


def strip(vertices: Floats, loop: Ints, opposite: dict[tuple[int, int], int], home: Floats) -> Ints:
    """Triangulate one hole, always where its rim has the smallest angle.

    A slit is filled from both its ends, to and fro.

    loop: (N,) vertices. opposite: for the rim's edges, the third corner of the mesh's triangle there. `home` as in
    `close_holes`. Returns (N - 2, 3) faces.
    """
    place: list[Vector] = [tuple(point) for point in vertices[loop].astype(float).tolist()]
    before_cut: list[Vector] = [tuple(point) for point in home[loop].astype(float).tolist()]
    count = len(loop)
    before, after = [(k - 1) % count for k in range(count)], [(k + 1) % count for k in range(count)]
    inward: list[Vector] = []  # of the edge k to k + 1: into the hole
    for k in range(count):
        third = opposite.get((int(loop[k]), int(loop[after[k]])))
        away: Vector = place[k] if third is None else tuple(vertices[third].astype(float).tolist())
        inward.append(_into(place[k], place[after[k]], away))

    def cost(k: int) -> float:
        a, c = before[k], after[k]
        apart, were = math.dist(place[a], place[c]), math.dist(before_cut[a], before_cut[c])
        torn = min(apart / max(were, SHORT), TORN_MOST)
        return _angle(place, a, k, c, inward[a], inward[k]) + TORN * max(0.0, torn - TORN_FROM)

    version = [0] * count
    heap: list[tuple[float, int, int]] = [(cost(k), k, 0) for k in range(count)]
    heapq.heapify(heap)
    found, left = [], count
    while left > 3:
        _, k, made = heapq.heappop(heap)
        if made != version[k]:
            continue
        a, b = before[k], after[k]
        found.append((a, k, b))
        inward[a] = _into(place[a], place[b], place[k])
        after[a], before[b] = b, a
        version[k] = -1
        left -= 1
        for one in (a, b):
            version[one] += 1
            heapq.heappush(heap, (cost(one), one, version[one]))
    k = next(one for one in range(count) if version[one] >= 0)
    found.append((before[k], k, after[k]))
    triangles: Ints = loop[np.array(found)]
    return triangles


def _into(a: Vector, b: Vector, away: Vector) -> Vector:
    """The unit direction square to the edge a to b that leads away from a third point."""
    edge = _minus(b, a)
    way = _minus(a, away)
    length = _dot(edge, edge)
    share = _dot(way, edge) / length if length > 0 else 0.0
    return _unit((way[0] - share * edge[0], way[1] - share * edge[1], way[2] - share * edge[2]))


def _angle(place: list[Vector], a: int, b: int, c: int, first: Vector, second: Vector) -> float:
    """The hole's angle at b between a and c, 0 .. 2 pi; `first`, `second`: the edges' directions into the hole."""
    one, other = _unit(_minus(place[a], place[b])), _unit(_minus(place[c], place[b]))
    angle = math.acos(max(-1.0, min(1.0, _dot(one, other))))
    bisector = (one[0] + other[0], one[1] + other[1], one[2] + other[2])
    toward = (first[0] + second[0], first[1] + second[1], first[2] + second[2])
    return angle if _dot(bisector, toward) >= 0 else 2 * math.pi - angle


def _minus(a: Vector, b: Vector) -> Vector:
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _unit(a: Vector) -> Vector:
    length = math.sqrt(_dot(a, a)) or 1.0
    return a[0] / length, a[1] / length, a[2] / length


def refine(vertices: Floats, fill: Ints, longest: float) -> tuple[Ints, sparse.csr_matrix]:
    """Split the inner edges of a fill (F, 3) that are longer than `longest`, again and again.

    Edges on the rim stay. Returns the fill's faces and (W, V) what each vertex is the mean of.
    """
    made_of = sparse.identity(len(vertices), np.float64, format="csr")
    points = vertices.astype(np.float64)
    for _ in range(PASSES):
        sides = np.stack([fill, np.roll(fill, -1, 1)], -1)  # (F, 3, 2)
        key = sides.min(-1) * len(points) + sides.max(-1)
        names, number, used = np.unique(key, return_inverse=True, return_counts=True)
        number = number.reshape(key.shape)
        ends = np.stack([names // len(points), names % len(points)], 1)
        halved = (used == 2) & (np.linalg.norm(points[ends[:, 0]] - points[ends[:, 1]], axis=1) > longest)
        if not halved.any():
            break
        middle = np.where(halved, len(points) + np.cumsum(halved) - 1, -1)
        rows = np.arange(int(halved.sum())).repeat(2)
        mean = sparse.csr_matrix(
            (np.full(len(rows), 0.5), (rows, ends[halved].ravel())), shape=(len(rows) // 2, len(points))
        )
        made_of = sparse.vstack([made_of, mean @ made_of]).tocsr()
        points = np.concatenate([points, mean @ points])
        fill = _divided(fill, middle[number], points)
    return fill, made_of


def _divided(fill: Ints, middle: Ints, points: NDArray[np.float64]) -> Ints:
    """Divide triangles (F, 3) at the middles (F, 3) of their edges k to k + 1, -1 where an edge stays whole."""
    count = (middle >= 0).sum(1)
    out = [fill[count == 0]]
    # Turn each triangle so that its divided edges come first; of two, the whole one last.
    turn = np.where(count == 1, (middle >= 0).argmax(1), np.where(count == 2, (middle < 0).argmax(1) + 1, 0)) % 3
    columns = (np.arange(3) + turn[:, None]) % 3
    corner, mid = np.take_along_axis(fill, columns, 1), np.take_along_axis(middle, columns, 1)
    a, b, c = corner.T
    m, n, o = mid.T
    one, two, three = count == 1, count == 2, count == 3
    out += [np.stack(t, 1)[one] for t in ((a, m, c), (m, b, c))]
    # Two middles m (of a b) and n (of b c): the corner b, and a quadrangle a m n c, by its shorter diagonal.
    out.append(np.stack([m, b, n], 1)[two])
    flat = np.linalg.norm(points[a] - points[n], axis=1) < np.linalg.norm(points[m] - points[c], axis=1)
    out += [np.stack(t, 1)[two & flat] for t in ((a, m, n), (a, n, c))]
    out += [np.stack(t, 1)[two & ~flat] for t in ((a, m, c), (m, n, c))]
    out += [np.stack(t, 1)[three] for t in ((a, m, o), (m, b, n), (o, n, c), (m, n, o))]
    return np.concatenate(out)


def rounded(points: NDArray[np.float64], faces: Ints, own: int) -> NDArray[np.float64]:
    """Move the vertices from number `own` on so that the surface bends evenly there.

    Solves the thin plate's equation.
    """
    free = np.arange(own, len(points))
    if len(free) == 0:
        return points
    start, end = faces.ravel(), np.roll(faces, -1, 1).ravel()
    near = np.zeros(len(points), bool)
    near[free] = True
    for _ in range(2):
        near[start[near[end]]] = True
        near[end[near[start]]] = True
    rows = np.flatnonzero(near)
    number = np.full(len(points), -1)
    number[rows] = np.arange(len(rows))
    inside = near[start] & near[end]
    i, j = number[start[inside]], number[end[inside]]
    graph = sparse.csr_matrix((np.ones(len(i)), (i, j)), shape=(len(rows),) * 2)
    graph = ((graph + graph.T) > 0).astype(np.float64)
    laplacian = sparse.identity(len(rows)) - sparse.diags(1 / np.maximum(np.asarray(graph.sum(1)).ravel(), 1)) @ graph
    plate = (laplacian.T @ laplacian).tocsc()
    moving = rows >= own
    system = plate[moving][:, moving] + 1e-9 * sparse.identity(int(moving.sum()))
    target = -(plate[moving][:, ~moving] @ points[rows[~moving]])
    result = points.copy()
    moved = splu(system.tocsc()).solve(target) - points[rows[moving]]
    length = np.linalg.norm(moved, axis=1, keepdims=True)
    result[rows[moving]] += moved * np.minimum(1, BULGE / np.maximum(length, 1e-9))
    return result
