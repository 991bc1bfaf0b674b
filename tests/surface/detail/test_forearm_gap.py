"""A forearm that a field lacks between elbow and wrist is filled; without one a hand stays out."""

from __future__ import annotations

import numpy as np
import torch

from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.space.field import CallableField
from lifecast.surface.detail.fitted_hands import FITTED_HANDS, WithHands, fitted_hands

STEEPNESS = FITTED_HANDS.steepness
ARM, MITTEN = 0.028, 0.05
"""Radii in metres."""


def joint(body: FittedBody, name: str) -> torch.Tensor:
    return torch.from_numpy(body.posed[1][shipped_body().joints.index(name)])


def arm_with_gap(body: FittedBody, gap: tuple[float, float], aside: float = 0.0) -> CallableField:
    """A round forearm with a ball for a hand, `aside` metres nearer to the camera, empty between two of its shares."""
    elbow, wrist, knuckle = (joint(body, f"{name}.L") for name in ("lowerarm01", "wrist", "finger3-1"))
    along = wrist - elbow

    def logits(points: torch.Tensor) -> torch.Tensor:
        points = points - torch.tensor([0, 0, aside * body.scale])
        share = (points - elbow) @ along / along.dot(along)
        arm = (points - elbow - share.clamp(0, 1)[:, None] * along).norm(dim=1) - ARM * body.scale
        ball = (points - knuckle).norm(dim=1) - MITTEN * body.scale
        solid = -STEEPNESS * torch.minimum(arm, ball)
        return torch.where((share > gap[0]) & (share < gap[1]), solid.clamp_max(-5.0), solid)

    return CallableField(logits, logits=True)


def inside_along(body: FittedBody, field: CallableField | WithHands, aside: float = 0.0) -> np.ndarray:
    """Whether places on the axis from the elbow to the wrist, (41,), are inside."""
    elbow, wrist = joint(body, "lowerarm01.L"), joint(body, "wrist.L")
    axis = elbow + torch.linspace(0.05, 1, 41)[:, None] * (wrist - elbow) + torch.tensor([0, 0, aside * body.scale])
    return (field.logits(axis) > 0).numpy()


def test_a_gap_is_filled_with_the_bodys_forearm(large_body: FittedBody) -> None:
    for aside in (0.0, 0.06):
        field = arm_with_gap(large_body, (0.5, 0.75), aside)
        assert not inside_along(large_body, field, aside).all()
        (hand,) = fitted_hands(large_body, field)
        assert hand.forearm is not None
        assert inside_along(large_body, WithHands(field, [hand]), aside).all()


def test_a_forearm_without_gap_is_left_as_it_is(large_body: FittedBody) -> None:
    (hand,) = fitted_hands(large_body, arm_with_gap(large_body, (2.0, 3.0)))
    assert hand.forearm is None


def test_far_from_the_gap_nothing_changes(large_body: FittedBody) -> None:
    field = arm_with_gap(large_body, (0.55, 0.75))
    joined = WithHands(field, fitted_hands(large_body, field))
    elbow, wrist = joint(large_body, "lowerarm01.L"), joint(large_body, "wrist.L")
    place = elbow + 0.3 * (wrist - elbow)
    points = place + (torch.rand(500, 3, generator=torch.Generator().manual_seed(0)) - 0.5) * 0.1 * large_body.scale
    share = (points - elbow) @ (wrist - elbow) / (wrist - elbow).square().sum()
    points = points[share < 0.38]
    torch.testing.assert_close(joined.logits(points), field.logits(points), atol=0, rtol=0)


def test_a_hand_without_forearm_stays_out(large_body: FittedBody) -> None:
    assert fitted_hands(large_body, arm_with_gap(large_body, (-1.0, 0.6))) == []  # nothing near the elbow
    assert fitted_hands(large_body, arm_with_gap(large_body, (0.15, 0.98))) == []  # hardly anything of it
