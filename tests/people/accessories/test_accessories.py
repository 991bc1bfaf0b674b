"""Hats outside of pressed hair, glasses before the face, bags outside of the body."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("anny")
pytest.importorskip("embreex")

from lifecast.people.accessories.bags import KINDS as BAGS
from lifecast.people.accessories.bags import Torso, make_bag
from lifecast.people.accessories.glasses import Frame, draw_frame, make_glasses
from lifecast.people.accessories.hats import KINDS as HATS
from lifecast.people.accessories.hats import hat_line, make_hat, pressed
from lifecast.people.body import SKIN_VERTICES, BodyModel, RestBody
from lifecast.people.hairstyles.catalogue import STYLES
from lifecast.people.hairstyles.hairdo import make_hair
from lifecast.people.hairstyles.skull import Skull
from lifecast.people.hairstyles.sphere import geodesic
from lifecast.people.rest_part import RestPart
from lifecast.people.solids import cushion, hoop, loft, resampled, tube

Outermost = Callable[[RestPart, Skull, np.ndarray], np.ndarray]
TEXTURE = np.zeros((4, 4, 3), np.uint8)


def test_solids_have_the_volume_of_their_closed_forms() -> None:
    line = np.stack([np.zeros(40), np.linspace(0, 1, 40), np.zeros(40)], 1)
    rod = tube(line, np.array([0.0, 0.0, 1.0]), 0.1, 0.1, 64)
    assert np.pi * 0.05**2 < rod.volume() < 0.1**2
    turn = np.arange(200) * 2 * np.pi / 200
    ring = hoop(np.stack([np.cos(turn), np.sin(turn), 0 * turn], 1), np.array([0.0, 0.0, 1.0]), 0.2, 0.2, 48)
    assert ring.volume() == pytest.approx(2 * np.pi**2 * 0.1**2, rel=0.01)
    assert cushion((1.0, 2.0, 3.0), 2.0, 60).volume() == pytest.approx(np.pi, rel=0.01)
    assert 0.95 * 6 < cushion((1.0, 2.0, 3.0), 16.0, 60).volume() < 6
    square = np.array([[0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1]], float)
    assert loft(np.stack([square, square + np.array([0, 2, 0])])).volume() == pytest.approx(2)
    for solid in (rod, ring, cushion((1.0, 1, 1)), loft(np.stack([square, square + np.array([0, 2, 0])]))):
        assert solid.unmatched_edges() == 0


def test_a_resampled_line_has_equal_steps() -> None:
    line = resampled(np.array([[0.0, 0, 0], [1, 0, 0], [1, 3, 0]]), 9)
    np.testing.assert_allclose(np.linalg.norm(np.diff(line, axis=0), axis=1), 0.5)


@pytest.mark.parametrize("kind", HATS)
def test_a_hat_covers_pressed_hair_of_any_style(
    kind: str, model: BodyModel, bodies: list[RestBody], outermost: Outermost
) -> None:
    line = hat_line(kind)
    for number, (rest, style) in enumerate(zip(bodies, ["afro", "long-wavy", "tousled"], strict=True)):
        hat = make_hat(model, rest, kind, TEXTURE, np.random.default_rng(number))
        assert hat.solid.unmatched_edges() == 0
        assert hat.solid.volume() > 0
        skull = Skull(model, rest)
        hair = make_hair(model, rest, STYLES[style](np.random.default_rng(0)), TEXTURE, np.random.default_rng(0))
        assert hair is not None
        below = pressed(hair, skull, line)
        ways, _ = geodesic(16)
        over = line.above(skull, skull.skin(ways)) > 0.012
        outer, inner = (outermost(part, skull, ways)[over] for part in (hat, below))
        assert (outer > inner).mean() > 0.995
        assert outermost(hair, skull, ways)[over].max() > outer.min()
        low = hair.points[:, 1] < skull.eye[1] - 0.08
        np.testing.assert_array_equal(below.points[low], hair.points[low])


def test_glasses_stand_before_eyes_and_skin(model: BodyModel, bodies: list[RestBody]) -> None:
    for number, rest in enumerate(bodies):
        glasses = make_glasses(model, rest, draw_frame(np.random.default_rng(number)), np.zeros(3))
        assert glasses.solid.unmatched_edges() == 0
        skull = Skull(model, rest)
        eye = rest.heads[model.bone("eye.L")]
        front = glasses.points[glasses.points[:, 2] > eye[2]].astype(np.float64)
        ways, away = skull.directions(front)
        assert (away - np.linalg.norm(skull.skin(ways) - skull.centre, axis=1)).min() > -0.002
        assert glasses.points[:, 2].min() < skull.ears[:, 2].mean()


def test_only_sunglasses_have_lenses(model: BodyModel, bodies: list[RestBody]) -> None:
    clear, dark = (make_glasses(model, bodies[0], Frame(dark=d), np.ones(3)) for d in (False, True))
    assert (clear.name, dark.name) == ("glasses:clear", "glasses:sun")
    assert dark.solid.volume() - clear.solid.volume() == pytest.approx(
        2 * 0.002 * np.pi / 4 * 0.049 * 0.039 * 1.1, rel=0.15
    )


@pytest.mark.parametrize("kind", BAGS)
def test_a_bag_hangs_outside_of_the_body(kind: str, model: BodyModel, bodies: list[RestBody]) -> None:
    for number, rest in enumerate(bodies):
        bag = make_bag(model, rest, kind, TEXTURE, np.random.default_rng(number))
        assert bag.solid.unmatched_edges() == 0
        assert 0.002 < bag.solid.volume() < 0.04
        np.testing.assert_allclose(np.asarray(bag.weights.sum(1)).ravel(), 1, atol=1e-6)
        torso = Torso(model, rest, 0.0)
        points = bag.points.astype(np.float64)
        moved, _ = torso.outside(points)
        assert (np.linalg.norm(moved - points, axis=1) < 0.006).mean() > 0.97
        assert bag.hidden.shape == (SKIN_VERTICES,)
