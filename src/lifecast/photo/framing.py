"""The square crop that is the networks' input, framed as in training, and the way back.

In training data a person's larger extent (height, mostly) spans 180/256 of the square (`PERSON_SPAN`), the box's
middle is the square's middle. The released PIFuHD checkpoint has a rule of its own: the square is 1.3 times the longer
side of the box around the confident landmarks, with black outside the photograph.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from PIL import Image

from lifecast.errors import PhotoError
from lifecast.photo.mask import crop_square
from lifecast.space.units import PERSON_SPAN
from lifecast.space.view import Camera

PIFUHD_SIDE = 1.3
"""The square's side over the longer side of the landmarks' box, for the released checkpoint (half-side 0.65)."""

Framing = Literal["lifecast", "pifuhd"]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom, pixel edges of the photograph."""


def frame(box: Box, photo_size: tuple[int, int], size: int, framing: Framing = "lifecast") -> Camera:
    """Choose the square around `box` under one of the two rules.

    box: for "lifecast" that of the whole person (of a mask, where there is one); for "pifuhd" that of the confident
    landmarks. Raises PhotoError for a box without area or wholly outside the photograph.
    """
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    if not (np.isfinite(box).all() and width >= 1 and height >= 1):
        raise PhotoError(
            f"the box {left:g},{top:g} to {right:g},{bottom:g} has no area: give --box x,y,width,height in pixels"
        )
    if right <= 0 or bottom <= 0 or left >= photo_size[0] or top >= photo_size[1]:
        raise PhotoError(
            f"the box {left:g},{top:g} to {right:g},{bottom:g} lies outside the photograph, "
            f"which is {photo_size[0]} x {photo_size[1]}"
        )
    longer = max(width, height)
    side = longer * PIFUHD_SIDE if framing == "pifuhd" else longer / PERSON_SPAN
    return Camera((left + right - side) / 2, (top + bottom - side) / 2, side, size, photo_size)


def crop_colour(
    colour: np.ndarray, camera: Camera, framing: Framing = "lifecast", size: int | None = None
) -> np.ndarray:
    """Crop the square of the photograph (H, W, 3) uint8: (size, size, 3) uint8.

    `size` is the camera's own by default. Outside the photograph: its edge pixels repeated (a plausible background).
    "pifuhd" has black there, and shrinks without averaging, as that checkpoint's program does.
    """
    size = size or camera.size
    if framing == "lifecast":
        return np.array(crop_square(colour, camera.left, camera.top, camera.side, size, outside=None))
    step = camera.side / size
    affine = (step, 0, camera.left, 0, step, camera.top)
    cut = Image.fromarray(colour).transform((size, size), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR)
    return np.array(cut)


FINER = 1.25
"""How many times as fine a second crop must be to be worth its time."""


FINEST = 4096
"""Pixels along a side of a crop that a texture is painted from."""


def finer_crop(colour: np.ndarray, camera: Camera, framing: Framing, most: int = FINEST) -> np.ndarray | None:
    """Crop the square at the photograph's own resolution, but at `most` pixels: (P, P, 3) uint8.

    None where that is hardly finer than the camera's own size (`FINER`).
    """
    size = min(most, round(camera.side))
    return crop_colour(colour, camera, framing, size) if size >= FINER * camera.size else None
