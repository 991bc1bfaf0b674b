"""What stands behind the person: crops of a folder of pictures, or generated clutter.

Generated backgrounds need not look like anything; they need the statistics that a network would otherwise take for a
person's: edges, textures at all scales, skin-like and cloth-like colours, light falling off along a wall.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lifecast.errors import DataError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
BANK = 96
"""Different generated backgrounds; each use is another crop, mirrored and toned."""
SIDE = 384
"""Pixels of a generated background."""

Picture = NDArray[np.uint8]


def _colour(rng: np.random.Generator) -> NDArray[np.float32]:
    """A colour as surroundings have them: mostly dull, of any lightness."""
    grey = rng.uniform(0.05, 0.95)
    dull = rng.normal(0, 0.08 if rng.random() < 0.7 else 0.25, 3)
    return np.clip(grey + dull, 0, 1).astype(np.float32)


def noise_of_scales(rng: np.random.Generator, size: int, slope: float, channels: int = 1) -> NDArray[np.float32]:
    """(size, size, channels) noise, standard deviation 1, whose octaves grow as 2 ** (slope * octave)."""
    total = np.zeros((size, size, channels), np.float32)
    cells, octave = size // 2, 0
    while cells >= 2:
        layer = rng.normal(size=(cells, cells, channels)).astype(np.float32)
        grown = cv2.resize(layer, (size, size), interpolation=cv2.INTER_CUBIC).reshape(size, size, channels)
        total += grown * np.float32(2 ** (slope * octave))
        cells, octave = cells // 2, octave + 1
    return total / max(float(total.std()), 1e-6)


def _gradient(rng: np.random.Generator, size: int) -> NDArray[np.float32]:
    """(size, size, 3) two colours run into each other along a random direction."""
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size - 0.5
    t = np.clip(0.5 + (np.cos(angle) * x + np.sin(angle) * y) * rng.uniform(0.7, 2.5), 0, 1)[..., None]
    return _colour(rng) * (1 - t) + _colour(rng) * t


def _room(rng: np.random.Generator, size: int) -> NDArray[np.float32]:
    """Wall and floor, the floor with boards or tiles, a picture or a window on the wall."""
    picture = _gradient(rng, size) * 0.5 + _colour(rng) * 0.5
    horizon = int(size * rng.uniform(0.45, 0.92))
    floor = np.ones((size - horizon, size, 3), np.float32) * _colour(rng)
    rows = np.linspace(1, rng.uniform(2, 6), size - horizon)[:, None]
    columns = (np.arange(size)[None] - size * rng.uniform(0, 1)) / rows
    if rng.random() < 0.7:
        stripes = np.floor(columns / rng.uniform(8, 60)) % 2
        if rng.random() < 0.5:
            stripes = (stripes + np.floor(np.log(rows) * rng.uniform(3, 12))) % 2
        floor += (stripes[..., None] - 0.5).astype(np.float32) * np.float32(rng.uniform(0.02, 0.3))
    picture[horizon:] = floor
    if rng.random() < 0.5:
        cv2.line(picture, (0, horizon), (size, horizon), _colour(rng).tolist(), int(rng.integers(1, 10)))
    for _ in range(rng.integers(0, 4)):
        x, y = int(rng.integers(0, size)), int(rng.integers(-size // 4, horizon))
        w, h = int(rng.integers(size // 12, size // 2)), int(rng.integers(size // 12, size // 2))
        cv2.rectangle(picture, (x, y), (x + w, min(y + h, horizon)), _colour(rng).tolist(), -1)
        if rng.random() < 0.6:
            cv2.rectangle(picture, (x, y), (x + w, min(y + h, horizon)), _colour(rng).tolist(), int(rng.integers(1, 8)))
    return picture


def _shapes(rng: np.random.Generator, picture: NDArray[np.float32], count: int) -> None:
    """Boxes, ellipses, thick lines and polygons, some textured; drawn into `picture`."""
    size = picture.shape[0]
    for _ in range(count):
        kind = rng.integers(4)
        mask = np.zeros((size, size), np.uint8)
        centre = rng.integers(-size // 8, size + size // 8, 2)
        extent = np.maximum(2, (size * rng.uniform(0.02, 0.3, 2) ** rng.uniform(1, 1.6))).astype(int)
        if kind == 0:
            box = cv2.boxPoints(((float(centre[0]), float(centre[1])), (float(2 * extent[0]), float(2 * extent[1])), float(rng.uniform(0, 180) if rng.random() < 0.3 else 0)))
            cv2.fillPoly(mask, [box.astype(np.int32)], 255)
        elif kind == 1:
            cv2.ellipse(mask, centre.tolist(), extent.tolist(), float(rng.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA)
        elif kind == 2:
            end = centre + rng.integers(-size // 2, size // 2, 2)
            cv2.line(mask, centre.tolist(), end.tolist(), 255, int(rng.integers(1, 24)), cv2.LINE_AA)
        else:
            corners = centre + rng.normal(0, 1, (int(rng.integers(3, 7)), 2)) * extent
            cv2.fillPoly(mask, [corners.astype(np.int32)], 255, cv2.LINE_AA)
        fill: NDArray[np.float32]
        texture = rng.random()
        if texture < 0.4:
            fill = np.broadcast_to(_colour(rng), picture.shape)
        elif texture < 0.6:
            fill = _gradient(rng, size)
        elif texture < 0.8:
            fill = _colour(rng) + 0.15 * noise_of_scales(rng, size, rng.uniform(-0.3, 0.8))
        else:
            angle, width = rng.uniform(0, np.pi), rng.uniform(2, 20)
            y, x = np.mgrid[0:size, 0:size].astype(np.float32)
            stripes = ((np.cos(angle) * x + np.sin(angle) * y) / width % 1 < rng.uniform(0.2, 0.8))[..., None]
            fill = np.where(stripes, _colour(rng), _colour(rng)).astype(np.float32)
        weight = (mask.astype(np.float32) / 255 * np.float32(rng.uniform(0.6, 1.0)))[..., None]
        picture *= 1 - weight
        picture += fill * weight


def generate_background(rng: np.random.Generator, size: int = SIDE) -> Picture:
    """One (size, size, 3) RGB background."""
    kind = rng.random()
    if kind < 0.12:
        picture = _gradient(rng, size)
    elif kind < 0.5:
        picture = _room(rng, size)
    else:
        colours = noise_of_scales(rng, size, rng.uniform(0.4, 1.1), 3)
        grey = noise_of_scales(rng, size, rng.uniform(0.0, 0.9))
        picture = _colour(rng) + 0.08 * colours * np.float32(rng.uniform(0.2, 1.5)) + 0.14 * grey
    if rng.random() < 0.75:
        _shapes(rng, picture, int(rng.integers(1, 24)))
    if rng.random() < 0.7:  # light falls off across the scene
        picture *= 1 + np.float32(0.3) * np.clip(noise_of_scales(rng, size, 1.6), -2, 2)
    if rng.random() < 0.6:
        picture += np.float32(rng.uniform(0.01, 0.06)) * noise_of_scales(rng, size, rng.uniform(-0.5, 0.3))
    if rng.random() < 0.5:  # out of focus
        picture = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.5, size / 40)))
    return np.clip(np.round(picture * 255), 0, 255).astype(np.uint8)


class Backgrounds:
    """A supply of backgrounds that depends on nothing but the generator it is asked with (and `seed`).

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
            share = rng.uniform(0.35, 1.0)
        height, width = source.shape[:2]
        side = max(8, int(min(height, width) * share))
        y, x = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
        cut = source[y : y + side, x : x + side]
        if rng.random() < 0.5:
            cut = cut[:, ::-1]
        shrinking = side > size
        return cv2.resize(cut, (size, size), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)

    @staticmethod
    def _read(path: Path, size: int) -> Picture:
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
        if picture is None:
            raise DataError(f"{path}: not a readable picture; remove it from the backgrounds")
        shortest = min(picture.shape[:2])
        if shortest > 2 * size:
            factor = 2 * size / shortest
            picture = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        return picture
