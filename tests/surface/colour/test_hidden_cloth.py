"""Cloth that the photograph hides: stripes, ties, bald heads and parts, on a person of capsules."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh

sys.path.insert(0, str(Path(__file__).parent))
from painted import (
    SHIRT,
    SKIN,
    back_of_the_trunk,
    capsule_person,
    colour,
    distance,
    dressed,
    joints_of_the_person,
    paint_photo,
)

from lifecast.errors import PhotoError
from lifecast.space.parsing import Part
from lifecast.surface.colour.back_neckline import BackNeckline
from lifecast.surface.colour.colour_surface import COLOURING, colour_surface
from lifecast.surface.colour.front_only import FrontOnly


@pytest.fixture(scope="module")
def person():
    return capsule_person()


def test_stripes_go_on_behind_and_around_the_side():
    """Stripes 5 cm wide: the back and the sides have them at the photograph's contrast, where the front has them."""
    ball = trimesh.creation.icosphere(6, 0.7)

    def paint(points):
        return np.where(np.sin(points[:, 1:2] * 80) > 0, 220, 40).repeat(3, 1).astype(np.uint8)

    image, mask = paint_photo(ball, paint)
    got = colour(ball, image, mask).colours.astype(float).mean(1)
    truth = paint(ball.vertices).astype(float).mean(1)
    y, z = ball.vertices[:, 1], ball.vertices[:, 2]
    back = (z < -0.4) & (np.abs(y) < 0.35)
    assert np.corrcoef(got[back], truth[back])[0, 1] > 0.9
    assert got[back].std() > 0.9 * truth[back].std()
    side = (np.abs(z) < 0.15) & (np.abs(y) < 0.2)
    assert got[side].std() > 0.4 * truth[side].std()  # folded over from either end: finer, and soft where they meet


def test_a_tie_is_not_on_the_back(person):
    tie = (20, 30, 200)

    def paint(points):
        colours = dressed(points)
        x, y, z = points.T
        colours[(y > 0) & (y < 0.43) & (np.abs(x) < 0.16) & (z < 0.17)] = SHIRT
        colours[(y > 0.1) & (y < 0.4) & (np.abs(x) < 0.025) & (z > 0) & (z < 0.17)] = tie
        return colours

    image, mask = paint_photo(person, paint)
    got = colour(person, image, mask, joints=joints_of_the_person()).colours
    behind = back_of_the_trunk(person, 0.16, 0.3, 0.04)
    assert np.median(distance(got, SHIRT)[behind]) < 15
    front = (person.vertices[:, 2] > 0.12) & (np.abs(person.vertices[:, 0]) < 0.015)
    front &= (person.vertices[:, 1] > 0.2) & (person.vertices[:, 1] < 0.3)
    assert np.median(distance(got, tie)[front]) < 5


def test_a_rule_that_is_off_leaves_the_tie_on_the_back(person):
    tie = (20, 30, 200)

    def paint(points):
        colours = dressed(points)
        colours[(points[:, 1] > 0.1) & (points[:, 1] < 0.4) & (np.abs(points[:, 0]) < 0.04) & (points[:, 2] < 0.17)] = (
            tie
        )
        return colours

    image, mask = paint_photo(person, paint)
    off = replace(
        COLOURING, hidden=replace(COLOURING.hidden, parts=replace(COLOURING.hidden.parts, front=FrontOnly(on=False)))
    )
    joints = joints_of_the_person()
    behind = back_of_the_trunk(person, 0.2, 0.3, 0.02)
    assert np.median(distance(colour(person, image, mask, joints=joints).colours, tie)[behind]) > 100
    assert np.median(distance(colour(person, image, mask, joints=joints, constants=off).colours, tie)[behind]) < 25


def test_a_deep_neckline_is_closed_behind(person):
    """Skin goes down under the shoulders in front; behind, the shirt goes up to both ends of the neckline."""

    def paint(points):
        colours = dressed(points)
        x, y, z = points.T
        colours[(y > 0) & (y < 0.43) & (np.abs(x) < 0.16) & (z < 0.17)] = SHIRT
        colours[(y > 0.36) & (np.abs(x) < 0.08) & (z > 0) & (z < 0.17)] = SKIN
        return colours

    image, mask = paint_photo(person, paint)
    joints = joints_of_the_person()
    rules = COLOURING.hidden.parts
    off = replace(COLOURING, hidden=replace(COLOURING.hidden, parts=replace(rules, neckline=BackNeckline(on=False))))
    behind = back_of_the_trunk(person, 0.37, 0.41, 0.04) & (person.vertices[:, 2] < -0.06)
    assert behind.sum() > 10
    assert np.median(distance(colour(person, image, mask, joints=joints).colours, SHIRT)[behind]) < 20
    assert np.median(distance(colour(person, image, mask, joints=joints, constants=off).colours, SKIN)[behind]) < 40


def test_a_bald_head_is_skin_behind(person):
    def paint(points):
        colours = dressed(points)
        colours[(points[:, 1] > 0.6) & (np.abs(points[:, 0]) < 0.1)] = SKIN
        return colours

    got = colour(person, *paint_photo(person, paint)).colours
    x, y, z = person.vertices.T
    head_back = (np.abs(x) < 0.06) & (z < -0.03) & (y > 0.55)
    assert head_back.sum() > 50
    assert distance(got, SKIN)[head_back].max() < 30


def test_every_vertex_has_a_part(person):
    got = colour(person, *paint_photo(person, dressed), joints=joints_of_the_person())
    x, y, z = person.vertices.T
    front, back = person.vertex_normals[:, 2] > 0.5, person.vertex_normals[:, 2] < -0.5
    trunk, legs = (np.abs(x) < 0.09) & (y > 0.15) & (y < 0.3) & (np.abs(z) < 0.17), (y < -0.2) & (y > -0.45)
    for side in (front, back):
        assert (got.parts[side & trunk] == Part.UPPER).mean() > 0.8  # the lettering and the forearm are on the front
        assert (got.parts[side & legs] == Part.LOWER).mean() > 0.95
    assert (got.parts[back & (y > 0.6) & (np.abs(x) < 0.06)] == Part.HAIR).all()
    assert (got.parts[front & (y > 0.55) & (y < 0.58) & (np.abs(x) < 0.03)] == Part.FACE).all()


def test_errors_and_the_empty_surface():
    ball = trimesh.creation.icosphere(2, 0.5)
    image = np.zeros((64, 64, 3), np.uint8)
    with pytest.raises(PhotoError, match="mask"):
        colour(ball, image, np.zeros((64, 64), np.float32))
    with pytest.raises(ValueError, match="mask must be"):
        colour(ball, image, np.ones((32, 32), np.float32))
    with pytest.raises(ValueError, match="uint8"):
        colour(ball, image.astype(np.float32), np.ones((64, 64), np.float32))
    empty = colour_surface(np.zeros((0, 3)), np.zeros((0, 3), int), np.zeros((0, 3)), image)
    assert empty.colours.shape == (0, 3)
    assert empty.visible.shape == (0,)


def test_a_glint_is_not_copied_to_the_back_and_a_pattern_is(person):
    """Sun on a shoulder: 10 x 15 cm far brighter than the shirt. Stripes as bright, on half of it, are paint."""

    def sunny(points):
        colours = dressed(points)
        x, y, z = points.T
        colours[(y > 0) & (y < 0.43) & (np.abs(x) < 0.16) & (z < 0.17)] = SHIRT
        colours[(np.abs(x - 0.04) < 0.04) & (np.abs(y - 0.27) < 0.06) & (z > 0) & (z < 0.17)] = (255, 200, 200)
        return colours

    def striped(points):
        colours = sunny(points)
        x, y, z = points.T
        colours[(y > 0) & (y < 0.43) & (np.abs(x) < 0.16) & (z < 0.17) & (np.sin(y * 120) > 0)] = (255, 200, 200)
        return colours

    off = replace(COLOURING, hidden=replace(COLOURING.hidden, glint_share=0.0, parts=replace(
        COLOURING.hidden.parts, front=FrontOnly(on=False))))  # fmt: skip
    on = replace(off, hidden=replace(off.hidden, glint_share=0.2))
    joints = joints_of_the_person()
    behind = back_of_the_trunk(person, 0.24, 0.3, 0.06) & (person.vertices[:, 0] > 0.02)
    image, mask = paint_photo(person, sunny)
    assert np.median(distance(colour(person, image, mask, joints=joints, constants=off).colours, SHIRT)[behind]) > 60
    assert np.median(distance(colour(person, image, mask, joints=joints, constants=on).colours, SHIRT)[behind]) < 25
    image, mask = paint_photo(person, striped)
    got = colour(person, image, mask, joints=joints, constants=on).colours[back_of_the_trunk(person, 0.16, 0.3, 0.06)]
    assert got[:, 1].astype(float).std() > 40
