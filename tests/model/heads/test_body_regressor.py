"""The body regressor: what goes in and comes out, and what does not change it."""

from __future__ import annotations

import pytest
import torch

from lifecast.body.rotation_6d import mirrored_rotations, six_from_rotations
from lifecast.errors import UsageError
from lifecast.model.heads.body_regressor import (
    FINGERS,
    INPUTS,
    BodyRegressor,
    BodyRegressorConfig,
    RegressedBodies,
    mirrored_hands,
    regress,
)
from lifecast.space.skeleton import Joint, mirrored_landmarks

SMALL = BodyRegressorConfig(width=32, blocks=1)
PEOPLE = 4


@pytest.fixture
def regressor() -> BodyRegressor:
    """A network whose weights are drawn, so that it says something else of everybody."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = BodyRegressor(SMALL).eval()
        torch.nn.init.normal_(net.last.weight, std=0.05)
    return net


def people() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(4)
    landmarks = torch.randn(PEOPLE, 33, 4, generator=draw) * 0.3
    landmarks[..., 3] = torch.rand(PEOPLE, 33, generator=draw)
    found = torch.tensor([[True, False], [False, True], [True, True], [False, False]])
    return landmarks, torch.randn(PEOPLE, 2, 21, 3, generator=draw) * 0.05, found


def same(one: RegressedBodies, other: RegressedBodies) -> None:
    for ours, theirs in zip(one, other, strict=True):
        torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=1e-4)


def test_shapes_of_what_comes_out(regressor: BodyRegressor) -> None:
    bodies = regressor(*people())
    shapes = [tuple(value.shape) for value in bodies]
    assert shapes == [(PEOPLE, 24), (PEOPLE, 61, 3, 3), (PEOPLE,), (PEOPLE, 3)]
    assert bool((bodies.scale > 0).all())
    assert bool(((bodies.rotations[0] - bodies.rotations[1]).abs() > 0.05).any())


def test_a_fresh_network_predicts_the_usual_body() -> None:
    net = BodyRegressor(SMALL).eval()
    bodies = net(*people())
    assert bodies.shape.abs().max() == 0
    torch.testing.assert_close(bodies.rotations, torch.eye(3).expand(PEOPLE, 61, 3, 3))


def test_a_moved_person_is_the_same_body_moved(regressor: BodyRegressor) -> None:
    landmarks, hands, found = people()
    by = torch.tensor([0.3, -0.2, 0.5])
    moved = torch.cat((landmarks[..., :3] + by, landmarks[..., 3:]), dim=-1)
    before, after = regressor(landmarks, hands, found), regressor(moved, hands - by, found)
    same(after, before._replace(pelvis=before.pelvis + by))


def test_an_enlarged_person_is_the_same_body_enlarged(regressor: BodyRegressor) -> None:
    landmarks, hands, found = people()
    larger = torch.cat((landmarks[..., :3] * 1.7, landmarks[..., 3:]), dim=-1)
    before, after = regressor(landmarks, hands, found), regressor(larger, hands * 1.7, found)
    same(after, before._replace(scale=before.scale * 1.7, pelvis=before.pelvis * 1.7))


def test_a_mirrored_person_is_the_mirrored_body(regressor: BodyRegressor) -> None:
    landmarks, hands, found = people()
    before = regress(regressor, landmarks, hands, found)
    after = regress(regressor, mirrored_landmarks(landmarks), mirrored_hands(hands), found.flip(1))
    mirror = torch.tensor([-1.0, 1.0, 1.0])
    same(after, RegressedBodies(before.shape, mirrored_rotations(before.rotations), before.scale,
                                before.pelvis * mirror))  # fmt: skip
    alone = regressor(mirrored_landmarks(landmarks), mirrored_hands(hands), found.flip(1))
    assert (alone.shape - before.shape).abs().max() > 0.01  # the network itself is not the same left and right


def test_points_of_a_hand_that_was_not_found_are_ignored(regressor: BodyRegressor) -> None:
    landmarks, hands, found = people()
    other = torch.where(found[..., None, None], hands, hands + torch.randn_like(hands))
    same(regressor(landmarks, other, found), regressor(landmarks, hands, found))
    seen = regressor(landmarks, torch.where(found[..., None, None], hands * 2, hands), found)
    assert (seen.rotations[0] - regressor(landmarks, hands, found).rotations[0]).abs().max() > 1e-3


def test_fingers_of_a_hand_that_was_not_found_are_at_ease(regressor: BodyRegressor) -> None:
    landmarks, hands, found = people()
    six = six_from_rotations(regressor(landmarks, hands, found).rotations)
    left, right = (list(FINGERS[side]) for side in ("L", "R"))
    torch.testing.assert_close(six[0, right], regressor.usual_six[right])
    assert (six[0, left] - regressor.usual_six[left]).abs().max() > 0.01


def test_landmarks_whose_places_are_not_known_are_no_inputs(regressor: BodyRegressor) -> None:
    landmarks, hands, found = people()
    assert Joint.LEFT_HEEL not in INPUTS
    other = landmarks.clone()
    other[:, Joint.LEFT_HEEL] += 1
    same(regressor(other, hands, found), regressor(landmarks, hands, found))


def test_nobody_is_regressed_from_nothing(regressor: BodyRegressor) -> None:
    landmarks, hands, found = people()
    landmarks[1] = 0
    with pytest.raises(UsageError, match="somebody has none"):
        regress(regressor, landmarks, hands, found)
    with pytest.raises(UsageError, match=r"landmarks of shape \(4, 20, 4\)"):
        regress(regressor, landmarks[:, :20], hands, found)


def test_a_size_that_cannot_be() -> None:
    with pytest.raises(UsageError, match="width"):
        BodyRegressorConfig(width=0)
