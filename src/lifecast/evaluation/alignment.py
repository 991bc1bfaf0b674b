"""Rigid (or similarity) alignment of a prediction to the truth before measuring.

A single picture does not fix depth, so protocols differ in whether a prediction may be moved first. The moves
here are small: closed-form least squares (Umeyama, PAMI 1991) between closest points, repeated (Besl and
McKay, PAMI 1992) in both directions, from where the prediction stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lifecast.evaluation.triangles import Triangles
from lifecast.space.units import CM_PER_UNIT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Motion:
    """A similarity, p -> scale * rotation @ p + shift.

    The rotation (3, 3) is proper, the shift (3,) in view units.
    """

    rotation: Floats
    shift: Floats
    scale: float = 1.0

    def __call__(self, points: Floats) -> Floats:
        """Move points (N, 3)."""
        return np.asarray(self.scale * points @ self.rotation.T + self.shift)

    def inverse(self, points: Floats) -> Floats:
        """Move points (N, 3) back."""
        return np.asarray((points - self.shift) @ self.rotation / self.scale)

    @property
    def angle_degrees(self) -> float:
        """The rotation's angle."""
        return float(np.degrees(np.arccos(np.clip((np.trace(self.rotation) - 1) / 2, -1, 1))))


IDENTITY = Motion(np.eye(3), np.zeros(3))


def umeyama(source: Floats, target: Floats, with_scale: bool = False) -> Motion:
    """Find the motion from `source` (N, 3) to `target` (N, 3) with least squared error.

    It is never a reflection.
    """
    source_mean, target_mean = source.mean(0), target.mean(0)
    centred = source - source_mean
    covariance = (target - target_mean).T @ centred / len(source)  # (3, 3)
    left, singular, right = np.linalg.svd(covariance)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(left) * np.linalg.det(right)) or 1.0])
    rotation = left @ np.diag(sign) @ right
    scale = float((singular * sign).sum() / (centred**2).sum(1).mean()) if with_scale else 1.0
    return Motion(rotation, target_mean - scale * rotation @ source_mean, scale)


def closest_point_alignment(
    prediction: Triangles,
    truth: Triangles,
    samples: int = 5_000,
    iterations: int = 50,
    tolerance_cm: float = 1e-3,
    with_scale: bool = False,
    seed: int = 0,
) -> Motion:
    """Align meshes by closest points in both directions, repeatedly.

    They are exact on triangles, and the start is where the meshes stand. Each round pairs samples of either surface
    with their closest points on the other and solves for the motion; the root mean square distance never grows. It ends
    when a round improves it by less than `tolerance_cm`.
    """
    on_prediction, _ = prediction.sample(samples, seed)
    on_truth, _ = truth.sample(samples, seed + 1)
    motion, before = IDENTITY, np.inf
    for _ in range(iterations):
        moved = motion(on_prediction)
        _, _, nearest_truth = truth.closest(moved)
        # The prediction's own tree is built once: the truth's samples come into its frame instead.
        _, _, nearest_prediction = prediction.closest(motion.inverse(on_truth))
        source = np.concatenate([on_prediction, nearest_prediction])
        target = np.concatenate([nearest_truth, on_truth])
        error = float(np.sqrt(((motion(source) - target) ** 2).sum(1).mean()))
        if before - error < tolerance_cm / CM_PER_UNIT:
            break
        before = error
        motion = umeyama(source, target, with_scale)
    return motion
