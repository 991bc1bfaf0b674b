"""Muon against what it stands for: singular value decompositions, and torch's AdamW."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from lifecast.training.muon import (
    ADAM_STEP,
    COEFFICIENTS,
    ITERATIONS,
    MOMENTUM,
    Muon,
    is_orthogonalised,
    orthogonalised,
)


def iterated(matrix: Tensor) -> Tensor:
    """The iteration as it is written down, on the whole matrix."""
    a, b, c = COEFFICIENTS
    found = matrix / matrix.norm()
    for _ in range(ITERATIONS):
        square = found @ found.T
        found = a * found + (b * square + c * square @ square) @ found
    return found


@pytest.mark.parametrize("shape", [(20, 180), (32, 32), (180, 20), (64, 17)])
def test_the_short_way_gives_what_the_iteration_gives(shape: tuple[int, int]) -> None:
    torch.manual_seed(sum(shape))
    matrix = torch.randn(shape) * torch.logspace(0, -2, shape[1])
    torch.testing.assert_close(orthogonalised(matrix), iterated(matrix.double()).float(), atol=2e-4, rtol=1e-3)


@pytest.mark.parametrize("shape", [(20, 180), (180, 20)])
def test_directions_stay_and_lengths_become_about_one(shape: tuple[int, int]) -> None:
    torch.manual_seed(1)
    matrix = torch.randn(shape)
    left, lengths, right = torch.linalg.svd(matrix, full_matrices=False)
    found = left.T @ orthogonalised(matrix) @ right.T  # diagonal where the directions stay
    torch.testing.assert_close(found, torch.diag(found.diagonal()), atol=1e-3, rtol=0)
    assert lengths.max() / lengths.min() > 1.5
    assert found.diagonal().min() > 0.65
    assert found.diagonal().max() < 1.25


def test_no_gradient_moves_nothing() -> None:
    assert torch.equal(orthogonalised(torch.zeros(20, 30)), torch.zeros(20, 30))


def test_what_has_few_channels_is_stepped_as_adamw_does() -> None:
    torch.manual_seed(2)
    mine = nn.Sequential(nn.Conv2d(3, 8, 3), nn.GroupNorm(2, 8), nn.Conv2d(8, 2, 1))
    theirs = copy.deepcopy(mine)
    assert not any(is_orthogonalised(p) for p in mine.parameters())
    ours = Muon(mine.parameters(), lr=1e-2, betas=(0.8, 0.99), weight_decay=0.1)
    reference = torch.optim.AdamW(theirs.parameters(), lr=1e-2, betas=(0.8, 0.99), weight_decay=0.1)
    for _ in range(5):
        picture = torch.randn(2, 3, 8, 8)
        for network, optimiser in ((mine, ours), (theirs, reference)):
            optimiser.zero_grad()
            network(picture).square().mean().backward()
            optimiser.step()
    for a, b in zip(mine.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("size", [(17, 24, 3), (64, 20, 1)])
def test_a_convolution_moves_along_its_orthogonalised_momentum(size: tuple[int, int, int]) -> None:
    torch.manual_seed(3)
    layer = nn.Conv2d(*size, bias=False).to(memory_format=torch.channels_last)
    optimiser = Muon([{"params": list(layer.parameters()), "weight_decay": 0.5}], lr=0.1)
    expected, momentum = layer.weight.detach().clone(), torch.zeros(size[1], size[0] * size[2] ** 2)
    for _ in range(3):
        gradient = torch.randn_like(layer.weight)
        layer.weight.grad = gradient
        optimiser.step()
        momentum = MOMENTUM * momentum + gradient.flatten(1)
        step = orthogonalised(gradient.flatten(1) + MOMENTUM * momentum).reshape(gradient.shape)
        expected = expected * (1 - 0.1 * 0.5) - 0.1 * ADAM_STEP * max(momentum.shape) ** 0.5 * step
        torch.testing.assert_close(layer.weight.detach(), expected)


def test_a_saved_state_goes_on_alike() -> None:
    torch.manual_seed(4)
    network = nn.Sequential(nn.Linear(20, 20), nn.Linear(20, 3))
    optimiser = Muon(network.parameters(), lr=1e-2)
    inputs = torch.randn(6, 4, 20)

    def step(network: nn.Module, optimiser: Muon, given: Tensor) -> None:
        optimiser.zero_grad()
        network(given).square().mean().backward()
        optimiser.step()

    for given in inputs[:3]:
        step(network, optimiser, given)
    other = copy.deepcopy(network)
    resumed = Muon(other.parameters(), lr=1e-2)
    resumed.load_state_dict(copy.deepcopy(optimiser.state_dict()))
    for given in inputs[3:]:
        step(network, optimiser, given)
        step(other, resumed, given)
    for a, b in zip(network.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
