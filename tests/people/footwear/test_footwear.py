"""Shoes around three very different pairs of feet."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("anny")

from lifecast.people.appearance import draw_build
from lifecast.people.body import SKIN_VERTICES, BodyModel, RestBody
from lifecast.people.footwear.foot import LEVELS, measure
from lifecast.people.footwear.heel import BEND, on_heels
from lifecast.people.footwear.wear import HIGH_HEELED, KINDS, make_shoes, shoes_for
from lifecast.people.rig import bone_transforms, skin
from lifecast.people.rotation import euler


def test_feet_are_measured_alike_on_both_sides(model: BodyModel, bodies: list[RestBody]) -> None:
    for rest in bodies:
        left, right = (measure(model, rest, side) for side in "LR")
        assert 0.17 < left.length < 0.33
        assert left.length == pytest.approx(right.length, abs=0.002)
        np.testing.assert_allclose(left.right - left.left, right.right - right.left, atol=0.006)
        np.testing.assert_allclose(left.turn @ left.turn.T, np.eye(3), atol=1e-9)
        assert left.points[:, 1].min() == pytest.approx(0, abs=1e-6)


def test_a_shin_without_vertices_at_some_height_is_measured(model: BodyModel) -> None:
    build = draw_build(np.random.default_rng([4400, 147]))  # the shin's rows of vertices pass by 13 cm
    foot = measure(model, model.rest(build.phenotype, build.local, build.expression), "L")
    assert not (np.abs(foot.points[:, 1] - LEVELS[-1]) < 0.012).any()
    assert np.isfinite(foot.sides).all()
    assert (foot.sides[1] > foot.sides[0]).all()


@pytest.mark.parametrize("kind", list(KINDS))
def test_shoes_enclose_feet_and_stand_on_the_ground(kind: str, model: BodyModel, bodies: list[RestBody]) -> None:
    toes = [model.bone(f"{BEND}.{side}") for side in "LR"]
    for number, rest in enumerate(bodies):
        pair = make_shoes(model, rest, kind, np.random.default_rng(number))
        shoes = pair.part
        assert np.isfinite(shoes.points).all()
        assert shoes.solid.unmatched_edges() == 0
        assert len(shoes.faces) <= 16_000
        solid = shoes.solid
        assert 0.0004 < solid.volume() < 0.025
        bare = rest.vertices[:SKIN_VERTICES]
        soles = np.asarray(shoes.weights[:, toes].sum(1)).ravel() > 0.99 if kind in HIGH_HEELED else slice(None)
        assert shoes.points[soles, 1].min() == pytest.approx(bare[:, 1].min() - pair.raised, abs=0.003)
        assert bool(pair.stance) == (kind in HIGH_HEELED)
        np.testing.assert_allclose(np.asarray(shoes.weights.sum(1)).ravel(), 1, atol=1e-6)
        assert shoes.hidden.any() == (kind != "sandals")
        inside = bare[shoes.hidden]
        if len(inside):  # what is left out lies in the shoes' box
            low, high = shoes.points.min(0), shoes.points.max(0)
            assert ((inside > low - 0.002) & (inside < high + 0.002)).all()


@pytest.mark.parametrize("kind", HIGH_HEELED)
def test_high_heels_stand_on_the_ball_and_on_the_heel(kind: str, model: BodyModel, bodies: list[RestBody]) -> None:
    for number, rest in enumerate(bodies):
        pair = make_shoes(model, rest, kind, np.random.default_rng(number))
        # In any pose: here one that turns a foot outward and lifts a knee.
        pose = {model.bone("foot.L"): euler("Y", [20]), model.bone("toe1-1.R"): euler("X", [5])}
        turned = on_heels(model, pose, pair.stance)
        transforms = bone_transforms(model.parents, rest.heads, turned)
        shoes = pair.part.posed(transforms).vertices
        skin_rest = rest.vertices[:SKIN_VERTICES]
        flat = skin(skin_rest, model.weights[:SKIN_VERTICES], bone_transforms(model.parents, rest.heads, pose))
        lifted = skin(skin_rest, model.weights[:SKIN_VERTICES], transforms)
        for side, sign in (("L", 1), ("R", -1)):
            own = shoes[np.sign(shoes[:, 0]) == sign]
            on_toes = np.asarray(pair.part.weights[:, model.bone(f"{BEND}.{side}")].todense()).ravel()
            front = shoes[on_toes > 0.99]
            behind = own[own[:, 2] < own[:, 2].min() + 0.05]
            assert front[:, 1].min() == pytest.approx(behind[:, 1].min(), abs=0.006)
            assert own[:, 1].min() > front[:, 1].min() - 0.008
            foot = measure(model, rest, side)
            back = foot.which[(foot.points[:, 2] < 0.03) & (foot.points[:, 1] < 0.03)]
            toes = foot.which[foot.points[:, 2] > 0.9 * foot.length]
            before, after = (float(p[back, 1].mean() - p[toes, 1].mean()) for p in (flat, lifted))
            assert 0.03 < after - before < 0.11
        # Toes that the pose turned are turned against the foot as before.
        toe, foot_bone = model.bone("toe1-1.R"), model.bone("foot.R")
        assert turned[toe][0, 0] == pytest.approx((pair.stance[toe] @ pose[toe])[0, 0])
        np.testing.assert_allclose(turned[foot_bone], pair.stance[foot_bone])


def test_high_heels_are_for_women_and_tall_boots_for_bare_legs() -> None:
    assert shoes_for(female=True, trousers=False) == list(KINDS)
    assert set(KINDS) - set(shoes_for(female=False, trousers=False)) == set(HIGH_HEELED)
    assert set(KINDS) - set(shoes_for(female=True, trousers=True)) == {"knee-boots"}


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
