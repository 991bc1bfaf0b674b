"""What of a mesh is foremost, seen along z: visible to the photograph's camera, or from behind."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from lifecast.surface.raster import rasterize, to_pixels

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
SIZE = 256
"""Pixels along the longer side of the pictures that say what hides what."""


def foremost(
    vertices: Floats, faces: NDArray[np.integer], frame: tuple[Floats, float], deeper: float, side: int = 1
) -> Bools:
    """Find the vertices (V,) of a mesh that nothing hides, up to a depth of `deeper`.

    vertices: (V, 3), faces: (F, 3). frame: middle (3,) and half the side of the square that is looked at. side: 1 looks
    from +z, -1 from -z.
    """
    middle, half = frame
    points = torch.from_numpy(((vertices - middle) / half * np.array([side, 1, side])).astype(np.float32))
    depth = rasterize(points, torch.from_numpy(np.asarray(faces)).long(), SIZE).depth
    pixels = to_pixels(points, SIZE).floor().long().clamp_(0, SIZE - 1)
    nearest = depth[pixels[:, 1], pixels[:, 0]]
    found: Bools = (points[:, 2] > nearest - deeper / half).numpy()
    return found


def square_around(*points: Floats) -> tuple[Floats, float]:
    """Find the middle (3,) of sets of points (N, 3), and half the side of a square around them.

    The square is in x and y, a little larger than the points need.
    """
    low, high = np.min([one.min(0) for one in points], 0), np.max([one.max(0) for one in points], 0)
    return ((low + high) / 2).astype(np.float32), float((high - low)[:2].max()) / 2 * 1.02 + 1e-6
