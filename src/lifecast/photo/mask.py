"""Masks of a person, at any square of the photograph, and their edges refined by the photograph itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PIL import Image
from scipy import ndimage

from lifecast.photo.blazepose import Pose, mask_in
from lifecast.photo.neighbours import Limbs, share_of


class Mask(Protocol):
    """Where the person is, at any square of the photograph."""

    @property
    def exact(self) -> bool:
        """Whether its edges are already as fine as the photograph's own.

        So are those of a user's mask and of an alpha channel.
        """

    def window(self, left: float, top: float, side: float, size: int) -> np.ndarray:
        """Cut out the upright square (left, top, side), pixels of the photograph.

        (size, size) float32 in [0, 1], 0 outside.
        """


@dataclass(frozen=True, eq=False)
class ArrayMask:
    """A mask of the whole photograph: an alpha channel, or a file that the user gave."""

    values: np.ndarray
    """(H, W) float32 in [0, 1]."""
    exact: bool = True

    def window(self, left: float, top: float, side: float, size: int) -> np.ndarray:
        """Cut out a square as `Mask.window` says."""
        height, width = self.values.shape
        if left >= width or top >= height or left + side <= 0 or top + side <= 0:
            return np.zeros((size, size), np.float32)
        return crop_square(self.values, left, top, side, size, outside=0.0)


@dataclass(frozen=True, eq=False)
class PoseMask:
    """BlazePose's own mask, soft and about a sixth as fine as a framed photograph."""

    pose: Pose
    photo_size: tuple[int, int]
    """Width, height; the network guesses on beyond the photograph's border, where nothing is to be seen."""
    own: Limbs | None = None
    others: tuple[Limbs, ...] = ()
    """The limbs of people close by, whose parts of the mask are left out; with them `own` are needed."""
    exact: bool = False
    shown: ArrayMask | None = None
    """What a frame lets through of the photograph, where it has one."""

    def window(self, left: float, top: float, side: float, size: int) -> np.ndarray:
        """Cut out a square as `Mask.window` says."""
        mask = mask_in(self.pose, left, top, side, size).copy()
        if self.own is not None and self.others:
            share = share_of(self.own, self.others, left, top, side)
            mask *= np.asarray(Image.fromarray(share).resize((size, size), Image.Resampling.BILINEAR))
        if self.shown is not None:
            mask *= self.shown.window(left, top, side, size)
        return np.where(within_photo(self.photo_size, left, top, side, size), mask, 0)


@dataclass(frozen=True, eq=False)
class SquareMask:
    """A mask known on one square of the photograph: what the networks predicted on a first look."""

    values: np.ndarray
    """(S, S) float32 in [0, 1]."""
    left: float
    top: float
    side: float
    """The square that `values` show, in pixels of the photograph."""
    exact: bool = False

    def window(self, left: float, top: float, side: float, size: int) -> np.ndarray:
        """Cut out a square as `Mask.window` says."""
        scale = self.values.shape[0] / self.side
        place = ((left - self.left) * scale, (top - self.top) * scale, side * scale)
        return crop_square(self.values, *place, size, outside=0.0)


def within_photo(photo_size: tuple[int, int], left: float, top: float, side: float, size: int) -> np.ndarray:
    """Find where a square shows a photograph of (width, height) pixels: (size, size) bool.

    The square is (left, top, side).
    """
    centres = (np.arange(size) + 0.5) * side / size
    columns, rows = centres + left, centres + top
    return ((rows >= 0) & (rows <= photo_size[1]))[:, None] & ((columns >= 0) & (columns <= photo_size[0]))[None]


def crop_square(
    values: np.ndarray, left: float, top: float, side: float, size: int, outside: float | None
) -> np.ndarray:
    """Crop the square (left, top, side) of a picture: (size, size[, C]), of its dtype.

    values: (H, W) float32, or (H, W, 3) uint8. Shrinking averages (bilinear with support), enlarging interpolates;
    half-pixel centres. Outside the picture: the constant `outside`, or with None the nearest edge pixel.
    """
    height, width = values.shape[:2]
    # Only the part under the square is resampled; whole pixels around it, so that the picture's edge stays exact.
    margin = int(np.ceil(side / size)) + 1
    x0, y0 = int(np.floor(left)) - margin, int(np.floor(top)) - margin
    x1, y1 = int(np.ceil(left + side)) + margin, int(np.ceil(top + side)) + margin
    cx0, cy0, cx1, cy1 = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
    if cx0 >= cx1 or cy0 >= cy1:
        raise ValueError(f"the square at {left:g}, {top:g} of side {side:g} misses a picture of {width} x {height}")
    part = values[cy0:cy1, cx0:cx1]
    padding = [(cy0 - y0, y1 - cy1), (cx0 - x0, x1 - cx1)] + [(0, 0)] * (values.ndim - 2)
    if any(pair != (0, 0) for pair in padding):
        if outside is None:
            part = np.pad(part, padding, mode="edge")
        else:
            part = np.pad(part, padding, constant_values=outside)
    box = (left - x0, top - y0, left - x0 + side, top - y0 + side)
    resized = Image.fromarray(np.ascontiguousarray(part)).resize((size, size), Image.Resampling.BILINEAR, box=box)
    return np.asarray(resized)


def bounding_box(mask: np.ndarray) -> tuple[float, float, float, float] | None:
    """Find the box around a mask (H, W) above 0.5: left, top, right, bottom, pixel edges.

    Specks are left out. A speck is a part, connected at the 0.5 level, of less than 5% of the largest one's area. None
    for an empty mask.
    """
    kept = without_specks(mask) > 0.5
    if not kept.any():
        return None
    columns, rows = np.flatnonzero(kept.any(0)), np.flatnonzero(kept.any(1))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def without_specks(mask: np.ndarray, share: float = 0.05) -> np.ndarray:
    """Remove small parts of a mask (H, W).

    A part is connected above 0.5, and small if it has less than `share` of the largest one's area.
    """
    parts, count = ndimage.label(mask > 0.5)
    if count < 2:
        return mask
    areas = np.bincount(parts.ravel())
    specks = areas < share * areas[1:].max()
    specks[0] = False
    if not specks.any():
        return mask
    # With a pixel around each: the soft rim of a speck goes with it.
    return np.where(ndimage.binary_dilation(specks[parts], iterations=2), 0, mask).astype(mask.dtype)


@dataclass(frozen=True)
class MaskRefinement:
    """Constants of the step `refine_mask`."""

    radius: int = 8
    """Pixels of the guided filter's window at a picture of 1024, from its middle."""
    smoothness: float = 1e-3
    """The guided filter's epsilon, for colours in [0, 1]."""
    edge_level: float = 0.45
    """The filter's output at the edge; below 0.5, because BlazePose's masks end a little early."""
    steepness: float = 2.0
    """How much steeper the edge is made: the filter leaves a veil where the background varies."""
    sure: tuple[float, float] = (0.02, 0.98)
    """Mean of the mask over a window below which all is background, and above which all is person."""
    specks: float = 0.02
    """Share of the largest part's area below which a part is a speck."""


MASK_REFINEMENT = MaskRefinement()


def refined_mask(mask: np.ndarray, colour: np.ndarray, constants: MaskRefinement = MASK_REFINEMENT) -> np.ndarray:
    """Refine a found mask (S, S) by its photograph (S, S, 3) uint8: (S, S) float32.

    Specks are left out.
    """
    radius = max(2, len(mask) * constants.radius // 1024)
    return without_specks(refine(mask, colour, radius, constants), constants.specks)


def refine(
    mask: np.ndarray, colour: np.ndarray, radius: int = 8, constants: MaskRefinement = MASK_REFINEMENT
) -> np.ndarray:
    """Move the edges of a soft mask to those of the photograph: (S, S) float32 in [0, 1].

    He, Sun, Tang, "Guided Image Filtering" (2013), with the colours as guide (equation 14 there), its coefficients
    solved at half size ("Fast Guided Filter", 2015). `radius` is in pixels. Far from the soft edge nothing changes.
    """
    size = mask.shape[0]
    half = max(size // 2, 1)
    guide_full = colour.astype(np.float32) / 255  # (S, S, 3)
    guide = _resize(colour, half).astype(np.float32) / 255
    small = _resize(mask.astype(np.float32), half)
    box = 2 * max(radius // 2, 1) + 1

    def mean(values: np.ndarray) -> np.ndarray:
        result: np.ndarray = ndimage.uniform_filter(values, (box, box), mode="nearest")
        return result

    channels = [guide[..., c] for c in range(3)]
    means = np.stack([mean(c) for c in channels], -1)  # (h, h, 3)
    mean_mask = mean(small)
    covariance = np.empty((half, half, 3, 3), np.float32)
    for i in range(3):
        for j in range(i, 3):
            value = mean(channels[i] * channels[j]) - means[..., i] * means[..., j]
            covariance[..., i, j] = covariance[..., j, i] = value
    covariance += constants.smoothness * np.eye(3, dtype=np.float32)
    joint = np.stack([mean(c * small) for c in channels], -1) - means * mean_mask[..., None]
    slope = np.linalg.solve(covariance, joint[..., None])[..., 0].astype(np.float32)  # (h, h, 3)
    offset = mean_mask - (slope * means).sum(-1)
    slope = np.stack([_resize(mean(slope[..., c]), size) for c in range(3)], -1)
    refined = (slope * guide_full).sum(-1) + _resize(mean(offset), size)
    # The filter leaves a veil where the background varies: a steeper edge removes it, and a sure background or
    # foreground (with its neighbourhood) stays what it was.
    refined = np.clip((refined - constants.edge_level) * constants.steepness + 0.5, 0, 1)
    sure = mean(small)
    sure_full = _resize(sure, size)
    outside, inside = constants.sure
    return np.where(sure_full < outside, 0, np.where(sure_full > inside, 1, refined)).astype(np.float32)


def _resize(values: np.ndarray, size: int) -> np.ndarray:
    return np.asarray(Image.fromarray(values).resize((size, size), Image.Resampling.BILINEAR))
