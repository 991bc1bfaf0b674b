"""Heights from normal maps, and the noise that everything is varied with."""

import numpy as np
import pytest

from lifecast.people.noise import smooth_noise
from lifecast.people.relief import height_map, sample


def test_a_normal_map_gives_back_the_relief_it_was_made_from() -> None:
    n = 256
    axis = np.arange(n) / n
    u, v = np.meshgrid(axis, axis[::-1])
    height = 0.002 * np.sin(2 * np.pi * 12 * u) + 0.003 * np.cos(2 * np.pi * (9 * v + 8 * u))
    slope_u = 0.002 * 24 * np.pi * np.cos(2 * np.pi * 12 * u) - 0.003 * 16 * np.pi * np.sin(2 * np.pi * (9 * v + 8 * u))
    slope_v = -0.003 * 18 * np.pi * np.sin(2 * np.pi * (9 * v + 8 * u))
    normal = np.stack([-slope_u, -slope_v, np.ones_like(u)], -1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    found = height_map(np.round((normal + 1) * 127.5).astype(np.uint8))
    assert np.corrcoef(found.ravel(), height.ravel())[0, 1] > 0.98
    assert found.std() == pytest.approx(height.std(), rel=0.1)


def test_sampling_takes_v_upward() -> None:
    heights = np.zeros((4, 4), np.float32)
    heights[0, 3] = 1
    assert sample(heights, np.array([[0.9, 0.9], [0.9, 0.1]], np.float32)).tolist() == [1, 0]


@pytest.mark.parametrize("wavelength", [0.05, 0.2])
def test_noise_has_unit_spread_and_its_wavelength(wavelength: float) -> None:
    points = np.random.default_rng(0).random((20000, 3)) * 4
    values = [smooth_noise(points, wavelength, np.random.default_rng(s), 64) for s in range(3)]
    assert np.mean([v.std() for v in values]) == pytest.approx(1, abs=0.15)
    step = smooth_noise(points + np.array([wavelength / 20, 0, 0]), wavelength, np.random.default_rng(0), 64)
    assert np.corrcoef(values[0], step)[0, 1] > 0.9
