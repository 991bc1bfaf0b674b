"""Integrated depth maps: against a dense least-squares solution, and on surfaces whose normals are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from lifecast.space.integration import (
    INTEGRATION,
    differences,
    gathered,
    integrated,
    integrated_depths,
    slopes,
    solve,
)


def sphere(size: int, radius: float = 0.7) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Depth (1, S, S), front normals (1, 3, S, S) and mask (1, S, S) of a sphere around the origin."""
    step = (torch.arange(size) * 2 + 1) / size - 1
    x, y = step[None, :].expand(size, size), -step[:, None].expand(size, size)
    inside = x**2 + y**2 < radius**2
    z = (radius**2 - x**2 - y**2).clamp_min(0).sqrt()
    return z[None], (torch.stack([x, y, z]) / radius * inside)[None], inside.float()[None]


def test_solve_is_the_least_squares_solution() -> None:
    generator = torch.Generator().manual_seed(1)

    def drawn(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=generator, dtype=torch.float64)

    size = 6
    rough, stay = drawn(1, size, size), drawn(1, size, size) + 0.3
    weights = (drawn(1, size, size - 1), drawn(1, size - 1, size))
    wanted = (drawn(1, size, size - 1) - 0.5, drawn(1, size - 1, size) - 0.5)
    found = solve(rough, rough, stay, weights, wanted)

    rows, targets = [], []
    for pixel in range(size * size):
        unit = torch.zeros(1, size, size, dtype=torch.float64)
        unit.view(-1)[pixel] = 1
        across, down = differences(unit)
        rows.append(torch.cat([(stay.sqrt() * unit).flatten(), (weights[0].sqrt() * across).flatten(),
                               (weights[1].sqrt() * down).flatten()]))  # fmt: skip
    targets = torch.cat([(stay.sqrt() * rough).flatten(), (weights[0].sqrt() * wanted[0]).flatten(),
                         (weights[1].sqrt() * wanted[1]).flatten()])  # fmt: skip
    expected = np.linalg.lstsq(torch.stack(rows, 1).numpy(), targets.numpy(), rcond=None)[0]
    np.testing.assert_allclose(found.flatten().numpy(), expected, atol=1e-6)


def test_gathered_is_the_transpose_of_differences() -> None:
    values, across, down = torch.rand(2, 5, 5), torch.rand(2, 5, 4), torch.rand(2, 4, 5)
    right, below = differences(values)
    forward = (right * across).sum() + (below * down).sum()
    torch.testing.assert_close(forward, (values * gathered((across, down))).sum())


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_slopes_are_a_planes_differences(side: float) -> None:
    """z = 0.3 x - 0.2 y, seen from the front or as a back."""
    size = 16
    step = (torch.arange(size) * 2 + 1) / size - 1
    z = (0.3 * step[None, :] + 0.2 * step[:, None])[None]
    normal = torch.tensor([-0.3, 0.2, 1.0]) * side
    right, down, sure = slopes(normal.view(1, 3, 1, 1).expand(1, 3, size, size))
    found = differences(z)
    torch.testing.assert_close(right[:, :, 1:], found[0])
    torch.testing.assert_close(down[:, 1:], found[1])
    torch.testing.assert_close(sure, torch.full_like(sure, float(1 / (0.3**2 + 0.2**2 + 1))))


def test_a_rough_sphere_gets_its_shape_back() -> None:
    true, normals, mask = sphere(64)
    waves = 0.02 * torch.sin(torch.arange(64) * 1.3)
    rough = true + waves[None, None, :] + waves[None, :, None]
    found = integrated(rough, normals, mask)
    inner = sphere(64, 0.6)[2] > 0
    before, after = (rough - true)[inner].abs().mean(), (found - true)[inner].abs().mean()
    assert after < 0.2 * before
    outside = mask < 0.5
    assert torch.equal(found[outside], rough[outside])


def test_two_surfaces_one_before_the_other_stay_apart() -> None:
    """A flat step of 0.5 whose normals say nothing of it: nothing flows over the edge."""
    rough = torch.zeros(1, 32, 32)
    rough[:, :, 16:] = 0.5
    normals = torch.tensor([0.0, 0.0, 1.0]).view(1, 3, 1, 1).expand(1, 3, 32, 32)
    found = integrated(rough, normals, torch.ones(1, 32, 32))
    torch.testing.assert_close(found, rough, atol=0.02, rtol=0)


def test_both_sides_of_a_batch_are_their_own() -> None:
    true, normals, mask = sphere(64)
    rough = torch.nn.functional.avg_pool2d(true[None], 4)[0]
    depth = torch.stack([torch.cat([rough, -rough]), torch.cat([rough + 0.1, -rough + 0.1])])  # (2, 2, 16, 16)
    back = normals * torch.tensor([1.0, 1.0, -1.0]).view(1, 3, 1, 1)
    front, back = normals.expand(2, -1, -1, -1), back.expand(2, -1, -1, -1)
    found = integrated_depths(depth, front, back, mask[:, None].expand(2, -1, -1, -1), 64)
    assert found.shape == (2, 2, 64, 64)
    torch.testing.assert_close(found[0, 0], -found[0, 1], atol=1e-4, rtol=0)
    torch.testing.assert_close(found[1], found[0] + 0.1, atol=1e-3, rtol=0)
    alone = integrated_depths(depth[1:], front[1:], back[1:], mask[:, None], 64)
    torch.testing.assert_close(alone[0], found[1])


def test_enough_iterations_are_made() -> None:
    """Ten times as many move nothing by a millimetre (128 cm a unit), far as the start is from the end."""
    true, normals, mask = sphere(64)
    rough = torch.nn.functional.interpolate(torch.nn.functional.avg_pool2d(true[None], 8), size=(64, 64))[0]
    found = integrated(rough, normals, mask)
    more = integrated(rough, normals, mask, constants=replace(INTEGRATION, iterations=240))
    torch.testing.assert_close(more, found, atol=8e-4, rtol=0)


def test_a_cut_picture_is_integrated_like_the_whole_one() -> None:
    """Cut to three quarters of the height and half of the width, around the sphere: the same depths."""
    z, normals, mask = sphere(64, radius=0.4)
    rough = torch.nn.functional.avg_pool2d(z[None], 4).expand(1, 2, 16, 16)
    whole = integrated_depths(rough, normals, normals, mask[None], 64)
    rows, columns = slice(8, 56), slice(16, 48)
    small_rows, small_columns = slice(2, 14), slice(4, 12)
    parts = (normals[..., rows, columns], normals[..., rows, columns], mask[None, :, rows, columns])
    inside = mask[0, rows, columns] > 0

    def error(shown: float) -> float:
        cut = integrated_depths(rough[..., small_rows, small_columns], *parts, 32, shown)
        return float((cut - whole[..., rows, columns])[..., inside].abs().max())

    apart = (whole - torch.nn.functional.interpolate(rough, size=(64, 64), mode="bicubic"))[..., mask[0] > 0]
    assert error(0.5) < 0.1 * apart.abs().max()
    assert error(1.0) > 0.5 * apart.abs().max(), "at another scale it is another shape"
