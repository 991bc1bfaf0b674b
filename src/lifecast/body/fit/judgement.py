"""Judging a fit by what is left of its residuals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lifecast.body.fit.constants import BodyFit
from lifecast.body.fit.evidence import BodyEvidence
from lifecast.body.fit.fit_points import POSE, SCALE, FitPoints, ViewPoints
from lifecast.body.fit.map_terms import share_outside
from lifecast.body.fit.pose_groups import PoseGroup
from lifecast.space.skeleton import MAIN_JOINTS

_SEEN = 0.5
_HAND = 0.1
"""Metres."""


def misfit(
    fit: FitPoints, view: ViewPoints, evidence: BodyEvidence, groups: Sequence[PoseGroup], constants: BodyFit
) -> str:
    """Say why a fit is none; "" if it is one."""
    scale = float(np.exp(view.numbers[SCALE]))
    if not np.isfinite(view.points).all() or not 0.02 < scale < 10:
        return "it has no size"
    main = list(MAIN_JOINTS)
    apart = (fit.landmarks[main] @ view.points)[:, :2] - evidence.joints[main, :2]
    seen = evidence.joints[main, 3] > _SEEN
    distance = np.linalg.norm(apart, axis=1)[seen if seen.any() else slice(None)] / scale
    if float(distance.mean()) > constants.far_joints:
        return f"its joints stay {100 * float(distance.mean()):.0f} cm from where the pose has them, on the mean"
    first = POSE + 3 * len(groups)
    shape = view.numbers[first : first + fit.components]
    if float(np.sqrt((shape**2).mean())) > constants.strange:
        return "nobody has the shape that it would need"
    if evidence.mask is not None and (evidence.mask > 0.5).any():
        outside = share_outside(view.points[fit.skin], evidence.mask, _HAND * scale)
        if outside > constants.far_outside:
            return f"{100 * outside:.0f} % of it lie far outside of the person's mask"
    return ""
