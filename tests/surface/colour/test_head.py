"""Finding the head, and the colour of hair."""

import numpy as np
import pytest

from lifecast.surface.colour.head import Head, find_head, hair_colour, hair_share, middle_plane
from lifecast.surface.colour.photograph import prepare_photograph

HAIR, SKIN = (50, 30, 20), (220, 180, 150)


def box(low, high, rng, count=4000):
    return rng.uniform(low, high, (count, 3))


@pytest.fixture
def figure():
    """Legs, trunk, and a head 0.18 high whose crown is at 0.7."""
    rng = np.random.default_rng(0)
    parts = [((-0.15, -0.7, -0.1), (0.15, 0.1, 0.1)), ((-0.2, 0.1, -0.1), (0.2, 0.5, 0.1))]
    return np.concatenate([box(low, high, rng) for low, high in [*parts, ((-0.07, 0.5, -0.09), (0.07, 0.7, 0.09))]])


def test_the_head_is_at_the_top(figure):
    head = find_head(figure)
    assert np.isclose(head.crown, 0.7, atol=0.01)
    assert np.isclose(head.chin, 0.7 - 0.13 * 1.4, atol=0.01)
    assert abs(head.x) < 0.01


def test_a_raised_hand_is_no_head(figure):
    arm = box((-0.45, 0.3, -0.05), (-0.35, 1.0, 0.05), np.random.default_rng(1))
    head = find_head(np.concatenate([figure, arm]))
    assert abs(head.x) < 0.03
    assert head.crown < 0.72


def test_the_middle_plane_follows_the_trunk(figure):
    assert abs(middle_plane(np.add(figure, [0.3, 0, 0])) - 0.3) < 0.01


def photograph(long):
    """A face (skin) with hair above y = 0.62; with long hair also beside face and neck."""
    size = 512
    x = (np.arange(size) + 0.5) * 2 / size - 1
    x, y = np.meshgrid(x, -x)
    person = ((np.abs(x) < 0.08) & (y > 0.4) & (y < 0.7)) | ((np.abs(x) < 0.25) & (y < 0.4) & (y > -0.7))
    image = np.zeros((size, size, 3), np.uint8)
    image[person] = SKIN
    image[person & (y > 0.62)] = HAIR
    if long:
        image[person & (y > 0.3) & (np.abs(x) > 0.04) & (np.abs(x) < 0.09)] = HAIR
    return prepare_photograph(image, person.astype(np.float32))


def test_hair():
    head = Head(0.0, 0.52, 0.7, 0.09)
    levels = np.array([0.69, 0.6, 0.52, 0.4])
    short = photograph(long=False)
    assert np.abs(hair_colour(short, head) - HAIR).max() < 2
    share = hair_share(short, head, np.array(HAIR), levels)
    assert share[0] == share[1] == 1
    assert share[2] < 0.1
    assert share[3] == 0
    assert (hair_share(photograph(long=True), head, np.array(HAIR), levels) > 0.9).all()
    assert hair_share(short, head, np.array(HAIR), np.array([0.72, 0.85, 1.0])).tolist() == [1, 0, 0]


def test_a_head_outside_the_picture_has_no_hair():
    assert hair_colour(photograph(long=False), Head(0.0, 1.2, 1.4, 0.09)) is None
