"""Making one clean sheet of a garment's triangles: welded, at most two to an edge, wound the same way.

Garments are drawn for rendering: vertices lie double, linings are sewn to the cloth in the middle of it, faces look
inward. Cloth that is to be draped must be a surface.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import breadth_first_order, connected_components
from scipy.spatial import cKDTree

Faces = NDArray[np.int32]


def coincident(points: NDArray[np.floating], within: float = 1e-4) -> NDArray[np.int32]:
    """Give each point (V, 3) the first of those that lie within `within` metres of it, as an index (V,)."""
    pairs = cKDTree(points).query_pairs(within, output_type="ndarray")
    graph = sp.coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (len(points), len(points)))
    group = connected_components(graph, directed=False)[1]
    first: NDArray[np.int32] = np.unique(group, return_index=True)[1][group].astype(np.int32)
    return first


def weld_polygons(quads: Faces, quad_uv: Faces, first: NDArray[np.int32]) -> tuple[Faces, Faces]:
    """Rename vertices of quads (F, 4) to `first` of each; faces that collapse become triangles or go.

    A triangle repeats its last corner, here as before. The texture's corners (F, 4) go with them.
    """
    named = first[quads]
    same = named == np.roll(named, -1, axis=1)  # a corner that coincides with the next one
    corners = 4 - same.sum(1)
    order = np.argsort(same, axis=1, kind="stable")  # corners that stay come first, in their order
    last = np.minimum(np.arange(4)[None], corners[:, None] - 1).clip(0)
    pick = np.take_along_axis(order, last, axis=1)
    keep = corners >= 3
    result: Faces = np.take_along_axis(named, pick, axis=1)[keep]
    return result, np.take_along_axis(quad_uv, pick, axis=1)[keep]


@dataclass(frozen=True)
class Surface:
    """Triangles of which at most two share an edge."""

    faces: Faces
    """(F, 3) wound the same way within each part that hangs together."""
    origin: NDArray[np.int32]
    """(V,) the vertex that each vertex was before; one that held sheets together is split."""
    rows: NDArray[np.int32]
    """(F,) the face that each face was before."""
    turned: NDArray[np.bool_]
    """(F,) its second and third corner are exchanged."""

    def corners(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bring values of the old faces' corners (F, 3, ...) to the corners here."""
        kept = values[self.rows].copy()
        kept[self.turned] = kept[self.turned][:, [0, 2, 1]]
        return kept


def manifold(points: NDArray[np.floating], faces: Faces) -> Surface:
    """Make a surface of any triangles: drop doubles, cut where more than two meet, wind consistently.

    Where more than two triangles share an edge, the two that continue each other best stay joined and the others are
    cut loose: a lining from the cloth, not the cloth in two.
    """
    index: NDArray[np.int64] = faces.astype(np.int64)
    real = (index[:, 0] != index[:, 1]) & (index[:, 1] != index[:, 2]) & (index[:, 0] != index[:, 2])
    rows = np.flatnonzero(real)
    rows = np.sort(rows[np.unique(np.sort(index[rows], axis=1), axis=0, return_index=True)[1]])
    index = index[rows]
    count = len(index)
    side = _joined_sides(points, index)  # (N, 2, 2): pairs of (face, side); side k runs from corner k to k + 1
    first, second = side[:, 0], side[:, 1]
    start = [index[s[:, 0], s[:, 1]] for s in (first, second)]
    clash = start[0] == start[1]  # both run through the edge the same way
    turned = _turns(count, first[:, 0], second[:, 0], clash)
    good = (turned[first[:, 0]] ^ turned[second[:, 0]]) == clash  # else a strip that is twisted once: cut it
    first, second, clash = first[good], second[good], clash[good]
    corner = np.arange(3 * count).reshape(count, 3)
    ends = []
    for end in (0, 1):
        here = corner[first[:, 0], (first[:, 1] + end) % 3]
        there = corner[second[:, 0], (second[:, 1] + np.where(clash, end, 1 - end)) % 3]
        ends.append(np.stack([here, there], 1))
    pairs = np.concatenate(ends)
    graph = sp.coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (3 * count, 3 * count))
    vertex = connected_components(graph, directed=False)[1]
    origin = np.zeros(vertex.max() + 1, np.int32)
    origin[vertex] = index.ravel()
    new = vertex.reshape(count, 3).astype(np.int32)
    crowded = _crowding(new, np.concatenate([first, second]))
    if crowded.any():  # cut loose along the edge, but joined round its ends: it cannot stay
        kept = manifold(points, index[~crowded].astype(np.int32))
        return Surface(kept.faces, kept.origin, rows[~crowded][kept.rows].astype(np.int32), kept.turned)
    new[turned] = new[turned][:, [0, 2, 1]]
    return Surface(new, origin, rows.astype(np.int32), turned)


def _joined_sides(points: NDArray[np.floating], faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pairs (N, 2, 2) of (face, side) that share an edge; of more than two, the flattest pair."""
    count = len(faces)
    ends = np.stack([faces, np.roll(faces, -1, axis=1)], -1).reshape(-1, 2)  # side k: corner k to k + 1
    ends.sort(axis=1)
    size = int(faces.max()) + 1
    _, edge, uses = np.unique(ends[:, 0] * size + ends[:, 1], return_inverse=True, return_counts=True)
    by_edge = np.argsort(edge, kind="stable")
    begin = np.concatenate([[0], np.cumsum(uses)])[:-1]
    twice = begin[uses == 2]
    pairs = [np.stack([by_edge[twice], by_edge[twice + 1]], 1)]
    place = points.astype(np.float64)
    for number in np.flatnonzero(uses > 2):
        sides = by_edge[begin[number] : begin[number] + uses[number]]
        a, b = place[ends[sides[0]]]
        axis = (b - a) / max(float(np.linalg.norm(b - a)), 1e-12)
        across = place[faces[sides // 3, (sides % 3 + 2) % 3]] - a
        across -= (across @ axis)[:, None] * axis
        across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-12)
        fit = across @ across.T + 4 * np.eye(len(sides))
        pairs.append(sides[np.array(np.unravel_index(int(fit.argmin()), fit.shape))][None])
    both = np.concatenate(pairs)
    assert both.max(initial=0) < 3 * count
    return np.stack([both // 3, both % 3], -1)


def _crowding(faces: Faces, joined: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(F,) the faces with a side that is not joined though two others are joined along the same edge."""
    ends = np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], -1).reshape(-1, 2), axis=1).astype(np.int64)
    _, edge, uses = np.unique(ends[:, 0] * (int(faces.max()) + 1) + ends[:, 1], return_inverse=True, return_counts=True)
    alone = np.ones(len(ends), bool)
    alone[joined[:, 0] * 3 + joined[:, 1]] = False
    many = (uses[edge] > 2) & alone
    return np.asarray(many.reshape(-1, 3).any(1))


def _turns(
    count: int, first: NDArray[np.int64], second: NDArray[np.int64], clash: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """(F,) which faces to turn so that neighbours agree, part by part."""
    # 1: agree, 2: do not; a matrix entry of 0 would be no edge.
    graph = sp.coo_matrix((np.where(clash, 2.0, 1.0), (first, second)), (count, count)).tocsr()
    graph.data = np.minimum(graph.data, 2)  # faces with two common edges
    both = graph.maximum(graph.T).tocsr()
    turned = np.zeros(count, bool)
    parts, part = connected_components(both, directed=False)
    begin = np.unique(part, return_index=True)[1]
    for number in range(parts):
        order, before = breadth_first_order(both, begin[number], directed=False)
        if len(order) == 1:
            continue
        differs = np.asarray(both[order[1:], before[order[1:]]]).ravel() == 2
        for face, parent, other in zip(order[1:], before[order[1:]], differs, strict=True):
            turned[face] = turned[parent] ^ other
        if turned[order].mean() > 0.5:  # as most of them were drawn
            turned[order] ^= True
    return turned
