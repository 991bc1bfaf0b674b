"""What a cut-out holds beside the person: a sticker's outline of one colour, a soft shadow or glow.

Both have colours of their own: an outline is of one colour all around and as wide everywhere; a shadow is of one colour
and half transparent, farther out than the soft edge of hair.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy import ndimage

from lifecast.photo.mask import bounding_box


@dataclass(frozen=True)
class Extras:
    """What counts as an outline or a shadow. Lengths are shares of the cut-out's longer side."""

    grid: int = 512
    """Pixels of the longer side at which they are looked for."""
    one_colour: int = 20
    """Levels of 255 that an outline's pixel may be off its usual colour: wide enough for WebP and for a wall."""
    outline: float = 0.9
    """Share of the pixels at one depth from the edge that have that colour: hands and a face are more than the rest."""
    inside: float = 0.6
    """... and at most this share just inside of the outline: clothes of one colour go on."""
    narrowest: float = 0.008
    widest: float = 0.12
    lost: float = 0.7
    """Share of the cut-out that an outline is at most; a drawing of one colour is all outline."""
    solid: float = 0.9
    """Opacity from which a pixel is the person's own: shadows are paler."""
    seen: float = 0.03
    """Opacity from which there is anything."""
    soft_edge: float = 0.01
    """How far from what is solid the softness of an edge reaches."""
    shadow: float = 0.03
    """Area of a shadow beyond that, over the solid area, from which it is one."""
    shadow_colour: int = 10
    shadow_pure: float = 0.9
    """Share of the half transparent pixels within that of their usual colour: hair varies more."""


EXTRAS = Extras()
_MOST_POCKETS = 12
"""Of the places of an outline's colour, only so many, the largest, are looked at."""


def without_shadow(alpha: np.ndarray, colour: np.ndarray, extras: Extras = EXTRAS) -> np.ndarray | None:
    """Remove a drop shadow or glow from an alpha channel.

    alpha: (H, W) float32 in [0, 1]; colour: (H, W, 3) uint8. Returns (H, W) float32, or None if there is none.
    """
    solid, anything = alpha >= extras.solid, alpha > extras.seen
    if not solid.any():
        return None
    soft = anything & ~solid
    box = bounding_box(anything.astype(np.float32))
    if box is None or not soft.any():
        return None
    edge = extras.soft_edge * max(box[2] - box[0], box[3] - box[1])
    step = max(1, max(alpha.shape) // (2 * extras.grid))
    away = ndimage.distance_transform_edt(~solid[::step, ::step]) * step
    far = soft[::step, ::step] & (away > edge)
    if far.sum() < extras.shadow * solid[::step, ::step].sum():
        return None
    usual = np.median(colour[::step, ::step][far], axis=0)
    pure = _near(colour, usual, extras.shadow_colour)
    if pure[soft].mean() < extras.shadow_pure:
        return None
    return np.where(soft & pure, 0, alpha).astype(np.float32)


def without_outline(values: np.ndarray, colour: np.ndarray, extras: Extras = EXTRAS) -> tuple[np.ndarray, int] | None:
    """Remove an outline of one colour from a mask.

    values: (H, W) float32 in [0, 1]; colour: (H, W, 3) uint8. Returns the mask without it and the outline's width in
    pixels, or None if there is none.
    """
    box = bounding_box(values)
    if box is None:
        return None
    extent = max(box[2] - box[0], box[3] - box[1])
    scale = min(1.0, extras.grid / extent)
    size = max(1, round(values.shape[1] * scale)), max(1, round(values.shape[0] * scale))
    # Nearest pixels: a mean would mix the outline with what is hidden beside it.
    body = cv2.resize(values.astype(np.float32), size, interpolation=cv2.INTER_NEAREST) > 0.5
    small = cv2.resize(colour, size, interpolation=cv2.INTER_NEAREST)
    depth = ndimage.distance_transform_edt(body)
    extent *= scale
    first = (depth > 1) & (depth <= max(3.0, extras.narrowest * extent))
    if not first.any() or body.all():
        return None
    usual = np.median(small[first], axis=0)
    like = _near(small, usual, extras.one_colour) & body
    ring = np.ceil(depth).astype(int)
    rings = np.bincount(ring[body], minlength=3)
    share = np.bincount(ring[like], minlength=len(rings)) / np.maximum(rings, 1)
    # The first ring is the soft edge.
    other = np.flatnonzero(share[2:] < extras.outline)
    width = int(other[0]) + 1 if len(other) else len(share)
    beyond = share[width + 3 : width + 4]
    narrow = width < max(2.0, extras.narrowest * extent) or width > extras.widest * extent
    if narrow or not len(beyond) or beyond[0] > extras.inside:
        return None
    # Its inner edge is where its colour ends; not much deeper, since clothes may be of that colour too.
    gone = body & ((depth <= width) | (like & (depth <= width + 4)))
    gone |= _pockets(body & ~gone, like, width)
    gone = body & ndimage.binary_dilation(gone)  # where both colours mix
    if gone.sum() > extras.lost * body.sum():
        return None
    keep = cv2.resize((body & ~gone).astype(np.float32), values.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.minimum(values, keep).astype(np.float32), max(1, round(width / scale))


def _pockets(body: np.ndarray, like: np.ndarray, width: int) -> np.ndarray:
    """Find the gaps of a body, under an arm or between legs, that an outline `width` wide has filled: (h, w) bool.

    All of a gap is as near to the person as the outline is wide; what holds the body together is no gap but a belt.
    """
    found = np.zeros_like(body)
    parts, count = ndimage.label(body & like)
    if not count:
        return found
    away = ndimage.distance_transform_edt(~(body & ~like))
    numbers = range(1, count + 1)
    farthest, areas = ndimage.maximum(away, parts, numbers), ndimage.sum_labels(body, parts, numbers)
    pieces = ndimage.label(body)[1]
    for part in np.argsort(areas)[: -_MOST_POCKETS - 1 : -1]:
        pocket = parts == part + 1
        if farthest[part] <= width + 2 and ndimage.label(body & ~found & ~pocket)[1] <= pieces:
            found |= pocket
    return found


def _near(colour: np.ndarray, usual: np.ndarray, levels: int) -> np.ndarray:
    """(..., 3) -> (...): whether all of a pixel's channels are within `levels` of a colour (3,)."""
    return np.asarray((np.abs(colour.astype(np.int16) - usual.astype(np.int16)) <= levels).all(-1))
