"""One view's files, as `prepared_person.write_view` wrote them, read at a sample's size and moved with its person."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lifecast.errors import DataError
from lifecast.scans.photographic.layers import Box
from lifecast.scans.placement import Placement
from lifecast.space.parsing import NOTHING


def _read_picture(path: Path, flags: int) -> NDArray[np.uint8]:
    picture = cv2.imread(str(path), flags)
    if picture is None:
        raise DataError(f"{path}: missing or damaged; run `lifecast prepare` again, which makes it anew")
    return np.asarray(picture, np.uint8)


@dataclass(frozen=True)
class ViewFiles:
    """The files of a view. What is missing or damaged raises DataError with its path."""

    stem: Path
    """Folder and name without what follows `view_000`."""
    size: int
    """Pixels S of the square pictures that are given."""
    stored_size: int
    """Pixels of the stored ones."""

    def mask(self) -> NDArray[np.uint8]:
        """Read the coverage (S, S)."""
        return self._sized(_read_picture(Path(f"{self.stem}_mask.png"), cv2.IMREAD_GRAYSCALE))

    def colour(self) -> NDArray[np.uint8]:
        """Read the colours (S, S, 3) RGB.

        JPEG halves its size far quicker while decoding than afterwards.
        """
        reduced = self.stored_size >= 2 * self.size
        path = Path(f"{self.stem}_colour.jpg")
        picture = _read_picture(path, cv2.IMREAD_REDUCED_COLOR_2 if reduced else cv2.IMREAD_COLOR)
        rgb: Any = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        return self._sized(rgb)

    def normals(self, side: str, placement: Placement, mask: NDArray[np.uint8], box: Box) -> NDArray[np.float32]:
        """Read unit normals (3, S, S) of side `front` or `back`, turned with the picture.

        0 where the mask (S, S) is 0; only its `box` is computed.
        """
        normals = np.zeros((3, self.size, self.size), np.float32)
        x, y, w, h = box
        if w == 0:
            return normals
        picture = self._sized(_read_picture(Path(f"{self.stem}_{side}.png"), cv2.IMREAD_COLOR_RGB))
        stored = placement.picture(picture, self.size, 128, box)
        planes = np.ascontiguousarray(stored.reshape(-1, 3).T).astype(np.float32)  # (3, h * w)
        planes *= np.float32(1 / 127.5)
        planes -= 1
        (a, b), (c, d) = placement.linear().astype(np.float32)
        planes[0], planes[1] = a * planes[0] + b * planes[1], c * planes[0] + d * planes[1]
        length = np.sqrt(planes[0] * planes[0] + planes[1] * planes[1] + planes[2] * planes[2])
        inside = (mask[y : y + h, x : x + w].ravel() > 0) & (length > 0.05)
        planes *= inside / np.maximum(length, np.float32(1e-6))
        normals[:, y : y + h, x : x + w] = planes.reshape(3, h, w)
        return normals

    def parsing(self, placement: Placement, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Read the parts (2, S, S) of front and back, turned with the picture; `NOTHING` where the mask (S, S) is 0."""
        sides = []
        for side in ("front", "back"):
            path = Path(f"{self.stem}_{side}_parsing.png")
            stored = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
            if stored is None:
                raise DataError(f"{path}: missing or damaged; make the people anew")
            stored = np.asarray(stored, np.uint8)
            sides.append(placement.picture(stored, self.size, NOTHING, None, True))
        return np.where(mask > 0, np.stack(sides), NOTHING).astype(np.uint8)

    def depth(self, placement: Placement) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Read front and back view z (2, S/4, S/4), and (1, S/4, S/4) where there is any."""
        path = Path(f"{self.stem}_depth.npz")
        try:
            with np.load(path) as stored:
                maps = [stored["front"].astype(np.float32), stored["back"].astype(np.float32)]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(f"{path}: missing or damaged ({error}); run `lifecast prepare` again") from error
        quarter = self.size // 4
        # -9 marks the outside through the resampling, which takes the nearest and never mixes.
        moved = np.stack([placement.picture(np.nan_to_num(m, nan=-9.0), quarter, -9, None, True) for m in maps])
        there = (moved[0] > -8) & (moved[1] > -8)
        return (moved * there * np.float32(placement.scale)).astype(np.float32), there[None].astype(np.float32)

    def _sized(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """`picture` resized to S (area-averaged when smaller)."""
        if picture.shape[0] == self.size:
            return picture
        way = cv2.INTER_AREA if picture.shape[0] > self.size else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(picture, (self.size, self.size), interpolation=way), np.uint8)
