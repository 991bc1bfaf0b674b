"""Outlines against closed forms: an elliptic cylinder, and a square prism."""

import numpy as np
import pytest
from scipy.special import ellipe

from lifecast.people.patterns.tube import measure_tube

UP, FRONT = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0])


def prism(outline):
    """Upright edges from y = -1 to 1 over the points (n, 2) of (z, x)."""
    n = len(outline)
    points = np.concatenate([np.column_stack([outline[:, 1], np.full(n, y), outline[:, 0]]) for y in (-1.0, 1.0)])
    return points, np.stack([np.arange(n), np.arange(n) + n], 1)


def ellipse(front=0.2, side=0.3):
    angle = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    return measure_tube(
        *prism(np.stack([front * np.cos(angle), side * np.sin(angle)], 1)), np.zeros(3), UP, FRONT,
        np.arange(-0.5, 0.5, 0.01), symmetric=True,
    )  # fmt: skip


def test_girth_of_an_ellipse_is_its_circumference():
    assert ellipse().girth(0.1) == pytest.approx(4 * 0.3 * ellipe(1 - (0.2 / 0.3) ** 2), rel=2e-4)


def test_shares_lie_in_front_at_the_sides_and_behind():
    quarter = ellipse().place(np.full(4, 0.123), np.array([0, 0.25, 0.5, 0.75]), 0.05)
    expected = [[0, 0.123, 0.25], [0.35, 0.123, 0], [0, 0.123, -0.25], [-0.35, 0.123, 0]]
    np.testing.assert_allclose(quarter, expected, atol=2e-3)


@pytest.mark.parametrize("offset", [0.0, 0.02, 0.4])
def test_equal_shares_are_equally_far_apart_and_enclose_the_offset_girth(offset):
    tube = ellipse()
    ring = tube.place(np.zeros(400), np.arange(400) / 400, offset)
    step = np.linalg.norm(ring - np.roll(ring, -1, 0), axis=1)
    assert step.sum() == pytest.approx(tube.girth(0.0) + 2 * np.pi * offset, rel=3e-3)
    assert step.max() < 1.2 * step.min()


def test_a_square_keeps_its_sides_and_gets_round_corners():
    corners = np.array([[0.1, 0.1], [-0.1, 0.1], [-0.1, -0.1], [0.1, -0.1]])
    tube = measure_tube(*prism(corners), np.zeros(3), UP, FRONT, np.arange(-0.3, 0.3, 0.01))
    assert tube.girth(0.0) == pytest.approx(0.8, rel=2e-3)
    ring = tube.place(np.zeros(800), np.arange(800) / 800, 0.1)
    away = np.maximum(np.abs(ring[:, [0, 2]]) - 0.1, 0)
    np.testing.assert_allclose(np.linalg.norm(away, axis=1), 0.1, atol=4e-3)


def test_stations_beyond_the_mesh_take_the_nearest_outline():
    corners = np.array([[0.1, 0.1], [-0.1, 0.1], [-0.1, -0.1], [0.1, -0.1]])
    tube = measure_tube(*prism(corners), np.zeros(3), UP, FRONT, np.arange(-2.0, 2.0, 0.1))
    np.testing.assert_allclose(tube.girths, tube.girth(0.0), rtol=1e-9)
