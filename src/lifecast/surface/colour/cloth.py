"""Where a place that the camera does not see takes its cloth from, in the photograph.

The back of a shirt is the front seen through: the same place of the picture, if the picture shows there what belongs to
the back. Where it does not (a forearm, a print, another garment, the outline), the cloth is folded over: the nearest
place that shows the same part, and from there as far in as the hidden place lies off. Folded cloth keeps its grain and
its stripes, and meets the rest without a seam.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.spatial import cKDTree

from lifecast.surface.colour.visibility import pixel_of


@dataclass(frozen=True)
class Folding:
    """Constants of cloth that is folded over."""

    widths: tuple[float, ...] = (0.12, 0.06, 0.03, 0.015, 0.008)
    """View units (15 to 1 cm) of the pleats that are tried, the widest first: a narrow strip is folded often."""
    least: float = 0.0006
    """Square view units (10 cm^2) of a part under which it has no cloth to copy."""


FOLDING = Folding()


class Cloth:
    """What the photograph shows of each part of a person.

    Parameters
    ----------
    shown: (S, S) int, the part that a pixel shows and may lend, -1 for none.
    """

    def __init__(self, shown: np.ndarray, constants: Folding = FOLDING) -> None:
        self.shown, self.constants = shown, constants
        self._rims: dict[int, tuple[cKDTree, np.ndarray] | None] = {}

    def has(self, part: int) -> bool:
        """Decide whether enough of a part is shown to copy from."""
        return self._rim(part) is not None

    def find(self, points: np.ndarray, parts: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find places (N, 2) that show the parts (N,) of points (N, 2 or 3).

        And (N,) whether there are any. own: (N,) bool, the point's own place is one.
        """
        places = np.array(points[:, :2], np.float32)
        found = np.zeros(len(points), bool)
        for part in np.unique(parts[parts >= 0]):
            rim = self._rim(int(part))
            if rim is None:
                continue
            members = np.flatnonzero(parts == part)
            found[members] = True
            lost = members[~own[members] & ~self.shows(places[members], part)]
            if len(lost):
                places[lost] = self._folded(places[lost], int(part), *rim)
        return places, found

    def shows(self, places: np.ndarray, part: int | np.ndarray) -> np.ndarray:
        """Decide whether places (N, 2) show a part, (N,) bool."""
        result: np.ndarray = self.at(places) == part
        return result

    def at(self, places: np.ndarray) -> np.ndarray:
        """Look up the part (N,) that places (N, 2) show, -1 for none."""
        column, row = pixel_of(places, self.shown.shape[0])
        result: np.ndarray = self.shown[row, column]
        return result

    def _folded(self, places: np.ndarray, part: int, tree: cKDTree, rim: np.ndarray) -> np.ndarray:
        away, nearest = tree.query(places)
        edge = rim[nearest]
        inward = (edge - places) / np.maximum(away, 1e-9)[:, None]
        result = edge.copy()
        pending = np.arange(len(places))
        for width in self.constants.widths:
            far = width - np.abs(away[pending] % (2 * width) - width)
            trial = edge[pending] + inward[pending] * far[:, None]
            good = self.shows(trial, part)
            result[pending[good]] = trial[good]
            pending = pending[~good]
        found: np.ndarray = result.astype(np.float32)
        return found

    def _rim(self, part: int) -> tuple[cKDTree, np.ndarray] | None:
        """The places (R, 2) along the border of what is shown of a part."""
        if part not in self._rims:
            size = self.shown.shape[0]
            own = (self.shown == part).astype(np.uint8)
            rim = None
            if own.sum() * (2 / size) ** 2 >= self.constants.least:
                row, column = np.nonzero((own > 0) & (cv2.erode(own, np.ones((3, 3), np.uint8), borderValue=0) == 0))
                places = np.stack([(column + 0.5) * 2 / size - 1, 1 - (row + 0.5) * 2 / size], 1).astype(np.float32)
                rim = cKDTree(places), places
            self._rims[part] = rim
        return self._rims[part]
