"""A square of a picture, turned: what a landmark network's input is cut from, and the way back to the picture.

square = TurnedSquare(x=310.0, y=205.0, side=96.0, angle=0.4)
points = square.to_picture(network(square.cut(picture, 224)), 224)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from lifecast.photo.blazepose import cut_square


@dataclass(frozen=True)
class TurnedSquare:
    """A square in pixels of a picture, whose left upper corner is (0, 0)."""

    x: float
    y: float
    """Its middle."""
    side: float
    angle: float
    """Radians by which its upper edge is turned clockwise."""

    @classmethod
    def around(cls, points: np.ndarray, angle: float, scale: float, up: float = 0.0) -> TurnedSquare:
        """Find the square around `points` (N, 2), turned by `angle`.

        Its side is `scale` times the longer side of the points' box in the turned frame. The middle is the box's,
        moved by `up` of the box's height toward the square's upper edge.
        """
        axes = _axes(angle)
        turned = points[:, :2] @ axes.T
        low, high = turned.min(0), turned.max(0)
        width, height = high - low
        middle = ((low + high) / 2 - (0.0, up * height)) @ axes
        return cls(float(middle[0]), float(middle[1]), float(scale * max(width, height, 1e-3)), angle)

    def cut(self, picture: Image.Image, size: int) -> np.ndarray:
        """Cut the square out of `picture`: (size, size, 3) float32 in [0, 1], 0 outside the picture."""
        return cut_square(picture, self.x, self.y, self.side, self.angle, size)

    def to_picture(self, points: np.ndarray, size: int) -> np.ndarray:
        """Convert points (N, 2 or 3) from pixels of the cut square to pixels of the picture.

        A third coordinate is scaled alone.
        """
        step = self.side / size
        flat = (points[:, :2] * step - self.side / 2) @ _axes(self.angle) + (self.x, self.y)
        return np.concatenate([flat, points[:, 2:] * step], axis=1)

    def from_picture(self, points: np.ndarray, size: int) -> np.ndarray:
        """Convert points (N, 2 or 3) from pixels of the picture to pixels of the cut square."""
        step = self.side / size
        flat = ((points[:, :2] - (self.x, self.y)) @ _axes(self.angle).T + self.side / 2) / step
        return np.concatenate([flat, points[:, 2:] / step], axis=1)


def upright_angle(up: np.ndarray) -> float:
    """Compute the turn in radians, -pi .. pi, of a square whose upward direction is `up` (2,)."""
    return float(np.arctan2(up[0], -up[1]))


def _axes(angle: float) -> np.ndarray:
    """The turned square's right and downward unit vectors, as rows."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, s], [-s, c]])
