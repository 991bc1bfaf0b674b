"""Turned squares: points go into them and back, and pixels are cut where the points say."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from lifecast.photo.turned_square import TurnedSquare, upright_angle

SQUARE = TurnedSquare(130.0, 90.0, 80.0, 0.6)


def test_points_come_back_from_a_square() -> None:
    points = np.random.default_rng(0).uniform(-50, 300, (40, 3))
    inside = SQUARE.from_picture(points, 224)
    np.testing.assert_allclose(SQUARE.to_picture(inside, 224), points, atol=1e-9)
    np.testing.assert_allclose(inside[:, 2], points[:, 2] * 224 / 80)


def test_a_squares_middle_and_corner_are_where_its_turn_takes_them() -> None:
    middle, corner = SQUARE.to_picture(np.array([[112.0, 112.0], [0.0, 0.0]]), 224)
    np.testing.assert_allclose(middle, (130, 90))
    # The left upper corner of an upright square, turned clockwise (y points down) about the middle.
    c, s = np.cos(0.6), np.sin(0.6)
    np.testing.assert_allclose(corner, (130 - 40 * c + 40 * s, 90 - 40 * s - 40 * c))


def test_pixels_are_cut_where_the_points_say() -> None:
    row, column = np.mgrid[:200, :260] + 0.5
    picture = Image.fromarray(np.stack([column * 0.9, row * 0.9, 0 * row], -1).round().astype(np.uint8))
    cut = SQUARE.cut(picture, 64) * 255 / 0.9
    pixels = np.array([[10.5, 20.5], [32.5, 32.5], [50.5, 13.5]])
    there = SQUARE.to_picture(pixels, 64)
    got = np.array([cut[int(y), int(x), :2] for x, y in pixels])
    np.testing.assert_allclose(got, there, atol=1.5)


@pytest.mark.parametrize("angle", [0.0, 0.7, -2.5])
def test_a_square_around_points_holds_them_and_no_more(angle: float) -> None:
    points = np.random.default_rng(1).uniform(0, 100, (12, 2))
    square = TurnedSquare.around(points, angle, 1.0)
    inside = square.from_picture(points, 1)
    assert inside.min() >= -1e-9
    assert inside.max() <= 1 + 1e-9
    assert np.ptp(inside, axis=0).max() == pytest.approx(1)
    assert TurnedSquare.around(points, angle, 2.0).side == pytest.approx(2 * square.side)


def test_a_square_is_moved_toward_its_upper_edge() -> None:
    points = np.array([[0.0, 0.0], [10.0, 40.0]])
    assert TurnedSquare.around(points, 0.0, 1.0, up=0.1) == TurnedSquare(5.0, 16.0, 40.0, 0.0)


@pytest.mark.parametrize(("up", "angle"), [((0, -1), 0.0), ((1, 0), np.pi / 2), ((-1, 0), -np.pi / 2)])
def test_the_upward_direction_gives_the_turn(up: tuple[float, float], angle: float) -> None:
    assert upright_angle(np.array(up)) == pytest.approx(angle)
    tip = TurnedSquare(0.0, 0.0, 2.0, angle).to_picture(np.array([[1.0, 0.0]]), 2)
    np.testing.assert_allclose(tip[0], up, atol=1e-12)
