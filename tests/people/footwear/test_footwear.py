"""Shoes around three very different pairs of feet."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("anny")

from lifecast.people.body import SKIN_VERTICES, BodyModel, RestBody
from lifecast.people.footwear.foot import measure
from lifecast.people.footwear.wear import KINDS, make_shoes


def test_feet_are_measured_alike_on_both_sides(model: BodyModel, bodies: list[RestBody]) -> None:
    for rest in bodies:
        left, right = (measure(model, rest, side) for side in "LR")
        assert 0.17 < left.length < 0.33
        assert left.length == pytest.approx(right.length, abs=0.002)
        np.testing.assert_allclose(left.right - left.left, right.right - right.left, atol=0.006)
        np.testing.assert_allclose(left.turn @ left.turn.T, np.eye(3), atol=1e-9)
        assert left.points[:, 1].min() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("kind", list(KINDS))
def test_shoes_enclose_feet_and_stand_on_the_ground(kind: str, model: BodyModel, bodies: list[RestBody]) -> None:
    for number, rest in enumerate(bodies):
        pair = make_shoes(model, rest, kind, np.random.default_rng(number))
        shoes = pair.part
        assert np.isfinite(shoes.points).all()
        assert shoes.solid.unmatched_edges() == 0
        assert len(shoes.faces) <= 16_000
        solid = shoes.solid
        assert 0.0004 < solid.volume() < 0.025
        skin = rest.vertices[:SKIN_VERTICES]
        assert shoes.points[:, 1].min() == pytest.approx(skin[:, 1].min() - pair.raised, abs=0.003)
        np.testing.assert_allclose(np.asarray(shoes.weights.sum(1)).ravel(), 1, atol=1e-6)
        assert shoes.hidden.any() == (kind != "sandals")
        inside = skin[shoes.hidden]
        if len(inside):  # what is left out lies in the shoes' box
            low, high = shoes.points.min(0), shoes.points.max(0)
            assert ((inside > low - 0.002) & (inside < high + 0.002)).all()


def test_boots_reach_higher_than_shoes_and_bend_with_the_shin(model: BodyModel, bodies: list[RestBody]) -> None:
    rest = bodies[1]
    heights = {}
    for kind in ("flats", "trainers", "ankle-boots", "knee-boots"):
        part = make_shoes(model, rest, kind, np.random.default_rng(0)).part
        heights[kind] = float(np.ptp(part.points[:, 1]))
        top = int(part.points[:, 1].argmax())
        shin = sum(part.weights[top, model.bone(f"lowerleg0{k}.{s}")] for k in (1, 2) for s in "LR")
        assert (shin > 0.5) == kind.endswith("boots")
    assert list(heights.values()) == sorted(heights.values())


def test_the_same_seed_gives_the_same_shoes(model: BodyModel, bodies: list[RestBody]) -> None:
    one, two, other = (make_shoes(model, bodies[0], "trainers", np.random.default_rng(seed)).part for seed in (1, 1, 2))
    assert one.points.tobytes() + one.texture.tobytes() == two.points.tobytes() + two.texture.tobytes()
    assert one.points.tobytes() != other.points.tobytes()
