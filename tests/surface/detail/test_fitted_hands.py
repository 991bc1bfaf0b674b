"""Hands with fingers in place of a mitten at the end of a round arm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage

from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.space.field import CallableField
from lifecast.surface.detail.fitted_hands import FITTED_HANDS, WithHands, fitted_hands, without_hands
from lifecast.surface.extract.surface import extract_surface

STEEPNESS = FITTED_HANDS.steepness
ARM, MITTEN = 0.028, 0.05
"""Radii in metres."""


def joint(body: FittedBody, name: str) -> torch.Tensor:
    return torch.from_numpy(body.posed[1][shipped_body().joints.index(name)])


def arm_with_mitten(body: FittedBody, aside: float = 0.0) -> CallableField:
    """A round forearm along the body's own, and a ball for a hand, both `aside` metres nearer to the camera."""
    elbow, wrist, knuckle = (joint(body, f"{name}.L") for name in ("lowerarm01", "wrist", "finger3-1"))
    along = wrist - elbow

    def logits(points: torch.Tensor) -> torch.Tensor:
        points = points - torch.tensor([0, 0, aside * body.scale])
        share = ((points - elbow) @ along / along.dot(along)).clamp(0, 1)
        arm = (points - elbow - share[:, None] * along).norm(dim=1) - ARM * body.scale
        ball = (points - knuckle).norm(dim=1) - MITTEN * body.scale
        return -STEEPNESS * torch.minimum(arm, ball)

    return CallableField(logits, logits=True)


@pytest.fixture(scope="module")
def field(large_body: FittedBody) -> CallableField:
    return arm_with_mitten(large_body)


@pytest.fixture(scope="module")
def joined(large_body: FittedBody, field: CallableField) -> WithHands:
    return WithHands(field, fitted_hands(large_body, field))


def across_the_fingers(body: FittedBody, count: int = 120) -> torch.Tensor:
    """Points (count, count, 3) of a square across the four fingers, 10 cm a side, square to the middle finger."""
    middle = torch.stack([joint(body, f"finger{finger}-2.L") for finger in (2, 3, 4, 5)]).mean(0)
    along = joint(body, "finger3-3.L") - joint(body, "finger3-2.L")
    along = along / along.norm()
    right = torch.linalg.cross(along, torch.tensor([0.0, 1.0, 0.0]))
    right = right / right.norm()
    up = torch.linalg.cross(right, along)
    steps = torch.linspace(-0.05, 0.05, count) * body.scale
    return middle + steps[:, None, None] * right + steps[:, None] * up


def test_a_mitten_gets_fingers(large_body: FittedBody, field: CallableField, joined: WithHands) -> None:
    points = across_the_fingers(large_body)
    inside, mitten = (one.logits(points.view(-1, 3)).view(points.shape[:2]).numpy() > 0 for one in (joined, field))
    assert ndimage.label(mitten)[1] <= 1
    labels, count = ndimage.label(inside)
    assert count >= 4
    thick = np.sqrt(np.bincount(labels.ravel())[1:]) * 0.1 / len(points)  # metres
    assert ((thick > 0.008) & (thick < 0.025)).all()


def test_hand_and_arm_are_one_closed_piece(large_body: FittedBody, joined: WithHands) -> None:
    surface = extract_surface(joined, 128)
    faces = surface.faces
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), 1)
    assert set(np.unique(edges, axis=0, return_counts=True)[1]) == {2}
    for finger in (1, 2, 3, 4, 5):
        tip = joint(large_body, f"finger{finger}-3.L").numpy()
        assert np.linalg.norm(surface.vertices - tip, axis=1).min() < 0.015 * large_body.scale
    wrist, elbow = (joint(large_body, f"{name}.L").numpy() for name in ("wrist", "lowerarm01"))
    above = wrist + 0.09 * large_body.scale * (elbow - wrist) / np.linalg.norm(elbow - wrist)
    reached = np.linalg.norm(surface.vertices - above, axis=1).min()
    assert reached == pytest.approx(ARM * large_body.scale, abs=0.003 * large_body.scale)


def test_the_arm_goes_over_into_the_hand_without_a_step(large_body: FittedBody, joined: WithHands) -> None:
    """Where the hand begins the field is the arm's, and its radius changes by less than a millimetre a millimetre."""
    wrist, elbow = (joint(large_body, f"{name}.L") for name in ("wrist", "lowerarm01"))
    along = (wrist - elbow) / (wrist - elbow).norm()
    aside = torch.linalg.cross(along, torch.tensor([0.0, 0.0, 1.0]))
    aside = aside / aside.norm()
    places = torch.linspace(-0.08, -0.02, 31)  # metres from the wrist, 2 mm apart
    outward = torch.linspace(0, 0.05, 501)
    for turn in (aside, -aside, torch.linalg.cross(aside, along), torch.linalg.cross(along, aside)):
        points = wrist + large_body.scale * (places[:, None, None] * along + outward[:, None] * turn)
        inside = joined.logits(points.view(-1, 3)).view(len(places), -1) > 0
        radius = outward[inside.int().cumprod(1).sum(1).clamp(1) - 1]  # (31,)
        before = places < FITTED_HANDS.wrist[0] - 0.002
        assert float((radius[before] - ARM).abs().max()) < 2e-4
        assert float(radius.diff().abs().max()) < 0.002


def test_far_from_the_hand_nothing_changes(large_body: FittedBody, field: CallableField, joined: WithHands) -> None:
    elbow = joint(large_body, "lowerarm01.L")
    points = elbow + (torch.rand(500, 3, generator=torch.Generator().manual_seed(0)) - 0.5) * 0.1 * large_body.scale
    torch.testing.assert_close(joined.logits(points), field.logits(points), atol=0, rtol=0)


def test_the_rest_of_the_body_keeps_its_field(large_body: FittedBody) -> None:
    """A field that is inside everywhere is cut out around the hand, and not where other skin is nearer."""
    solid = CallableField(lambda points: torch.full((len(points),), 5.0), logits=True)
    (hand,) = fitted_hands(large_body, arm_with_mitten(large_body))
    beside = hand.mesh.vertices.mean(0) + np.array([0.05, 0, 0], np.float32) * large_body.scale
    point = torch.from_numpy(beside)[None]
    assert float(hand.distance(point)) < FITTED_HANDS.reach[0] * large_body.scale
    assert float(WithHands(solid, [hand]).logits(point)) < 0
    at_thigh = replace(hand, rest=replace(hand.rest, values=torch.zeros_like(hand.rest.values)))
    assert float(WithHands(solid, [at_thigh]).logits(point)) == 5.0


def test_a_hand_is_moved_to_the_fields_wrist(large_body: FittedBody) -> None:
    """Of two fields that are 6 cm apart in depth; the middles of a round arm and a flat wrist are not the same."""
    (here,), (nearer,) = (fitted_hands(large_body, arm_with_mitten(large_body, aside)) for aside in (0.0, 0.06))
    moved = (nearer.wrist - here.wrist) / large_body.scale
    torch.testing.assert_close(moved, torch.tensor([0.0, 0.0, 0.06]), atol=0.004, rtol=0)
    assert float((here.wrist - joint(large_body, "wrist.L")).abs().max()) < 0.015 * large_body.scale


def test_only_hands_that_were_fitted_and_fit_are_taken(large_body: FittedBody, field: CallableField) -> None:
    assert len(fitted_hands(large_body, field, torch.ones(64, 64))) == 1
    assert fitted_hands(large_body, field, torch.zeros(64, 64)) == []  # not in the mask
    assert fitted_hands(replace(large_body, fitted=frozenset({"face"})), field) == []
    assert fitted_hands(replace(large_body, doubtful=frozenset({"wrist.L"})), field) == []
    empty = CallableField(lambda points: torch.full((len(points),), -5.0), logits=True)
    assert fitted_hands(large_body, empty) == []  # no wrist there


def test_a_hands_pixels_leave_the_mask(large_body: FittedBody, joined: WithHands) -> None:
    left = without_hands(torch.ones(64, 64), joined.hands)
    knuckle = 32  # the middle of the view
    assert float(left[knuckle, knuckle]) == 0
    assert float(left[0, 0]) == 1
    assert 0.02 < float((left == 0).float().mean()) < 0.3
