"""Webs: skin of the surface that joins parts of the body that are apart, such as an arm and the trunk.

They show once the body is moved: the two ends of an edge go many times farther apart than the skin beneath them was.
There the surface is cut along edges. Loose cloth between parts, such as a skirt's, is left whole: the skin at both ends
of its edges is far apart in the photograph already.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial.transform import Rotation

from lifecast.body.fitted_body import shipped_body
from lifecast.body.names import SIDES
from lifecast.body.rig.body_in_metres import BodyInMetres
from lifecast.body.rig.named_poses import named_pose
from lifecast.body.rig.repose import relative_transforms
from lifecast.body.rig.skin_weights import Match

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Tearing:
    """Constants of the search for webs."""

    jump: float = 0.05
    """Metres between the places to which an edge's two ends would move its middle, from which on it is stretched;"""
    torn: float = 1.5
    """so many times the distance between the skin at its ends, from which on it may be torn."""
    spread: float = 40.0
    """Degrees by which the probing pose, a T pose, spreads each leg."""
    web: float = 0.15
    """Metres that one in five torn edges that hang together must stretch for them to be a web, and cut: an armpit, or
    the crotch, stretches less."""
    cloth: float = 0.2
    """Median of the distance between the skin at their ends, metres, from which on they are loose cloth instead;"""
    cloth_legs: float = 0.035
    """between the two legs."""
    speckle: float = 0.003
    """A piece between torn edges with a smaller share of the vertices belongs to what is around it."""


TEARING = Tearing()


class Torn(NamedTuple):
    """Edges whose two ends move apart."""

    web: NDArray[np.bool_]
    """(E,) to be cut."""
    loose: NDArray[np.bool_]
    """(E,) to be left whole and to be shared smoothly by both sides: cloth, armpits, the crotch."""
    gap: Floats
    """(E,) metres between the posed skin at the two ends."""


class Cut(NamedTuple):
    """A surface cut along its webs."""

    faces: Ints
    """(F, 3) into the W vertices of the cut surface."""
    vertex: Ints
    """(W,) which of the surface's vertices each one is."""
    weights: Floats
    """(W, J)"""
    cuts: int
    """Edges that were cut."""


def probing_transforms(body: BodyInMetres, spread: float = TEARING.spread) -> NDArray[np.float64]:
    """Compute the transforms (J, 4, 4) from the photograph's pose to one that shows webs.

    Each moves a joint's neighbourhood.

    Fingers move as their hand does: fingers that touch each other are not cut.
    """
    names = shipped_body().joints
    rotations = named_pose(body.rest_joints, "t")
    for side, sign in zip(SIDES, (1, -1), strict=True):
        leg = names.index(f"upperleg01.{side}")
        rotations[leg] = Rotation.from_euler("z", sign * spread, degrees=True).as_matrix() @ rotations[leg]
    moved = relative_transforms(body.pose, body.transforms(rotations))
    for k, name in enumerate(names):
        if name.startswith("finger"):
            moved[k] = moved[names.index(f"wrist.{name[-1]}")]
    return moved


def limbs() -> Ints:
    """Name the limb of each joint, (J,), 0 to 4.

    0 is the trunk and the head, 1 and 2 the left and right arm, 3 and 4 the left and right leg.
    """
    body = shipped_body()
    found = np.zeros(len(body.joints), np.int64)
    for k, (name, parent) in enumerate(zip(body.joints, body.parents, strict=True)):
        start = {"upperarm01": 1, "upperleg01": 3}.get(name.split(".")[0])
        found[k] = start + (name[-1] == "R") if start else found[parent] if parent >= 0 else 0
    return found


def without_speckles(
    vertices: Floats,
    edges: Ints,
    graph: sparse.csr_matrix,
    match: Match,
    moved: NDArray[np.float64],
    constants: Tearing = TEARING,
) -> Match:
    """Fill what is not reliable from around it, and small pieces that differ from all around.

    Such pieces belong to another part of the body than what surrounds them.

    edges: (E, 2) and graph (V, V): the surface's.
    """
    match = match.filled(match.reliable, graph)
    _, whole = connected_components(graph, directed=False)
    sizes = np.bincount(whole)[whole]
    for _ in range(2):
        kept = edges[jumps(vertices, edges, match.weights, moved) <= constants.jump]
        links = sparse.coo_matrix((np.ones(len(kept), bool), (kept[:, 0], kept[:, 1])), shape=graph.shape)
        _, piece = connected_components(links, directed=False)
        size = np.bincount(piece)[piece]
        small = (size < constants.speckle * len(vertices)) & (size < sizes)
        if not small.any():
            break
        match = match.filled(~small, graph)
    return match


def jumps(vertices: Floats, edges: Ints, weights: Floats, moved: NDArray[np.float64]) -> Floats:
    """Measure how far apart (E,) the two ends of edges (E, 2) go, in the mesh's unit."""
    places = np.einsum("vxy,vy->vx", (affine := _affine(weights, moved))[..., :3], vertices) + affine[..., 3]
    result: Floats = np.linalg.norm(places[edges[:, 0]] - places[edges[:, 1]], axis=1)
    return result


def _affine(weights: Floats, moved: NDArray[np.float64]) -> Floats:
    """(V, 3, 4) what moves each vertex."""
    return (weights @ moved[:, :3].reshape(-1, 12).astype(np.float32)).reshape(-1, 3, 4)


def _apart(points: Floats, affine: Floats, first: Ints, second: Ints) -> Floats:
    """How far apart (E,) two vertices' transforms would move points (E, 3)."""
    between = affine[first] - affine[second]
    result: Floats = np.linalg.norm(np.einsum("exy,ey->ex", between[..., :3], points) + between[..., 3], axis=1)
    return result


def find_torn(
    vertices: Floats, edges: Ints, match: Match, body: BodyInMetres, moved: NDArray[np.float64],
    constants: Tearing = TEARING,
) -> Torn:  # fmt: skip
    """Find the edges (E, 2) of a surface that would be torn, and which of them are loose cloth."""
    apart = jumps(vertices, edges, match.weights, moved)
    skin = body.skin[match.skin]
    gap = np.linalg.norm(skin[edges[:, 0]] - skin[edges[:, 1]], axis=1)
    ratio = apart / np.maximum(gap, 0.005)
    stretched = apart > constants.jump
    rows = np.flatnonzero(stretched & (ratio > constants.torn))
    web = np.zeros(len(edges), bool)
    if len(rows):
        limb = np.sort(limbs()[match.weights.argmax(1)][edges[rows]], 1)
        most = np.where((limb[:, 0] == 3) & (limb[:, 1] == 4), constants.cloth_legs, constants.cloth)
        ends = edges[rows]
        links = sparse.coo_matrix((np.ones(len(rows), bool), (ends[:, 0], ends[:, 1])), shape=(len(vertices),) * 2)
        _, piece = connected_components(links, directed=False)
        order = np.argsort(piece[ends[:, 0]], kind="stable")
        starts = np.flatnonzero(np.diff(piece[ends[order, 0]], prepend=-1))
        for group in np.split(order, starts[1:]):
            one = rows[group]
            web[one] = np.quantile(apart[one], 0.8) > constants.web and np.median(gap[one] / most[group]) < 1
    return Torn(web, stretched & ~web, gap.astype(np.float32))


def cut_webs(
    vertices: Floats, faces: NDArray[np.integer], edges: Ints, web: NDArray[np.bool_], weights: Floats,
    moved: NDArray[np.float64], jump: float = TEARING.jump,
) -> Cut:  # fmt: skip
    """Cut a surface, vertices (V, 3) and faces (F, 3), along its webs.

    edges: (E, 2) each once, with the lower vertex first; web: (E,). A triangle across a web goes to the side that most
    of its corners move with. Vertices along a cut are doubled, and each copy moves with its side.
    """
    given: Ints = np.asarray(faces, np.int64)
    count = len(vertices)
    torn = np.sort(edges[web, 0] * count + edges[web, 1]) if web.any() else np.array([-1])  # -1: no edge's number
    half = np.stack([given, np.roll(given, -1, 1)], -1)  # (F, 3, 2): corner k to corner k + 1
    key = half.min(-1) * count + half.max(-1)
    at = np.searchsorted(torn, key)
    across = np.asarray(torn[np.minimum(at, len(torn) - 1)] == key)
    crossed: NDArray[np.bool_] = np.asarray(across.any(1), bool)
    # Corner k lies on the edges k and k - 1: the corner with the fewest torn edges speaks for the triangle.
    lonely = across.astype(int) + np.roll(across, 1, 1)
    spokesman = given[np.arange(len(given)), lonely.argmin(1)]
    marked = np.zeros(count, bool)
    marked[given[crossed]] = True
    near = np.flatnonzero(marked[given].any(1))
    affine = _affine(weights, moved)
    # Edges between two of these triangles.
    keys = key[near].ravel()
    order = np.argsort(keys, kind="stable")
    pair = np.flatnonzero((np.diff(keys[order]) == 0) & (np.diff(keys[order], prepend=-1)[:-1] != 0))
    one, other = order[pair], order[pair + 1]
    face_one, face_other = near[one // 3], near[other // 3]
    low, high = keys[one] // count, keys[one] % count
    apart = _apart((vertices[low] + vertices[high]) / 2, affine, spokesman[face_one], spokesman[face_other])
    cut: NDArray[np.bool_] = np.logical_and(apart > jump, crossed[face_one] | crossed[face_other])
    # Corners around a vertex that are joined across edges that are not cut stay one vertex.
    small = given[near]
    joined_one, joined_other = one[~cut], other[~cut]
    links = []
    for vertex in (low[~cut], high[~cut]):
        corner_one = _corner(small, joined_one // 3, vertex)
        corner_other = _corner(small, joined_other // 3, vertex)
        links.append((corner_one, corner_other))
    ends = [np.concatenate(side) for side in zip(*links, strict=True)]
    total = small.size
    _, group = connected_components(
        sparse.coo_matrix((np.ones(len(ends[0]), bool), (ends[0], ends[1])), shape=(total, total)), directed=False
    )
    touched = np.zeros(count, bool)
    touched[low[cut]], touched[high[cut]] = True, True
    corner_vertex = small.ravel()
    # A vertex that is not on a cut stays one, whatever fans meet in it.
    group = np.where(touched[corner_vertex], group + count, corner_vertex)
    names, number = np.unique(group, return_inverse=True)
    sample = np.full(len(names), -1)
    sample[number] = corner_vertex
    first = np.zeros(len(names), bool)
    first[np.unique(sample, return_index=True)[1]] = True
    new = np.where(first, sample, 0)
    new[~first] = count + np.arange(int((~first).sum()))
    vertex = np.concatenate([np.arange(count), sample[~first]])
    out = given.copy()
    out[near] = new[number].reshape(-1, 3)
    speaks = np.repeat(spokesman[near], 3)
    mean = sparse.coo_matrix((np.ones(total, np.float32), (new[number], speaks)), shape=(len(vertex), count)).tocsr()
    rows = np.flatnonzero(marked[vertex])
    found = weights[vertex]
    mean = mean[rows]
    sums = np.asarray(mean.sum(1))
    found[rows] = np.where(sums > 0, (mean @ weights) / np.maximum(sums, 1), found[rows])
    return Cut(out, vertex, found.astype(np.float32), int(cut.sum()))


def _corner(faces: Ints, rows: Ints, vertex: Ints) -> Ints:
    """The number, 3 * face + k, of the corner of faces[rows] that is `vertex`."""
    found: Ints = rows * 3 + (faces[rows] == vertex[:, None]).argmax(1)
    return found
