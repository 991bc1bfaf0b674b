"""Residuals of points that are seen: landmarks, hands, faces."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lifecast.body.fit.constants import BodyFit
from lifecast.body.fit.evidence import BodyEvidence
from lifecast.body.fit.fit_points import EVERY_FACE_POINT, FitPoints, ViewPoints
from lifecast.body.fit.landmark_points import LANDMARK_JOINTS, LANDMARK_VERTICES, LIFTED
from lifecast.body.fit.reduced_body import Floats
from lifecast.body.fit.residuals import Residuals
from lifecast.body.hand_joints import HAND_JOINTS
from lifecast.body.names import JOINT_NAMES
from lifecast.space.skeleton import Joint

Term = Callable[[ViewPoints], Residuals]
_FAR = (
    Joint.LEFT_WRIST, Joint.RIGHT_WRIST, Joint.LEFT_INDEX, Joint.RIGHT_INDEX, Joint.LEFT_TOE, Joint.RIGHT_TOE,
)  # fmt: skip
_VISIBLE = (0.3, 0.8)
"""Visibility up to which a landmark counts as hidden, and from which as seen."""
_CORRELATED = 0.25
"""What each of a hand's or a face's points counts for: they err together."""


def landmark_term(fit: FitPoints, evidence: BodyEvidence, constants: BodyFit) -> Term:
    """Compare the 33 landmarks; depths only of those that the pose lifter moves to the joints."""
    used = sorted({*LANDMARK_JOINTS, *LANDMARK_VERTICES})
    seen = np.interp(evidence.joints[used, 3], _VISIBLE, (0, 1))
    wider = constants.hidden + (1 - constants.hidden) * seen  # (K,)
    lifted = np.isin(used, LIFTED)
    flat = np.where(lifted, constants.landmark, constants.raw_landmark) * wider
    depth = constants.landmark_depth * wider * np.where(np.isin(used, _FAR), constants.far_depth, 1)
    spread = np.stack([flat, flat, np.where(lifted, depth, np.inf)], 1)
    target = evidence.joints[used, :3].astype(np.float64)
    return points_term(fit.landmarks[used], target, spread, outlier=3.0)


def hand_term(fit: FitPoints, side: str, points: Floats, constants: BodyFit) -> Term:
    """Compare the 21 points of a hand; its depths count from the wrist."""
    names = list(JOINT_NAMES)
    rows = np.zeros((len(points), len(fit.landmarks[0])))
    for stem, point in HAND_JOINTS.items():
        rows[point, names.index(f"{stem}.{side}")] = 1
    for finger, tip in enumerate(fit.tips[side]):
        rows[4 * finger + 4, tip] = 1
    flat = points_term(
        rows, points, np.broadcast_to([constants.hand, constants.hand, np.inf], points.shape), 4.0, _CORRELATED
    )  # fmt: skip
    depth = points_term(
        rows[1:] - rows[:1], points[1:] - points[:1],
        np.broadcast_to([np.inf, np.inf, constants.hand_depth], points[1:].shape), 4.0, _CORRELATED,
    )  # fmt: skip

    def both(view: ViewPoints) -> Residuals:
        one, other = flat(view), depth(view)
        values = np.concatenate([one.values, other.values])
        return one._replace(values=values, derivatives=np.concatenate([one.derivatives, other.derivatives]))

    return both


def face_term(fit: FitPoints, points: Floats, constants: BodyFit) -> Term:
    """Compare every fourth point of a face across the picture."""
    rows = np.zeros((len(fit.face), len(fit.landmarks[0])))
    rows[np.arange(len(fit.face)), fit.face] = 1
    target = points[::EVERY_FACE_POINT]
    spread = np.broadcast_to([constants.face, constants.face, np.inf], target.shape)
    return points_term(rows, target, spread, 4.0, _CORRELATED)


def points_term(rows: Floats, target: Floats, spread: Floats, outlier: float, share: float = 1.0) -> Term:
    """Compare combinations of points with the places where they belong.

    rows: (K, N) weights of the N points in each combination. target: (K, 3) its place, in view units. spread: (K, 3)
    standard deviations of the coordinates; those with an infinite one are left out. outlier, share: as in `Residuals`.
    """
    used = np.isfinite(spread)
    columns = np.flatnonzero(rows.any(0))
    rows = rows[:, columns]

    def term(view: ViewPoints) -> Residuals:
        apart = rows @ view.points[columns] - target
        derivatives = np.tensordot(rows, view.derivatives[columns], 1)
        return Residuals(
            apart[used] / spread[used], derivatives[used] / spread[used][:, None], outlier, share=share
        )  # fmt: skip

    return term
