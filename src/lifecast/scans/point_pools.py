"""Prepared people's points with occupancy, drawn for samples."""

from __future__ import annotations

import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lifecast.errors import DataError
from lifecast.scans.grouping import thin_product
from lifecast.scans.placement import Placement

NearPool = Literal["near5", "near3"]
"""Pool of the points near the surface: within a sigma of 5 cm or of 3 cm."""
Window = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Lowest and highest x, y (2,) in view units."""
_CACHED = 8


class PointPools:
    """The pools `uniform` and `near` of the people in the dataset at `root`.

    The last few people's are kept.
    """

    def __init__(self, root: Path, near: NearPool) -> None:
        self.root, self.near = root, near
        self._cached: OrderedDict[str, dict[str, NDArray[Any]]] = OrderedDict()

    def of(self, person: str) -> dict[str, NDArray[Any]]:
        """NAME (N, 3), normalised, and NAME_inside (N,) 0 or 1, of both pools of one person.

        DataError where its `points.npz` is missing or damaged.
        """
        if person in self._cached:
            self._cached.move_to_end(person)
            return self._cached[person]
        path = self.root / person / "points.npz"
        pool: dict[str, NDArray[Any]] = {}
        try:
            with np.load(path) as stored:
                for name in ("uniform", self.near):
                    points = stored[f"{name}_points"]
                    pool[name] = points
                    pool[f"{name}_inside"] = np.unpackbits(stored[f"{name}_inside"], count=len(points))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(f"{path}: missing or damaged ({error}); run `lifecast prepare` again") from error
        self._cached[person] = pool
        while len(self._cached) > _CACHED:
            self._cached.popitem(last=False)
        return pool

    def draw(
        self, person: str, view: dict[str, Any], placement: Placement, count: int, near_fraction: float,
        window: Window | None, rng: np.random.Generator,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:  # fmt: skip
        """Draw `count` points of a person with their occupancy: (N, 3) in view space and (N,).

        Parameters
        ----------
        view
            The view as `person.json` has it: its `rotation` and `shift`.
        placement
            How the sample's pictures are moved; the points are moved with them.
        near_fraction
            Share of the points that comes from the pool near the surface.
        window
            Range of x and y that the points lie in; None: the whole picture.
        """
        pool = self.of(person)
        rotation = np.array(view["rotation"], np.float32).reshape(3, 3)
        shift = np.array([*view["shift"], 0.0], np.float32)
        low, high = (np.full(2, -1.0), np.full(2, 1.0)) if window is None else window
        near = round(count * near_fraction)
        points, labels = [], []
        for name, wanted in ((self.near, near), ("uniform", count - near)):
            if wanted == 0:
                continue
            total = len(pool[name])
            tries = wanted if window is None else 4 * wanted
            chosen = np.empty((0, 3), np.float32)
            inside = np.empty(0, np.uint8)
            while len(chosen) < wanted:
                pick = rng.integers(total, size=int(tries * 1.1) + 16)
                moved = placement.points(thin_product(pool[name][pick], rotation.T) + shift)
                kept = ((moved[:, :2] >= low) & (moved[:, :2] <= high)).all(axis=1) & (np.abs(moved[:, 2]) <= 1)
                chosen = np.concatenate([chosen, moved[kept]])
                inside = np.concatenate([inside, pool[f"{name}_inside"][pick[kept]]])
                tries = min(2 * tries, 40 * wanted)
            points.append(chosen[:wanted])
            labels.append(inside[:wanted])
        return np.concatenate(points), np.concatenate(labels).astype(np.float32)
