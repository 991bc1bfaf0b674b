"""A hand's points and the body's joints: the same places, in the same order."""

from __future__ import annotations

import pytest
import torch

from lifecast.body.hand_joints import HAND_JOINTS
from lifecast.body.model import Body
from lifecast.body.names import JOINT_NAMES


def test_every_joint_of_a_hand_has_a_point_of_its_own() -> None:
    for side in "LR":
        hand = {name for name in JOINT_NAMES if name.startswith(("finger", "wrist")) and name.endswith(side)}
        assert {f"{name}.{side}" for name in HAND_JOINTS} == hand
    tips = {4, 8, 12, 16, 20}
    assert sorted(HAND_JOINTS.values()) == sorted(set(range(21)) - tips)


@pytest.mark.parametrize("side", ["L", "R"])
def test_points_follow_each_other_along_a_finger(side: str) -> None:
    body = Body()
    rest = body.rest(torch.zeros(1, 24), torch.zeros(1, len(body.actions))).joints[0]
    at = {point: rest[body.joints.index(f"{name}.{side}")] for name, point in HAND_JOINTS.items()}
    wrist = at[0]
    for first in (5, 9, 13, 17):
        palm = (at[first] - wrist).norm()
        assert 0.06 < palm < 0.12  # metres from the wrist to a knuckle
        assert 0.02 < (at[first + 1] - at[first]).norm() < 0.06
        assert palm < (at[first + 1] - wrist).norm() < (at[first + 2] - wrist).norm()
    thumb = (at[1] - wrist).norm(), (at[2] - wrist).norm(), (at[3] - wrist).norm()
    assert 0.01 < thumb[0] < thumb[1] < thumb[2]
