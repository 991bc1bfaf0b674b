"""The square crop that the networks see, framed as in training, and the way back to the photograph.

In training data a person's larger extent (height, mostly) spans 180/256 of the square (`PERSON_SPAN`), the box's
middle is the square's middle. The released PIFuHD checkpoint has a rule of its own: the square is 1.3 times the longer
side of the box around the confident landmarks, with black outside the photograph.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from lifecast.errors import PhotoError
from lifecast.photo.mask import crop_square

PERSON_SPAN = 180 / 256
"""The part of the square's side that the longer side of the person's box takes."""
PIFUHD_SIDE = 1.3
"""The square's side over the longer side of the landmarks' box, for the released checkpoint (half-side 0.65)."""

Framing = Literal["lifecast", "pifuhd"]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom, pixel edges of the photograph."""


@dataclass(frozen=True)
class Camera:
    """An orthographic camera: view space (see the design) to pixels of the photograph, and where the crop lies.

    View (x, y) in [-1, 1] spans the square; photograph pixel edges run from (0, 0) at the top left.
    """

    left: float
    top: float
    side: float
    """The square in pixels of the photograph; parts of it may lie outside."""
    size: int
    """Pixels of the crop's side, as the networks see it."""
    photo_size: tuple[int, int]
    """Width, height of the photograph."""

    @classmethod
    def whole(cls, size: int) -> Camera:
        """Of a square picture of `size` pixels that is framed already, as training views are."""
        return cls(0.0, 0.0, float(size), size, (size, size))

    def to_photo(self, points: np.ndarray) -> np.ndarray:
        """View space (..., 2 or 3) -> pixels of the photograph (..., 2)."""
        x = self.left + (points[..., 0] + 1) / 2 * self.side
        y = self.top + (1 - points[..., 1]) / 2 * self.side
        return np.stack([x, y], -1)

    def to_view(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels of the photograph (..., 2) -> x, y of view space (..., 2)."""
        x = (pixels[..., 0] - self.left) / self.side * 2 - 1
        y = 1 - (pixels[..., 1] - self.top) / self.side * 2
        return np.stack([x, y], -1)

    def landmarks_to_view(self, landmarks: np.ndarray) -> np.ndarray:
        """Landmarks (33, 4) in pixels of the photograph, depth too -> the same in view units; visibility stays."""
        depth = landmarks[:, 2:3] * 2 / self.side
        return np.concatenate([self.to_view(landmarks[:, :2]), depth, landmarks[:, 3:]], 1).astype(np.float32)

    def crop_to_photo(self) -> np.ndarray:
        """The affine map, (2, 3) float64, from pixel edges of the crop to those of the photograph."""
        step = self.side / self.size
        return np.array([[step, 0, self.left], [0, step, self.top]])


def frame(box: Box, photo_size: tuple[int, int], size: int, framing: Framing = "lifecast") -> Camera:
    """The square around `box` under one of the two rules.

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
    """The square of the photograph (H, W, 3) uint8 at `size` (the camera's own by default): (size, size, 3) uint8.

    Outside the photograph: its edge pixels repeated (a plausible background). "pifuhd" has black there, and shrinks
    without averaging, as that checkpoint's program does.
    """
    size = size or camera.size
    if framing == "lifecast":
        return np.array(crop_square(colour, camera.left, camera.top, camera.side, size, outside=None))
    step = camera.side / size
    affine = (step, 0, camera.left, 0, step, camera.top)
    cut = Image.fromarray(colour).transform((size, size), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR)
    return np.array(cut)
