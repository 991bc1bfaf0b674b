"""First guess of folds: cloth with more length than room folds across the squeeze.

Draping then settles them. For a sine of wavelength w, cloth that is longer than its place by a share s stands up by A =
w sqrt(s) / pi (from the arc length 1 + (pi A / w)^2). The share comes from the garment's slack plus what the pose
squeezes; its direction from the tensor sum of s e e^T over the edges e around a vertex. The waves are a steered noise:
many plane waves of the resting cloth, each counting where it runs along the squeeze, so folds stick to the cloth and
follow tension.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Points = NDArray[np.float32]


def squeeze(
    edges: NDArray[np.int32], rest: Points, extra: NDArray[np.float32], average: sp.csr_matrix, blur: int = 12
) -> tuple[NDArray[np.float32], Points]:
    """Compute how much too long the cloth is at each vertex, and in which direction.

    The direction is one of the resting cloth.

    Parameters
    ----------
    extra : (E,) share by which each edge is longer than its place (negative: stretched).
    average : (V, V) averages a vertex's neighbours.

    Returns
    -------
    (V,) share >= 0 and (V, 3) unit directions.
    """
    count = len(rest)
    along = rest[edges[:, 1]] - rest[edges[:, 0]]
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    a, b = np.triu_indices(3)
    outer = along[:, a] * along[:, b]  # (E, 6)
    index = edges.ravel()
    total = np.zeros((count, 7), np.float32)
    for k in range(6):
        total[:, k] = np.bincount(index, np.repeat(outer[:, k] * extra, 2), count)
    total[:, 6] = np.bincount(index, np.ones(len(index)), count)
    total[:, :6] /= np.maximum(total[:, 6:], 1)
    tensor = total[:, :6]
    for _ in range(blur):
        tensor = average @ tensor
    matrix = np.zeros((count, 3, 3), np.float32)
    matrix[:, a, b] = tensor
    matrix[:, b, a] = tensor
    values, vectors = np.linalg.eigh(matrix)
    # Edges run all ways in the surface, so the mean of cos^2 is one half: the strongest direction carries twice that.
    return np.clip(2 * values[:, 2], 0, 0.35), np.ascontiguousarray(vectors[:, :, 2])


def steered_noise(
    points: Points, direction: Points, width: float, rng: np.random.Generator, waves: int = 72, focus: float = 7.0
) -> NDArray[np.float32]:
    """Draw noise (V,) whose waves of length `width` run along `direction`.

    Its standard deviation is about 1.
    """
    wave = rng.normal(size=(waves, 3)).astype(np.float32)
    wave /= np.linalg.norm(wave, axis=1, keepdims=True)
    length = (width * np.exp(rng.normal(0, 0.22, waves))).astype(np.float32)
    phase = rng.uniform(0, 2 * np.pi, waves).astype(np.float32)
    aligned = (direction @ wave.T) ** 2
    weight = np.exp(np.float32(focus) * (aligned - 1))
    value = np.cos(points @ (wave * (2 * np.pi / length)[:, None]).T + phase)
    total = (weight * value).sum(1) / np.sqrt(np.maximum((weight**2).sum(1) / 2, 1e-9))
    noise: NDArray[np.float32] = total.astype(np.float32)
    return noise


def fold_heights(
    edges: NDArray[np.int32], rest: Points, extra: NDArray[np.float32], average: sp.csr_matrix, width: float,
    rng: np.random.Generator,
) -> NDArray[np.float32]:  # fmt: skip
    """Compute the heights (V,) of folds of about `width` metres and finer ones on them, metres."""
    share, direction = squeeze(edges, rest, extra, average)
    heights = np.zeros(len(rest), np.float32)
    for scale, part in ((1.0, 0.65), (0.5, 0.35)):
        wave = steered_noise(rest, direction, width * scale, rng)
        wave = (wave + 0.3 * (np.abs(wave) - 0.8)).astype(np.float32)  # rounder ridges, sharper valleys
        heights += (width * scale / np.pi) * np.sqrt(share * part) * wave
    return heights
