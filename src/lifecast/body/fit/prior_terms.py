"""Residuals of what bodies are like before they are seen: shape, pose, limits, feet on a floor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lifecast.body.fit.constants import BodyFit
from lifecast.body.fit.fit_points import POSE, SCALE, FitPoints, ViewPoints
from lifecast.body.fit.point_terms import Term
from lifecast.body.fit.pose_groups import PoseGroup
from lifecast.body.fit.pose_prior import PosePrior
from lifecast.body.fit.residuals import Residuals

_STANDS = 0.06
"""View units above the lowest sole within which the other foot stands on the same floor."""


def shape_term(fit: FitPoints, groups: Sequence[PoseGroup], constants: BodyFit) -> Term:
    """Keep shape, expression and scale near what they usually are."""
    first = POSE + 3 * len(groups)
    count = fit.count(groups)
    spread = np.full(count, np.inf)
    spread[SCALE] = constants.scale_spread
    spread[first : first + fit.components] = constants.shape
    spread[first + fit.components :] = constants.expression
    usual = np.zeros(count)
    usual[SCALE] = np.log(constants.scale)
    used = np.isfinite(spread)
    derivatives = np.diag(1 / spread)[used]

    def term(view: ViewPoints) -> Residuals:
        return Residuals((view.numbers - usual)[used] / spread[used], derivatives)

    return term


def pose_term(groups: Sequence[PoseGroup], count: int) -> Term:
    """Keep joints near how they turn in most poses. `count`: of the numbers that are fitted."""
    prior = PosePrior.of(groups)
    derivatives = _by_numbers(prior, count)

    def term(view: ViewPoints) -> Residuals:
        units = prior.units(view.numbers[POSE : POSE + 3 * len(groups)].reshape(-1, 3))
        return Residuals(units.ravel(), derivatives, outlier=4.0)

    return term


def limit_term(groups: Sequence[PoseGroup], count: int, constants: BodyFit) -> Term:
    """Keep joints within their limits."""
    prior = PosePrior.of(groups)
    derivatives = _by_numbers(prior, count)

    def term(view: ViewPoints) -> Residuals:
        units = prior.units(view.numbers[POSE : POSE + 3 * len(groups)].reshape(-1, 3))
        beyond = (units - np.clip(units, prior.low, prior.high)).ravel()
        over = np.flatnonzero(beyond)
        return Residuals(beyond[over] / constants.limit, derivatives[over] / constants.limit)

    return term


def _by_numbers(prior: PosePrior, count: int) -> np.ndarray:
    groups = len(prior.mean)
    derivatives = np.zeros((3 * groups, count))
    for k, axes in enumerate(prior.to_units):
        derivatives[3 * k : 3 * k + 3, POSE + 3 * k : POSE + 3 * k + 3] = axes
    return derivatives


def floor_term(fit: FitPoints, view: ViewPoints, constants: BodyFit) -> Term | None:
    """Keep the soles of standing feet flat; None if something else of the body is lower.

    Which feet stand is read from `view`, the body of a first fit.

    The floor itself may lean toward the camera: the two feet need not be level.
    """
    lowest = {side: float(view.points[rows, 1].min()) for side, rows in fit.soles.items()}
    floor = min(lowest.values())
    if floor > float(view.points[fit.skin, 1].min()) + _STANDS:
        return None
    pairs = [
        (rows[0], other) for side, rows in fit.soles.items() if lowest[side] < floor + _STANDS for other in rows[1:]
    ]
    heel, ball = np.array(pairs).T

    def term(view: ViewPoints) -> Residuals:
        apart = (view.points[ball] - view.points[heel])[:, 1] / constants.sole
        derivatives = (view.derivatives[ball] - view.derivatives[heel])[:, 1] / constants.sole
        return Residuals(apart, derivatives, outlier=2.0, vanishing=True)

    return term
