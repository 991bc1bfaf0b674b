"""The light of painted spheres whose shading is known."""

import numpy as np
import pytest

from lifecast.surface.colour.light import LIGHT_ESTIMATE, find_light, harmonics
from lifecast.surface.colour.srgb import to_srgb

LIT = np.zeros((3, 8))
LIT[:, :3] = [[0.5, 0.2, 0.1], [0.45, 0.2, 0.1], [0.3, 0.3, 0.1]]
LIT[:, 3:] = [0.1, -0.3, 0.05, 0.4, 0.1]


def lit(normals, paint, light=LIT):
    """sRGB 0..255 of paint (N, 3), linear light, under a light whose log irradiance is given in harmonics."""
    return 255 * to_srgb(paint * np.exp(harmonics(normals) @ light.T))


@pytest.fixture
def front():
    """Normals of the half of a sphere that the camera sees, and points on it: a sphere of 0.5 units."""
    rng = np.random.default_rng(0)
    normals = rng.normal(size=(6000, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    normals[:, 2] = np.abs(normals[:, 2])
    return normals.astype(np.float32), (0.5 * normals).astype(np.float32)


def test_the_light_is_found_and_taken_away(front):
    normals, points = front
    colours = lit(normals, np.array([0.3, 0.2, 0.1]))
    light = find_light(points, normals, colours)
    directions = np.eye(3)[:2]  # from the left and from above, where no harmonic stands for another
    assert np.abs((harmonics(directions) - harmonics(-directions)) @ (light.coefficients - LIT).T).max() < 0.16
    even = light.even(colours, normals)
    assert even.std(0).max() < 3 < colours.std(0).min()
    assert (
        np.abs(even.mean(0) - 255 * to_srgb(np.array([0.3, 0.2, 0.1]) * np.exp(LIT @ harmonics(normals).mean(0)))).max()
        < 5
    )


def test_paint_of_two_colours_is_not_taken_for_light(front):
    normals, points = front
    dark = points[:, 0] < -0.1
    paint = np.where(dark[:, None], [0.02, 0.02, 0.06], [0.4, 0.1, 0.1])
    light = find_light(points, normals, lit(normals, paint, np.zeros((3, 8))))
    assert np.abs(light.coefficients).max() < 0.25  # the step alone, over a normal's x of 2, would be 1 and more
    sides = light.even(lit(normals, paint), normals)
    assert np.linalg.norm(sides[dark].mean(0) - sides[~dark].mean(0)) > 80


def test_a_flat_wall_tells_no_light():
    rng = np.random.default_rng(1)
    points = np.column_stack([rng.uniform(-0.5, 0.5, (3000, 2)), np.zeros(3000)]).astype(np.float32)
    normals = np.tile(np.array([0, 0, 1], np.float32), (3000, 1))
    light = find_light(points, normals, rng.uniform(80, 120, (3000, 3)))
    assert np.abs(light.coefficients).max() < 1e-3


def test_light_has_a_limit_and_needs_enough(front):
    normals, points = front
    light = find_light(points, normals, lit(normals, np.array([0.05, 0.05, 0.05]), 6 * LIT))
    assert np.linalg.norm(light.coefficients, axis=1).max() <= LIGHT_ESTIMATE.strongest + 1e-6
    few = find_light(points[:50], normals[:50], np.full((50, 3), 90.0))
    assert not few.coefficients.any()
    colours = np.array([[10.0, 20.0, 30.0], [250.0, 0.0, 128.0]])
    assert np.abs(few.even(colours, normals[:2]) - colours).max() < 1e-3
    assert not find_light(points[:0], normals[:0], np.zeros((0, 3))).coefficients.any()


def test_repeats_itself(front):
    normals, points = front
    colours = lit(normals, np.array([0.3, 0.2, 0.1]))
    assert np.array_equal(
        find_light(points, normals, colours).coefficients, find_light(points, normals, colours).coefficients
    )
