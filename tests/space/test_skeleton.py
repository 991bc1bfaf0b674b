"""The skeleton: which landmark is which, which mirrors which, and the limbs between them."""

from __future__ import annotations

import numpy as np
import torch

from lifecast.space.skeleton import (
    LANDMARKS,
    LIMBS,
    MAIN_JOINTS,
    MIDDLES,
    MIRRORED_PAIRS,
    Joint,
    mirrored_landmarks,
    with_middles,
)

OTHER_SIDE = {"LEFT": "RIGHT", "RIGHT": "LEFT"}


def other_side(joint: Joint) -> Joint:
    """The joint whose name has left for right."""
    return Joint["_".join(OTHER_SIDE.get(word, word) for word in joint.name.split("_"))]


def test_landmarks_have_blazeposes_numbers() -> None:
    """As MediaPipe's documentation lists them; the middles follow."""
    assert [joint.value for joint in Joint] == list(range(LANDMARKS + len(MIDDLES)))
    listed = {0: "NOSE", 7: "LEFT_EAR", 11: "LEFT_SHOULDER", 14: "RIGHT_ELBOW", 15: "LEFT_WRIST", 19: "LEFT_INDEX"}
    listed |= {22: "RIGHT_THUMB", 24: "RIGHT_HIP", 25: "LEFT_KNEE", 28: "RIGHT_ANKLE", 29: "LEFT_HEEL", 32: "RIGHT_TOE"}
    assert {number: Joint(number).name for number in listed} == listed


def test_every_landmark_is_mirrored_by_the_one_of_its_name_on_the_other_side() -> None:
    assert [MIRRORED_PAIRS[joint] for joint in Joint if joint < LANDMARKS] == [
        other_side(joint) for joint in Joint if joint < LANDMARKS
    ]


def test_mirrored_landmarks_are_a_copy_left_for_right() -> None:
    landmarks = torch.randn(2, LANDMARKS, 4, generator=torch.Generator().manual_seed(0))
    before = landmarks.clone()
    turned = mirrored_landmarks(landmarks)
    assert torch.equal(landmarks, before)
    for joint in list(Joint)[:LANDMARKS]:
        wanted = before[:, other_side(joint)] * torch.tensor([-1.0, 1, 1, 1])
        assert torch.equal(turned[:, joint], wanted), joint.name
    assert torch.equal(mirrored_landmarks(turned), before)


def test_middles_are_neck_pelvis_and_head() -> None:
    landmarks = np.random.default_rng(0).normal(size=(LANDMARKS, 4))
    points = with_middles(landmarks)
    np.testing.assert_array_equal(points[:LANDMARKS], landmarks)
    for joint, name in ((Joint.NECK, "SHOULDER"), (Joint.PELVIS, "HIP"), (Joint.HEAD, "EAR")):
        both = [landmarks[Joint[f"{side}_{name}"]] for side in ("LEFT", "RIGHT")]
        np.testing.assert_allclose(points[joint], (both[0] + both[1]) / 2)


def test_both_sides_have_the_same_limbs() -> None:
    drawn = {(limb.start, limb.end, limb.radius, limb.side) for limb in LIMBS}
    assert len(drawn) == len(LIMBS)
    for limb in LIMBS:
        start, end = Joint(limb.start), Joint(limb.end)
        sides = {name.split("_")[0] for name in (start.name, end.name)} & set(OTHER_SIDE)
        assert limb.side == {("LEFT",): 1, ("RIGHT",): -1}.get(tuple(sides), 0)
        if limb.side:
            assert (other_side(start), other_side(end), limb.radius, -limb.side) in drawn


def test_main_joints_come_in_pairs() -> None:
    assert len(MAIN_JOINTS) == len(set(MAIN_JOINTS)) == 12
    assert {other_side(joint) for joint in MAIN_JOINTS} == set(MAIN_JOINTS)
