"""Hair's texture: streaks along the strands, darker at the roots, with grey hairs where there are any."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

TIE = 0.015
"""The lowest share of the texture is the colour of hair ties."""


def strand_texture(
    colour: NDArray[np.float64], grey: float, rng: np.random.Generator, size: int = 256
) -> NDArray[np.uint8]:
    """Paint (size, size, 3) sRGB: strands run from the roots (top row) to the tips.

    `colour` (3,) is a share of sRGB; `grey` 0..1 is the share of grey hairs.
    """
    across = rng.normal(size=(1, size))
    long = cv2.resize(rng.normal(size=(6, size)), (size, size), interpolation=cv2.INTER_CUBIC)
    wide = cv2.resize(rng.normal(size=(3, 20)), (size, size), interpolation=cv2.INTER_CUBIC)
    along = np.linspace(0, 1, size)[:, None]
    light = 1 + 0.14 * across + 0.12 * long + 0.16 * wide + rng.uniform(0.05, 0.4) * (along - 0.4)
    picture = colour * np.clip(light, 0.3, 2.2)[..., None]
    if grey > 0:
        white = cv2.resize((rng.random((4, size)) < grey).astype(np.float64), (size, size))
        pale = np.array([0.62, 0.61, 0.6]) * (1 + 0.1 * across)[..., None]
        picture = picture + (pale - picture) * (0.5 * white)[..., None]
    tie = rng.dirichlet([0.8, 0.8, 0.8]) * rng.uniform(0.1, 1.2)
    picture[int(size * (1 - TIE)) :] = tie
    texture: NDArray[np.uint8] = (np.clip(picture, 0.01, 0.98) * 255).astype(np.uint8)
    return texture
