"""Normals of face and hands alone, where the picture shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lifecast.evaluation.normal_error import angle_error_degrees
from lifecast.evaluation.raster import raster
from lifecast.evaluation.triangles import Triangles
from lifecast.scans.regions import FACE, LEFT_HAND, RIGHT_HAND, Regions

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLOSEUPS: dict[str, tuple[int, ...]] = {"face": (FACE,), "hand": (LEFT_HAND, RIGHT_HAND)}
LEAST_PIXELS = 30
"""Of a region in the map; fewer are an ear behind a cheek, or a finger's tip."""


def region_map(truth: Triangles, regions: Regions, size: int) -> NDArray[np.int64]:
    """Render the region that each pixel (S, S) of the picture shows; -1 where nobody is."""
    seen = raster(truth, size).face
    return np.where(seen >= 0, regions[seen].astype(np.int64), -1)


def closeup_figures(
    predicted: NDArray[np.floating], true: NDArray[np.floating], mask: NDArray[np.bool_], shown: NDArray[np.int64]
) -> dict[str, float]:
    """Measure front normals (S, S, 3) inside the face and the hands.

    Mean angles in degrees, `face_degrees` and `hand_degrees`. `shown` is of `region_map`. A region of fewer than
    `LEAST_PIXELS` inside the true mask has no figure.
    """
    figures = {}
    for name, numbers in CLOSEUPS.items():
        inside = mask & np.isin(shown, numbers)
        if inside.sum() >= LEAST_PIXELS:
            figures[f"{name}_degrees"] = angle_error_degrees(predicted, true, inside)
    return figures
