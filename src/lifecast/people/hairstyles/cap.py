"""The cap of hair: the skin's own shape, thickened, with combed ridges or tufts; a closed solid."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from lifecast.people.hairstyles.skull import Hairline, Skull
from lifecast.people.hairstyles.sphere import geodesic
from lifecast.people.hairstyles.style import Cap, cap_height, topness
from lifecast.people.noise import smooth_noise
from lifecast.people.rest_part import Faces, Solid, Vector

UNDER = 0.0025
"""Metres below the skin where the cap ends outside of the hairline."""


def make_cap(
    skull: Skull, cap: Cap, hairline: Hairline, lines: Vector, rings: int, rng: np.random.Generator
) -> Solid:  # fmt: skip
    """Grow the cap.

    `lines` (N, 3) are points of combed lines on the skin, `rings` a line, along which the ridges run; none for tufts
    only.
    """
    ways, faces = geodesic(cap.frequency)
    skin, normal = skull.skin(ways), skull.normals(ways)
    inside = hairline.inside(skull, skin, rng)
    height = cap_height(cap, ways, inside)
    relief, nearest = np.zeros(len(ways)), None
    if len(lines) and cap.groove:
        away, nearest = cKDTree(lines).query(skin)
        relief -= cap.groove * np.minimum((away / (cap.spacing / 2)) ** 2, 1.6)
    if cap.bumps:
        rough = smooth_noise(skin, cap.tuft, rng, 64)
        relief += cap.bumps * np.tanh(rough) * (1 if cap.ball else 0.5 + 0.5 * topness(ways))
    # Relief never reaches deeper than half of the thickness, so that the skin stays below.
    lifted = height + np.maximum(relief * np.clip(inside / 0.008, 0, 1), -0.5 * height)
    lifted = np.where(inside > 0, lifted, -UNDER)
    points = skin + normal * lifted[:, None]
    kept = faces[(inside[faces] > 0).any(1)]
    used, renamed = np.unique(kept, return_inverse=True)
    solid = renamed.reshape(-1, 3).astype(np.int32)
    body = close(points[used], solid, skull.centre)
    u, v = np.arctan2(ways[used, 0], ways[used, 1]) / np.pi * 3, 0.5 - 0.3 * ways[used, 2]
    if nearest is not None:  # one streak a combed line
        u, v = (nearest[used] // rings) * 0.618, 0.95 - 0.4 * (nearest[used] % rings) / rings
    uv = np.concatenate([np.stack([u, v], 1), [[0.5, 0.5]]])
    return Solid(body[0], body[1], uv)


def close(points: Vector, faces: Faces, middle: Vector) -> tuple[Vector, Faces]:
    """Close an open surface by triangles from its border to one point inside the head."""
    count = len(points)
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    key, back = edges[:, 0] * count + edges[:, 1], edges[:, 1] * count + edges[:, 0]
    border = edges[~np.isin(key, back)]
    fan = np.column_stack([border[:, 1], border[:, 0], np.full(len(border), count)])
    return np.concatenate([points, middle[None]]), np.concatenate([faces, fan]).astype(np.int32)
