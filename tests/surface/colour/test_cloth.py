"""Places that lend their cloth, on a small map of parts."""

import numpy as np
import pytest

from lifecast.surface.colour.cloth import Cloth

SIZE = 256


@pytest.fixture
def cloth():
    """Part 3 for x in (-0.5, 0.1), part 4 for x in (0.3, 0.5), nothing else; part 5 is a single pixel."""
    x = (np.arange(SIZE) + 0.5) * 2 / SIZE - 1
    shown = np.full((SIZE, SIZE), -1)
    shown[:, (x > -0.5) & (x < 0.1)] = 3
    shown[:, (x > 0.3) & (x < 0.5)] = 4
    shown[0, 0] = 5
    return Cloth(shown)


def find(cloth, points, parts):
    return cloth.find(np.array(points), np.array(parts), np.zeros(len(parts), bool))


def test_what_shows_its_part_lends_to_itself(cloth):
    places, found = find(cloth, [(0.0, 0.2), (0.4, -0.3)], [3, 4])
    assert found.all()
    assert np.allclose(places, [(0.0, 0.2), (0.4, -0.3)])


def test_cloth_is_folded_over_where_it_ends(cloth):
    places, found = find(cloth, [(0.15, 0.2), (0.2, -0.1)], [3, 3])
    assert found.all()
    # as far inside as the place lies outside
    assert np.allclose(places, [(0.05, 0.2), (0.0, -0.1)], atol=3 / SIZE)


def test_another_part_is_never_taken(cloth):
    points = np.stack([np.linspace(-0.99, 0.99, 100), np.zeros(100)], 1)
    for part in (3, 4):
        places, _ = find(cloth, points, np.full(100, part))
        assert cloth.shows(places, part).all()


def test_a_place_that_counts_as_its_own_stays(cloth):
    places, _ = cloth.find(np.array([(0.15, 0.2)]), np.array([3]), np.array([True]))
    assert np.allclose(places, [(0.15, 0.2)])


def test_a_speck_is_no_cloth(cloth):
    assert cloth.has(3)
    assert not cloth.has(5)
    places, found = find(cloth, [(0.7, 0.7)], [5])
    assert not found.any()
    assert np.allclose(places, [(0.7, 0.7)])
