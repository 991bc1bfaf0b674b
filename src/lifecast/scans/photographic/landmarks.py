"""Landmarks of parts of a person that cannot be seen: less sure, and less exact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifecast.scans.photographic.layers import Picture


@dataclass(frozen=True)
class HiddenLandmarks:
    """Constants of the step `hidden_landmarks`.

    A sample's landmarks were found in a picture that hid nothing. In use, BlazePose guesses where what is hidden would
    be, and says so by a low visibility.
    """

    visibility: tuple[float, float] = (0.05, 0.7)
    """Range of the factor on a hidden landmark's visibility; (1, 1): none."""
    error: float = 0.03
    """Standard deviation of the error added in x, y and z, view units."""

    def guessed(self, landmarks: NDArray[np.float32], hidden: Picture, rng: np.random.Generator) -> NDArray[np.float32]:
        """Make placed landmarks (33, 4) less sure and less exact where `hidden` (S, S) is above 127 or ends."""
        size = hidden.shape[0]
        column = np.floor((landmarks[:, 0] + 1) * size / 2).astype(int)
        row = np.floor((1 - landmarks[:, 1]) * size / 2).astype(int)
        inside = (column >= 0) & (column < size) & (row >= 0) & (row < size)
        gone = ~inside
        gone[inside] = hidden[row[inside], column[inside]] > 127
        found = landmarks.copy()
        factor = rng.uniform(*self.visibility, size=len(landmarks)).astype(np.float32)
        errors = rng.normal(0, 1, (len(landmarks), 3)).astype(np.float32) * np.float32(self.error)
        found[gone, 3] *= factor[gone]
        found[gone, :3] += errors[gone]
        return found
