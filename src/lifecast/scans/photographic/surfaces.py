"""Shapes of things, filled and shaded: what held things and things before a person are drawn with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from lifecast.scans.background import random_colour
from lifecast.scans.photographic.layers import Box, Layer, Picture

Points = NDArray[np.float64]
"""(n, 2) view units, x right and y up."""
_SHIFT = 4
"""Bits of a pixel's fraction in OpenCV's drawing."""
_RELIEF = 48
"""Pixels of the longer side at which a thing's roundness is found."""


@dataclass(frozen=True, eq=False)
class Shape:
    """A part of a thing in one colour."""

    kind: Literal["polygon", "ellipse", "line"]
    points: Points
    """Corners; centre and the ends of both half axes; or the line's points."""
    width: float = 0.0
    """Of a line, view units."""
    shade: float = 1.0
    """Factor on the thing's colour."""
    own: NDArray[np.float32] | None = None
    """(3,) sRGB in [0, 1] in place of the thing's colour."""


def rectangle(left: float, bottom: float, right: float, top: float) -> Points:
    """List the corners of an upright rectangle."""
    return np.array([[left, bottom], [right, bottom], [right, top], [left, top]], np.float64)


def ellipse(x: float, y: float, rx: float, ry: float) -> Points:
    """List the centre of an upright ellipse and the ends of its half axes."""
    return np.array([[x, y], [x + rx, y], [x, y + ry]], np.float64)


def moved(shapes: list[Shape], at: Points, scale: float, tilt: float) -> list[Shape]:
    """Scale shapes, turn them by `tilt` radians about their origin and put that at `at` (2,)."""
    c, s = np.cos(tilt), np.sin(tilt)
    turn = scale * np.array([[c, s], [-s, c]])
    return [
        Shape(shape.kind, shape.points @ turn + at, shape.width * scale, shape.shade, shape.own) for shape in shapes
    ]


def drawn(shapes: list[Shape], size: int, texture: Picture | None, rng: np.random.Generator) -> Layer | None:
    """Draw a thing of shapes, later ones over earlier ones, lit from one side.

    Parameters
    ----------
    size
        Pixels S of the picture.
    texture
        (t, t, 3) what the thing's surface looks like; None: one plain colour.

    Returns
    -------
    Layer, or None where nothing of it lies in the picture.
    """
    half = size / 2
    low = np.min([s.points.min(axis=0) - _reach(s) for s in shapes], axis=0)
    high = np.max([s.points.max(axis=0) + _reach(s) for s in shapes], axis=0)
    x0, x1 = max(0, int((low[0] + 1) * half) - 1), min(size, int((high[0] + 1) * half) + 2)
    y0, y1 = max(0, int((1 - high[1]) * half) - 1), min(size, int((1 - low[1]) * half) + 2)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return None
    box = (x0, y0, x1 - x0, y1 - y0)
    cover = np.zeros((box[3], box[2]), np.uint8)
    colour = _filled(box, texture, rng)
    base = colour.copy()
    for shape in shapes:
        part = np.zeros_like(cover)
        _draw(part, shape, half, box)
        if shape.own is not None or shape.shade != 1:
            paint = (
                np.full_like(colour, np.round(shape.own * 255 * shape.shade))
                if shape.own is not None
                else np.asarray(cv2.convertScaleAbs(base, alpha=shape.shade), np.uint8)
            )
        else:
            paint = base
        Layer(paint, part, (0, 0, box[2], box[3])).over(colour)
        cover = np.asarray(cv2.max(cover, part), np.uint8)
    if not cover.any():
        return None
    return Layer(_lit(colour, cover, rng), cover, box)


def _reach(shape: Shape) -> float:
    """How far a shape goes beyond its points' box."""
    if shape.kind == "ellipse":
        return float(np.abs(shape.points[1:] - shape.points[0]).max())
    return shape.width / 2


def _draw(cover: Picture, shape: Shape, half: float, box: Box) -> None:
    pixels = np.stack(
        [(shape.points[:, 0] + 1) * half - 0.5 - box[0], (1 - shape.points[:, 1]) * half - 0.5 - box[1]], 1
    )
    fine = np.round(pixels * (1 << _SHIFT)).astype(np.int32)
    if shape.kind == "polygon":
        cv2.fillPoly(cover, [fine], 255, cv2.LINE_AA, _SHIFT)
    elif shape.kind == "ellipse":
        first, second = pixels[1] - pixels[0], pixels[2] - pixels[0]
        turn = np.linspace(0, 2 * np.pi, 33)[:-1, None]
        outline = pixels[0] + np.cos(turn) * first + np.sin(turn) * second
        cv2.fillPoly(cover, [np.round(outline * (1 << _SHIFT)).astype(np.int32)], 255, cv2.LINE_AA, _SHIFT)
    else:
        width = max(1, round(shape.width * half))
        cv2.polylines(cover, [fine], False, 255, width, cv2.LINE_AA, _SHIFT)


def _filled(box: Box, texture: Picture | None, rng: np.random.Generator) -> Picture:
    """(h, w, 3) of a plain colour, or of a texture tinted by one."""
    plain = np.round(random_colour(rng, 0.35) * 255)
    height, width = box[3], box[2]
    if texture is None:
        return np.full((height, width, 3), plain, np.uint8)
    side = texture.shape[0]
    share = float(rng.uniform(0.15, 0.6))
    w, h = max(2, int(side * share * min(1, width / height))), max(2, int(side * share * min(1, height / width)))
    x, y = int(rng.integers(side - w + 1)), int(rng.integers(side - h + 1))
    piece = np.asarray(cv2.resize(texture[y : y + h, x : x + w], (width, height)), np.uint8)
    kept = float(rng.uniform(0.15, 0.8))
    return np.asarray(cv2.addWeighted(piece, kept, np.full_like(piece, plain), 1 - kept, 0), np.uint8)


def _lit(colour: Picture, cover: Picture, rng: np.random.Generator) -> Picture:
    """The colours, brighter toward the light and darker away from it, as if the outline were a cushion's."""
    height, width = cover.shape
    shrink = min(1.0, _RELIEF / max(height, width))
    across, down = max(1, round(width * shrink)), max(1, round(height * shrink))  # a rail may be a pixel wide
    small = cv2.resize(cover, (across, down), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    relief = cv2.GaussianBlur(small, (0, 0), 0.12 * min(small.shape) + 0.8)
    angle = float(rng.uniform(np.pi * 0.1, np.pi * 0.9))  # the light comes from above
    slope = -np.cos(angle) * cv2.Sobel(relief, cv2.CV_32F, 1, 0) + np.sin(angle) * cv2.Sobel(relief, cv2.CV_32F, 0, 1)
    steepest = max(float(np.abs(slope[small > 0.5]).max(initial=0)), 1e-3)
    factor = np.float32(rng.uniform(0.5, 1.15)) * (1 + np.float32(rng.uniform(0.1, 0.55)) * slope / steepest)
    light = np.clip(cv2.resize(factor, (width, height)) * 128, 0, 255).astype(np.uint8)
    return np.asarray(cv2.multiply(colour, cv2.merge([light, light, light]), scale=1 / 128), np.uint8)
