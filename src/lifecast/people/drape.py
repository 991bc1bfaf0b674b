"""Draping: cloth on a posed body settles into folds by its own lengths.

Position-based dynamics (Mueller et al. 2007; the Jacobi form) on the displacement from the skinned garment: edges want
their length at rest (times the garment's slack), so cloth that the pose squeezes at elbow, knee, crotch or waist, and
cloth that is simply too long, buckles into folds across the squeeze. Smoothing the displacement is the bending
stiffness and sets the folds' width; a weak pull to the skinned shape stands for friction; the skin and the garments
underneath push back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from lifecast.people.body import SKIN_VERTICES
from lifecast.people.folds import fold_heights
from lifecast.people.noise import smooth_noise
from lifecast.people.surface_mesh import averaging
from lifecast.people.tailor import Cloth, border_vertices
from lifecast.space.mesh_normals import vertex_normals

Points = NDArray[np.float32]
GAP = 0.004
"""Metres that a garment keeps off the skin: more than the sagitta of a skin triangle, less than shows."""


@dataclass(frozen=True)
class Hang:
    """How a garment's cloth behaves."""

    ease: float = 0.01
    """Metres that the garment stands off its fitted shape where it is loosest."""
    slack_along: float = 0.03
    """Share of extra length along limbs and down the trunk (folds across them)."""
    slack_around: float = 0.02
    """Share of extra length around them (folds along them)."""
    fold_width: float = 0.05
    """Metres from fold to fold: 3 cm for jersey, 8 cm and more for heavy cloth."""
    stiffness: float = 0.04
    """0 .. 1: how much each round smooths the displacement."""
    friction: float = 0.01
    """Share of the displacement that is taken back each round."""
    gravity: float = 0.0003
    """Metres that free cloth sinks each round."""
    rounds: int = 24
    flare: float = 0.0
    """Metres that the free hem stands off further (bell-shaped skirts, wide legs)."""


class Weave:
    """The matrices of one cloth's edges; made once for each garment."""

    def __init__(self, cloth: Cloth) -> None:
        faces, count = cloth.sheet.faces, len(cloth.reference)
        directed = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
        self.edges = np.unique(directed, axis=0)
        n = len(self.edges)
        rows = np.repeat(np.arange(n), 2)
        signs = np.tile(np.array([1.0, -1.0], np.float32), n)
        self.difference = sp.csr_matrix((signs, (rows, self.edges.ravel())), (n, count), dtype=np.float32)
        degree = np.bincount(self.edges.ravel(), minlength=count)
        # Jacobi: every vertex averages the wishes of its edges; 1.4 over-relaxes.
        self.gather = (sp.diags((1.4 / np.maximum(degree, 1)).astype(np.float32)) @ self.difference.T).tocsr()
        self.average = averaging(faces, count).astype(np.float32)
        limb = np.array([0.0, -1, 0], np.float32)
        along = np.tile(limb, (count, 1))
        for side in (1, -1):
            arm = cloth.region == side
            if arm.sum() > 10:
                centred = cloth.reference[arm] - cloth.reference[arm].mean(0)
                along[arm] = np.linalg.svd(centred, full_matrices=False)[2][0]
        unit = self.difference @ cloth.reference
        unit /= np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-9)
        self.lengthwise = np.einsum("ex,ex->e", unit, along[self.edges[:, 0]]) ** 2
        """(E,) 1 for edges along the limb or down the trunk, 0 for edges around it."""
        self.snug = self._snug(cloth)

    @staticmethod
    def _snug(cloth: Cloth) -> NDArray[np.float32]:
        """(V,) 1 at borders that lie on the skin (waistband, collar, cuff), falling to 0 within 6 cm."""
        border = border_vertices(cloth.sheet.faces)
        if not len(border):
            return np.zeros(len(cloth.reference), np.float32)
        gap, near = cKDTree(cloth.reference[border]).query(cloth.reference)
        close = np.exp(-((cloth.off_skin[border] / 0.014) ** 2))
        snug: NDArray[np.float32] = (close[near] * np.exp(-((gap / 0.035) ** 2))).astype(np.float32)
        return snug


class PosedBody:
    """The skin that garments meet: its surface under every anchor, its nearest place to a point."""

    def __init__(self, posed: Points, skin_faces: NDArray[np.int32], limb: NDArray[np.int8]) -> None:
        self.vertices = posed[:SKIN_VERTICES]
        self.faces = skin_faces
        self.normals = vertex_normals(self.vertices, skin_faces, "area")
        self._groups = {}
        for side in (1, -1, 0):
            index = np.flatnonzero(limb == side)
            self._groups[side] = index, cKDTree(self.vertices[index])

    def under(self, cloth: Cloth) -> tuple[Points, Points]:
        """The skin point under each vertex of a cloth and its normal, (V, 3) both."""
        corners = self.faces[cloth.anchor]
        foot = np.einsum("vk,vkx->vx", cloth.share, self.vertices[corners])
        normal = np.einsum("vk,vkx->vx", cloth.share, self.normals[corners])
        return foot, normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)

    def nearest(self, points: Points, region: NDArray[np.int8]) -> tuple[Points, Points]:
        """The nearest skin vertex of the same limb for each point, and its normal."""
        index = np.zeros(len(points), np.int64)
        for side, (vertices, tree) in self._groups.items():
            mine = region == side
            if mine.any():
                index[mine] = vertices[tree.query(points[mine])[1]]
        return self.vertices[index], self.normals[index]


def eased(cloth: Cloth, weave: Weave, fitted: Points, hang: Hang, rng: np.random.Generator) -> Points:
    """The garment on the rest body made looser: it stands off where nothing holds it, unevenly."""
    normals = vertex_normals(fitted, cloth.sheet.faces, "area")
    for _ in range(4):
        normals = weave.average @ normals
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
    free = 1 - weave.snug
    uneven = 0.75 + 0.25 * smooth_noise(cloth.reference, 0.35, rng)
    off = hang.ease * free * np.clip(uneven, 0.1, 1.5)
    if hang.flare:
        low = cloth.reference[:, 1]
        depth = (low.max() - low) / max(float(np.ptp(low)), 1e-6)
        off = off + hang.flare * depth**2 * free
    result: Points = (fitted + normals * off[:, None]).astype(np.float32)
    return result


def settle(
    cloth: Cloth, weave: Weave, rest: Points, skinned: Points, body: PosedBody, hang: Hang,
    rng: np.random.Generator, inner: list[tuple[Points, Points]] | None = None, size: float = 1.0,
) -> Points:  # fmt: skip
    """Let a skinned garment find its folds.

    Parameters
    ----------
    rest : (V, 3) the garment on the rest body, eased: the source of its lengths.
    skinned : (V, 3) the same, posed.
    inner : vertices and normals of the garments worn underneath.
    size : the body's height over the reference's; scales folds.
    """
    length = np.linalg.norm(weave.difference @ rest, axis=1)
    middle = cloth.reference[weave.edges[:, 0]]
    patch = np.clip(0.45 + 0.75 * smooth_noise(middle, 0.25, rng), 0.05, 2.4)  # cloth gathers here and there
    held = np.maximum(weave.snug[weave.edges[:, 0]], weave.snug[weave.edges[:, 1]])
    slack = (hang.slack_along * weave.lengthwise + hang.slack_around * (1 - weave.lengthwise)) * patch * (1 - held)
    length = (length * (1 + slack)).astype(np.float32)

    normals = vertex_normals(skinned, cloth.sheet.faces, "area")
    now_long = np.linalg.norm(weave.difference @ skinned, axis=1)
    extra = np.clip(length / np.maximum(now_long, 1e-6) - 1, -0.2, 0.5).astype(np.float32)
    heights = fold_heights(weave.edges, cloth.reference, extra, weave.average, hang.fold_width, rng) * size
    move = normals * (heights * (1 - weave.snug))[:, None]
    keep = (1 - np.clip(hang.friction + 0.35 * weave.snug, 0, 1))[:, None].astype(np.float32)
    sink = np.zeros(3, np.float32)
    sink[1] = -hang.gravity
    fall = (1 - weave.snug)[:, None] * sink
    foot, up = body.under(cloth)
    stiff = np.float32(hang.stiffness)
    blocks: list[tuple[Points, Points]] = [(foot, up)]
    for k in range(hang.rounds):
        if k % 12 == 0:  # the nearest skin and the nearest inner garment change as the cloth moves
            now = skinned + move
            blocks = [(foot, up), body.nearest(now, cloth.region)]
            blocks += [_nearest_of(layer, now) for layer in inner or ()]
        now = skinned + move
        edge = weave.difference @ now
        long = np.sqrt(np.einsum("ex,ex->e", edge, edge)) + np.float32(1e-9)
        pull = (long - length) / long * np.float32(0.5)
        pull = np.where(pull < 0, pull * np.float32(0.6), pull)
        now -= weave.gather @ (edge * pull[:, None])
        move = (now - skinned + fall) * keep
        move += stiff * (weave.average @ move - move)
        for n, (place, normal) in enumerate(blocks):
            own = n < 2  # the skin; then the garments underneath
            move += _push(skinned + move, place, normal, GAP if own else 0.003, aside=1.0 if own else 0.012)
    move += _push(skinned + move, foot, up, GAP / 2)  # the skin under the cloth has the last word
    return (skinned + move).astype(np.float32)


def _nearest_of(layer: tuple[Points, Points], points: Points) -> tuple[Points, Points]:
    vertices, normals = layer[0][::2], layer[1][::2]  # cloth is finer than its distance to the next needs
    _, near = cKDTree(vertices).query(points)
    return vertices[near], normals[near]


def _push(points: Points, place: Points, normal: Points, gap: float, reach: float = 0.07, aside: float = 1.0) -> Points:
    """How to move points that are under a surface (or closer than `gap`) out of it.

    Points farther than `reach` are not its business, nor those whose foot lies farther than `aside` from `place`:
    past the border of a garment its plane means nothing.
    """
    offset = points - place
    height = np.einsum("vx,vx->v", offset, normal)
    square = np.einsum("vx,vx->v", offset, offset)
    near = (square < reach * reach) & (square - height * height < aside * aside)
    move = np.where((height < gap) & near, gap - height, np.float32(0))
    return normal * np.minimum(move, np.float32(0.05))[:, None]


def clear(
    points: Points, cloth: Cloth, weave: Weave, body: PosedBody, gap: float = GAP, rounds: int = 6,
    inner: list[tuple[Points, Points]] | None = None,
) -> Points:  # fmt: skip
    """Push a garment out of the skin, and spread the push smoothly.

    For shoes, hats, and what has no folds.
    """
    foot, up = body.under(cloth)
    move = np.zeros_like(points)
    for _ in range(rounds):
        move = np.float32(0.5) * move + np.float32(0.5) * (weave.average @ move)
        move += _push(points + move, foot, up, gap, 0.1)
        move += _push(points + move, *body.nearest(points + move, cloth.region), gap, 0.05)
        for layer in inner or ():
            move += _push(points + move, *_nearest_of(layer, points + move), 0.003, 0.05, 0.012)
    return (points + move).astype(np.float32)


def tuck(points: Points, outer: Points, outer_normals: Points, inside: NDArray[np.bool_], gap: float = 0.005) -> Points:
    """Draw what is worn underneath (or the skin) in behind an outer garment.

    Folds are deeper than the room between two garments, and what lies underneath is hidden: it gives way wherever
    the outer garment's `inside` (its vertices away from its hems) covers it.
    """
    low, high = outer.min(0) - 0.02, outer.max(0) + 0.02
    near = np.flatnonzero(((points > low) & (points < high)).all(1))
    if not len(near) or not inside.any():
        return points
    index = cKDTree(outer).query(points[near], distance_upper_bound=0.05)[1]
    met = index < len(outer)
    near, index = near[met], index[met]
    offset = points[near] - outer[index]
    normal = outer_normals[index]
    height = np.einsum("vx,vx->v", offset, normal)
    aside = np.einsum("vx,vx->v", offset, offset) - height * height
    move = np.where((height > -gap) & (aside < 0.02**2) & inside[index], -gap - height, 0)
    out = points.copy()
    out[near] += normal * np.maximum(move, -0.05)[:, None]
    return out.astype(np.float32)


def under_skin(points: Points, cloth: Cloth, body: PosedBody) -> float:
    """Compute the share of a garment's vertices that are below the skin under them.

    The skin is taken as their anchors' planes.
    """
    foot, up = body.under(cloth)
    near = np.linalg.norm(points - foot, axis=1) < 0.1
    return float(((np.einsum("vx,vx->v", points - foot, up) < 0) & near).mean())
