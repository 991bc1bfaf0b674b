"""How far a prediction is off in the regions of a made person: face, hands, feet, hair, loose cloth, and the rest.

Each direction is measured as in `metrics`, but over one region alone: truth to prediction from points on the true
region to the whole predicted surface, prediction to truth from the predicted points whose nearest true point lies in
the region. What remains after the region was moved rigidly onto the prediction is the error of its shape alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lifecast.evaluation.alignment import IDENTITY, Motion, umeyama
from lifecast.evaluation.metrics import SAMPLES
from lifecast.evaluation.triangles import Triangles
from lifecast.scans.regions import REGIONS, Regions
from lifecast.space.units import CM_PER_UNIT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

GROUPS: dict[str, tuple[str, ...]] = {
    "face": ("face",),
    "hands": ("left_hand", "right_hand"),
    "feet": ("left_foot", "right_foot"),
    "hair": ("hair",),
    "loose_cloth": ("loose_cloth",),
    "rest": ("rest",),
}
"""Rows of a report -> the regions in them. Each region is aligned by itself; a row is the mean over their points."""
REGION_SAMPLES = 2_000
"""Points on each true region."""
LEAST_SHARE = 1e-3
"""Regions that are less of the true surface are not measured: the rim of a scarf under a coat."""
ROUNDS = 30
"""Of closest points, at most."""
TOLERANCE_CM = 1e-3


def region_figures(prediction: Triangles, truth: Triangles, regions: Regions, seed: int = 0) -> dict[str, float]:
    """Measure every row of `GROUPS` that the person has, in cm at 180 cm height.

    `ROW_truth_to_prediction_cm` and `ROW_prediction_to_truth_cm` where the prediction stands; `ROW_aligned_cm`: truth
    to prediction after each of the row's regions was moved rigidly. Prediction to truth is absent where no predicted
    point is nearest to the region. `regions` (F,) are those of the true faces.
    """
    points, _ = prediction.sample(SAMPLES, seed)
    far, nearest, _ = truth.closest(points)
    region_of = regions[nearest]
    share = np.bincount(regions, truth.face_areas, len(REGIONS)) / truth.face_areas.sum()
    figures: dict[str, float] = {}
    for row, names in GROUPS.items():
        numbers = [REGIONS.index(name) for name in names if share[REGIONS.index(name)] >= LEAST_SHARE]
        if not numbers:
            continue
        standing, aligned = [], []
        for number in numbers:
            true = region_points(truth, regions == number, seed + 1 + number)
            standing.append(prediction.closest(true)[0])
            aligned.append(prediction.closest(part_alignment(true, prediction)(true))[0])
        figures[f"{row}_truth_to_prediction_cm"] = CM_PER_UNIT * float(np.mean(standing))
        figures[f"{row}_aligned_cm"] = CM_PER_UNIT * float(np.mean(aligned))
        there = np.isin(region_of, numbers)
        if there.any():
            figures[f"{row}_prediction_to_truth_cm"] = CM_PER_UNIT * float(far[there].mean())
    return figures


def region_points(truth: Triangles, chosen: NDArray[np.bool_], seed: int) -> Floats:
    """Sample points (N, 3) uniformly over the `chosen` faces (F,) of the true surface."""
    return Triangles(truth.vertices, truth.faces[chosen]).sample(REGION_SAMPLES, seed)[0]


def part_alignment(points: Floats, surface: Triangles) -> Motion:
    """Move points (N, 3) of a part rigidly onto a surface by closest points.

    They start where they stand. The root mean square distance never grows.
    """
    motion, before = IDENTITY, np.inf
    for _ in range(ROUNDS):
        moved = motion(points)
        distances, _, nearest = surface.closest(moved)
        error = float(np.sqrt((distances**2).mean()))
        if before - error < TOLERANCE_CM / CM_PER_UNIT:
            break
        before = error
        motion = umeyama(points, nearest)
    return motion
