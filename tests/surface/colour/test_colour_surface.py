"""Colour on bodies whose photograph is painted analytically: spheres, and a person of capsules."""

import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh

sys.path.insert(0, str(Path(__file__).parent))
from painted import (
    HAIR,
    SHIRT,
    SKIN,
    TROUSERS,
    back_of_the_trunk,
    capsule_person,
    colour,
    distance,
    dressed,
    gradient,
    joints_of_the_person,
    paint_photo,
)


@pytest.fixture(scope="module")
def person():
    return capsule_person()


@pytest.mark.parametrize("with_mask", [True, False])
def test_a_sphere_takes_the_photographs_colour_and_none_of_the_background(with_mask):
    ball = trimesh.creation.icosphere(5, 0.7)
    image, mask = paint_photo(ball, lambda p: gradient(p) // 2 + np.array([100, 0, 100], np.uint8))
    got = colour(ball, image, mask if with_mask else None)
    front = ball.vertices[:, 2] > 0.45
    want = gradient(ball.vertices) // 2 + np.array([100, 0, 100])
    assert got.visible[front].all()
    assert (got.trust[front] == 1).all()
    assert distance(got.colours, want)[front].max() < 4
    assert not got.visible[ball.vertices[:, 2] < 0].any()
    # green is at most 127 on the ball and 255 behind it: the outline's colours come from inside
    assert got.colours[:, 1].max() <= 128
    assert (got.colours[:, [0, 2]] >= 95).all()


def test_a_sloppy_mask_does_not_let_the_background_in():
    ball = trimesh.creation.icosphere(5, 0.7)
    image, mask = paint_photo(ball, lambda p: np.full(p.shape, 200, np.uint8))
    shifts = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))
    blurred = np.stack([np.roll(image.astype(float), shift, (0, 1)) for shift in shifts]).mean(0)
    smaller = trimesh.creation.icosphere(5, 0.67)
    _, tight = paint_photo(smaller, gradient)
    for given in (mask, tight):
        got = colour(ball, blurred.astype(np.uint8), given)
        assert distance(got.colours, 200).max() < 3


def test_the_back_takes_the_front_and_keeps_the_waistline():
    ball = trimesh.creation.icosphere(5, 0.7)
    image, mask = paint_photo(ball, lambda p: np.where(p[:, 1:2] > 0, SHIRT, TROUSERS).astype(np.uint8))
    got = colour(ball, image, mask).colours
    back = ball.vertices[:, 2] < -0.2
    y = ball.vertices[:, 1]
    assert distance(got, SHIRT)[back & (y > 0.1)].max() < 20
    assert distance(got, TROUSERS)[back & (y < -0.1)].max() < 20


def test_what_an_occluder_hides_is_not_painted_with_it():
    behind = trimesh.creation.icosphere(5, 0.6)
    before = trimesh.creation.icosphere(4, 0.2)
    before.apply_translation([0, 0, 0.8])
    both = trimesh.util.concatenate([behind, before])
    white = np.array([250, 250, 250], np.uint8)
    image, mask = paint_photo(both, lambda p: np.where(p[:, 2:] > 0.62, white, SHIRT).astype(np.uint8))
    got = colour(both, image, mask)
    far = np.arange(len(both.vertices)) < len(behind.vertices)
    hidden = far & (np.linalg.norm(both.vertices[:, :2], axis=1) < 0.19) & (both.vertices[:, 2] > 0)
    assert hidden.sum() > 100
    assert not got.visible[hidden].any()
    assert distance(got.colours[far], SHIRT).max() < 12  # before, around and on the back of the occluded ball
    assert distance(got.colours[~far], white).max() < 12  # the small ball's own back is white


def test_a_person(person):
    image, mask = paint_photo(person, dressed)
    got = colour(person, image, mask)
    x, y, z = person.vertices.T
    truth = dressed(person.vertices)
    sure = got.trust == 1
    assert sure.mean() > 0.1  # much of the capsules lies inside one another
    # all but what lies within a pixel or two of a painted edge
    assert np.percentile(distance(got.colours, truth)[sure], 95) < 3

    back = person.vertex_normals[:, 2] < -0.3
    trunk = (np.abs(x) < 0.09) & (z < 0)
    # a shirt's back behind the shirt, also behind the forearm and behind the lettering
    assert distance(got.colours, SHIRT)[back & trunk & (y > 0.05) & (y < 0.34)].max() < 60
    assert np.median(distance(got.colours, SHIRT)[back & trunk & (y > 0.05) & (y < 0.34)]) < 10
    assert np.median(distance(got.colours, TROUSERS)[back & (y < -0.1)]) < 10
    raised = back & (x < -0.2) & (y > 0.5)
    assert np.median(distance(got.colours, SKIN)[raised]) < 10


def test_no_face_on_the_back_of_the_head(person):
    image, mask = paint_photo(person, dressed)
    got = colour(person, image, mask).colours
    x, y, z = person.vertices.T
    head_back = (np.abs(x) < 0.1) & (z < -0.04) & (y > 0.57)
    assert head_back.sum() > 100
    assert distance(got, HAIR)[head_back].max() < 40
    assert np.median(distance(got, HAIR)[head_back]) < 10
    face = (z > 0.03) & (y > 0.5) & (y < 0.62) & (np.abs(x) < 0.05)
    assert np.median(distance(got, SKIN)[face]) < 5  # while the face stays a face


def test_long_hair_goes_down_the_back_of_the_neck(person):
    def long_haired(points):
        colours = dressed(points)
        x, y = points[:, 0], points[:, 1]
        colours[(y > 0.4) & (np.abs(x) > 0.025) & (np.abs(x) < 0.12)] = HAIR
        return colours

    got = {}
    for name, paint in (("short", dressed), ("long", long_haired)):
        got[name] = colour(person, *paint_photo(person, paint)).colours
    x, y, z = person.vertices.T
    nape = (np.abs(x) < 0.03) & (z < -0.035) & (y > 0.46) & (y < 0.49)
    assert nape.sum() > 20
    assert np.median(distance(got["short"], SKIN)[nape]) < 60
    assert np.median(distance(got["long"], HAIR)[nape]) < 30


def test_a_forearm_that_touches_the_chest_is_not_on_the_back(person):
    near = person.copy()
    forearm = near.vertices[:, 2] > 0.17
    near.vertices[forearm, 2] -= 0.06  # 1 cm before the chest: nothing but the joints tells it from a belt
    joints = joints_of_the_person()
    joints[[13, 15, 19], 2] -= 0.06

    def painted(points):
        colours = dressed(points)
        colours[(points[:, 2] > 0.128) & (np.abs(points[:, 1] - 0.11) < 0.05)] = SKIN
        return colours

    image, mask = paint_photo(near, painted)
    behind = back_of_the_trunk(near, 0.07, 0.15, 0.1)
    assert behind.sum() > 50
    told = colour(near, image, mask, joints=joints).colours
    assert distance(told, SHIRT)[behind].max() < 60
    assert np.median(distance(told, SHIRT)[behind]) < 12


def test_the_back_of_an_open_jacket_is_closed(person):
    jacket, shirt = (60, 70, 130), (240, 240, 235)

    def paint(points):
        colours = dressed(points)
        x, y, z = points.T
        trunk = (y > 0) & (y < 0.43) & (np.abs(x) < 0.16) & (z < 0.17)
        colours[trunk] = jacket
        colours[trunk & (np.abs(x) < 0.08)] = shirt
        return colours

    image, mask = paint_photo(person, paint)
    behind = back_of_the_trunk(person, 0.16, 0.3, 0.04)
    assert behind.sum() > 50
    got = colour(person, image, mask, joints=joints_of_the_person()).colours
    assert np.median(distance(got, jacket)[behind]) < 25
    untold = colour(person, image, mask).colours  # nobody said where a trunk is
    assert np.median(distance(untold, shirt)[behind]) < 40
    front = (person.vertices[:, 2] > 0.1) & (np.abs(person.vertices[:, 0]) < 0.03) & (person.vertices[:, 1] > 0.18)
    front &= person.vertices[:, 1] < 0.3
    assert np.median(distance(got, shirt)[front]) < 5


def test_a_top_between_bare_shoulders_stays_on_the_back(person):
    def paint(points):
        colours = dressed(points)
        x, y, z = points.T
        colours[(y > 0) & (y < 0.43) & (np.abs(x) > 0.095) & (np.abs(x) < 0.16) & (z < 0.17)] = SKIN
        return colours

    image, mask = paint_photo(person, paint)
    behind = back_of_the_trunk(person, 0.2, 0.3, 0.04)
    got = colour(person, image, mask, joints=joints_of_the_person()).colours
    assert np.median(distance(got, SHIRT)[behind]) < 25


def test_a_hem_of_little_contrast_stays_a_line_on_the_back():
    """Two dark colours that differ by 35 of 255; 4 cm of the back used to lie between them."""
    above, below = (70, 50, 45), (45, 40, 65)
    ball = trimesh.creation.icosphere(6, 0.7)
    image, mask = paint_photo(ball, lambda p: np.where(p[:, 1:2] > 0, above, below).astype(np.uint8))
    got = colour(ball, image, mask).colours
    back, y = ball.vertices[:, 2] < -0.3, ball.vertices[:, 1]
    assert distance(got, above)[back & (y > 0.02)].max() < 14
    assert distance(got, below)[back & (y < -0.02)].max() < 14


def test_shoes_go_round_to_the_heel(person):
    """A patch smaller than a print, but open to what the photograph shows on either side."""
    shoes = (250, 250, 250)

    def paint(points):
        colours = dressed(points)
        colours[points[:, 1] < -0.55] = shoes
        return colours

    image, mask = paint_photo(person, paint)
    got = colour(person, image, mask).colours
    y = person.vertices[:, 1]
    back = person.vertex_normals[:, 2] < -0.5
    assert np.median(distance(got, shoes)[back & (y < -0.57)]) < 12
    assert np.median(distance(got, TROUSERS)[back & (y > -0.52) & (y < -0.3)]) < 12


def test_the_light_of_the_front_is_not_on_the_back():
    """A grey ball lit from the left: its back is as bright on both sides, where it joins nothing seen."""
    ball = trimesh.creation.icosphere(5, 0.7)

    def paint(points):
        light = 110 + 70 * points[:, :1] / 0.7
        return np.repeat(light, 3, 1).astype(np.uint8)

    image, mask = paint_photo(ball, paint)
    got = colour(ball, image, mask).colours.astype(float).mean(1)
    x, back = ball.vertices[:, 0], ball.vertices[:, 2] < -0.45
    left, right = got[back & (x > 0.2)].mean(), got[back & (x < -0.2)].mean()
    shown = 70 * (x[back & (x > 0.2)].mean() - x[back & (x < -0.2)].mean()) / 0.7
    assert abs(left - right) < 0.4 * shown
