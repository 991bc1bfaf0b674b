"""The noise that made people are varied with."""

import numpy as np
import pytest

from lifecast.people.noise import smooth_noise


@pytest.mark.parametrize("wavelength", [0.05, 0.2])
def test_noise_has_unit_spread_and_its_wavelength(wavelength: float) -> None:
    points = np.random.default_rng(0).random((20000, 3)) * 4
    values = [smooth_noise(points, wavelength, np.random.default_rng(s), 64) for s in range(3)]
    assert np.mean([v.std() for v in values]) == pytest.approx(1, abs=0.15)
    step = smooth_noise(points + np.array([wavelength / 20, 0, 0]), wavelength, np.random.default_rng(0), 64)
    assert np.corrcoef(values[0], step)[0, 1] > 0.9
