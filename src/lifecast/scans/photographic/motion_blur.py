"""Motion blur: of a camera that shakes, or of a person who moves."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from lifecast.scans.photographic.layers import Layer, Picture, padded


@dataclass(frozen=True)
class MotionBlur:
    """Constants of the step `motion_blur`."""

    shake: float = 0.06
    """Probability that the whole picture is blurred."""
    moving: float = 0.06
    """Probability that the person alone is blurred."""
    length: float = 0.025
    """Longest path of a point, as a share of the picture's side."""
    bend: float = 1.2
    """Largest turn of the path between its ends, radians; 0: straight lines."""

    def path(self, size: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """Draw the kernel (k, k), adding up to 1, of a line or arc that is run through evenly."""
        length = float(rng.uniform(1.5, max(2.0, self.length * size)))
        bend = float(rng.uniform(-self.bend, self.bend))
        start = float(rng.uniform(0, 2 * np.pi))
        steps = np.linspace(-0.5, 0.5, 4 * int(np.ceil(length)) + 1)
        heading = start + bend * steps
        path = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], 1), axis=0) * (length / len(steps))
        path -= path.mean(axis=0)
        half = int(np.ceil(np.abs(path).max())) + 1
        kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
        corner = np.floor(path).astype(int)
        part = path - corner
        for right in (0, 1):
            for down in (0, 1):
                weight = np.abs(1 - right - part[:, 0]) * np.abs(1 - down - part[:, 1])
                np.add.at(kernel, (corner[:, 1] + half + down, corner[:, 0] + half + right), weight)
        return np.asarray(kernel / kernel.sum(), np.float32)

    def of_person(self, person: Layer, size: int, rng: np.random.Generator) -> Layer:
        """Blur a moving person's colours and outline. The true mask stays the sharp one."""
        if rng.random() >= self.moving or person.box[2] == 0:
            return person
        kernel = self.path(size, rng)
        wide = padded(person, len(kernel) // 2, size)
        return replace(wide, colour=_filtered(wide.colour, kernel), cover=_filtered(wide.cover, kernel))

    def of_picture(self, picture: Picture, rng: np.random.Generator) -> Picture:
        """Blur a picture (S, S, 3) by a shaking camera."""
        if rng.random() >= self.shake:
            return picture
        return _filtered(picture, self.path(picture.shape[0], rng))


def _filtered(picture: Picture, kernel: NDArray[np.float32]) -> Picture:
    return np.asarray(cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_REPLICATE), np.uint8)
