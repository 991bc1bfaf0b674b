"""Which vertices are visible in the photograph, and what stands before the hidden ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from lifecast.surface.raster import rasterize, to_pixels

HALF_TURN = np.array([-1, 1, -1], np.float32)
"""Points and normals times this: turned by half a circle about the vertical, to a camera behind the person."""
STEEP = 6.0
"""Depth tolerance grows with the slope dz/dx of the surface, up to this slope (80 degrees)."""
GAP = 0.02
"""View units (2.5 cm): a nearer surface within the rim closer than this is the same sheet, not an occluder."""


@dataclass(frozen=True)
class LinesOfSight:
    """The mesh along the camera's lines of sight."""

    visible: np.ndarray
    """(V,) bool: turned to the camera and nothing before it."""
    clear: np.ndarray
    """(V,) bool: visible, and no nearer part of the body begins within `rim` pixels. At such a contour the photograph's
    pixels mix two surfaces, and the reconstruction's contour is not exactly the photograph's."""
    first: np.ndarray
    """(size, size) float32: z of the surface turned to the camera that is nearest to it, -inf where there is none."""
    last: np.ndarray
    """(size, size) float32: z of the farthest surface turned to the camera, -inf where there is none."""
    facing: np.ndarray
    """(size, size, 3) float32: normals of the `first` surface, 0 where there is none."""

    @property
    def layered(self) -> np.ndarray:
        """(size, size) bool: the line of sight meets several parts of the body.

        With a gap between them.
        """
        seen = np.isfinite(self.first)
        result: np.ndarray = np.subtract(self.first, self.last, out=np.zeros_like(self.first), where=seen) > GAP
        return result

    def in_front_layer(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Decide whether points (N, 3) belong to what is before another part, (N,) bool.

        normals: (N, 3).
        """
        column, row = pixel_of(points, self.first.shape[0])
        beyond = self.last[row, column] + np.where(normals[:, 2] > 0, GAP / 2, 0)  # the last surface itself is not
        result: np.ndarray = self.layered[row, column] & (points[:, 2] > beyond)
        first = self.first[row, column]  # just beyond a contour, a pixel has what is behind it alone
        result |= np.isfinite(first) & (points[:, 2] > first + GAP)
        return result

    def entry(self, points: np.ndarray) -> np.ndarray:
        """Find where lines of sight through points (N, 3) first meet the surface: (N, 3).

        z is -inf if they do not.
        """
        column, row = pixel_of(points, self.first.shape[0])
        return np.column_stack([points[:, :2], self.first[row, column]])


def pixel_of(points: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the pixel (column, row), (N,) int, of view-space points (N, 2 or 3).

    It is clamped to the image.
    """
    column = np.floor((points[:, 0] + 1) * (size / 2)).astype(np.int64)
    row = np.floor((1 - points[:, 1]) * (size / 2)).astype(np.int64)
    return column.clip(0, size - 1), row.clip(0, size - 1)


def lines_of_sight(
    vertices: np.ndarray, faces: np.ndarray, normals: np.ndarray, size: int = 1024, rim: int = 3
) -> LinesOfSight:
    """Rasterise the mesh once from either end of the lines of sight and look each vertex up.

    vertices: (V, 3) float32 view space, faces: (F, 3), normals: (V, 3) unit. `size`: pixels of the z-buffer.
    `rim`: pixels around a contour that do not count as clear.
    """
    points, triangles = torch.tensor(vertices).float(), torch.tensor(faces).long()
    front = rasterize(points, triangles, size)
    first = front.depth
    facing = torch.zeros(size, size, 3)
    facing[front.covered] = front.interpolate(triangles, torch.tensor(normals).float())
    last = rasterize(points, triangles, size, keep="farthest").depth
    pixels = to_pixels(points, size).floor().long().clamp_(0, size - 1)
    at = pixels[:, 1] * size + pixels[:, 0]  # (V,)
    nearest = first.view(-1)[at]
    wide = 2 * rim + 1
    around = functional.max_pool2d(first[None, None], (wide, 1), 1, (rim, 0))
    around = functional.max_pool2d(around, (1, wide), 1, (0, rim)).view(-1)[at]
    toward = torch.tensor(normals).float()[:, 2]
    slope = ((1 - toward**2).clamp(min=0).sqrt() / toward.clamp(min=1e-3)).clamp(max=STEEP)
    pixel = 2 / size
    z = points[:, 2]
    visible = (toward > 0) & (z >= nearest - (0.5 + slope) * pixel)
    clear = visible & (z >= around - (0.5 + 1.5 * rim * slope) * pixel - GAP)
    return LinesOfSight(visible.numpy(), clear.numpy(), first.numpy(), last.numpy(), facing.numpy())
