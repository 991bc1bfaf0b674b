"""Limbs that are fitted elsewhere than where the picture has them are named; faultless ones are not."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from lifecast.body.fit.constants import BODY_FIT
from lifecast.body.fit.fit_body import fit_body
from lifecast.body.fit.limb_check import check_limbs, limb_notes
from lifecast.body.fitted_body import FittedBody
from lifecast.body.limbs import limb_vertices
from lifecast.space.skeleton import Joint

FOREARM = ("lowerarm01.L", "wrist.L")


def rows_and_columns(points: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    row, column = (1 - points[:, 1]) / 2 * side, (points[:, 0] + 1) / 2 * side
    return row.astype(int), column.astype(int)


def test_a_faultless_body_has_no_doubtful_limb(person: Any) -> None:
    assert check_limbs(person.body, person.evidence, BODY_FIT) == {}


@pytest.mark.parametrize(("visibility", "expected"), [(1.0, "landmarks"), (0.4, None)])
def test_a_visible_landmark_far_from_the_limbs_end_counts(person: Any, visibility: float, expected: str | None) -> None:
    joints = person.evidence.joints.copy()
    joints[Joint.LEFT_WRIST, 1] += 0.1  # 12 cm of a forearm of 25
    joints[Joint.LEFT_WRIST, 3] = visibility
    evidence = dataclasses.replace(person.evidence, joints=joints, mask=None, left_hand=None)
    wrong = check_limbs(person.body, evidence, BODY_FIT)
    assert wrong == (dict.fromkeys(FOREARM, expected) if expected else {})


@pytest.mark.parametrize(("off", "hand", "expected"), [(0.07, False, 1), (0.07, True, 0), (0.17, True, 1)])
def test_an_arm_with_a_found_hand_may_be_farther_from_the_pose(
    person: Any, off: float, hand: bool, expected: int
) -> None:
    joints = person.evidence.joints.copy()
    joints[Joint.LEFT_ELBOW, 1] += off  # 9 or 21 cm of an upper arm of 24
    points = np.zeros((21, 3)) if hand else None
    evidence = dataclasses.replace(person.evidence, joints=joints, left_hand=points, mask=None)
    assert bool(check_limbs(person.body, evidence, BODY_FIT)) == bool(expected)


def test_a_landmark_outside_of_the_mask_does_not_count_against_a_limb_inside(person: Any) -> None:
    joints = person.evidence.joints.copy()
    joints[Joint.LEFT_WRIST, 0] += 0.2
    evidence = dataclasses.replace(person.evidence, joints=joints)
    assert check_limbs(person.body, evidence, BODY_FIT) == {}
    without = check_limbs(person.body, dataclasses.replace(evidence, mask=None), BODY_FIT)
    assert set(without.values()) == {"landmarks"}


def test_a_limb_outside_of_the_mask_is_found(person: Any) -> None:
    """The mask ends above the left knee."""
    mask = person.evidence.mask.copy()
    skin = person.body.posed[0]
    for joint in ("lowerleg01.L", "foot.L"):
        row, column = rows_and_columns(skin[limb_vertices(joint)], len(mask))
        mask[row.min() : row.max() + 1, column.min() - 2 : column.max() + 3] = 0
    wrong = check_limbs(person.body, dataclasses.replace(person.evidence, mask=mask), BODY_FIT)
    assert {wrong["lowerleg01.L"], wrong["foot.L"]} == {"mask"}
    assert not {"upperleg01.R", "upperarm01.L", "upperarm01.R"} & set(wrong)


@pytest.mark.parametrize("surface", [0, 1])
def test_a_limb_before_the_first_surface_or_behind_the_last_is_found(person: Any, surface: int) -> None:
    depth = person.evidence.depth.copy()
    depth[surface] += (-1, 1)[surface] * 0.3
    wrong = check_limbs(person.body, dataclasses.replace(person.evidence, depth=depth), BODY_FIT)
    assert set(wrong.values()) == {"surface"}
    joints = person.evidence.joints.copy()
    joints[:, 3] = 0.2  # a hidden limb may lie behind what is visible
    assert check_limbs(person.body, dataclasses.replace(person.evidence, joints=joints, depth=depth), BODY_FIT) == {}


def test_what_hangs_on_a_limb_is_doubtful_with_it(person: Any) -> None:
    found = fit_body(dataclasses.replace(person.evidence, unsure=frozenset({"upperarm01.R"})))
    assert isinstance(found, FittedBody)
    assert found.doubtful == {"upperarm01.R", "lowerarm01.R", "wrist.R"}
    assert found.notes == ("the body's right upper arm is a guess: from closer by the pose has it elsewhere",)


def test_a_note_names_all_limbs_of_one_reason() -> None:
    wrong: dict[str, Any] = {"foot.R": "mask", "wrist.L": "surface", "lowerarm01.L": "mask", "upperarm01.L": "mask"}
    assert list(limb_notes(wrong)) == [
        "the body's left upper arm, left forearm and right foot lie outside of the person's mask",
        "the body's left hand lies away from the surface",
    ]
    assert list(limb_notes({})) == []
