"""The relief that a normal map stands for, as a height for real geometry."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STEEPEST = 1.2
"""Slopes of a normal map are cut off here (about 50 degrees): beyond, single texels dominate the integral."""


def height_map(normals: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Integrate a tangent-space normal map (H, W, 3) to heights in units of the texture's width.

    The least-squares solution of grad h = -(nx, ny) / nz with periodic borders, by Fourier transform (Frankot,
    Chellappa 1988). Slow undulations over a quarter of the picture and more are dropped: between the islands of a
    texture they mean nothing.
    """
    n = normals[..., :3].astype(np.float32) / 127.5 - 1
    up = np.maximum(n[..., 2], 0.2)
    p = np.clip(-n[..., 0] / up, -STEEPEST, STEEPEST)  # dh/du
    q = np.clip(-n[..., 1] / up, -STEEPEST, STEEPEST)  # dh/dv, v up
    height, width = p.shape
    fu = np.fft.rfftfreq(width) * 2 * np.pi
    fv = -np.fft.fftfreq(height)[:, None] * 2 * np.pi  # rows run down
    square = fu**2 + fv**2
    square[0, 0] = 1
    spectrum = (-1j * fu * np.fft.rfft2(p) - 1j * fv * np.fft.rfft2(q)) / square
    spectrum *= 1 - np.exp(-square / (2 * np.pi * 5 / width) ** 2)
    result: NDArray[np.float32] = (np.fft.irfft2(spectrum, s=p.shape) / width).astype(np.float32)
    return result


def sample(heights: NDArray[np.float32], uv: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N,) the height map at texture coordinates (N, 2), v up."""
    rows, columns = heights.shape
    column = np.clip(((uv[:, 0] % 1) * columns).astype(int), 0, columns - 1)
    row = np.clip(((1 - uv[:, 1] % 1) * rows).astype(int), 0, rows - 1)
    result: NDArray[np.float32] = heights[row, column]
    return result
