"""The photograph without its detail: colours of clothes and skin, no lettering and no face.

A median, so that straight edges (a waistline) stay sharp, over pixels of the same part of the body only, so that a
forearm before a chest takes nothing of the chest's shirt.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from lifecast.space.units import CM_PER_UNIT
from lifecast.surface.colour.light import Light
from lifecast.surface.colour.photograph import Photograph, bilinear
from lifecast.surface.colour.visibility import LinesOfSight


@dataclass(frozen=True)
class Broadening:
    """Constants of the photograph without its detail."""

    pixel: float = 1 / CM_PER_UNIT
    """View units (1 cm) of a pixel of the broad picture."""
    taps: tuple[int, ...] = (-6, -3, 0, 3, 6)
    """Pixels of it, in x and y, whose median is taken: detail narrower than 6 cm is gone, straight edges stay sharp."""
    same_part: float = 0.06
    """View units (8 cm) in depth within which two pixels count as the same part of the body."""


BROADENING = Broadening()


@dataclass(frozen=True)
class BroadPhotograph:
    """A coarse, smoothed copy of a photograph."""

    photo: Photograph
    colours: np.ndarray
    """(h', w', 3) float32 0..255, over the same part as the photograph's."""
    contour: np.ndarray
    """(h', w') float32: 1 where a pixel may mix two parts of the body that are apart in depth."""

    def sample(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sample colours (N, 3) float32 at view-space points (N, 2 or 3).

        Returns also (N,) bool, true if they are of one part only.
        """
        height, width = self.photo.colours.shape[:2]
        scale = np.array([self.colours.shape[1] / width, self.colours.shape[0] / height], np.float32)
        place = (self.photo.place(points) + 0.5) * scale - 0.5
        return bilinear(self.colours, place), bilinear(self.contour[..., None], place)[:, 0] == 0


def broaden(
    photo: Photograph, sight: LinesOfSight, light: Light, constants: Broadening = BROADENING
) -> BroadPhotograph:
    """Shrink the photograph, take its light away, and smooth it by medians.

    A median is over what is of one part with a pixel.
    """
    depth = sight.first
    height, width = photo.colours.shape[:2]
    columns, rows = (max(1, round(n * 2 / photo.size / constants.pixel)) for n in (width, height))
    small = np.asarray(
        Image.fromarray(photo.colours.astype(np.uint8)).resize((columns, rows), Image.Resampling.BOX), np.float32
    )
    scale = depth.shape[0] / photo.size
    row = (((np.arange(rows) + 0.5) * height / rows + photo.corner[1]) * scale).astype(int).clip(0, depth.shape[0] - 1)
    column = (((np.arange(columns) + 0.5) * width / columns + photo.corner[0]) * scale).astype(int)
    grid = np.ix_(row, column.clip(0, depth.shape[0] - 1))
    near, facing = depth[grid], ndimage.uniform_filter(sight.facing, (5, 5, 1))[grid]
    covered = np.isfinite(near)
    small = light.even(small.reshape(-1, 3), facing.reshape(-1, 3)).reshape(small.shape)
    far_side = ndimage.minimum_filter(np.where(covered, near, np.inf), 3)
    near_side = ndimage.maximum_filter(near, 3)
    both = np.isfinite(near_side) & np.isfinite(far_side)
    jump = np.subtract(near_side, far_side, out=np.zeros_like(near), where=both)
    contour = jump > constants.same_part
    near = np.where(covered, near, np.float32(1e3))  # what misses the body is a part of its own

    reach = max(constants.taps)
    starts = [(reach + j, reach + i) for j in constants.taps for i in constants.taps]
    taps = [np.s_[j : j + rows, i : i + columns] for j, i in starts]
    around = np.pad(small, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    near_around, pure_around = np.pad(near, reach, mode="edge"), np.pad(~contour, reach, mode="edge")
    level = [np.abs(near_around[tap] - near) < 2 * constants.same_part for tap in taps]
    same = np.stack(level) & np.stack([pure_around[tap] for tap in taps])  # (T, h', w')
    same[len(taps) // 2] = True  # the pixel itself
    values = np.stack([around[tap] for tap in taps])  # (T, h', w', 3)
    values = np.sort(np.where(same[..., None], values, np.inf), axis=0)
    middle = (same.sum(0) - 1) // 2
    broad = np.take_along_axis(values, middle[None, ..., None], axis=0)[0]
    broad = ndimage.median_filter(broad, (3, 3, 1))  # taps that lie apart leave a grid
    return BroadPhotograph(photo, broad, contour.astype(np.float32))
