"""The photograph as a source of colour for the surface.

Its own pixels inside the person, extended outward. Pixels at the silhouette mix the person with the background, so
nothing within `RIM` of the mask's edge is trusted; what lies there or outside takes the colour of the nearest trusted
pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage

from lifecast.errors import PhotoError
from lifecast.surface.raster import rasterize

RIM = 0.006
"""View units (0.8 cm, 3 pixels of 1024) inside the mask's edge where colours begin to be trusted."""


@dataclass(frozen=True)
class Photograph:
    """The part of the square crop with the person."""

    colours: np.ndarray
    """(h, w, 3) float32 0..255, extended outward."""
    depth_inside: np.ndarray
    """(h, w) float32: view units from the mask's edge, 0 outside."""
    corner: tuple[int, int]
    """Column and row in the whole crop of the part's first pixel."""
    size: int
    """Pixels of the whole square crop."""

    def sample(self, points: np.ndarray) -> np.ndarray:
        """Sample colours (N, 3) float32 at view-space points (N, 2 or 3).

        Bilinear, clamped to the part.
        """
        return bilinear(self.colours, self.place(points))

    def inside(self, points: np.ndarray) -> np.ndarray:
        """Compute how far inside the mask view-space points lie: (N,) view units, 0 outside."""
        place = self.place(points)
        height, width = self.depth_inside.shape
        out = (place < -0.5).any(1) | (place[:, 0] > width - 0.5) | (place[:, 1] > height - 0.5)
        return np.where(out, 0, bilinear(self.depth_inside[..., None], place)[:, 0])

    def place(self, points: np.ndarray) -> np.ndarray:
        """Compute column and row (N, 2) float32 in the part, of points (N, 2 or 3).

        0 is the first pixel's centre.
        """
        x = (points[:, 0] + 1) * (self.size / 2) - 0.5 - self.corner[0]
        y = (1 - points[:, 1]) * (self.size / 2) - 0.5 - self.corner[1]
        return np.stack([x, y], 1).astype(np.float32)


def bilinear(picture: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Sample picture (h, w, C) at places (N, 2), clamped: (N, C).

    Places are column, row; 0 is the first pixel's centre.
    """
    height, width = picture.shape[:2]
    x, y = place[:, 0].clip(0, width - 1), place[:, 1].clip(0, height - 1)
    left, top = x.astype(np.int32), y.astype(np.int32)
    fx, fy = (x - left)[:, None], (y - top)[:, None]
    flat = picture.reshape(-1, picture.shape[2])
    right, below = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    upper = flat[top * width + left] * (1 - fx) + flat[top * width + right] * fx
    lower = flat[below * width + left] * (1 - fx) + flat[below * width + right] * fx
    result: np.ndarray = upper * (1 - fy) + lower * fy
    return result


def prepare_photograph(image: np.ndarray, mask: np.ndarray) -> Photograph:
    """Cut the person out of a square crop.

    image: (S, S, 3) uint8 sRGB; mask: (S, S) float in [0, 1], the person from 0.5 on.
    Raises `PhotoError` if the mask holds nobody.
    """
    size = image.shape[0]
    if image.shape != (size, size, 3) or image.dtype != np.uint8:
        raise ValueError(f"the photograph must be (S, S, 3) uint8, not {image.shape} {image.dtype}")
    if mask.shape != (size, size):
        raise ValueError(f"the mask must be {(size, size)} like the photograph, not {mask.shape}")
    person = mask >= 0.5
    rows, columns = np.flatnonzero(person.any(1)), np.flatnonzero(person.any(0))
    if len(rows) == 0:
        raise PhotoError("the mask shows nobody (no pixel of it reaches 0.5): give another mask or box")
    margin = max(2, round(0.02 * size))
    top, left = max(0, rows[0] - margin), max(0, columns[0] - margin)
    part = np.s_[top : rows[-1] + 1 + margin, left : columns[-1] + 1 + margin]
    person, pixels = person[part], image[part]
    # the border of the crop is no silhouette: a body that is cut off there goes on
    inside = np.asarray(ndimage.distance_transform_edt(np.pad(person, 1, mode="edge")))[1:-1, 1:-1]
    trusted = inside > RIM * size / 2
    if not trusted.any():  # nothing but hair-thin parts
        trusted = inside >= inside.max()
    nearest = np.asarray(ndimage.distance_transform_edt(~trusted, return_distances=False, return_indices=True))
    colours = pixels[nearest[0], nearest[1]].astype(np.float32)
    return Photograph(colours, (inside * (2 / size)).astype(np.float32), (int(left), int(top)), size)


def mesh_outline(vertices: np.ndarray, faces: np.ndarray, size: int) -> np.ndarray:
    """Draw the outline of a mesh (view space) as a mask (size, size) float32.

    It is for photographs without a mask.
    """
    corners = torch.tensor(np.asarray(vertices, np.float32))
    depth = rasterize(corners, torch.tensor(faces).long(), min(size, 1024)).depth
    return outline_mask(depth.numpy(), size)


def outline_mask(depth: np.ndarray, size: int) -> np.ndarray:
    """Make a mask (size, size) float32 of a mesh's depth map (D, D).

    The depth map is -inf outside.
    """
    step = (np.arange(size) * depth.shape[0] // size).clip(0, depth.shape[0] - 1)
    mask: np.ndarray = np.isfinite(depth)[np.ix_(step, step)].astype(np.float32)
    return mask
