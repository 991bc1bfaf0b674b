"""What lens, sensor, a phone's processing and a file format make of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lifecast.scans.photographic.layers import Picture

_GRAIN_SIZE = 1280
_SAMPLING = (
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
)
_LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class CameraModel:
    """Constants of the step `camera`: one probability for each thing that a camera does."""

    defocus: float = 0.12
    """That the whole picture is out of focus."""
    defocus_radius: float = 1 / 200
    """Largest radius of the disc that a point becomes, as a share of the side."""
    vignette: float = 0.15
    """That corners are dark."""
    white_balance: float = 0.12
    """That the light's colour, from candles to shade, is left in."""
    tone_curve: float = 0.3
    """Of a curve of more contrast or less, of lifted blacks, or of highlights that clip."""
    grey: float = 0.04
    """Of a picture without colour."""
    noise: float = 0.3
    """Of sensor noise; mostly weak, up to 10 of 255, its grain up to 3 pixels wide."""
    denoise: float = 0.15
    """Of noise reduction that takes fine detail."""
    sharpen: float = 0.3
    """That edges are sharpened, up to visible halos."""
    reduce: float = 0.2
    """Of a picture that was stored smaller and is enlarged again."""
    reduction: float = 5.0
    """Largest factor of it."""
    jpeg: float = 0.4
    """Of JPEG compression, with colours at full or reduced resolution."""
    quality: tuple[int, int] = (20, 95)
    """Range of JPEG's quality."""

    def develop(self, picture: Picture, rng: np.random.Generator) -> Picture:
        """Put a picture (S, S, 3) RGB through the camera; a new array, or the same where nothing happens."""
        size = picture.shape[0]
        if rng.random() < self.defocus:
            radius = float(rng.uniform(0.6, max(0.8, self.defocus_radius * size)))
            picture = np.asarray(cv2.filter2D(picture, -1, disc(radius), borderType=cv2.BORDER_REPLICATE), np.uint8)
        if rng.random() < self.vignette:
            picture = _vignetted(picture, float(rng.uniform(0.15, 0.7)))
        if rng.random() < self.noise:
            sigma, grain = float(0.5 + 9.5 * rng.uniform() ** 2), float(rng.uniform(1, 3))
            picture = add_noise(picture, sigma, rng, grain if rng.random() < 0.5 else 1.0)
        picture = self._toned(picture, rng)
        if rng.random() < self.denoise:
            picture = np.asarray(cv2.medianBlur(picture, 5 if rng.random() < 0.3 and size >= 256 else 3), np.uint8)
        if rng.random() < self.sharpen:
            sigma, amount = float(rng.uniform(0.6, 2.0)), float(rng.uniform(0.2, 1.5))
            soft = cv2.GaussianBlur(picture, (0, 0), sigma)
            picture = np.asarray(cv2.addWeighted(picture, 1 + amount, soft, -amount, 0), np.uint8)
        return self._stored(picture, rng)

    def _toned(self, picture: Picture, rng: np.random.Generator) -> Picture:
        """White balance and tone curve in one table, then grey."""
        value = np.broadcast_to((np.arange(256) / 255)[:, None], (256, 3))
        changed = False
        if rng.random() < self.white_balance:
            warmth, green = float(rng.normal(0, 0.16)), float(rng.normal(0, 0.04))
            value = value * np.exp([warmth, green, -warmth])
            changed = True
        if rng.random() < self.tone_curve:
            value, changed = _curve(value, rng), True
        if changed:
            table = np.ascontiguousarray(np.clip(np.round(value * 255), 0, 255).astype(np.uint8)[:, None])
            picture = np.asarray(cv2.LUT(picture, table), np.uint8)
        if rng.random() < self.grey:
            picture = np.asarray(cv2.transform(picture, np.tile(_LUMA, (3, 1))), np.uint8)
        return picture

    def _stored(self, picture: Picture, rng: np.random.Generator) -> Picture:
        """Made smaller, compressed, and made large again."""
        size = picture.shape[0]
        reduced = rng.random() < self.reduce
        if reduced:
            side = max(16, round(size / float(np.exp(rng.uniform(np.log(1.3), np.log(self.reduction))))))
            way = cv2.INTER_AREA if rng.random() < 0.7 else cv2.INTER_LINEAR
            picture = np.asarray(cv2.resize(picture, (side, side), interpolation=way), np.uint8)
        if rng.random() < self.jpeg:
            quality = int(rng.integers(self.quality[0], self.quality[1] + 1))
            sampling = int(rng.choice(_SAMPLING, p=(0.7, 0.1, 0.2)))
            settings = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
            # OpenCV's order of channels is BGR, and chroma is what a JPEG of colour is coarse in.
            _, packed = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), settings)
            picture = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR_RGB), np.uint8)
        if reduced:
            way = cv2.INTER_CUBIC if rng.random() < 0.5 else cv2.INTER_LINEAR
            picture = np.asarray(cv2.resize(picture, (size, size), interpolation=way), np.uint8)
        return picture


def disc(radius: float) -> NDArray[np.float32]:
    """Make the kernel (k, k), adding up to 1, of a lens out of focus: a disc with a soft rim."""
    half = int(np.ceil(radius))
    at = np.arange(-half, half + 1)
    cover = np.clip(radius + 0.5 - np.hypot(at[:, None], at[None]), 0, 1)
    kernel: NDArray[np.float32] = (cover / cover.sum()).astype(np.float32)
    return kernel


def _curve(value: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Tones of (256, 3) values in [0, 1]: an S or its inverse, then black and white moved."""
    bend, clipped = float(rng.uniform(-0.4, 0.7)), np.clip(value, 0, 1)
    value = value + bend * (clipped * clipped * (3 - 2 * clipped) - clipped)
    black, white = float(rng.uniform(-0.04, 0.12)), float(rng.uniform(0.88, 1.15))
    return np.asarray(black + value * (white - black), np.float64)


@lru_cache(maxsize=8)
def _radius(size: int) -> NDArray[np.float32]:
    """(S, S) squared distance from the middle, 1 in the corners."""
    at = np.linspace(-1, 1, size, dtype=np.float32) ** 2
    squared: NDArray[np.float32] = (at[:, None] + at[None]) / np.float32(2)
    return squared


def _vignetted(picture: Picture, strength: float) -> Picture:
    """Darken the corners by a share of their light."""
    radius = _radius(picture.shape[0])
    light = np.asarray(cv2.convertScaleAbs(1 - strength * radius * radius, alpha=255.0), np.uint8)
    return np.asarray(cv2.multiply(picture, cv2.merge([light, light, light]), scale=1 / 255), np.uint8)


@lru_cache(maxsize=1)
def _grain() -> NDArray[np.int8]:
    """A sheet of Gaussian noise of standard deviation 25."""
    sheet = np.random.default_rng(7).normal(0, 25, (_GRAIN_SIZE, _GRAIN_SIZE, 3))
    return np.clip(np.round(sheet), -127, 127).astype(np.int8)


def add_noise(picture: Picture, sigma: float, rng: np.random.Generator, width: float = 1.0) -> Picture:
    """Add Gaussian noise of `sigma` grey levels, with grains of `width` pixels.

    It is cut at random from one fixed sheet of grain, because drawing it anew is slow.
    """
    height, breadth = picture.shape[:2]
    if max(height, breadth) > _GRAIN_SIZE:
        raise ValueError(f"pictures of {height}x{breadth} are larger than the {_GRAIN_SIZE} pixels of grain")
    rows, columns = int(np.ceil(height / width)), int(np.ceil(breadth / width))
    y, x = rng.integers(_GRAIN_SIZE - rows + 1), rng.integers(_GRAIN_SIZE - columns + 1)
    piece: Any = np.ascontiguousarray(_grain()[y : y + rows, x : x + columns])
    if width != 1:
        piece = cv2.resize(piece.astype(np.int16), (breadth, height), interpolation=cv2.INTER_LINEAR).astype(np.int8)
    return np.asarray(cv2.addWeighted(picture, 1.0, piece, sigma / 25, 0.0, dtype=cv2.CV_8U), np.uint8)
