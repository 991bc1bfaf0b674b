"""A forearm that the picture hides is the fitted body's own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.body.part_mesh import part_mesh
from lifecast.space.field import CallableField
from lifecast.space.maps import Maps
from lifecast.space.skeleton import Joint
from lifecast.surface.detail.body_limbs import BODY_LIMBS, WithBodyLimbs, body_limbs, cloth_thickness
from lifecast.surface.detail.distance_grid import DistanceGrid

SIZE = 32


@pytest.fixture(scope="module")
def body(large_body: FittedBody) -> FittedBody:
    """The whole of it in the view."""
    return FittedBody(
        large_body.shape, large_body.expression, large_body.rotations, np.zeros(3, np.float32), 0.78, frozenset()
    )


def place(body: FittedBody, name: str) -> torch.Tensor:
    return torch.from_numpy(body.posed[1][shipped_body().joints.index(name)])


def maps(front: float = 0.6, mask: float = 1.0) -> Maps:
    """Of a picture with a wall at this depth, all of which is the person's."""
    depth = torch.stack([torch.full((SIZE, SIZE), front), torch.full((SIZE, SIZE), -0.6)])
    normals = torch.zeros(1, 3, SIZE, SIZE)
    return Maps(normals, normals, torch.full((1, 1, SIZE, SIZE), mask), None, depth[None])


def landmarks(body: FittedBody, hidden: tuple[Joint, ...] = (Joint.LEFT_WRIST, Joint.LEFT_INDEX)) -> torch.Tensor:
    """(33, 4) the body's own elbows and wrists, visible but for those."""
    joints = torch.zeros(33, 4)
    joints[:, 3] = 1.0
    for side, letter in (("LEFT", "L"), ("RIGHT", "R")):
        for name, ours in (("SHOULDER", "upperarm01"), ("ELBOW", "lowerarm01"), ("WRIST", "wrist")):
            joints[Joint[f"{side}_{name}"], :3] = place(body, f"{ours}.{letter}")
    joints[list(hidden), 3] = 0.1
    return joints


EMPTY = CallableField(lambda points: torch.full((len(points),), -9.0), logits=True)


def test_a_hidden_forearm_is_the_bodys(body: FittedBody) -> None:
    limbs = body_limbs(body, landmarks(body), maps(), EMPTY)
    assert [limb.joint for limb in limbs] == ["lowerarm01.L"]
    field = WithBodyLimbs(EMPTY, limbs, maps().depth[0, 0], scale=body.scale)
    names = ("wrist.L", "finger3-1.L", "wrist.R", "upperarm01.L")
    inside = field.logits(torch.stack([place(body, name) for name in names])) > 0
    assert inside.tolist() == [True, True, False, False]
    far = torch.tensor([[0.0, 0.9, 0.0]])
    assert torch.equal(field.logits(far), EMPTY.logits(far))


def test_with_its_elbow_hidden_too_the_whole_arm_is(body: FittedBody) -> None:
    hidden = (Joint.LEFT_ELBOW, Joint.LEFT_WRIST, Joint.LEFT_INDEX)
    assert [limb.joint for limb in body_limbs(body, landmarks(body, hidden), maps(), EMPTY)] == ["upperarm01.L"]


def test_nothing_is_made_of_what_is_visible_or_beyond_the_mask(body: FittedBody) -> None:
    assert body_limbs(body, landmarks(body, ()), maps(), EMPTY) == []
    assert body_limbs(replace(body, doubtful=frozenset({"wrist.L"})), landmarks(body), maps(), EMPTY) == []
    assert body_limbs(body, landmarks(body), maps(mask=0.0), EMPTY) == []
    assert body_limbs(body, landmarks(body), maps()._replace(depth=None), EMPTY) == []


def test_a_limb_stays_behind_what_is_visible(body: FittedBody) -> None:
    limbs = body_limbs(body, landmarks(body), maps(), EMPTY)
    wrist = place(body, "wrist.L")[None]
    for above, inside in ((0.03, True), (0.0, False)):
        wall = torch.full((SIZE, SIZE), float(wrist[0, 2]) + above)
        field = WithBodyLimbs(EMPTY, limbs, wall, scale=body.scale)
        assert bool(field.logits(wrist) > 0) == inside


def test_a_limb_ends_at_the_bound(body: FittedBody) -> None:
    limbs = body_limbs(body, landmarks(body), maps(), EMPTY)
    wrist = place(body, "wrist.L")[None]
    bounded = WithBodyLimbs(
        EMPTY, limbs, maps().depth[0, 0], lambda points: torch.full((len(points),), -50.0), body.scale
    )
    assert float(bounded.logits(wrist)) < 0


def test_cloth_is_as_thick_as_on_the_other_side(body: FittedBody) -> None:
    """The visible forearm in a sleeve of 15 mm."""
    part = part_mesh(body.posed[0], "lowerarm01.R")
    grid = DistanceGrid.of_mesh(*part, 0.005, 0.05)
    dressed = CallableField(lambda points: 600 * (0.015 * body.scale - grid(points)), logits=True)
    assert cloth_thickness(part, dressed, body.scale) / body.scale == pytest.approx(0.015, abs=0.003)
    (limb,) = body_limbs(body, landmarks(body), maps(), dressed)
    assert limb.cloth / body.scale == pytest.approx(0.015, abs=0.003)
    assert cloth_thickness(part, EMPTY, body.scale) == BODY_LIMBS.usual_cloth * body.scale
    # The sleeve on the hidden forearm, half way, and none on the hand.
    field = WithBodyLimbs(EMPTY, [limb], maps().depth[0, 0], scale=body.scale)
    hidden = part_mesh(body.posed[0], "lowerarm01.L")
    along = (torch.from_numpy(hidden.vertices) - limb.end) @ limb.along
    points = torch.rand(20000, 3, generator=torch.Generator().manual_seed(0)) - 0.5
    points = torch.from_numpy(hidden.vertices.mean(0)) + points * 0.3
    distance = limb.distance(points)
    place_along = (points - limb.end) @ limb.along
    between = (distance > 0.004 * body.scale) & (distance < 0.01 * body.scale)
    sleeve, hand = between & (place_along < -0.03 * body.scale), between & (place_along > 0.01 * body.scale)
    assert float(along.min()) < -0.1
    assert int(sleeve.sum()) > 20
    assert int(hand.sum()) > 20
    assert (field.logits(points[sleeve]) > 0).all()
    assert (field.logits(points[hand]) < 0).all()
