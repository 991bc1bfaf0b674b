"""A first body from the landmarks alone: limbs point where these do, and the scale follows from their lengths."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lifecast.body.fit.fit_points import OFFSET, POSE, SCALE, FitPoints, vectors_of
from lifecast.body.fit.pose_groups import PoseGroup
from lifecast.body.fit.reduced_body import Floats
from lifecast.body.fitted_body import FittedBody
from lifecast.body.names import JOINT_NAMES
from lifecast.people.rotation import Matrix, frame, shortest, unit
from lifecast.space.skeleton import Joint

_BENT = (0.05, 0.25)
"""Sine of a bend below which a limb's own plane says nothing, and from which it is all that counts."""
_LENGTHS: tuple[tuple[Joint, Joint], ...] = (
    (Joint.LEFT_SHOULDER, Joint.LEFT_HIP), (Joint.RIGHT_SHOULDER, Joint.RIGHT_HIP),
    (Joint.LEFT_HIP, Joint.LEFT_KNEE), (Joint.RIGHT_HIP, Joint.RIGHT_KNEE),
    (Joint.LEFT_KNEE, Joint.LEFT_ANKLE), (Joint.RIGHT_KNEE, Joint.RIGHT_ANKLE),
    (Joint.LEFT_SHOULDER, Joint.LEFT_ELBOW), (Joint.RIGHT_SHOULDER, Joint.RIGHT_ELBOW),
    (Joint.LEFT_ELBOW, Joint.LEFT_WRIST), (Joint.RIGHT_ELBOW, Joint.RIGHT_WRIST),
)  # fmt: skip
"""What the scale is measured by."""


def first_numbers(fit: FitPoints, groups: Sequence[PoseGroup], joints: Floats) -> Floats:
    """Place a mean body by landmarks (33, 3 or more): the numbers of `FitPoints`."""
    names = list(JOINT_NAMES)
    seen = joints[:, :3].astype(np.float64)
    rest = fit.landmarks @ fit.body.rest  # (33, 3)
    world: dict[str, Matrix] = {}
    hips, shoulders = (
        (seen[[left, left + 1]].mean(0), seen[left] - seen[left + 1]) for left in (Joint.LEFT_HIP, Joint.LEFT_SHOULDER)
    )
    up = shoulders[0] - hips[0]
    world["root"], world["spine"] = (_upright(across, up) for across in (hips[1], shoulders[1]))
    for side, left in (("L", 0), ("R", 1)):
        for upper, lower, middle, chain, rest_hinge in (
            ("upperarm01", "lowerarm01", "spine",
             (Joint.LEFT_SHOULDER, Joint.LEFT_ELBOW, Joint.LEFT_WRIST), None),
            ("upperleg01", "lowerleg01", "root", (Joint.LEFT_HIP, Joint.LEFT_KNEE, Joint.LEFT_ANKLE), (1.0, 0.0, 0.0)),
        ):  # fmt: skip
            points = [landmark + left for landmark in chain]
            one, two = _limb(rest[points], seen[points], rest_hinge, world[middle])
            world[f"{upper}.{side}"], world[f"{lower}.{side}"] = one, two
    parents = {"upperarm01": "spine", "lowerarm01": "upperarm01", "upperleg01": "root", "lowerleg01": "upperleg01"}
    numbers = np.zeros(fit.count(groups))
    for k, group in enumerate(groups):
        stem, side = group.stem, names[group.joints[0]].partition(".")[2]
        turn: Matrix | None = None
        if stem == "root":
            turn = world["root"]
        elif stem == "spine":
            turn = world["root"].T @ world["spine"]
        elif stem in parents:
            above = parents[stem] if parents[stem] in world else f"{parents[stem]}.{side}"
            turn = world[above].T @ world[f"{stem}.{side}"]
        if turn is not None:
            numbers[POSE + 3 * k : POSE + 3 * k + 3] = vectors_of(turn) / len(group.joints)
    lengths = [[np.linalg.norm(points[a] - points[b]) for a, b in _LENGTHS] for points in (seen, rest)]
    scale = max(float(np.sum(lengths[0]) / np.sum(lengths[1])), 1e-3)
    numbers[SCALE] = np.log(scale)
    root = fit.body.joints[0]  # turning the root leaves its joint where it is
    low = rest[[Joint.LEFT_HIP, Joint.RIGHT_HIP]].mean(0) - root
    numbers[OFFSET] = hips[0] - scale * (root + world["root"] @ low)
    return numbers


def numbers_of(fitted: FittedBody, fit: FitPoints, groups: Sequence[PoseGroup]) -> Floats:
    """Convert a fitted body to the numbers of `FitPoints`, as near as its groups allow."""
    numbers = np.zeros(fit.count(groups))
    numbers[SCALE] = np.log(fitted.scale)
    numbers[OFFSET] = fitted.offset
    for k, group in enumerate(groups):
        numbers[POSE + 3 * k : POSE + 3 * k + 3] = vectors_of(fitted.rotations[list(group.joints)]).mean(0)
    first = POSE + 3 * len(groups)
    shape = fitted.shape[: fit.components]
    numbers[first : first + len(shape)] = shape
    count = len(numbers) - first - fit.components
    numbers[first + fit.components :] = fitted.expression[:count]
    return numbers


def _upright(across: Floats, up: Floats) -> Matrix:
    """The rotation that takes x to `across` and y as near `up` as it can; none where these are one line."""
    x = unit(across)
    y = unit(up - (up @ x) * x)
    return _proper(np.stack([x, y, np.cross(x, y)], 1), np.eye(3))


def _proper(turn: Matrix, otherwise: Matrix) -> Matrix:
    """A rotation, unless it was made of directions that are none."""
    return turn if np.linalg.det(turn) > 0.5 else otherwise


def _limb(rest: Floats, seen: Floats, rest_hinge: tuple[float, float, float] | None, above: Matrix) -> list[Matrix]:
    """World rotations of a limb's two bones, by three points at rest and where they are seen."""
    bones = [unit(one) for one in np.diff(rest, axis=0)]
    aims = [unit(one) for one in np.diff(seen, axis=0)]
    hinge = unit(np.cross(bones[0], bones[1])) if rest_hinge is None else np.array(rest_hinge)
    usual = shortest(above @ bones[0], aims[0]) @ above @ hinge
    bend = np.cross(aims[0], aims[1])
    sine = float(np.linalg.norm(bend))
    own = float(np.clip((sine - _BENT[0]) / (_BENT[1] - _BENT[0]), 0, 1))
    axis = bend / max(sine, 1e-9) * own + usual * (1 - own)
    turns = [frame(aim, axis) @ frame(bone, hinge).T for aim, bone in zip(aims, bones, strict=True)]
    return [_proper(turn, above) for turn in turns]
