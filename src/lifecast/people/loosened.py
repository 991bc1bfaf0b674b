"""MakeHuman's garments made looser and laid flat, as cloth that can be draped.

They are drawn tight to the skin, and cloth as tight as skin has no folds. A garment is loosened in two ways: it is
pulled straight along the limbs, so that it bridges the hollows of the body (beneath the chest, at the waist, behind the
knees), and made wider all round. What it is now is its pattern: each triangle, laid flat.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from lifecast.errors import OptionError
from lifecast.people.block_pattern import BlockPattern
from lifecast.people.body import SKIN_VERTICES, RestBody
from lifecast.people.garment import Garment
from lifecast.people.garment_kinds import PART
from lifecast.space.mesh_normals import vertex_normals

Points = NDArray[np.float32]

OFF = 0.004
"""Metres that every point keeps off the skin."""
THIN = 0.0004
"""Metres: the least height of a flat triangle. Slivers of cloth would be infinitely stiff."""
LAYER = {"bottom": 1, "shorts": 1, "skirt": 1, "top": 3, "dress": 1, "overall": 3, "coat": 5, "belt": 7}
"""The usual layer of each kind, 0 for others; a garment's own sheets take the layers after it."""


@dataclass(frozen=True)
class Looseness:
    """How a garment differs from the tight one that it was drawn as. Raises `OptionError` for negative values."""

    ease: float = 0.03
    """Metres that it is wider round chest or thigh."""
    along: float = 0.02
    """Share that its cloth is longer than it would lie, along trunk and limbs."""
    around: float = 0.0
    """The same around them, beyond the ease."""

    def __post_init__(self) -> None:
        for name in ("ease", "along", "around"):
            if not getattr(self, name) >= 0:
                raise OptionError(name, getattr(self, name), "must be at least 0")


@dataclass(frozen=True)
class Loosened:
    """A garment ready to be draped, and what it is painted with."""

    garment: Garment
    corner_uv: NDArray[np.float32]
    """(F, 3, 2) places in its own texture."""
    picture: NDArray[np.uint8] | None
    """Its own texture (H, W, 3 or 4), if it has one."""
    shading: NDArray[np.uint8] | None
    """Its ambient occlusion (H, W, 3), if it has one."""


def loosen(
    block: BlockPattern, rest: RestBody, skin_faces: NDArray[np.int32], loose: Looseness, fabric: str,
    pictures: tuple[NDArray[np.uint8] | None, NDArray[np.uint8] | None] = (None, None), layer: int | None = None,
) -> Loosened:  # fmt: skip
    """Place a block pattern on a rest body, loosen it and lay it flat.

    `skin_faces` (F, 3) are the body's triangles; `pictures` the garment's texture and ambient occlusion; `layer` the
    usual one of its kind if None.
    """
    points = loosened_points(block, rest, skin_faces, loose)
    first = LAYER.get(block.kind, 0) if layer is None else layer
    garment = Garment(
        name=block.name, part=PART[block.kind], layer=first + block.order, fabric=fabric,
        points=points, faces=block.faces, flat=laid_flat(points, block.faces, block.along, loose), piece=block.piece,
        attached=block.attached, seams=block.seams, hems=block.hems,
    )  # fmt: skip
    return Loosened(garment, block.corner_uv, *pictures)


def loosened_points(block: BlockPattern, rest: RestBody, skin_faces: NDArray[np.int32], loose: Looseness) -> Points:
    """The loosened garment's points (V, 3) round a rest body, metres; where it is attached it stays as it was."""
    fitted = block.place(rest).astype(np.float64)
    out = vertex_normals(fitted.astype(np.float32), block.faces, "area").astype(np.float64)
    for _ in range(4):
        out = block.average @ out
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)
    free = np.clip((block.held - 0.01) / 0.07, 0, 1)
    free = free * free * (3 - 2 * free) * (1 - block.attached)  # nothing at a waistband, all of it 8 cm below
    reach = float(np.clip(2.5 * loose.ease, 0, 0.12))
    bridged = fitted.copy()
    # Averaging n times along a limb whose points lie 1 cm apart reaches about sqrt(n / 2) cm.
    for _ in range(round(2 * (reach / 0.01) ** 2)):
        lift = np.einsum("vx,vx->v", 0.5 * (bridged + block.average @ bridged) - fitted, out)
        bridged = fitted + out * np.clip(lift * free, 0, 0.06)[:, None]
    wider = loose.ease / (2 * np.pi) * free
    for _ in range(10):
        wider = block.average @ wider
    points: Points = off_skin(bridged + out * wider[:, None], rest, skin_faces).astype(np.float32)
    return points


def off_skin(points: NDArray[np.float64], rest: RestBody, skin_faces: NDArray[np.int32]) -> NDArray[np.float64]:
    """Push points (V, 3) that are nearer to the skin than `OFF`, or beneath it, out of it."""
    skin = rest.vertices[:SKIN_VERTICES]
    normals = vertex_normals(skin, skin_faces, "area")
    near = cKDTree(skin).query(points)[1]
    height = np.einsum("vx,vx->v", points - skin[near], normals[near])
    out: NDArray[np.float64] = points + normals[near] * np.clip(OFF - height, 0, 0.03)[:, None]
    return out


def laid_flat(
    points: Points, faces: NDArray[np.int32], along: NDArray[np.float32], loose: Looseness
) -> NDArray[np.float32]:
    """Lay each triangle flat (F, 3, 2), metres, y up against `along`, longer by the looseness along and around."""
    corner = points[faces].astype(np.float64)
    one, two = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    normal = np.cross(one, two)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-15)
    grain = -along[faces].mean(1).astype(np.float64)
    grain -= np.einsum("fx,fx->f", grain, normal)[:, None] * normal
    flat_up = np.linalg.norm(grain, axis=1) < 1e-3  # cloth across the limb, a sole or a lid: any direction will do
    grain[flat_up] = one[flat_up]
    grain /= np.linalg.norm(grain, axis=1, keepdims=True)
    across = np.cross(grain, normal)
    flat = np.zeros((len(faces), 3, 2))
    for k, edge in ((1, one), (2, two)):
        flat[:, k, 0] = np.einsum("fx,fx->f", edge, across) * (1 + loose.around)
        flat[:, k, 1] = np.einsum("fx,fx->f", edge, grain) * (1 + loose.along)
    side = flat - np.roll(flat, -1, axis=1)
    longest = np.linalg.norm(side, axis=2).argmax(1)  # the side from this corner to the next
    tip = (longest + 2) % 3
    rows = np.arange(len(faces))
    base = -side[rows, longest]
    base /= np.maximum(np.linalg.norm(base, axis=1, keepdims=True), 1e-12)
    left = np.stack([-base[:, 1], base[:, 0]], 1)
    height = np.einsum("fx,fx->f", flat[rows, tip] - flat[rows, longest], left)
    flat[rows, tip] += left * np.clip(THIN - height, 0, None)[:, None]
    return flat.astype(np.float32)
