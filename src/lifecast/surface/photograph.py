"""The photograph as a source of colour for the surface: its own pixels inside the person, extended outward.

Pixels at the silhouette mix the person with the background, so nothing within `RIM` of the mask's edge is trusted;
what lies there or outside takes the colour of the nearest trusted pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from lifecast.errors import PhotoError

RIM = 0.004
"""View units (0.5 cm, 2 pixels of 1024) inside the mask's edge where colours begin to be trusted."""
BROAD_PIXEL = 1 / 128
"""View units (1 cm) of a pixel of the broad picture."""
BROAD_TAPS = (-4, -2, 0, 2, 4)
"""Pixels of it, in x and y, whose median is taken: detail narrower than 4 cm is gone, straight edges stay sharp."""
SAME_PART = 0.06
"""View units (8 cm) in depth within which two pixels count as the same part of the body."""


@dataclass(frozen=True)
class Photograph:
    """The part of the square crop that shows the person."""

    colours: np.ndarray
    """(h, w, 3) float32 0..255, extended outward."""
    depth_inside: np.ndarray
    """(h, w) float32: view units from the mask's edge, 0 outside."""
    broad: np.ndarray
    """(h', w', 3) float32 0..255: the colours without their detail (no face, no lettering)."""
    contour: np.ndarray
    """(h', w') float32: 1 where a pixel of `broad` may mix two parts of the body that are apart in depth."""
    corner: tuple[int, int]
    """Column and row in the whole crop of the part's first pixel."""
    size: int
    """Pixels of the whole square crop."""

    def sample(self, points: np.ndarray) -> np.ndarray:
        """Colours (N, 3) float32 at view-space points (N, 2 or 3), bilinear, clamped to the part."""
        return bilinear(self.colours, self._place(points, self.size, self.corner))

    def inside(self, points: np.ndarray) -> np.ndarray:
        """How far inside the mask view-space points lie: (N,) view units, 0 outside."""
        place = self._place(points, self.size, self.corner)
        height, width = self.depth_inside.shape
        out = (place < -0.5).any(1) | (place[:, 0] > width - 0.5) | (place[:, 1] > height - 0.5)
        return np.where(out, 0, bilinear(self.depth_inside[..., None], place)[:, 0])

    def sample_broad(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Broad colours (N, 3) float32 at view-space points (N, 2 or 3), and (N,) bool where they are of one part."""
        place = self._place(points, self.size, self.corner) + 0.5
        height, width = self.colours.shape[:2]
        scale = np.array([self.broad.shape[1] / width, self.broad.shape[0] / height], np.float32)
        place = place * scale - 0.5
        return bilinear(self.broad, place), bilinear(self.contour[..., None], place)[:, 0] == 0

    @staticmethod
    def _place(points: np.ndarray, size: int, corner: tuple[int, int]) -> np.ndarray:
        x = (points[:, 0] + 1) * (size / 2) - 0.5 - corner[0]
        y = (1 - points[:, 1]) * (size / 2) - 0.5 - corner[1]
        return np.stack([x, y], 1).astype(np.float32)


def bilinear(picture: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Values (N, C) of picture (h, w, C) at places (N, 2) (column, row; 0 is the first pixel's centre), clamped."""
    height, width = picture.shape[:2]
    x, y = place[:, 0].clip(0, width - 1), place[:, 1].clip(0, height - 1)
    left, top = x.astype(np.int32), y.astype(np.int32)
    fx, fy = (x - left)[:, None], (y - top)[:, None]
    flat = picture.reshape(-1, picture.shape[2])
    right, below = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    upper = flat[top * width + left] * (1 - fx) + flat[top * width + right] * fx
    lower = flat[below * width + left] * (1 - fx) + flat[below * width + right] * fx
    return upper * (1 - fy) + lower * fy


def prepare_photograph(image: np.ndarray, mask: np.ndarray, depth: np.ndarray) -> Photograph:
    """Cut the person out of a square crop.

    image: (S, S, 3) uint8 sRGB; mask: (S, S) float in [0, 1], the person from 0.5 on; depth: (D, D) float32 of the
    surface that the camera sees, -inf where none.
    Raises `PhotoError` when the mask shows nobody.
    """
    size = image.shape[0]
    if image.shape != (size, size, 3) or image.dtype != np.uint8:
        raise ValueError(f"the photograph must be (S, S, 3) uint8, not {image.shape} {image.dtype}")
    if mask.shape != (size, size):
        raise ValueError(f"the mask must be {(size, size)} like the photograph, not {mask.shape}")
    person = mask >= 0.5
    rows, columns = np.flatnonzero(person.any(1)), np.flatnonzero(person.any(0))
    if len(rows) == 0:
        raise PhotoError("the mask shows nobody (no pixel of it reaches 0.5): give another mask or box")
    margin = max(2, round(0.02 * size))
    top, left = max(0, rows[0] - margin), max(0, columns[0] - margin)
    part = np.s_[top : rows[-1] + 1 + margin, left : columns[-1] + 1 + margin]
    person, pixels = person[part], image[part]
    # the border of the crop is no silhouette: a body that is cut off there goes on
    inside = np.asarray(ndimage.distance_transform_edt(np.pad(person, 1, mode="edge")))[1:-1, 1:-1]
    trusted = inside > RIM * size / 2
    if not trusted.any():  # nothing but hair-thin parts
        trusted = inside >= inside.max()
    nearest = np.asarray(ndimage.distance_transform_edt(~trusted, return_distances=False, return_indices=True))
    colours = pixels[nearest[0], nearest[1]].astype(np.float32)
    corner = (int(left), int(top))
    broad, contour = broad_colours(colours, corner, size, depth)
    return Photograph(colours, (inside * (2 / size)).astype(np.float32), broad, contour, corner, size)


def broad_colours(
    colours: np.ndarray, corner: tuple[int, int], size: int, depth: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The colours in pixels of about `BROAD_PIXEL`, each the median of its surroundings on the same part of the body
    (a forearm before a chest takes nothing of the chest's shirt): (h', w', 3) float32, and the `contour`."""
    height, width = colours.shape[:2]
    columns, rows = (max(1, round(n * 2 / size / BROAD_PIXEL)) for n in (width, height))
    small = np.asarray(
        Image.fromarray(colours.astype(np.uint8)).resize((columns, rows), Image.Resampling.BOX), np.float32
    )
    scale = depth.shape[0] / size
    row = (((np.arange(rows) + 0.5) * height / rows + corner[1]) * scale).astype(int).clip(0, depth.shape[0] - 1)
    column = (((np.arange(columns) + 0.5) * width / columns + corner[0]) * scale).astype(int)
    near = depth[np.ix_(row, column.clip(0, depth.shape[0] - 1))]
    seen = np.isfinite(near)
    far_side = ndimage.minimum_filter(np.where(seen, near, np.inf), 3)
    near_side = ndimage.maximum_filter(near, 3)
    both = np.isfinite(near_side) & np.isfinite(far_side)
    jump = np.subtract(near_side, far_side, out=np.zeros_like(near), where=both)
    contour = jump > SAME_PART
    near = np.where(seen, near, np.float32(1e3))  # what misses the body is a part of its own

    reach = max(BROAD_TAPS)
    starts = [(reach + j, reach + i) for j in BROAD_TAPS for i in BROAD_TAPS]
    taps = [np.s_[j : j + rows, i : i + columns] for j, i in starts]
    around = np.pad(small, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    near_around, pure_around = np.pad(near, reach, mode="edge"), np.pad(~contour, reach, mode="edge")
    level = [np.abs(near_around[tap] - near) < 2 * SAME_PART for tap in taps]
    same = np.stack(level) & np.stack([pure_around[tap] for tap in taps])  # (T, h', w')
    same[len(taps) // 2] = True  # the pixel itself
    values = np.stack([around[tap] for tap in taps])  # (T, h', w', 3)
    values = np.sort(np.where(same[..., None], values, np.inf), axis=0)
    middle = (same.sum(0) - 1) // 2
    return np.take_along_axis(values, middle[None, ..., None], axis=0)[0], contour.astype(np.float32)
