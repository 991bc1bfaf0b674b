"""A surface made ready to be moved by a body's joints: weights, webs cut, holes closed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from lifecast.body.rig.arm_depth import shallower_arms
from lifecast.body.rig.body_in_metres import BodyInMetres
from lifecast.body.rig.holes import close_holes
from lifecast.body.rig.named_poses import named_pose
from lifecast.body.rig.repose import relative_transforms, repose
from lifecast.body.rig.seams import SEAMS, even_borders, shared_weights, smoothed_rims
from lifecast.body.rig.skin_weights import match_skin, reach_of, spread_weights, strongest
from lifecast.body.rig.webs import Cut, cut_webs, find_torn, limbs, probing_transforms, without_speckles
from lifecast.surface.colour.diffusion import edge_graph

Floats = NDArray[np.float32]


TRIES = 4
"""Times that a surface is cut at the most, if a cut takes pieces off."""
CRUMB = 0.003
"""Share of the triangles below which a piece is dropped."""


STRETCHED = 4.0
"""Times its length beyond which an edge is stretched."""


@dataclass(frozen=True)
class RiggedSurface:
    """A surface with joints' influences.

    Where webs were cut it has more vertices than it was made of.
    """

    vertices: Floats
    """(W, 3) metres, in the photograph's pose."""
    faces: NDArray[np.int32]
    """(F, 3)"""
    made_of: sparse.csr_matrix
    """(W, V) what of the given surface's vertices each one is a mean of; rows sum to 1."""
    influences: NDArray[np.uint16]
    """(W, 4) the joints that move each vertex, the strongest first."""
    weights: Floats
    """(W, 4), rows sum to 1."""
    cuts: int
    """Edges along which webs were cut."""
    stretched: float
    """Share of the triangles that have an edge of more than `STRETCHED` times its length in a T pose."""


class FarFromBody(Exception):
    """The body does not lie in the surface; the message says by how much."""


def rig_surface(vertices: Floats, faces: NDArray[np.integer], body: BodyInMetres) -> RiggedSurface:
    """Find the joints' influences on a surface, and cut its webs.

    A web joins parts of the body that are apart.

    Parameters
    ----------
    vertices, faces : (V, 3) metres, (F, 3): a closed surface.
    body : of the same person, in the same metres.

    Raises
    ------
    FarFromBody
        Too much of the surface is too far from the body.
    """
    faces = np.asarray(faces, np.int64)
    graph = edge_graph(faces, len(vertices))
    match = match_skin(vertices, faces, body, graph)
    check_close(match.distance)
    moved = probing_transforms(body)
    upper = sparse.triu(graph, 1).tocoo()
    edges = np.stack([upper.row, upper.col], 1).astype(np.int64)
    match = without_speckles(vertices, edges, graph, match, moved)
    length = float(np.linalg.norm(vertices[edges[:, 0]] - vertices[edges[:, 1]], axis=1).mean())
    match = even_borders(match, graph, limbs(), length)
    for _ in range(TRIES):
        torn = find_torn(vertices, edges, match, body, moved)
        cut = cut_webs(vertices, faces, edges, torn.web, match.weights, moved)
        lost = cut_off(graph, cut)
        if not lost.any():
            break
        match = match.filled(~lost, graph)
    # What hangs together with nothing even so is a crumb between two parts.
    _, piece = connected_components(edge_graph(cut.faces, len(cut.vertex)), directed=False)
    piece = piece[cut.faces[:, 0]]
    cut = cut._replace(faces=cut.faces[np.bincount(piece)[piece] > CRUMB * len(faces)])
    loose = np.repeat(torn.gap[torn.loose], 2)
    points, reach = vertices[cut.vertex], reach_of(vertices, match, edges[torn.loose].ravel(), loose)[cut.vertex]
    apart = edge_graph(cut.faces, len(points))
    whole = spread_weights(points, apart, cut.weights, reach)
    whole = shared_weights(points, apart, whole, SEAMS.together * length)
    influences, weights = strongest(whole)
    along_cut = (np.bincount(cut.vertex) > 1)[cut.vertex]
    points = shallower_arms(points, whole, along_cut, body)
    stretched = body.transforms(named_pose(body.rest_joints, "t"))
    opened = repose(points, influences, weights, relative_transforms(body.pose, stretched))
    closed = close_holes(opened, cut.faces, points)
    own = sparse.csr_matrix((np.ones(len(points), np.float32), (np.arange(len(points)), cut.vertex)))
    added = closed.made_of[len(points) :]
    more = strongest(np.asarray(added @ whole))
    # In the photograph's pose a fill is flat between its rims, but for what rounds it.
    smooth = smoothed_rims(closed.vertices, closed.faces, len(points))
    bulge = smooth[len(points) :] - added @ opened
    back = relative_transforms(stretched, body.pose)
    back[:, :3, 3] = 0
    filling = added @ points + repose(bulge, *more, back)
    points = points + repose(smooth[: len(points)] - opened, influences, weights, back)
    used = np.unique(closed.faces)
    number = np.full(len(closed.vertices), -1, np.int32)
    number[used] = np.arange(len(used))
    whole_surface = np.concatenate([points, filling])
    torn_share = float((stretches(whole_surface, closed.vertices, closed.faces) > STRETCHED).mean())
    return RiggedSurface(
        whole_surface[used], number[closed.faces], (closed.made_of @ own).tocsr()[used],
        np.concatenate([influences, more[0]])[used], np.concatenate([weights, more[1]])[used], cut.cuts, torn_share,
    )  # fmt: skip


def stretches(before: Floats, after: Floats, faces: NDArray[np.integer]) -> Floats:
    """Compute how many times longer an edge of each triangle becomes, at the most: (F,).

    before, after: (V, 3) metres; faces: (F, 3). Edges shorter than a millimetre count as one.
    """
    lengths = [np.linalg.norm(v[faces] - v[np.roll(faces, 1, 1)], axis=2) for v in (before, after)]
    times: Floats = (lengths[1] / np.maximum(lengths[0], 1e-3)).max(1)
    return times


def cut_off(graph: sparse.csr_matrix, cut: Cut) -> NDArray[np.bool_]:
    """Find the vertices (V,) of pieces that cuts took off the rest.

    What they were taken for was not there.

    graph: (V, V) of the surface's edges before it was cut. Vertices that cuts doubled are not among them.
    """
    count = graph.shape[0]
    _, before = connected_components(graph, directed=False)
    _, after = connected_components(edge_graph(cut.faces, len(cut.vertex)), directed=False)
    after = after[:count]
    sizes = np.bincount(after)
    most = np.zeros(int(before.max()) + 1, np.int64)
    np.maximum.at(most, before, sizes[after])
    lost: NDArray[np.bool_] = sizes[after] < most[before]
    return lost


FAR = 0.12
"""Metres from the skin beyond which a surface is not the body's clothes or hair;"""
MOST_FAR = 0.15
"""share of the vertices that may be there."""


def check_close(distance: Floats) -> None:
    """Check that a surface lies on the body: distance (V,) metres of its vertices from the skin."""
    share = float((distance > FAR).mean())
    if share > MOST_FAR:
        raise FarFromBody(f"{share:.0%} of the surface lie farther than {FAR * 100:.0f} cm from the body")
