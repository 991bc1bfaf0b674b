"""Layers that a picture is put together from: colour with coverage, one over the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[Any]
"""(H, W, 3) or (H, W) uint8; OpenCV's own annotations leave it open."""
Box = tuple[int, int, int, int]
"""x, y, w, h in pixels."""


def bounding_box(mask: Picture) -> Box:
    """Find the box of what is not 0; w is 0 where there is nothing."""
    x, y, w, h = cv2.boundingRect(mask)
    return x, y, w, h


def cut(picture: Picture, box: Box) -> Picture:
    """View the part of a picture that a box covers."""
    x, y, w, h = box
    part: Picture = picture[y : y + h, x : x + w]
    return part


def without(mask: Picture, cover: Picture) -> Picture:
    """Multiply `mask` by what `cover` leaves of it; both (h, w) uint8."""
    return np.asarray(cv2.multiply(mask, cv2.bitwise_not(cover), scale=1 / 255), np.uint8)


def not_hidden(mask: Picture, hidden: Picture) -> float:
    """Measure which share of a mask is left by what hides it; 1 for an empty one."""
    total = float(cv2.sumElems(mask)[0])
    return float(cv2.sumElems(without(mask, hidden))[0]) / total if total else 1.0


@dataclass(frozen=True, eq=False)
class Layer:
    """Something with an outline, at a place in the picture."""

    colour: Picture
    """(h, w, 3) RGB, straight: not multiplied by the coverage."""
    cover: Picture
    """(h, w) coverage * 255."""
    box: Box
    """Where it is; w, h are those of the arrays, and the box lies inside the picture."""

    def over(self, picture: Picture) -> None:
        """Paint it over `picture` (S, S, 3), in place."""
        if self.box[2] == 0 or self.box[3] == 0:
            return
        behind = cut(picture, self.box)
        share: Any = cv2.merge([self.cover, self.cover, self.cover])
        # b + (a - b) m in bytes: rounding twice costs at most one grey level.
        behind[:] = cv2.add(
            cv2.multiply(self.colour, share, scale=1 / 255),
            cv2.multiply(behind, cv2.bitwise_not(share), scale=1 / 255),
        )

    def hidden_share(self, mask: Picture) -> float:
        """Measure which share of a mask (S, S) it would hide."""
        total = float(cv2.sumElems(mask)[0])
        if total == 0 or self.box[2] == 0 or self.box[3] == 0:
            return 0.0
        return float(cv2.sumElems(cv2.multiply(cut(mask, self.box), self.cover, scale=1 / 255))[0]) / total

    def cover_more(self, hidden: Picture) -> None:
        """Add it to a coverage (S, S), in place."""
        if self.box[2] and self.box[3]:
            part = cut(hidden, self.box)
            part[:] = cv2.bitwise_not(without(cv2.bitwise_not(part), self.cover))

    def shadow(self, picture: Picture, reach: tuple[float, float], strength: float) -> None:
        """Darken `picture` (S, S, 3) beside the layer, as if it stood a little before what is there.

        reach: shift of the shadow in pixels, right and down. strength: share of the light that is lost.
        """
        size = picture.shape[0]
        soft = max(1.0, 0.6 * float(np.hypot(*reach)))
        margin = int(np.ceil(max(abs(reach[0]), abs(reach[1])) + 2 * soft))
        x, y, w, h = self.box
        x0, y0 = max(0, x - margin), max(0, y - margin)
        x1, y1 = min(size, x + w + margin), min(size, y + h + margin)
        if w == 0 or h == 0:
            return
        shift = np.array([[1, 0, x - x0 + reach[0]], [0, 1, y - y0 + reach[1]]], np.float64)
        dark = cv2.warpAffine(self.cover, shift, (x1 - x0, y1 - y0))
        darken(picture, cv2.GaussianBlur(dark, (0, 0), soft), (x0, y0, x1 - x0, y1 - y0), strength)


def padded(layer: Layer, margin: int, size: int) -> Layer:
    """Widen a layer's box by `margin` pixels within a picture of `size`: edge colours go on, uncovered."""
    x, y, w, h = layer.box
    left, top = min(margin, x), min(margin, y)
    right, bottom = min(margin, size - x - w), min(margin, size - y - h)
    return Layer(
        np.asarray(cv2.copyMakeBorder(layer.colour, top, bottom, left, right, cv2.BORDER_REPLICATE), np.uint8),
        np.asarray(cv2.copyMakeBorder(layer.cover, top, bottom, left, right, cv2.BORDER_CONSTANT), np.uint8),
        (x - left, y - top, w + left + right, h + top + bottom),
    )


def darken(picture: Picture, dark: Picture, box: Box, strength: float) -> None:
    """Multiply the box of `picture` by 1 - strength * dark / 255, in place; dark (h, w) uint8."""
    light = np.asarray(cv2.convertScaleAbs(dark, alpha=-strength, beta=0.0))  # strength * dark
    left = cv2.bitwise_not(light)
    part = cut(picture, box)
    part[:] = cv2.multiply(part, cv2.merge([left, left, left]), scale=1 / 255)
