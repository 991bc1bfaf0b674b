"""Detail shares and correlations: 1 for equal maps, the Gaussian's own value for blurred ones."""

from __future__ import annotations

import math

import pytest
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

from lifecast.space.fine_detail import compare_detail, eroded, fine_detail


def wavy(size: int = 96, length: float = 8.0, height: float = 0.05) -> Tensor:
    """(1, 3, S, S) normals whose x is a small wave of `length` pixels along x."""
    x = torch.arange(size, dtype=torch.float64)
    slope = height * torch.sin(2 * math.pi * x / length).expand(size, size)
    return functional.normalize(torch.stack([slope, 0 * slope, torch.ones_like(slope)])[None], dim=1).float()


def share(predicted: Tensor, true: Tensor, mask: Tensor, sigma: float) -> float:
    figures = compare_detail(predicted, true, mask, sigma)
    return float(figures.predicted / figures.true)


@pytest.mark.parametrize("sigma", [2, 4, 8])
def test_equal_maps_have_all_of_the_detail(sigma: int) -> None:
    noise = functional.normalize(torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(1)), dim=1)
    figures = compare_detail(noise, noise, torch.ones(2, 1, 96, 96), sigma)
    assert float(figures.predicted) == float(figures.true) > 0
    assert float(figures.maps) == 2
    assert float(figures.correlation) == pytest.approx(2, abs=1e-5)


def test_a_flatter_wave_has_as_much_less_detail() -> None:
    true, mask = wavy(height=0.02), torch.ones(1, 1, 96, 96)
    assert share(wavy(height=0.01), true, mask, 2) == pytest.approx(0.5, abs=1e-3)
    assert share(wavy(height=0.0), true, mask, 2) == pytest.approx(0, abs=1e-6)


def test_a_blurred_wave_keeps_what_the_gaussian_lets_through() -> None:
    length, blur = 12.0, 2.5
    mask = torch.zeros(1, 1, 144, 144)
    mask[..., 40:104, 40:104] = 1
    true = wavy(144, length, 0.02)
    blurred = torch.from_numpy(ndimage.gaussian_filter(true.double().numpy(), (0, 0, blur, blur), truncate=8)).float()
    passes = math.exp(-2 * (math.pi * blur / length) ** 2)
    for sigma in (2, 4):
        figures = compare_detail(blurred, true, mask, sigma)
        assert float(figures.predicted / figures.true) == pytest.approx(passes, abs=0.01)
        assert float(figures.correlation) == pytest.approx(1, abs=0.01)


def test_opposite_and_unrelated_detail() -> None:
    mask = torch.ones(1, 1, 96, 96)
    true = wavy(height=0.01)
    opposite = true * torch.tensor([-1.0, 1, 1]).view(3, 1, 1)
    across = wavy(height=0.01).transpose(2, 3)[:, [1, 0, 2]]
    assert float(compare_detail(opposite, true, mask, 2).correlation) == pytest.approx(-1, abs=1e-3)
    assert float(compare_detail(across, true, mask, 2).correlation) == pytest.approx(0, abs=1e-3)


def test_it_is_the_plain_loop_over_pixels() -> None:
    generator = torch.Generator().manual_seed(3)
    true = functional.normalize(torch.randn(1, 3, 20, 20, generator=generator), dim=1)
    ours = functional.normalize(torch.randn(1, 3, 20, 20, generator=generator), dim=1)
    mask = torch.zeros(1, 1, 20, 20)
    mask[0, 0, 4:17, 3:15] = 1
    lengths: list[list[float]] = [[], []]
    values: list[list[float]] = [[], []]
    for y in range(6, 15):
        for x in range(5, 13):
            for which, normals in enumerate((ours, true)):
                total, weights = torch.zeros(3), 0.0
                for v in range(max(4, y - 6), min(17, y + 7)):
                    for u in range(max(3, x - 6), min(15, x + 7)):
                        weight = math.exp(-((y - v) ** 2 + (x - u) ** 2) / 8)
                        total, weights = total + weight * normals[0, :, v, u], weights + weight
                detail = normals[0, :, y, x] - total / weights
                lengths[which].append(float(detail.norm()))
                values[which] += detail.tolist()
    figures = compare_detail(ours, true, mask, 2)
    assert float(figures.predicted) == pytest.approx(sum(lengths[0]), rel=1e-5)
    assert float(figures.true) == pytest.approx(sum(lengths[1]), rel=1e-5)
    pearson = torch.corrcoef(torch.tensor(values, dtype=torch.float64))[0, 1]
    assert float(figures.correlation) == pytest.approx(float(pearson), abs=1e-5)


def test_an_outline_is_no_detail() -> None:
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 16:48, 16:48] = 1
    flat = torch.tensor([0.0, 0, 1]).view(1, 3, 1, 1) * mask
    assert float(fine_detail(flat, mask, 2).abs().max()) < 1e-6
    true = wavy(64) * mask
    lost = true.clone()
    lost[..., 30:] = 0
    assert share(lost, true, mask, 2) == pytest.approx(1, abs=1e-6)


def test_no_person_and_no_detail_give_no_figure() -> None:
    flat = torch.tensor([0.0, 0, 1]).view(1, 3, 1, 1).expand(1, 3, 32, 32)
    for mask in (torch.zeros(1, 1, 32, 32), torch.ones(1, 1, 32, 32)):
        figures = compare_detail(flat, flat, mask, 2)
        assert (float(figures.true), float(figures.correlation), float(figures.maps)) == (0, 0, 0)


def test_the_pictures_border_does_not_erode() -> None:
    mask = torch.zeros(1, 1, 9, 9)
    mask[..., :6, :6] = 1
    expected = torch.zeros(1, 1, 9, 9)
    expected[..., :4, :4] = 1
    assert torch.equal(eroded(mask, 2), expected)
