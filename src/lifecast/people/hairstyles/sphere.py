"""Geodesic spheres, and functions on directions."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from lifecast.people.rest_part import Faces, Vector


@functools.lru_cache(maxsize=8)
def geodesic(frequency: int) -> tuple[Vector, Faces]:
    """Unit directions (10 n^2 + 2, 3) and faces (20 n^2, 3) of an icosahedron whose edges are cut into n."""
    golden = (1 + 5**0.5) / 2
    corners = np.array([(a * s, b * t, 0.0) for a, b in ((1, golden),) for s in (1, -1) for t in (1, -1)])
    corners = np.concatenate([np.roll(corners, k, 1) for k in range(3)])
    edge = np.linalg.norm(corners[:, None] - corners[None], axis=-1)
    near = np.isclose(edge, 2.0)
    triangles = [
        (i, j, k) for i in range(12) for j in range(i + 1, 12) for k in range(j + 1, 12)
        if near[i, j] and near[j, k] and near[i, k]
    ]  # fmt: skip
    points, faces = [], []
    rows = [(a, b) for a in range(frequency + 1) for b in range(frequency + 1 - a)]
    number = {ab: k for k, ab in enumerate(rows)}
    share = np.array([(frequency - a - b, a, b) for a, b in rows]) / frequency
    small = [(number[a, b], number[a + 1, b], number[a, b + 1]) for a, b in rows if a + b < frequency]
    small += [(number[a + 1, b], number[a + 1, b + 1], number[a, b + 1]) for a, b in rows if a + b < frequency - 1]
    for k, (i, j, m) in enumerate(triangles):
        outward = np.linalg.det(corners[[i, j, m]]) > 0
        points.append(share @ corners[[i, j, m] if outward else [i, m, j]])
        faces.append(np.array(small) + k * len(rows))
    every = np.concatenate(points)
    every /= np.linalg.norm(every, axis=1, keepdims=True)
    _, first, inverse = np.unique(np.round(every, 7), axis=0, return_index=True, return_inverse=True)
    return every[first], inverse.ravel()[np.concatenate(faces)].astype(np.int32)


ROWS, COLUMNS = 97, 192
"""A function on directions: elevations -90 .. 90 degrees, azimuths -180 .. 180 (0 is +z, 90 is +x)."""


def grid_directions() -> Vector:
    """(ROWS, COLUMNS, 3) the directions of a grid's samples."""
    elevation = np.linspace(-np.pi / 2, np.pi / 2, ROWS)[:, None]
    azimuth = (np.arange(COLUMNS) / COLUMNS * 2 * np.pi - np.pi)[None]
    flat = np.cos(elevation)
    return np.stack(
        [flat * np.sin(azimuth), np.broadcast_to(np.sin(elevation), (ROWS, COLUMNS)), flat * np.cos(azimuth)], -1
    )


def sample(grid: NDArray[np.floating], directions: NDArray[np.floating]) -> Vector:
    """Interpolate a grid (ROWS, COLUMNS) or (ROWS, COLUMNS, C) bilinearly at unit directions (N, 3)."""
    row = (np.arcsin(np.clip(directions[:, 1], -1, 1)) / np.pi + 0.5) * (ROWS - 1)
    column = (np.arctan2(directions[:, 0], directions[:, 2]) / (2 * np.pi) + 0.5) * COLUMNS
    low = np.clip(row.astype(np.int64), 0, ROWS - 2)
    left = np.floor(column).astype(np.int64)
    down, across = row - low, column - left
    if grid.ndim == 3:
        down, across = down[:, None], across[:, None]
    left, right = left % COLUMNS, (left + 1) % COLUMNS
    result: Vector = (
        (grid[low, left] * (1 - across) + grid[low, right] * across) * (1 - down)
        + (grid[low + 1, left] * (1 - across) + grid[low + 1, right] * across) * down
    )  # fmt: skip
    return result
