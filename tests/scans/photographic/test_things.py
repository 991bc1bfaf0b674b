"""Held things are at the hands, occluders before the person, bystanders on the same ground."""

from __future__ import annotations

import numpy as np
import pytest

from lifecast.scans.photographic.bystanders import Bystanders
from lifecast.scans.photographic.held_things import THINGS, HeldThings, seen_hands
from lifecast.scans.photographic.layers import bounding_box
from lifecast.scans.photographic.occluders import OCCLUDERS, Occluders, Standing
from lifecast.scans.photographic.surfaces import Shape, drawn, ellipse, moved, rectangle
from lifecast.scans.placement import Placement

from .conftest import SIZE, body_mask, other


def texture(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 256, (32, 32, 3)).astype(np.uint8)


@pytest.mark.parametrize("name", [thing[0] for thing in THINGS])
def test_every_thing_is_drawn_at_the_hand(name: str) -> None:
    shapes = next(thing[2] for thing in THINGS if thing[0] == name)
    rng = np.random.default_rng(1)
    layer = drawn(moved(shapes(rng), np.array([0.25, -0.1]), 1.0, 0.1), 256, texture(rng), rng)
    assert layer is not None
    x, y, w, h = layer.box
    assert layer.colour.shape == (h, w, 3)
    assert layer.cover.shape == (h, w)
    assert layer.cover.max() == 255
    reach = 12
    assert x - reach <= 0.625 * 256 <= x + w + reach
    assert y - reach <= 0.55 * 256 <= y + h + reach


@pytest.mark.parametrize("name", [occluder[0] for occluder in OCCLUDERS])
def test_every_occluder_is_drawn(name: str) -> None:
    shapes = next(occluder[2] for occluder in OCCLUDERS if occluder[0] == name)
    drawn_before = 0
    for index in range(10):
        rng = np.random.default_rng(index)
        layer = drawn(shapes(Standing(-0.16, 0.16, -0.7, 0.7, 1.0), rng), SIZE, None, rng)
        drawn_before += layer is not None and layer.hidden_share(body_mask()) > 0
    assert drawn_before >= 4


def test_shapes_are_as_large_as_said_and_turn_counter_clockwise() -> None:
    rng = np.random.default_rng(0)
    square = drawn([Shape("polygon", rectangle(-0.5, -0.25, 0.5, 0.25))], 128, None, rng)
    disc = drawn([Shape("ellipse", ellipse(0.1, 0.2, 0.3, 0.3))], 128, None, rng)
    assert square is not None
    assert disc is not None
    assert square.cover.astype(float).sum() / 255 == pytest.approx(
        64 * 32, rel=0.08
    )  # OpenCV's soft outline is half a pixel wide
    assert disc.cover.astype(float).sum() / 255 == pytest.approx(
        np.pi * (0.3 * 64) ** 2, rel=0.08
    )  # OpenCV's soft outline is half a pixel wide
    turned = moved(
        [Shape("polygon", np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.1]]))], np.array([0.1, 0.2]), 0.5, np.pi / 2
    )
    np.testing.assert_allclose(turned[0].points, [[0.1, 0.7], [0.1, 0.2], [0.05, 0.2]], atol=1e-9)
    assert drawn([Shape("polygon", rectangle(2, 2, 3, 3))], 128, None, rng) is None


def test_steps_hide_no_more_than_they_may() -> None:
    mask = body_mask()
    hands = np.array([[0.0, 0.1], [0.1, -0.1]])
    held, occluders = HeldThings(1.0, hidden=0.1), Occluders(1.0, hidden=0.2)
    some = 0
    for index in range(40):
        rng = np.random.default_rng(index)
        for thing in held.draw(hands, 1.0, mask, texture, rng):
            assert not thing.before or thing.layer.hidden_share(mask) <= 0.1
            some += 1
        layer = occluders.draw(1.0, mask, texture, rng)
        assert layer is None or layer.hidden_share(mask) <= 0.2
        some += layer is not None
    assert some > 40
    rng = np.random.default_rng(0)
    assert HeldThings(0.0).draw(hands, 1.0, mask, texture, rng) == []
    assert Occluders(0.0).draw(1.0, mask, texture, rng) is None


def test_hands_behind_the_body_hold_nothing_that_can_be_seen() -> None:
    joints = np.full((33, 3), np.nan)
    joints[[17, 19, 21]] = [-0.25, 0.25, 0.3]
    joints[[18, 20, 22]] = [0.25, -0.25, -0.2]
    depth = np.full((32, 32), 0.1, np.float32)
    everywhere = np.ones((32, 32), np.float32)
    np.testing.assert_allclose(seen_hands(joints, depth, everywhere), [[-0.25, 0.25]])
    beside = everywhere.copy()
    beside[16:, 16:] = 0
    np.testing.assert_allclose(seen_hands(joints, depth, beside), [[-0.25, 0.25], [0.25, -0.25]])
    assert len(seen_hands(np.full((33, 3), np.nan), depth, everywhere)) == 0


def test_bystanders_stand_on_the_persons_ground() -> None:
    mask = body_mask()
    person = bounding_box(mask)
    feet, step = person[1] + person[3], Bystanders(1.0, second=0, unsharp=0)
    behind = before = 0
    for index in range(80):
        for one in step.draw(person, mask, Placement(), lambda _: other(), np.random.default_rng(index)):
            bottom, height = one.layer.box[1] + one.layer.box[3], one.layer.box[3]
            if one.size < 0.9:
                behind += 1
                assert bottom <= feet - 0.4 * (1 - one.size) * person[3] + 3
                assert height == pytest.approx(one.size * person[3], rel=0.2)
            elif one.size > 1.06:
                before += 1
                assert one.before
                assert bottom >= min(SIZE, feet + 0.4 * (one.size - 1) * person[3] - 3)
            assert not one.before or one.layer.hidden_share(mask) <= step.hidden
    assert behind > 10
    assert before > 5
    nobody = Bystanders(0.0).draw(person, mask, Placement(), lambda _: other(), np.random.default_rng(0))
    alone = step.draw(person, mask, Placement(), lambda _: None, np.random.default_rng(0))
    assert nobody == alone == []
