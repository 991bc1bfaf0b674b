"""Lengths and unit vectors of maps against PyTorch's own, slower ones."""

import torch
from torch.nn import functional

from lifecast.space.unit_normals import squared_lengths, unit_normals


def test_unit_normals_are_pytorchs_and_short_vectors_stay_short() -> None:
    maps = torch.randn(2, 3, 9, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    maps[0, :, 2, 3] = 0
    maps[1, :, 4, 4] = torch.tensor([3e-7, 0, 0])
    torch.testing.assert_close(unit_normals(maps), functional.normalize(maps, dim=1, eps=1e-6))
    torch.testing.assert_close(squared_lengths(maps), maps.square().sum(1, keepdim=True))


def test_a_vector_of_length_zero_has_a_finite_gradient() -> None:
    maps = torch.zeros(1, 3, 2, 2, requires_grad=True)
    unit_normals(maps).sum().backward()
    assert maps.grad is not None
    assert maps.grad.isfinite().all()
