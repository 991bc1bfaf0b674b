"""Rotations as six numbers, and mirrored ones."""

from __future__ import annotations

import torch

from lifecast.body.fitted_body import shipped_body
from lifecast.body.kinematics import rotations_from_vectors
from lifecast.body.names import JOINT_NAMES
from lifecast.body.rotation_6d import MIRRORED_JOINTS, mirrored_rotations, rotations_from_six, six_from_rotations

JOINTS = len(JOINT_NAMES)


def turns(count: int, size: float) -> torch.Tensor:
    return rotations_from_vectors(torch.randn(count, JOINTS, 3, generator=torch.Generator().manual_seed(1)) * size)


def test_six_numbers_are_a_rotation_and_back() -> None:
    rotations = turns(3, 1.5)
    torch.testing.assert_close(rotations_from_six(six_from_rotations(rotations)), rotations, atol=1e-5, rtol=0)


def test_any_six_numbers_make_a_rotation() -> None:
    made = rotations_from_six(torch.randn(200, 6, generator=torch.Generator().manual_seed(2)) * 5)
    torch.testing.assert_close(made @ made.mT, torch.eye(3).expand(200, 3, 3), atol=1e-5, rtol=0)
    torch.testing.assert_close(torch.linalg.det(made), torch.ones(200), atol=1e-5, rtol=0)


def test_only_the_directions_of_the_two_vectors_count() -> None:
    six = torch.randn(5, 6, generator=torch.Generator().manual_seed(3))
    longer = torch.cat((six[:, :3] * 7, six[:, 3:] * 0.3), dim=1)
    torch.testing.assert_close(rotations_from_six(longer), rotations_from_six(six), atol=1e-5, rtol=0)


def test_each_joint_is_mirrored_by_that_of_the_other_side() -> None:
    names = list(JOINT_NAMES)
    pairs = {names[k]: names[other] for k, other in enumerate(MIRRORED_JOINTS)}
    assert pairs["wrist.L"] == "wrist.R"
    assert pairs["finger3-2.R"] == "finger3-2.L"
    assert pairs["spine01"] == "spine01"
    assert pairs["root"] == "root"


def test_mirrored_rotations_pose_the_mirrored_body() -> None:
    body, rotations = shipped_body(), turns(2, 0.4)
    shape = torch.zeros(2, 24)  # the mean body is the same left and right
    expression = torch.zeros(2, len(body.actions))
    mirror = torch.tensor([-1.0, 1.0, 1.0])
    joints = body.pose(shape, expression, rotations).joints
    other = body.pose(shape, expression, mirrored_rotations(rotations)).joints
    torch.testing.assert_close(other, joints[:, list(MIRRORED_JOINTS)] * mirror, atol=2e-3, rtol=0)
    assert (joints - other).abs().max() > 0.05
