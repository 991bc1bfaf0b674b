"""Depth of field: what stands behind the person is out of focus."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from lifecast.scans.photographic.layers import Picture


@dataclass(frozen=True)
class DepthOfField:
    """Constants of the step `depth_of_field`."""

    probability: float = 0.12
    """Of a background out of focus, whoever stands in it included."""
    sigma: tuple[float, float] = (0.004, 0.03)
    """Range of the blur's sigma, as a share of the side."""

    def blur(self, background: Picture, rng: np.random.Generator) -> Picture:
        """Blur a background (S, S, 3), at half its size, where a blur loses nothing."""
        if rng.random() >= self.probability:
            return background
        size = background.shape[0]
        low, high = np.log(self.sigma)
        sigma = float(np.exp(rng.uniform(low, high))) * size
        half = cv2.resize(background, (size // 2, size // 2), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(cv2.GaussianBlur(half, (0, 0), sigma / 2), (size, size)), np.uint8)
