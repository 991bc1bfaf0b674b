"""Seams made even: borders between parts of the body, weights that jump, and the rims of what was cut and closed.

Skin is matched vertex by vertex, so where an arm is grown to the trunk the border between the two runs to and fro, and
single vertices take a neighbour's part. Moved to another pose, such a border is ragged, and such vertices are specks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from lifecast.body.rig.skin_weights import Match, nearest_reliable

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Seams:
    """Constants of seams."""

    border: float = 0.02
    """Metres over which borders between parts are straightened;"""
    rounds: int = 3
    """so often."""
    together: float = 0.35
    """Shares of the mean edge: vertices that are closer move as one."""
    rings: int = 3
    """Rings of triangles around a closed cut that are smoothed with it;"""
    smoothed: int = 12
    """so often."""


SEAMS = Seams()


def even_borders(match: Match, graph: sparse.csr_matrix, part: Ints, length: float, constants: Seams = SEAMS) -> Match:
    """Smooth the borders between the parts of the body that a surface was matched with.

    What changes over takes the match of the nearest vertex of its new part.

    Parameters
    ----------
    graph : (V, V) of the surface's edges.
    part : (J,) number of the part that each joint belongs to.
    length : of the surface's edges, metres, on the mean.
    """
    given: Ints = part[match.weights.argmax(1)]
    count = int(part.max()) + 1
    degree = np.asarray(graph.sum(1)).ravel()
    average = sparse.diags(1 / np.maximum(degree, 1)) @ graph
    steps = max(1, round((constants.border / max(length, 1e-6)) ** 2 / 2))
    own = given
    for _ in range(constants.rounds):
        share = np.eye(count, dtype=np.float32)[own]
        for _ in range(steps):
            share = 0.5 * share + 0.5 * (average @ share)
        own = share.argmax(1)
    changed = own != given
    if not changed.any():
        return match
    edges = graph.tocoo()
    same = own[edges.row] == own[edges.col]
    within = sparse.csr_matrix((edges.data[same], (edges.row[same], edges.col[same])), shape=graph.shape)
    source = nearest_reliable(~changed, within)
    return Match(match.weights[source], match.reliable & ~changed, match.distance, match.skin[source])


def shared_weights(vertices: Floats, graph: sparse.csr_matrix, weights: Floats, together: float) -> Floats:
    """Average the weights (V, J) of vertices closer together than metres `together`.

    A triangle with such corners is a sliver: the least difference would turn it over. graph : (V, V) of the edges.
    """
    edges = sparse.triu(graph, 1).tocoo()
    close = np.linalg.norm(vertices[edges.row] - vertices[edges.col], axis=1) < together
    ends = edges.row[close], edges.col[close]
    links = sparse.coo_matrix((np.ones(len(ends[0]), bool), ends), shape=graph.shape)
    count, cluster = connected_components(links, directed=False)
    rows = np.flatnonzero(np.bincount(cluster)[cluster] > 1)
    if len(rows) == 0:
        return weights
    members = sparse.csr_matrix((np.ones(len(rows), np.float32), (cluster[rows], rows)), shape=(count, len(weights)))
    shared = weights.copy()
    shared[rows] = (members @ weights / np.maximum(members.sum(1), 1))[cluster[rows]]
    return shared


def smoothed_rims(vertices: Floats, faces: Ints, own: int, constants: Seams = SEAMS) -> Floats:
    """Smooth a mesh (V, 3) where holes were closed, and around their rims.

    Taubin's steps, to and fro, so that nothing shrinks. faces : (F, 3). own : from this number on vertices are of the
    fills.
    """
    start, end = faces.ravel(), np.roll(faces, -1, 1).ravel()
    count = len(vertices)
    graph = sparse.coo_matrix((np.ones(len(start), np.float32), (start, end)), shape=(count, count)).tocsr()
    graph = ((graph + graph.T) > 0).astype(np.float32)
    near = np.zeros(count, bool)
    near[own:] = True
    for _ in range(constants.rings + 1):  # fills of a narrow cut have no vertices of their own beside the rim
        near |= graph @ near > 0
    rows = np.flatnonzero(near)
    average = (sparse.diags(1 / np.maximum(np.asarray(graph.sum(1)).ravel(), 1)) @ graph).tocsr()[rows]
    points = vertices.astype(np.float32).copy()
    for step in range(2 * constants.smoothed):
        points[rows] += (0.5, -0.53)[step % 2] * (average @ points - points[rows])
    return points
