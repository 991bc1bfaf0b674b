"""The camera: view space to pixels of the photograph, and back.

View space: x right, y up, z toward the camera, orthographic; the square picture spans x and y in [-1, 1], z uses the
same scale.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Camera:
    """An orthographic camera: view space to pixels of the photograph.

    It also says where the crop lies. View (x, y) in [-1, 1] spans
    the square; photograph pixel edges run from (0, 0) at the top left.
    """

    left: float
    top: float
    side: float
    """The square in pixels of the photograph; parts of it may lie outside."""
    size: int
    """Pixels of the crop's side, before networks resize it."""
    photo_size: tuple[int, int]
    """Width, height of the photograph."""

    @classmethod
    def whole(cls, size: int) -> Camera:
        """Make the camera of a square picture of `size` pixels that is framed already.

        Training views are.
        """
        return cls(0.0, 0.0, float(size), size, (size, size))

    def to_photo(self, points: np.ndarray) -> np.ndarray:
        """View space (..., 2 or 3) -> pixels of the photograph (..., 2)."""
        x = self.left + (points[..., 0] + 1) / 2 * self.side
        y = self.top + (1 - points[..., 1]) / 2 * self.side
        return np.stack([x, y], -1)

    def to_view(self, pixels: np.ndarray) -> np.ndarray:
        """Convert pixels of the photograph (..., 2) to x, y of view space (..., 2)."""
        x = (pixels[..., 0] - self.left) / self.side * 2 - 1
        y = 1 - (pixels[..., 1] - self.top) / self.side * 2
        return np.stack([x, y], -1)

    def landmarks_to_view(self, landmarks: np.ndarray) -> np.ndarray:
        """Convert landmarks (33, 4) from pixels of the photograph to view units.

        Depth is in these units, too; visibility stays.
        """
        depth = landmarks[:, 2:3] * 2 / self.side
        return np.concatenate([self.to_view(landmarks[:, :2]), depth, landmarks[:, 3:]], 1).astype(np.float32)

    def crop_to_photo(self) -> np.ndarray:
        """Compute the affine map from pixel edges of the crop to those of the photograph.

        (2, 3) float64.
        """
        step = self.side / self.size
        return np.array([[step, 0, self.left], [0, step, self.top]])
