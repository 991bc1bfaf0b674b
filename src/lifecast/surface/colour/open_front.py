"""What clothes have at the front alone.

A shirt in an open jacket, skin in a neckline, a tie, a print. The back of a jacket is closed, however it is worn at the
front. Where the left and the right of a trunk agree with each other and the middle between them differs, its back is
taken to go on from the left to the right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from lifecast.surface.colour.body_parts import CORE, LOWER, BodyParts
from lifecast.surface.colour.broad import BroadPhotograph
from lifecast.surface.colour.photograph import RIM
from lifecast.surface.colour.visibility import LinesOfSight


@dataclass(frozen=True)
class FrontClosing:
    """Constants of the rule that leaves open fronts off a back."""

    aside: float = 0.8
    """Where left and right are looked up, as a share of the way from the trunk's middle to a shoulder joint."""
    top: float = 1.1
    """Height of the last row, hips 0 and shoulders 1: into the neckline."""
    rows: int = 56
    """Rows from the hips to there."""
    smooth: float = 1.5
    """Rows over which the decision fades."""
    narrowest: float = 0.07
    """View units (9 cm) of half a trunk's width under which it is turned to the side and has no middle."""
    shoulders: float = 0.03
    """View units (4 cm) under the shoulder joints where left and right of a neckline are looked up."""
    alike: float = 50.0
    """Distance in 0..255 RGB up to which left and right are one garment."""
    different: tuple[float, float] = (35.0, 60.0)
    """Distance in 0..255 RGB of the middle from its sides: kept below the first, replaced above the second."""
    skin_like: float = 40.0
    """Distance in 0..255 RGB from the face up to which left and right are bare shoulders, between which there is a
    top."""


FRONT_CLOSING = FrontClosing()


def close_front(
    points: np.ndarray,
    colours: np.ndarray,
    broad: BroadPhotograph,
    sight: LinesOfSight,
    parts: BodyParts,
    constants: FrontClosing = FRONT_CLOSING,
) -> np.ndarray:
    """Take what is only in the middle of a front out of guesses (N, 3) for a back.

    They are colours for points (N, 3). broad, sight: of the photograph; parts: the body around its joints.
    """
    shoulders, hips, half = parts.trunk
    height = shoulders[1] - hips[1]
    if half < constants.narrowest or height < half:
        return colours
    rows = np.linspace(0, constants.top, constants.rows, dtype=np.float32)
    middle = hips[0] + rows.clip(0, 1) * (shoulders[0] - hips[0])  # (R,)
    level = np.minimum(hips[1] + rows * height, shoulders[1] - constants.shoulders)  # (R,)
    sides, usable = [], np.ones(constants.rows, bool)
    skin = skin_colour(broad, parts)
    for side in (-constants.aside, constants.aside):
        place = np.column_stack([middle + side * half, level, np.zeros(constants.rows)]).astype(np.float32)  # (R, 3)
        colour, pure = broad.sample(place)
        entry = sight.entry(place)
        usable &= pure & (broad.photo.inside(place) > RIM) & np.isfinite(entry[:, 2])
        usable &= parts.find(entry).level != LOWER
        if skin is not None:
            usable &= np.linalg.norm(colour - skin, axis=1) > constants.skin_like
        sides.append(colour)
    usable &= np.linalg.norm(sides[1] - sides[0], axis=1) < constants.alike
    if usable.sum() < 3:
        return colours
    share = (points[:, 1] - hips[1]) / height  # (N,)
    off = points[:, 0] - np.interp(share, rows, middle)  # (N,)
    inner = np.flatnonzero((share > 0) & (share < constants.top) & (np.abs(off) < constants.aside * half))
    inner = inner[parts.find(points[inner]).level == CORE]
    share, off = share[inner], off[inner]  # (M,)
    left, right = (
        np.column_stack([np.interp(share, rows[usable], colour[usable, k]) for k in range(3)]) for colour in sides
    )  # (M, 3)
    across = left + (off / (2 * constants.aside * half) + 0.5)[:, None] * (right - left)  # (M, 3)
    apart = np.linalg.norm(colours[inner] - across, axis=1)
    kept, replaced = constants.different
    weight = ((apart - kept) / (replaced - kept)).clip(0, 1)
    decided = ndimage.gaussian_filter1d(usable.astype(np.float32), constants.smooth, mode="nearest")  # (R,)
    weight *= np.interp(share, rows, decided)
    result = colours.copy()
    result[inner] += weight[:, None] * (across - colours[inner])
    return result


def skin_colour(broad: BroadPhotograph, parts: BodyParts) -> np.ndarray | None:
    """Estimate the colour (3,) around nose and mouth; None if the face is not visible."""
    return np.median(broad.sample(parts.face)[0], axis=0) if len(parts.face) else None
