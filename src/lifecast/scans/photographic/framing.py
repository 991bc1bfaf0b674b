"""Photographs' borders that stand near a person or cut the person off.

In use the square around a person reaches beyond the photograph where the person stands near its border. There its edge
pixels are repeated (`photo.framing`), the mask is 0, and the size of whoever is cut off is estimated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from lifecast.scans.photographic.layers import Box, Picture, cut
from lifecast.scans.placement import Placement

CUTS: tuple[tuple[str, float, float, float], ...] = (
    ("feet", 0.34, 0.02, 0.12),
    ("knees", 0.24, 0.2, 0.33),
    ("waist", 0.14, 0.38, 0.52),
    ("head top", 0.12, 0.01, 0.06),
    ("side", 0.16, 0.05, 0.3),
)
"""What borders cut off: name, how often, least and largest share of the person's height (of the width at a side)."""


@dataclass(frozen=True)
class CutOff:
    """Constants of the step `cut_off`."""

    probability: float = 0.16
    """Of a border that cuts the person off."""
    border: float = 0.2
    """Probability, for each side, of a border that stands beside, above or below the person within the square."""
    zoom: float = 0.06
    """Standard deviation of the logarithm of the error in the size of somebody who is cut off."""
    decentring: float = 0.03
    """Standard deviation of the error in the place of somebody who is cut off, view units."""

    def placement(self, placement: Placement, rng: np.random.Generator) -> tuple[Placement, bool]:
        """Draw whether the person is cut off, and move the one who is by errors of the estimated box."""
        if rng.random() >= self.probability:
            return placement, False
        draws = rng.normal(0, 1, 3)
        zoom = float(np.exp(self.zoom * draws[0]))
        moved = replace(
            placement,
            scale=placement.scale * zoom,
            shift=(
                placement.shift[0] * zoom + float(self.decentring * draws[1]),
                placement.shift[1] * zoom + float(self.decentring * draws[2]),
            ),
        )
        return moved, True

    def rim(self, person: Box, size: int, cuts: bool, rng: np.random.Generator) -> Box:
        """Draw where the photograph lies in the square of `size` pixels, around or across the person's box."""
        x, y, w, h = person
        low, high = np.array([0, 0]), np.array([size, size])
        for axis, (start, extent) in enumerate(((x, w), (y, h))):
            for far in (False, True):
                room = size - start - extent if far else start
                if rng.random() < self.border and room > 2:
                    gap = int(room * rng.uniform(0, 0.9))
                    (high if far else low)[axis] = start + extent + gap if far else start - gap
        if cuts and w > 8 and h > 8:
            pick = int(rng.choice(len(CUTS), p=[share for _, share, _, _ in CUTS]))
            name, _, least, most = CUTS[pick]
            share = float(rng.uniform(least, most))
            if name == "head top":
                low[1] = max(0, y + round(share * h))
            elif name != "side":
                high[1] = min(size, y + h - round(share * h))
            elif rng.random() < 0.5:
                low[0] = max(0, x + round(share * w))
            else:
                high[0] = min(size, x + w - round(share * w))
        if (high - low < 8).any():
            return 0, 0, size, size
        return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])


def is_whole(rim: Box, size: int) -> bool:
    """Whether the photograph fills the square."""
    return rim == (0, 0, size, size)


def repeat_edges(picture: Picture, rim: Box) -> Picture:
    """Repeat the edge pixels of the photograph in the square around it: (S, S, 3) as (S, S, 3)."""
    x, y, w, h = rim
    size = picture.shape[0]
    return np.asarray(
        cv2.copyMakeBorder(cut(picture, rim), y, size - y - h, x, size - x - w, cv2.BORDER_REPLICATE), np.uint8
    )


def filled_beyond(cover: Picture, rim: Box, value: int) -> Picture:
    """Set a coverage (S, S) to `value` beyond the photograph; a new array."""
    x, y, w, h = rim
    size = cover.shape[0]
    return np.asarray(
        cv2.copyMakeBorder(cut(cover, rim), y, size - y - h, x, size - x - w, cv2.BORDER_CONSTANT, value=[value]),
        np.uint8,
    )
