"""What clothes have at the front alone.

A shirt in an open jacket, skin in a neckline, a tie, a print. The back of a jacket is closed, however it is worn at the
front. Where the left and the right of a trunk agree with each other and the middle between them differs, its back is
taken to go on from the left to the right.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from lifecast.surface.colour.body_parts import CORE, LOWER, BodyParts
from lifecast.surface.colour.broad import BroadPhotograph
from lifecast.surface.colour.photograph import RIM
from lifecast.surface.colour.visibility import LinesOfSight

ASIDE = 0.8
"""Where left and right are looked up, as a share of the way from the trunk's middle to a shoulder joint."""
TOP, ROWS, SMOOTH = 1.1, 56, 1.5
"""Rows from the hips (0) over the shoulders (1) into the neckline, and over how many of them the decision fades."""
NARROWEST = 0.07
"""View units (9 cm) of half a trunk's width under which it is seen from the side and has no middle."""
SHOULDERS = 0.03
"""View units (4 cm) under the shoulder joints where left and right of a neckline are looked up."""
ALIKE = 50.0
"""Distance in 0..255 RGB up to which left and right are one garment."""
DIFFERENT = (35.0, 60.0)
"""Distance in 0..255 RGB of the middle from its sides: kept below the first, replaced above the second."""
SKIN_LIKE = 40.0
"""Distance in 0..255 RGB from the face up to which left and right are bare shoulders, between which there is a top."""


def close_front(
    points: np.ndarray, colours: np.ndarray, broad: BroadPhotograph, sight: LinesOfSight, parts: BodyParts
) -> np.ndarray:
    """Take what is only in the middle of a front out of guesses (N, 3) for a back.

    They are colours for points (N, 3). broad, sight: of the photograph; parts: the body around its joints.
    """
    shoulders, hips, half = parts.trunk
    height = shoulders[1] - hips[1]
    if half < NARROWEST or height < half:
        return colours
    rows = np.linspace(0, TOP, ROWS, dtype=np.float32)
    middle = hips[0] + rows.clip(0, 1) * (shoulders[0] - hips[0])  # (R,)
    level = np.minimum(hips[1] + rows * height, shoulders[1] - SHOULDERS)  # (R,)
    sides, usable = [], np.ones(ROWS, bool)
    skin = skin_colour(broad, parts)
    for side in (-ASIDE, ASIDE):
        place = np.column_stack([middle + side * half, level, np.zeros(ROWS)]).astype(np.float32)  # (R, 3)
        colour, pure = broad.sample(place)
        entry = sight.entry(place)
        usable &= pure & (broad.photo.inside(place) > RIM) & np.isfinite(entry[:, 2])
        usable &= parts.find(entry).level != LOWER
        if skin is not None:
            usable &= np.linalg.norm(colour - skin, axis=1) > SKIN_LIKE
        sides.append(colour)
    usable &= np.linalg.norm(sides[1] - sides[0], axis=1) < ALIKE
    if usable.sum() < 3:
        return colours
    share = (points[:, 1] - hips[1]) / height  # (N,)
    off = points[:, 0] - np.interp(share, rows, middle)  # (N,)
    inner = np.flatnonzero((share > 0) & (share < TOP) & (np.abs(off) < ASIDE * half))
    inner = inner[parts.find(points[inner]).level == CORE]
    share, off = share[inner], off[inner]  # (M,)
    left, right = (
        np.column_stack([np.interp(share, rows[usable], colour[usable, k]) for k in range(3)]) for colour in sides
    )  # (M, 3)
    across = left + (off / (2 * ASIDE * half) + 0.5)[:, None] * (right - left)  # (M, 3)
    apart = np.linalg.norm(colours[inner] - across, axis=1)
    weight = ((apart - DIFFERENT[0]) / (DIFFERENT[1] - DIFFERENT[0])).clip(0, 1)
    weight *= np.interp(share, rows, ndimage.gaussian_filter1d(usable.astype(np.float32), SMOOTH, mode="nearest"))
    result = colours.copy()
    result[inner] += weight[:, None] * (across - colours[inner])
    return result


def skin_colour(broad: BroadPhotograph, parts: BodyParts) -> np.ndarray | None:
    """The colour (3,) around nose and mouth, None where the face is not to be seen."""
    return np.median(broad.sample(parts.face)[0], axis=0) if len(parts.face) else None
