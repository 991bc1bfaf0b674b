"""Where a sample's person stands: `Placement` moves picture, normals, depth and points together, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lifecast.scans.photographic.layers import Box, Picture


@dataclass(frozen=True)
class Placement:
    """p' = scale * Rz(angle) * F * p + (shift, 0) in view space; F mirrors x when `flip` is set."""

    flip: bool = False
    scale: float = 1.0
    angle: float = 0.0
    """Radians, counter-clockwise as seen in the picture."""
    shift: tuple[float, float] = (0.0, 0.0)

    @property
    def is_still(self) -> bool:
        """Whether it is at most a flip, which needs no resampling."""
        return self.scale == 1.0 and self.angle == 0.0 and self.shift == (0.0, 0.0)

    def linear(self) -> NDArray[np.float64]:
        """(2, 2) without scale: what in-plane directions go through."""
        c, s = np.cos(self.angle), np.sin(self.angle)
        mirror = -1.0 if self.flip else 1.0
        return np.array([[c * mirror, -s], [s * mirror, c]])

    def points(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """(N, 3) view-space points, moved."""
        moved = np.empty(points.shape, np.float32)
        moved[:, :2] = np.einsum("nk,ck->nc", points[:, :2], self.scale * self.linear()) + self.shift
        moved[:, 2] = points[:, 2] * self.scale
        return moved

    def pixels(self, size_in: int, size_out: int) -> NDArray[np.float64]:
        """(2, 3) affine matrix from pixel indices of the old picture to those of the new one."""
        to_view = np.array([[2 / size_in, 0, 1 / size_in - 1], [0, -2 / size_in, 1 - 1 / size_in], [0, 0, 1]])
        move = np.eye(3)
        move[:2, :2], move[:2, 2] = self.scale * self.linear(), self.shift
        half = size_out / 2
        to_pixel = np.array([[half, 0, half - 0.5], [0, -half, half - 0.5], [0, 0, 1]])
        result: NDArray[np.float64] = (to_pixel @ move @ to_view)[:2]
        return result

    def picture(self, pixels: Picture, size: int, outside: int, box: Box | None = None, nearest: bool = False) -> Any:
        """An (S', S'[, 3]) map moved into a (size, size[, 3]) one, of which only `box` is computed.

        Parameters
        ----------
        outside
            Value of what comes from beyond the old map's rim.
        box
            x, y, w, h in the new map; None: all of it.
        nearest
            Take the nearest pixel instead of mixing four.
        """
        x, y, w, h = (0, 0, size, size) if box is None else box
        if self.is_still and pixels.shape[0] == size:
            turned = pixels[:, ::-1] if self.flip else pixels
            return np.ascontiguousarray(turned[y : y + h, x : x + w])
        matrix = self.pixels(pixels.shape[0], size)
        matrix[:, 2] -= (x, y)
        return cv2.warpAffine(
            pixels, matrix, (w, h), flags=cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT, borderValue=(outside,) * 3 if pixels.ndim == 3 else outside,
        )  # fmt: skip
