"""Smooth random fields in space, for folds, prints and other things that should not repeat."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def smooth_noise(
    points: NDArray[np.floating], wavelength: ArrayLike, rng: np.random.Generator, waves: int = 32
) -> NDArray[np.float32]:
    """(N,) noise of mean 0 and standard deviation about 1 at (N, D) points.

    A sum of `waves` cosines of random directions and phases whose wavelengths lie around `wavelength` (one length, or
    one for each axis: anisotropic noise), in the points' unit.
    """
    points = np.asarray(points, np.float32)
    size = np.broadcast_to(np.asarray(wavelength, np.float32), points.shape[1:])
    direction = rng.normal(size=(waves, points.shape[1])).astype(np.float32)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    frequency = direction / size * (2 * np.pi * rng.uniform(0.6, 1.6, (waves, 1))).astype(np.float32)
    phase = rng.uniform(0, 2 * np.pi, waves).astype(np.float32)
    noise: NDArray[np.float32] = (np.cos(points @ frequency.T + phase).sum(1) * np.sqrt(2.0 / waves)).astype(np.float32)
    return noise
