"""Fitting the parametric body to one person: `fit_body`.

    found = fit_body(BodyEvidence(joints, mask=mask, depth=depth))
    if isinstance(found, FittedBody): ...            # else found.reason says why there is none

From a start (limbs aimed along the landmarks, or a network's body) a few of Levenberg and Marquardt's steps fit the
landmarks, then all that is known. No step is taken that makes the fit worse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lifecast.body.fit.constants import BODY_FIT, BodyFit
from lifecast.body.fit.evidence import BodyEvidence
from lifecast.body.fit.fit_points import OFFSET, POSE, SCALE, FitPoints, ViewPoints
from lifecast.body.fit.judgement import misfit
from lifecast.body.fit.limb_check import check_limbs, limb_notes
from lifecast.body.fit.map_terms import depth_term, edge_term, outside_term
from lifecast.body.fit.point_terms import Term, face_term, hand_term, landmark_term
from lifecast.body.fit.pose_groups import PoseGroup, pose_groups
from lifecast.body.fit.pose_prior import PosePrior
from lifecast.body.fit.prior_terms import floor_term, limit_term, pose_term, shape_term
from lifecast.body.fit.reduced_body import Floats, rotations_of
from lifecast.body.fit.residuals import Residuals
from lifecast.body.fit.solver import Problem, solve
from lifecast.body.fit.start import first_numbers, numbers_of
from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.body.limbs import with_what_hangs_on
from lifecast.body.names import JOINT_NAMES

_LEAST_EXTENT = 0.05
"""View units."""


@dataclass(frozen=True)
class NotFitted:
    """A body that could not be fitted."""

    reason: str
    """A sentence for the user."""


@dataclass(frozen=True, eq=False)
class _Problem:
    """What is fitted, and where all else is."""

    fit: FitPoints
    groups: Sequence[PoseGroup]
    fixed: Floats
    """(J, 3) rotation vectors of joints in no group."""

    def view(self, numbers: Floats) -> ViewPoints:
        return ViewPoints.at(self.fit, self.groups, self.fixed, numbers)

    def of(self, terms: Sequence[Term]) -> Problem:
        def residuals(numbers: Floats) -> list[Residuals]:
            view = self.view(numbers)
            return [term(view) for term in terms]

        return residuals


def fit_body(
    evidence: BodyEvidence, initial: FittedBody | None = None, constants: BodyFit = BODY_FIT
) -> FittedBody | NotFitted:
    """Fit the parametric body to what is known of a person.

    Parameters
    ----------
    initial : where to start, such as a network's answer; by default the landmarks say.

    Returns
    -------
    The body in view space, with notes on what was not fitted; or why there is none.
    """
    joints = evidence.joints
    if not np.isfinite(joints).all() or not (joints[:, 3] > 0).any():
        return NotFitted("no body was fitted: no pose was found")
    if np.ptp(joints[:, :2], axis=0).max() < _LEAST_EXTENT:
        return NotFitted("no body was fitted: the landmarks lie all in one place")
    hands = {side: points for side, points in (("L", evidence.left_hand), ("R", evidence.right_hand))
             if points is not None}  # fmt: skip
    fit = FitPoints.load(evidence.face is not None)
    groups = pose_groups(list(JOINT_NAMES), tuple(hands))
    fixed = _at_ease()
    problem = _Problem(fit, groups, fixed)
    if initial is None:
        start = first_numbers(fit, groups, evidence.joints)
        for k, group in enumerate(groups):
            if group.stem.startswith("finger"):
                start[POSE + 3 * k : POSE + 3 * k + 3] = fixed[group.joints[0]]
    else:
        start = numbers_of(initial, fit, groups)
    count = fit.count(groups)
    bounded = slice(POSE + 3 * len(groups) + fit.components, count)
    priors = [shape_term(fit, groups, constants), pose_term(groups, count), limit_term(groups, count, constants)]
    points = [landmark_term(fit, evidence, constants)]
    points += [hand_term(fit, side, seen, constants) for side, seen in hands.items()]
    if evidence.face is not None:
        points.append(face_term(fit, evidence.face, constants))
    first = solve(problem.of([*priors, *points]), start, constants.first_steps, bounded=bounded)
    terms = [*priors, *points]
    if evidence.mask is not None and (evidence.mask > 0.5).any():
        terms += [outside_term(fit, evidence.mask, constants), edge_term(fit, evidence.mask, constants)]
        if evidence.depth is not None:
            terms.append(depth_term(fit, evidence.mask, evidence.depth, constants))
    floor = floor_term(fit, problem.view(first.numbers), constants)
    if floor is not None:
        terms.append(floor)
    last = solve(problem.of(terms), first.numbers, constants.steps, bounded=bounded)
    if reason := misfit(fit, problem.view(last.numbers), evidence, groups, constants):
        return NotFitted(f"no body was fitted: {reason}")
    parts = [f"hand.{side}" for side in hands] + ["face"] * (evidence.face is not None)
    body = _as_body(fit, groups, fixed, last.numbers, frozenset(parts), evidence.unseen)
    wrong = check_limbs(body, evidence, constants)
    return replace(body, doubtful=with_what_hangs_on(wrong), notes=(*body.notes, *limb_notes(wrong)))


def _at_ease() -> Floats:
    """Rotation vectors (J, 3) of everything at rest, fingers a little bent."""
    vectors = np.zeros((len(JOINT_NAMES), 3))
    groups = pose_groups(list(JOINT_NAMES), ("L", "R"))
    for group, mean in zip(groups, PosePrior.of(groups).mean, strict=True):
        if group.stem.startswith("finger"):
            vectors[list(group.joints)] = mean
    return vectors


def _as_body(
    fit: FitPoints, groups: Sequence[PoseGroup], fixed: Floats, numbers: Floats, parts: frozenset[str],
    notes: tuple[str, ...],
) -> FittedBody:  # fmt: skip
    vectors = fixed.copy()
    for k, group in enumerate(groups):
        vectors[list(group.joints)] = numbers[POSE + 3 * k : POSE + 3 * k + 3]
    first = POSE + 3 * len(groups)
    expression = np.zeros(len(shipped_body().actions), np.float32)
    acted = numbers[first + fit.components :]
    expression[: len(acted)] = acted
    return FittedBody(
        shape=numbers[first : first + fit.components].astype(np.float32),
        expression=expression,
        rotations=rotations_of(vectors).astype(np.float32),
        offset=numbers[OFFSET].astype(np.float32),
        scale=float(np.exp(numbers[SCALE])),
        fitted=parts,
        notes=notes,
    )
