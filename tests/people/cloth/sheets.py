"""Flat sheets of cloth to test on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifecast.people.garment import Garment

NOWHERE = np.array([[0, 50, 0], [1, 50, 0], [0, 50, 1]], np.float32)
"""A body far away."""
TRIANGLE = np.array([[0, 1, 2]])


def grid(columns: int, rows: int, edge: float) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return points (x, y) of near-equilateral triangles, from (0, 0) to the right and down, and their faces.

    These are counter-clockwise. Every second row is moved half an edge to the right.
    """
    y, x = np.mgrid[0 : rows + 1, 0 : columns + 1].astype(float)
    points = np.stack([(x + (y % 2) / 2) * edge, -y * edge * np.sqrt(3) / 2], -1).reshape(-1, 2)
    faces = []
    for row in range(rows):
        for column in range(columns):
            a = row * (columns + 1) + column
            b, c, d = a + 1, a + columns + 1, a + columns + 2
            faces += [(a, c, d), (a, d, b)] if row % 2 else [(a, c, b), (b, c, d)]
    return points, np.array(faces, np.int32)


def sheet(
    columns: int, rows: int, edge: float, fabric: str = "cotton", layer: int = 1, flat_on_ground: bool = False,
    height: float = 0.0,
) -> Garment:  # fmt: skip
    """Hang a sheet down from y = height in the plane z = 0, or lay it at that height with its outside up."""
    points, faces = grid(columns, rows, edge)
    third = np.zeros(len(points))
    around = np.stack([points[:, 0], third + height, -points[:, 1]] if flat_on_ground else
                      [points[:, 0], points[:, 1] + height, third], 1)  # fmt: skip
    return Garment(
        "sheet", "top", layer, fabric, around.astype(np.float32), faces, points[faces].astype(np.float32),
        np.zeros(len(faces), np.int32), np.zeros(len(points), np.float32),
    )  # fmt: skip
