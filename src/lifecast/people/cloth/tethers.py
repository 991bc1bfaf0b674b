"""Coarse constraints that carry a garment's weight.

One sweep over edges of 5 mm lets a hanging shirt stretch by a third: news of its weight travels an edge at a time. So
nodes a few centimetres apart are kept no farther from each other than the cloth between them is long, and what moves
a node moves all particles about it (a two-level form of Mueller's "Hierarchical position based dynamics", 2008).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from lifecast.people.cloth.fabrics import FABRICS
from lifecast.people.cloth.mesh import ClothMesh

SPACING = 0.03
"""Metres between nodes."""
REACH = 2.2
"""Nodes within that many spacings are tethered to each other, and move particles within it."""
ON_THE_GRAPH = 0.98
"""Straight ways over the cloth are shorter than those along edges and over two triangles, by this much."""


@dataclass(frozen=True)
class Tethers:
    """M nodes, T pairs of them, and how N particles follow."""

    nodes: NDArray[np.int32]
    """(M,) particles."""
    weight: NDArray[np.float32]
    """(M,) inverse mass of what follows a node, 1/kg."""
    pairs: NDArray[np.int32]
    """(T, 2)"""
    most: NDArray[np.float32]
    """(T,) metres."""
    near: NDArray[np.int32]
    """(N, 4) nodes that move each particle."""
    share: NDArray[np.float32]
    """(N, 4) by how much; rows sum to 1, or to 0 where no node is near."""

    def of_first(self, count: int) -> Tethers:
        """Keep those of the first `count` particles, which are whole garments: tethers never join two garments."""
        kept = int(np.searchsorted(self.nodes, count))
        within = self.pairs[:, 0] < kept
        return Tethers(
            self.nodes[:kept], self.weight[:kept], self.pairs[within], self.most[within], self.near[:count],
            self.share[:count],
        )  # fmt: skip


def tethers(mesh: ClothMesh, spacing: float = SPACING) -> Tethers:
    """Choose nodes of a mesh, tether those that are near each other, and share the particles out among them."""
    count = len(mesh.points)
    nodes = _thinned(mesh, spacing)
    far = spacing * REACH
    ways = np.concatenate([mesh.edges, mesh.hinges[:, 2:]])
    over = _across(mesh)
    graph = sp.csr_matrix((np.concatenate([mesh.length, over]), (ways[:, 0], ways[:, 1])), (count, count))
    distance = dijkstra(graph, directed=False, indices=nodes, limit=far)  # (M, N), infinite beyond
    give = np.array([FABRICS[g.fabric].give for g in mesh.garments])[mesh.garment[nodes]]
    between = distance[:, nodes]  # (M, M)
    a, b = np.nonzero(np.triu(np.isfinite(between), 1))
    most = between[a, b] * ON_THE_GRAPH * (1 + give[a])
    row, column = np.nonzero(np.isfinite(distance))
    near, found = _first_four(column, row, distance[row, column], count)
    share = np.where(np.isfinite(found), np.clip(1 - found / far, 1e-3, 1) ** 2, 0)
    share /= np.maximum(share.sum(1, keepdims=True), 1e-9)
    carried = np.bincount(near.ravel(), (share * mesh.mass[:, None]).ravel(), len(nodes))
    weight = 1 / np.maximum(carried, 1e-9)
    return Tethers(
        nodes.astype(np.int32), weight.astype(np.float32), np.stack([a, b], 1).astype(np.int32),
        most.astype(np.float32), near.astype(np.int32), share.astype(np.float32),
    )  # fmt: skip


def refined_tethers(coarse: Tethers, mesh: ClothMesh) -> Tethers:
    """Carry tethers over to the mesh that was refined from theirs: the nodes stay, midpoints follow them."""
    assert mesh.refinement is not None
    count = mesh.refinement.shape[1]
    rows = np.repeat(np.arange(count), 4)
    shares = sp.csr_matrix((coarse.share.ravel(), (rows, coarse.near.ravel())), (count, len(coarse.nodes)))
    fine = (mesh.refinement @ shares).tocsr()
    entries = fine.tocoo()
    near, lack = _first_four(entries.row, entries.col, -entries.data, len(mesh.points))
    share = np.where(np.isfinite(lack), -lack, 0).astype(np.float32)
    share /= np.maximum(share.sum(1, keepdims=True), 1e-9)
    return Tethers(coarse.nodes, coarse.weight, coarse.pairs, coarse.most, near, share)


def _first_four(
    row: NDArray[np.integer], column: NDArray[np.integer], value: NDArray[np.floating], count: int
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Of each of `count` rows, the columns (count, 4) of its four least values, and these; 0 and infinity for none."""
    order = np.lexsort((value, row))
    row, column, value = row[order], column[order], value[order]
    place = np.arange(len(row)) - np.searchsorted(row, row)
    kept = place < 4
    columns, values = np.zeros((count, 4), np.int32), np.full((count, 4), np.inf)
    columns[row[kept], place[kept]], values[row[kept], place[kept]] = column[kept], value[kept]
    return columns, values


def _thinned(mesh: ClothMesh, spacing: float) -> NDArray[np.int64]:
    """Particles of which no two of one garment start nearer to each other than `spacing`; held ones come first."""
    chosen: list[int] = []
    for number in range(len(mesh.garments)):
        own = np.flatnonzero(mesh.garment == number)
        order = own[np.lexsort((np.random.default_rng(0).permutation(len(own)), -np.round(mesh.attached[own])))]
        tree = cKDTree(mesh.points[order])
        free = np.ones(len(order), bool)
        for k in range(len(order)):
            if free[k]:
                chosen.append(int(order[k]))
                free[tree.query_ball_point(mesh.points[order[k]], spacing, return_sorted=False)] = False
    return np.array(sorted(chosen))


def _across(mesh: ClothMesh) -> NDArray[np.float64]:
    """(H,) flat distance of the two vertices opposite of an inner edge, unfolded over it."""
    size = np.int64(len(mesh.points))
    keys = mesh.edges[:, 0] * size + mesh.edges[:, 1]  # sorted, as the edges are

    def of(p: NDArray[np.int32], q: NDArray[np.int32]) -> NDArray[np.float64]:
        wanted = np.minimum(p, q) * size + np.maximum(p, q)
        return mesh.length[np.searchsorted(keys, wanted)].astype(np.float64)

    a, b, c, d = mesh.hinges.T
    base = of(a, b)
    along, up = [], []
    for opposite in (c, d):  # place a at 0, b at (base, 0)
        to_a, to_b = of(a, opposite), of(b, opposite)
        x = (base**2 + to_a**2 - to_b**2) / (2 * base)
        along.append(x)
        up.append(np.sqrt(np.maximum(to_a**2 - x**2, 0)))
    across: NDArray[np.float64] = np.hypot(along[0] - along[1], up[0] + up[1])
    return across
