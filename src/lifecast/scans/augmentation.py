"""Random variation of a training sample: the person's place in the picture, and the camera.

A `Placement` moves picture, normals, depth and points together, exactly; `develop` changes only the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lifecast.errors import UsageError
from lifecast.space.units import BLANK_GREY

Picture = NDArray[Any]
"""(H, W, 3) uint8; OpenCV's own annotations leave it open."""
Box = tuple[int, int, int, int]


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


def _check_range(name: str, low: float, high: float) -> None:
    if not low <= high:
        raise UsageError(f"augmentation {name}: {low} is above {high}")


@dataclass(frozen=True)
class Augmentation:
    """How far samples vary; each field's zero (or (1, 1)) switches its part off."""

    crowd: float = 0.1
    """Probability that somebody else stands partly in the picture, behind the person."""
    cleaned: float = 0.65
    """Probability that the background is painted grey under a mask that is not quite right, as `reconstruct` does where
    it finds one."""
    flip: float = 0.5
    """Probability of mirroring."""
    scale: tuple[float, float] = (0.85, 1.08)
    """Range of the factor on the person's size."""
    rotation: float = 6.0
    """Largest in-plane turn, degrees."""
    shift: tuple[float, float] = (0.08, 0.05)
    """Largest shift in x and y, view units."""
    brightness: float = 0.18
    """Standard deviation of the logarithm of the gain."""
    contrast: float = 0.15
    """Standard deviation of the logarithm of the slope about mid-grey."""
    saturation: float = 0.25
    """Standard deviation of the logarithm of the factor."""
    tint: float = 0.06
    """Standard deviation of each channel's logarithmic gain."""
    gamma: float = 0.15
    """Standard deviation of the logarithm of the exponent."""
    blur: float = 0.15
    """Probability of blur; sigma up to 1/250 of the size."""
    noise: float = 0.25
    """Probability of sensor noise; mostly weak, up to 10 of 255."""
    blind: float = 0.08
    """Probability that no pose is given."""
    mistaken: float = 0.01
    """Standard deviation of the errors added to the landmarks' depths, view units."""
    jpeg: float = 0.3
    """Probability of JPEG compression, quality 35 to 95."""

    def __post_init__(self) -> None:
        _check_range("scale", *self.scale)
        for name in ("crowd", "cleaned", "flip", "blur", "noise", "jpeg", "blind"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"augmentation {name}: {getattr(self, name)} is no probability")

    def placement(self, rng: np.random.Generator) -> Placement:
        """Draw where the person stands."""
        flip = bool(rng.random() < self.flip)
        low, high = self.scale
        scale = 1.0 if low == high == 1.0 else float(np.exp(rng.uniform(np.log(low), np.log(high))))
        angle = float(np.radians(rng.uniform(-self.rotation, self.rotation))) if self.rotation else 0.0
        shift = tuple(float(rng.uniform(-s, s)) if s else 0.0 for s in self.shift)
        return Placement(flip, scale, angle, (shift[0], shift[1]))

    def tone(self, picture: Picture, rng: np.random.Generator, strength: float = 1.0) -> Picture:
        """Brightness, contrast, tint, gamma and saturation of an (H, W, 3) sRGB picture."""
        draws = rng.normal(0, strength, 7)
        gain = np.exp(self.brightness * draws[0] + self.tint * draws[1:4])  # (3,)
        slope = np.exp(self.contrast * draws[4])
        exponent = np.exp(self.gamma * draws[5])
        value = (np.arange(256) / 255)[:, None] ** exponent * gain  # (256, 3)
        value = 0.5 + (value - 0.5) * slope if self.contrast else value
        table = np.clip(np.round(value * 255), 0, 255).astype(np.uint8)
        picture = cv2.LUT(np.ascontiguousarray(picture), np.ascontiguousarray(table[:, None, :]))
        if self.saturation:
            factor = np.exp(self.saturation * draws[6])
            luma = np.array([0.299, 0.587, 0.114])
            picture = cv2.transform(picture, factor * np.eye(3) + (1 - factor) * np.tile(luma, (3, 1)))
        return picture

    def camera(self, picture: Picture, rng: np.random.Generator) -> Picture:
        """Blur, sensor noise and JPEG traces of an (S, S, 3) picture."""
        size = picture.shape[0]
        if rng.random() < self.blur:
            sigma = float(rng.uniform(0.3, max(0.5, size / 250)))
            picture = cv2.GaussianBlur(picture, (0, 0), sigma)
        if rng.random() < self.noise:
            picture = add_noise(picture, float(0.5 + 9.5 * rng.uniform() ** 2), rng)
        if rng.random() < self.jpeg:
            quality = int(rng.integers(35, 96))
            _, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
            picture = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR))
        return picture


def clean_background(picture: Picture, mask: Picture, rng: np.random.Generator) -> Picture:
    """Make grey what is outside of a found mask: (S, S, 3).

    The mask (S, S) uint8 is grown or shrunk by a hair, its edge softened.
    """
    size = picture.shape[0]
    reach = int(rng.integers(0, max(1, size // 170) + 1))
    if reach:
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        mask = np.asarray((cv2.dilate if rng.random() < 0.6 else cv2.erode)(mask, disc))
    found = cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(0.4, max(0.5, size / 250))))
    share: Any = cv2.merge([found, found, found])
    grey = np.full_like(picture, BLANK_GREY)
    return cv2.add(
        cv2.multiply(picture, share, scale=1 / 255), cv2.multiply(grey, cv2.bitwise_not(share), scale=1 / 255)
    )


NONE = Augmentation(
    crowd=0, cleaned=0, flip=0, scale=(1, 1), rotation=0, shift=(0, 0), brightness=0, contrast=0, saturation=0, tint=0,
    gamma=0, blur=0, noise=0, jpeg=0, blind=0, mistaken=0,
)  # fmt: skip
"""Samples as they were rendered."""

_GRAIN_SIZE = 1280
_grain: NDArray[np.int8] | None = None


def add_noise(picture: Picture, sigma: float, rng: np.random.Generator) -> Picture:
    """Add Gaussian noise of `sigma` grey levels.

    It is cut at random from one fixed sheet of grain, because drawing it anew is slow.
    """
    global _grain
    if _grain is None:
        sheet = np.random.default_rng(7).normal(0, 25, (_GRAIN_SIZE, _GRAIN_SIZE, 3))
        _grain = np.clip(np.round(sheet), -127, 127).astype(np.int8)
    height, width = picture.shape[:2]
    if max(height, width) > _GRAIN_SIZE:
        raise ValueError(f"pictures of {height}x{width} are larger than the {_GRAIN_SIZE} pixels of grain")
    y, x = rng.integers(_GRAIN_SIZE - height + 1), rng.integers(_GRAIN_SIZE - width + 1)
    cut = np.ascontiguousarray(_grain[y : y + height, x : x + width])
    # Grey noise is the larger part of a camera's; each channel has its own as well.
    return cv2.addWeighted(picture, 1.0, cut, sigma / 25, 0.0, dtype=cv2.CV_8U)
