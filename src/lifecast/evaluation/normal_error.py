"""Errors of normal maps: re-rendered from a mesh at four sides, and as the networks predict them.

The first is the comparison of section 4 in the manner of PIFu's line of work; the second is what the issue of
the shipped weights states its floors in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lifecast.evaluation.raster import SIDES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]


def angle_error_degrees(predicted: NDArray[np.floating], true: NDArray[np.floating], mask: Mask) -> float:
    """Compute the mean angle in degrees between normal maps (S, S, 3) over `mask` (S, S).

    It is nan for an empty mask. Where a map has no normal (0, 0, 0) its pixel counts as 90 degrees: a lost foot is no
    match.
    """
    if not mask.any():
        return float("nan")
    a, b = predicted[mask].astype(np.float64), true[mask].astype(np.float64)
    # atan2 of cross and dot is exact for small angles, where arccos of a rounded dot product is not.
    sine, cosine = np.linalg.norm(np.cross(a, b), axis=1), (a * b).sum(1)
    angles = np.degrees(np.arctan2(sine, cosine))
    absent = (a == 0).all(axis=1) | (b == 0).all(axis=1)
    return float(np.where(absent, 90.0, angles).mean())


def mask_iou(predicted: Mask, true: Mask) -> float:
    """Compute the intersection over union of two masks, in [0, 1]; 1 if both are empty."""
    union = int((predicted | true).sum())
    return int((predicted & true).sum()) / union if union else 1.0


def reprojection_errors(
    prediction: dict[str, tuple[Floats, Mask]], truth: dict[str, tuple[Floats, Mask]]
) -> dict[str, float]:
    """Measure re-rendered normal maps (of `render_sides`) at the four sides.

    The means over the sides are there, too. `normal_l2_SIDE`: mean Euclidean distance of the two normals over the union
    of the silhouettes, background being zero, in [0, 2]: a missing arm costs 1 a pixel. `normal_degrees_SIDE`: mean
    angle where both silhouettes are. `silhouette_iou_SIDE` in [0, 1].
    """
    errors: dict[str, float] = {}
    for side in SIDES:
        (predicted, predicted_mask), (true, true_mask) = prediction[side], truth[side]
        union = predicted_mask | true_mask
        distance = np.linalg.norm(predicted - true, axis=-1)
        errors[f"normal_l2_{side}"] = float(distance[union].mean()) if union.any() else float("nan")
        errors[f"normal_degrees_{side}"] = angle_error_degrees(predicted, true, predicted_mask & true_mask)
        errors[f"silhouette_iou_{side}"] = mask_iou(predicted_mask, true_mask)
    for kind in ("normal_l2", "normal_degrees", "silhouette_iou"):
        errors[kind] = float(np.mean([errors[f"{kind}_{side}"] for side in SIDES]))
    return errors
