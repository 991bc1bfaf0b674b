"""What stands behind the person: crops of a folder of pictures, or generated scenes.

Generated scenes need not fool anyone; they need what a network would otherwise take for signs of a person: edges at
all scales, limb-like shapes, cloth-like texture, colours of skin and fabric, light that falls off along a wall, blur.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lifecast.errors import DataError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
BANK = 128
"""Different generated backgrounds; each use is another crop, mirrored and toned."""
SIDE = 384
"""Pixels of a generated background."""

Picture = NDArray[Any]
"""(H, W, 3) uint8; OpenCV's own annotations leave it open."""
Canvas = NDArray[Any]
"""(H, W, 3) float32 sRGB in [0, 1]."""


def random_colour(rng: np.random.Generator, vivid: float = 0.12) -> NDArray[np.float32]:
    """Draw an sRGB colour (3,) as surroundings have it.

    Warm or cool greys and browns of any lightness, now and then vivid.
    """
    saturation = rng.beta(1.2, 5.0) if rng.random() > vivid else rng.uniform(0.4, 0.9)
    # Half of the hues lie in the band of wood, skin, brick and sand.
    hue = rng.normal(0.08, 0.05) % 1 if rng.random() < 0.5 else rng.random()
    value = rng.beta(1.6, 1.4)
    wheel = np.clip(np.abs((hue * 6 + np.array([0.0, 4.0, 2.0])) % 6 - 3) - 1, 0, 1)
    colour: NDArray[np.float32] = (value * (1 - saturation + saturation * wheel)).astype(np.float32)
    return colour


def noise_of_scales(rng: np.random.Generator, height: int, width: int, slope: float) -> Canvas:
    """Draw noise (height, width, 1) whose octaves grow as 2 ** (slope * octave).

    Its standard deviation is 1. A slope of 1 has the spectrum of natural pictures, 0 is as rough at every scale, below
    0 is grain.
    """
    total = np.zeros((height, width), np.float32)
    cell, weight = 2, 1.0
    while cell <= max(height, width) // 2:
        layer = rng.standard_normal((height // cell + 2, width // cell + 2), np.float32)
        total += cv2.resize(layer, (width, height), interpolation=cv2.INTER_LINEAR) * np.float32(weight)
        cell, weight = cell * 2, weight * 2**slope
    return (total / max(float(total.std()), 1e-6))[..., None]


def _ramp(rng: np.random.Generator, height: int, width: int) -> Canvas:
    """(height, width, 1) a soft step from 0 to 1 along a random direction."""
    angle, steep = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 2.0)
    x = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None] * np.float32(np.cos(angle) * steep)
    y = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None] * np.float32(np.sin(angle) * steep)
    return np.clip(0.5 + x + y, 0, 1)[..., None]


def _filled(rng: np.random.Generator, height: int, width: int) -> Canvas:
    """(height, width, 3) a surface: plain, shaded, mottled, striped or checked."""
    kind, base = rng.random(), random_colour(rng)
    surface = np.empty((height, width, 3), np.float32)
    surface[:] = base
    if kind < 0.3:
        return surface
    if kind < 0.5:
        return surface + (random_colour(rng) - base) * _ramp(rng, height, width) * np.float32(rng.uniform(0.3, 1))
    if kind < 0.8:
        mottle = noise_of_scales(rng, height, width, rng.uniform(-0.2, 1.0))
        return surface + mottle * np.float32(rng.uniform(0.02, 0.12))
    angle, period, share = rng.uniform(0, np.pi), rng.uniform(3, 40), rng.uniform(0.2, 0.8)
    x, y = np.arange(width, dtype=np.float32)[None], np.arange(height, dtype=np.float32)[:, None]
    along = np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y
    bands = (along / period % 1 < share).astype(np.float32)
    if rng.random() < 0.4:
        across = np.float32(np.cos(angle)) * y - np.float32(np.sin(angle)) * x
        bands = 0.5 * (bands + (across / period % 1 < share))
    return surface + (random_colour(rng) - base) * bands[..., None] * np.float32(rng.uniform(0.2, 1))


def _add_shapes(rng: np.random.Generator, picture: Canvas, count: int, largest: float = 0.25) -> None:
    """Boxes, ellipses, bars and polygons with surfaces of their own, drawn into `picture`."""
    size = picture.shape[0]
    for _ in range(count):
        mask = np.zeros(picture.shape[:2], np.uint8)
        centre = rng.integers(-size // 10, size + size // 10, 2)
        extent = np.maximum(2, size * largest * rng.uniform(0.1, 1.0, 2) ** 1.5).astype(int)
        kind = rng.integers(4)
        if kind == 0:
            tilt = float(rng.uniform(-45, 45)) if rng.random() < 0.3 else 0.0
            corners = cv2.boxPoints((tuple(map(float, centre)), tuple(map(float, 2 * extent)), tilt))
            cv2.fillPoly(mask, [corners.astype(np.int32)], 255)
        elif kind == 1:
            tilt = float(rng.uniform(0, 180))
            cv2.ellipse(mask, centre.tolist(), extent.tolist(), tilt, 0, 360, 255, -1, cv2.LINE_AA)
        elif kind == 2:  # posts, limbs and wires
            end = centre + rng.integers(-size // 2, size // 2, 2)
            cv2.line(mask, centre.tolist(), end.tolist(), 255, int(rng.integers(1, 28)), cv2.LINE_AA)
        else:
            corners = centre + rng.normal(0, 1, (int(rng.integers(3, 8)), 2)) * extent
            cv2.fillPoly(mask, [corners.astype(np.int32)], 255, cv2.LINE_AA)
        x, y, w, h = cv2.boundingRect(mask)
        if w == 0:
            continue
        weight = (mask[y : y + h, x : x + w, None] * np.float32(1 / 255)).astype(np.float32)
        box = picture[y : y + h, x : x + w]
        box += (_filled(rng, h, w) - box) * weight


def _plain(rng: np.random.Generator, size: int) -> Canvas:
    """A wall or a studio's backdrop."""
    wall = _filled(rng, size, size) if rng.random() < 0.3 else np.broadcast_to(random_colour(rng), (size, size, 3))
    return wall * (1 + (_ramp(rng, size, size) - 0.5) * np.float32(rng.uniform(0, 0.8)))


def _room(rng: np.random.Generator, size: int) -> Canvas:
    """Wall, floor in perspective with boards or tiles, skirting, frames and furniture."""
    picture = np.ascontiguousarray(_plain(rng, size))
    horizon = int(size * rng.uniform(0.5, 0.92))
    depth = np.linspace(1, rng.uniform(2, 6), size - horizon, dtype=np.float32)[:, None]
    columns = (np.arange(size, dtype=np.float32)[None] - np.float32(size * rng.uniform(0, 1))) / depth
    tiles = np.floor(columns / rng.uniform(6, 60)) % 2
    if rng.random() < 0.5:
        tiles = (tiles + np.floor(np.log(depth) * rng.uniform(3, 14))) % 2
    picture[horizon:] = random_colour(rng) * (1 + (tiles[..., None] - 0.5) * np.float32(rng.uniform(0, 0.5)))
    if rng.random() < 0.6:
        cv2.line(picture, (0, horizon), (size, horizon), random_colour(rng).tolist(), int(rng.integers(1, 10)))
    for _ in range(rng.integers(0, 5)):
        x, y = int(rng.integers(-size // 8, size)), int(rng.integers(-size // 8, horizon))
        w, h = (int(rng.integers(size // 14, size // 2)) for _ in range(2))
        x1, y1 = min(x + w, size), min(y + h, horizon)
        x, y = max(x, 0), max(y, 0)
        if x1 - x < 4 or y1 - y < 4:
            continue
        picture[y:y1, x:x1] = _filled(rng, y1 - y, x1 - x)
        if rng.random() < 0.7:
            cv2.rectangle(picture, (x, y), (x1, y1), random_colour(rng).tolist(), int(rng.integers(1, 8)))
    if rng.random() < 0.5:
        _add_shapes(rng, picture, int(rng.integers(1, 8)), 0.18)
    return picture


def _outdoors(rng: np.random.Generator, size: int) -> Canvas:
    """Sky, a row of buildings or foliage, and ground."""
    picture = np.empty((size, size, 3), np.float32)
    horizon = int(size * rng.uniform(0.35, 0.85))
    high = np.array([0.45, 0.62, 0.88], np.float32) if rng.random() < 0.6 else np.full(3, 0.75, np.float32)
    low = np.clip(high + rng.uniform(-0.1, 0.35), 0, 1)
    fall = np.linspace(0, 1, size, dtype=np.float32)[:, None, None]
    picture[:] = high + (low - high) * fall
    picture += np.float32(rng.uniform(0, 0.1)) * np.maximum(noise_of_scales(rng, size, size, 1.2), 0)
    x = int(rng.integers(-size // 4, 1))
    while x < size:  # buildings
        w, top = int(rng.integers(size // 10, size // 2)), int(horizon * rng.uniform(0.0, 1.1))
        x0, x1 = max(x, 0), min(x + w, size)
        if rng.random() < 0.7 and x1 - x0 > 4 and horizon - top > 4:
            facade = _filled(rng, horizon - top, x1 - x0)
            step_x, step_y = rng.integers(8, 40, 2)
            across = np.arange(x1 - x0)[None] % step_x < step_x * rng.uniform(0.3, 0.7)
            windows = across & (np.arange(horizon - top)[:, None] % step_y < step_y * rng.uniform(0.3, 0.7))
            picture[top:horizon, x0:x1] = np.where(windows[..., None], random_colour(rng), facade)
        x += w
    if rng.random() < 0.6:  # foliage: rough noise, greener where it is thick
        leaves = noise_of_scales(rng, size, size, rng.uniform(0.2, 0.7))
        height = np.linspace(1.6, -2.5, size, dtype=np.float32)[:, None, None]
        thick = np.clip((leaves - np.abs(height) * rng.uniform(0.5, 1.5)) * 3, 0, 1)
        green = np.array([0.25, 0.36, 0.16], np.float32) * np.float32(rng.uniform(0.5, 1.6))
        shade = 1 + 0.35 * noise_of_scales(rng, size, size, 0.2)
        picture += (green * shade - picture) * thick
    ground = _filled(rng, size - horizon, size)
    picture[horizon:] = ground + 0.04 * noise_of_scales(rng, size - horizon, size, rng.uniform(-0.3, 0.5))
    return picture


def _clutter(rng: np.random.Generator, size: int) -> Canvas:
    """A heap of things."""
    picture = np.ascontiguousarray(_filled(rng, size, size))
    _add_shapes(rng, picture, int(rng.integers(8, 40)), 0.3)
    return picture


def _texture(rng: np.random.Generator, size: int) -> Canvas:
    """Noise with the spectrum of pictures, in three nearly equal channels."""
    grey = noise_of_scales(rng, size, size, rng.uniform(0.3, 1.1))
    tint = np.concatenate([noise_of_scales(rng, size, size, 1.0) for _ in range(3)], axis=2)
    return random_colour(rng) + np.float32(rng.uniform(0.05, 0.2)) * grey + np.float32(rng.uniform(0, 0.05)) * tint


SCENES: tuple[tuple[float, Callable[[np.random.Generator, int], Canvas]], ...] = (
    (0.2, _plain), (0.3, _room), (0.25, _outdoors), (0.15, _clutter), (0.1, _texture),
)  # fmt: skip


def generate_background(rng: np.random.Generator, size: int = SIDE) -> Picture:
    """One (size, size, 3) RGB background."""
    which = rng.choice(len(SCENES), p=[share for share, _ in SCENES])
    picture = SCENES[which][1](rng, size)
    if rng.random() < 0.7:  # light falls off across the scene
        picture = picture * (1 + np.float32(0.15) * np.clip(noise_of_scales(rng, size, size, 1.6), -2, 2))
    if rng.random() < 0.5:
        grain = noise_of_scales(rng, size, size, rng.uniform(-0.5, 0.3))
        picture = picture + np.float32(rng.uniform(0.005, 0.03)) * grain
    if rng.random() < 0.5:  # out of focus, as behind a portrait
        picture = cv2.GaussianBlur(picture, (0, 0), float(np.exp(rng.uniform(np.log(0.5), np.log(size / 40)))))
    return np.clip(np.round(picture * 255), 0, 255).astype(np.uint8)


class Backgrounds:
    """A supply of backgrounds that depends only on the generator it is called with and `seed`.

    Parameters
    ----------
    folder
        Pictures to crop (any depth of folders); None generates.
    seed
        Of the generated bank.
    """

    def __init__(self, folder: Path | None, seed: int) -> None:
        self.seed = seed
        self.files: list[Path] = []
        self._bank: dict[int, Picture] = {}
        if folder is not None:
            self.files = sorted(f for f in Path(folder).rglob("*") if f.suffix.lower() in SUFFIXES)
            if not self.files:
                raise DataError(f"{folder}: no picture in it; looked for {', '.join(SUFFIXES)}")

    def draw(self, rng: np.random.Generator, size: int) -> Picture:
        """One (size, size, 3) RGB background."""
        if self.files:
            source = self._read(self.files[int(rng.integers(len(self.files)))], size)
            share = rng.uniform(0.5, 1.0)
        else:
            index = int(rng.integers(BANK))
            if index not in self._bank:
                self._bank[index] = generate_background(np.random.default_rng([self.seed, index]))
            source = self._bank[index]
            share = rng.uniform(0.4, 1.0)
        height, width = source.shape[:2]
        side = max(8, int(min(height, width) * share))
        y, x = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
        cut = source[y : y + side, x : x + side]
        if rng.random() < 0.5:
            cut = cut[:, ::-1]
        return cv2.resize(cut, (size, size), interpolation=cv2.INTER_AREA if side > size else cv2.INTER_LINEAR)

    @staticmethod
    def _read(path: Path, size: int) -> Picture:
        """A picture of the folder, reduced while it is decoded where it is far larger than needed."""
        picture = cv2.imread(str(path), cv2.IMREAD_REDUCED_COLOR_2)
        if picture is not None and min(picture.shape[:2]) < size:
            picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is None:
            raise DataError(f"{path}: not a readable picture; remove it from the backgrounds")
        return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
