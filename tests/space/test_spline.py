"""Cubic splines through texels: against SciPy, and what they promise."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from lifecast.space.spline import framed, spline_coefficients, spline_sample


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (9, 7)])
def test_equals_scipys_mirrored_spline(size: tuple[int, int]) -> None:
    maps = torch.rand(3, *size, generator=torch.Generator().manual_seed(1))
    places = torch.rand(200, 2, generator=torch.Generator().manual_seed(2)) * torch.tensor([size[1] - 1, size[0] - 1])
    places[0], places[1] = 0, torch.tensor([size[1] - 1, size[0] - 1])
    found = spline_sample(spline_coefficients(maps), places)
    at = places.double().flip(1).T.numpy()
    for channel in range(3):
        wanted = ndimage.map_coordinates(maps[channel].double().numpy(), at, order=3, mode="mirror")
        np.testing.assert_allclose(found[:, channel].numpy(), wanted, atol=2e-6)


def test_every_texel_keeps_its_value() -> None:
    maps = torch.rand(1, 6, 8, generator=torch.Generator().manual_seed(1))
    row, column = torch.meshgrid(torch.arange(6.0), torch.arange(8.0), indexing="ij")
    found = spline_sample(spline_coefficients(maps), torch.stack((column, row), -1).reshape(-1, 2))
    torch.testing.assert_close(found[:, 0].reshape(1, 6, 8), maps, atol=2e-6, rtol=0)


def test_values_as_coefficients_are_never_left() -> None:
    maps = (torch.rand(1, 6, 8, generator=torch.Generator().manual_seed(1)) > 0.5).float()
    places = torch.rand(500, 2, generator=torch.Generator().manual_seed(2)) * torch.tensor([7.0, 5.0])
    found = spline_sample(framed(maps), places)
    assert 0 <= found.min() < 0.05
    assert 0.95 < found.max() <= 1 + 1e-6
