"""Skinning weights of a surface: of the body's skin beneath, and spread where that is not to be relied on.

A surface point takes the weights of the closest skin that looks the same way, so an arm's side that faces the trunk
takes the arm's. A match through the air (in front of the surface), far away, or of skin that looks elsewhere is not
relied on. Then the weights w of all vertices minimise

    sum over edges |w_i - w_j|^2  +  sum over vertices  (h / r_i)^2 |w_i - m_i|^2

with m the matched weights, h the mean edge and r how far a vertex lies from the skin: what lies on the skin keeps its
weights, a skirt shares those of both legs smoothly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree

from lifecast.body.components import SKIN_VERTICES
from lifecast.body.fitted_body import shipped_body
from lifecast.body.rig.body_in_metres import BodyInMetres
from lifecast.body.rig.foremost import foremost, square_around
from lifecast.space.mesh_normals import vertex_normals
from lifecast.surface.colour.diffusion import edge_graph

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
INFLUENCES = 4
"""Joints that move one vertex; what glTF holds."""
NOTHING = 1e-4
"""A smaller weight is none."""
RARE = 0.1
"""Share of the vertices below which a joint moves few of them."""


@dataclass(frozen=True)
class Matching:
    """Constants of the match of a surface with the skin."""

    turn: float = 0.08
    """Metres that skin is taken to be farther away for each unit between the normals (skin that looks back has 2)."""
    neighbours: int = 3
    """Skin vertices whose weights are averaged;"""
    together: float = 0.04
    """of those, only such as are not farther, at rest, from the nearest one (metres)."""
    agree: float = 0.2
    """Least cosine between the normals of a reliable match."""
    before: float = 0.05
    """Metres in front of the surface at which a match goes through the air."""
    far: float = 0.15
    """Metres beyond which no match is reliable."""
    hidden: float = 0.03
    """Metres behind what is foremost along a line of sight from which on skin and surface are hidden."""
    aside: float = 0.03
    """What is visible takes visible skin that is not farther aside than this (metres),"""
    depth: float = 0.3
    """and a metre along the line of sight counts so much."""
    ease: float = 0.004
    """Metres over which the weights of what lies on the skin are smoothed;"""
    loose: float = 0.02
    """metres from the skin beyond which it is more,"""
    sharing: float = 2.0
    """by so much a metre farther away."""
    most: float = 0.15
    """Metres over which weights are shared at the most where cloth goes from one part to another."""
    cell: float = 0.015
    """Metres across the clusters on which weights are spread."""
    polish: int = 4
    """Steps on all vertices after that."""


MATCHING = Matching()


class Match(NamedTuple):
    """What skin each vertex of a surface lies on."""

    weights: Floats
    """(V, J) of the matched skin."""
    reliable: Bools
    """(V,)"""
    distance: Floats
    """(V,) metres to the matched skin."""
    skin: NDArray[np.int64]
    """(V,) the closest matched vertex of the skin."""

    def filled(self, reliable: Bools, graph: sparse.csr_matrix) -> Match:
        """Fill the match of what is not `reliable` (V,).

        Each such vertex has that of the reliable vertex the fewest edges away.
        """
        source = nearest_reliable(reliable, graph)
        return Match(self.weights[source], self.reliable & reliable, self.distance, self.skin[source])


@cache
def skin_faces() -> NDArray[np.int64]:
    """List the triangles (F, 3) of the body's skin."""
    body = shipped_body()
    faces: NDArray[np.int64] = body.faces[body.parts["skin"]].numpy()
    return faces


def match_skin(
    vertices: Floats,
    faces: NDArray[np.integer],
    body: BodyInMetres,
    graph: sparse.csr_matrix | None = None,
    constants: Matching = MATCHING,
) -> Match:
    """Match a surface in metres, vertices (V, 3) and faces (F, 3), with the posed body's skin.

    graph: (V, V) of the surface's edges, if it is there already. Skin of doubtful limbs is matched with nothing.
    """
    graph = edge_graph(np.asarray(faces), len(vertices)) if graph is None else graph
    normals = _smoothed_normals(vertices, faces, graph)
    skin_normals = vertex_normals(body.skin, skin_faces(), "area")
    rows = body.trusted
    tree = cKDTree(np.concatenate([body.skin[rows], skin_normals[rows] * constants.turn], 1))
    apart, nearest = tree.query(
        np.concatenate([vertices, normals * constants.turn], 1), k=constants.neighbours, workers=1
    )
    nearest = rows[nearest]
    distance = np.linalg.norm(body.skin[nearest[:, 0]] - vertices, axis=1).astype(np.float32)
    before = np.einsum("vx,vx->v", body.skin[nearest[:, 0]] - vertices, normals)
    _match_foremost(vertices, faces, normals, skin_normals, body, (apart, nearest, distance, before), constants)
    first = nearest[:, 0]
    same = np.linalg.norm(body.skin_rest[nearest] - body.skin_rest[first][:, None], axis=2) < constants.together
    share = same / np.maximum(apart, 1e-3)
    share /= share.sum(1, keepdims=True)
    vertex = np.repeat(np.arange(len(vertices)), constants.neighbours)
    mix = sparse.csr_matrix((share.ravel(), (vertex, nearest.ravel())), shape=(len(vertices), SKIN_VERTICES))
    weights = (mix.astype(np.float32) @ _skin_weights()).toarray()
    agrees = np.einsum("vx,vx->v", normals, skin_normals[first]) > constants.agree
    reliable = agrees & (before < constants.before) & (distance < constants.far)
    return Match(weights, _some_everywhere(reliable, graph), distance, first)


def _match_foremost(
    vertices: Floats,
    faces: NDArray[np.integer],
    normals: Floats,
    skin_normals: Floats,
    body: BodyInMetres,
    found: tuple[NDArray[np.floating], NDArray[np.integer], Floats, NDArray[np.floating]],
    constants: Matching,
) -> None:
    """Match what is visible with visible skin, where a forearm before the trunk is fitted deeper than it is, or less.

    Of `found`, distances, skin vertices, metres, and metres in front of the surface, those that gain change in place.
    From the front as from behind, a vertex that nothing hides lies on skin that nothing hides: across the line of sight
    the fit is better than along it.
    """
    apart, nearest, distance, before = found
    trusted = body.trusted
    scale = np.array([1, 1, constants.depth], np.float32)
    frame = square_around(vertices, body.skin)
    for side in (1, -1):
        open_skin = foremost(body.skin, skin_faces(), frame, constants.hidden, side) & (side * skin_normals[:, 2] > 0)
        wrong = np.flatnonzero((side * normals[:, 2] > constants.agree) & ~open_skin[nearest[:, 0]])
        wrong = wrong[foremost(vertices, faces, frame, constants.hidden, side)[wrong]]
        rows = trusted[open_skin[trusted]]
        if len(wrong) == 0 or len(rows) < constants.neighbours:
            continue
        tree = cKDTree(np.concatenate([body.skin[rows] * scale, skin_normals[rows] * constants.turn], 1))
        query = np.concatenate([vertices[wrong] * scale, normals[wrong] * constants.turn], 1)
        away, close = tree.query(query, k=constants.neighbours, workers=1)
        close = rows[close]
        way = body.skin[close[:, 0]] - vertices[wrong]
        gains = np.linalg.norm(way[:, :2], axis=1) < constants.aside
        wrong, way = wrong[gains], way[gains]
        apart[wrong], nearest[wrong] = away[gains], close[gains]
        distance[wrong], before[wrong] = np.linalg.norm(way * scale, axis=1), 0


@cache
def _skin_weights() -> sparse.csr_matrix:
    return sparse.csr_matrix(shipped_body().weights[:SKIN_VERTICES].numpy())


def _smoothed_normals(vertices: Floats, faces: NDArray[np.integer], graph: sparse.csr_matrix) -> Floats:
    """Unit normals of the surface without its folds."""
    normals = vertex_normals(vertices, faces, "area")
    for _ in range(3):
        normals = normals + graph @ normals
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    return normals.astype(np.float32)


def _some_everywhere(reliable: Bools, graph: sparse.csr_matrix) -> Bools:
    """What is reliable; a piece of the surface that has nothing such relies on all it has."""
    _, piece = connected_components(graph, directed=False)
    found: Bools = reliable | (np.bincount(piece, reliable)[piece] == 0)
    return found


def nearest_reliable(reliable: Bools, graph: sparse.csr_matrix) -> NDArray[np.int64]:
    """Find the reliable vertex the fewest edges away from each vertex, (V,).

    The vertex itself if it is reliable, or if no reliable one can be reached.
    """
    result = np.arange(len(reliable))
    border = np.flatnonzero(reliable & ((graph @ (~reliable).astype(np.float32)) > 0))
    inner = np.flatnonzero(~reliable)
    if len(border) == 0:
        return result
    rows = np.concatenate([inner, border])
    _, _, source = dijkstra(
        graph[rows][:, rows], directed=False, unweighted=True, indices=np.arange(len(inner), len(rows)), min_only=True,
        return_predecessors=True,
    )  # fmt: skip
    source = source[: len(inner)]
    found = source >= 0
    result[inner[found]] = rows[source[found]]
    return result


def reach_of(
    vertices: Floats, match: Match, loose: NDArray[np.integer], gap: Floats, constants: Matching = MATCHING
) -> Floats:
    """Find the distance, (V,) in metres, over which each vertex shares its weights.

    Infinite for what is not reliable.

    loose: (K,) vertices where skin of one part goes over to another's, gap: (K,) how far apart that skin is. Around
    them weights are shared over the gap.
    """
    reach = constants.ease + constants.sharing * (match.distance - constants.loose).clip(0)
    if len(loose):
        away, nearest = cKDTree(vertices[loose]).query(vertices, distance_upper_bound=constants.most, workers=1)
        close = np.isfinite(away)
        shared = gap[nearest[close]].clip(0, constants.most) - away[close]
        reach[close] = np.maximum(reach[close], shared)
    return np.where(match.reliable, reach, np.inf).astype(np.float32)


def spread_weights(
    vertices: Floats,
    graph: sparse.csr_matrix,
    weights: Floats,
    reach: Floats,
    constants: Matching = MATCHING,
) -> Floats:
    """Smooth weights (V, J) over a surface's edges `graph`.

    reach: (V,) metres over which each vertex's weights are shared with its neighbours'; infinite: it has none of its
    own.
    """
    graph = graph.tocsr()
    edges = graph.tocoo()
    length = max(float(np.linalg.norm(vertices[edges.row] - vertices[edges.col], axis=1).mean()), 1e-6)
    belief = (length / reach).astype(np.float32) ** 2
    belief = np.maximum(belief, 1e-7)
    group = _clusters(vertices, graph, constants.cell)
    count = int(group.max()) + 1
    members = sparse.csr_matrix((np.ones(len(group), np.float32), (group, np.arange(len(group)))))
    crossing = group[edges.row] != group[edges.col]
    # A walk across a cluster of n edges' width crosses n edges, so its one edge to the next weighs a share of them.
    joined = sparse.coo_matrix(
        (np.ones(int(crossing.sum())), (group[edges.row[crossing]], group[edges.col[crossing]])), shape=(count, count)
    ).tocsr()
    joined *= min(1.0, length / constants.cell)
    support = members @ belief
    target = (members @ (belief[:, None] * weights)).astype(np.float64)
    used = np.flatnonzero(target.any(0))
    system = sparse.diags(np.asarray(joined.sum(1)).ravel() + support) - joined
    solver = splu(system.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    coarse = solver.solve(target[:, used]).astype(np.float32)
    own = weights if len(used) == weights.shape[1] else np.ascontiguousarray(weights[:, used])
    near = np.minimum(1, (constants.cell / reach).astype(np.float32) ** 2)[:, None]
    x = coarse[group]  # where weights change over less than a cluster, a vertex starts with its own
    x += near * (own - x)
    total = np.asarray(graph.sum(1)).ravel().astype(np.float32) + belief
    average = (sparse.diags(1 / total) @ graph).tocsr()
    share = (belief / total)[:, None]
    x[x < NOTHING] = 0
    # A finger's weights are 0 nearly everywhere: their columns are smoothed on the hands' rows alone.
    few = (x > 0).mean(0) < RARE
    rows = np.flatnonzero((x[:, few] > 0).any(1))
    x[:, ~few] = _polished(average, share, own[:, ~few], x[:, ~few], constants.polish)
    x[np.ix_(rows, few)] = _polished(
        average[rows][:, rows], share[rows], own[np.ix_(rows, few)], x[np.ix_(rows, few)], constants.polish
    )
    result = np.zeros_like(weights)
    result[:, used] = x
    return result


def _polished(average: sparse.csr_matrix, share: Floats, own: Floats, x: Floats, steps: int) -> Floats:
    """Weights x (N, C) after steps towards their neighbours' mean and, by their share (N, 1), their own."""
    pulled = own * share
    for _ in range(steps):
        x = average @ x
        x += pulled
    return x


def _clusters(vertices: Floats, graph: sparse.csr_matrix, width: float) -> NDArray[np.int64]:
    """Number the connected pieces of the surface in each cube of side `width`, (V,)."""
    cell = np.floor((vertices - vertices.min(0)) / width).astype(np.int64)
    size = cell.max(0) + 1
    key = (cell[:, 0] * size[1] + cell[:, 1]) * size[2] + cell[:, 2]
    edges = graph.tocoo()
    within = key[edges.row] == key[edges.col]
    links = sparse.coo_matrix(
        (np.ones(int(within.sum()), bool), (edges.row[within], edges.col[within])), shape=graph.shape
    )
    _, piece = connected_components(links, directed=False)
    return np.asarray(piece, np.int64)


def strongest(weights: Floats, count: int = INFLUENCES) -> tuple[NDArray[np.uint16], Floats]:
    """Keep the strongest influences of weights (V, J).

    Returns their joints, (V, count) uint16, and weights, (V, count), that sum to 1.
    """
    joints = np.argpartition(-weights, count - 1, axis=1)[:, :count]
    kept = np.take_along_axis(weights, joints, 1)
    order = np.argsort(-kept, axis=1, kind="stable")
    joints, kept = np.take_along_axis(joints, order, 1), np.take_along_axis(kept, order, 1).clip(0)
    kept = kept / np.maximum(kept.sum(1, keepdims=True), 1e-12)
    return joints.astype(np.uint16), kept.astype(np.float32)
