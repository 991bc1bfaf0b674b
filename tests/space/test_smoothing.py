"""Gaussian smoothing of maps."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from lifecast.space.smoothing import smoothed


@pytest.mark.parametrize("sigma", [0.7, 1.5, 3.0])
def test_each_channel_is_blurred_alone_as_scipy_does_it(sigma: float) -> None:
    maps = torch.randn(2, 3, 40, 50)
    wanted = ndimage.gaussian_filter(
        maps.double().numpy(), sigma, mode="constant", radius=int(np.ceil(3 * sigma)), axes=(2, 3)
    )
    np.testing.assert_allclose(smoothed(maps, sigma).numpy(), wanted, atol=1e-5)


def test_half_precision_around_it_changes_nothing() -> None:
    maps = torch.randn(1, 3, 40, 50)
    with torch.autocast("cpu", torch.bfloat16):
        found = smoothed(maps, 1.5)
    torch.testing.assert_close(found, smoothed(maps, 1.5), rtol=0, atol=0)
