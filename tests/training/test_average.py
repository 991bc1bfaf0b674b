"""The moving average of the weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lifecast.training.average import WeightAverage


def test_average_is_the_recursive_formula_and_leaves_frozen_weights_out():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2))
    net[1].requires_grad_(False)
    average = WeightAverage(net.named_parameters(), 0.6)
    expected = net[0].weight.detach().clone()
    for step in range(1, 30):
        with torch.no_grad():
            net[0].weight.add_(torch.randn(3, 3))
        average.update()
        keep = min(0.6, (1 + step) / (10 + step))
        expected = keep * expected + (1 - keep) * net[0].weight.detach()
    assert set(average.mean) == {"0.weight", "0.bias"}
    torch.testing.assert_close(average.mean["0.weight"], expected)


def test_applied_puts_the_average_in_place_and_back_even_after_an_error():
    net = nn.Linear(2, 2)
    average = WeightAverage(net.named_parameters(), 0.5)
    first = net.weight.detach().clone()
    with torch.no_grad():
        net.weight.add_(1)
    seen = []

    def fail_inside() -> None:
        with average.applied():
            seen.append(net.weight.detach().clone())
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        fail_inside()
    assert torch.equal(seen[0], first)
    assert torch.equal(net.weight, first + 1)


def test_state_goes_on_and_foreign_state_is_refused():
    net = nn.Linear(2, 2)
    one = WeightAverage(net.named_parameters(), 0.9)
    for _ in range(3):
        with torch.no_grad():
            net.weight.mul_(1.1)
        one.update()
    other = WeightAverage(net.named_parameters(), 0.9)
    other.load_state_dict(one.state_dict())
    one.update()
    other.update()
    assert torch.equal(one.mean["weight"], other.mean["weight"])
    with pytest.raises(ValueError, match="not those"):
        other.load_state_dict({"steps": 1, "mean": {"weight": torch.zeros(2, 2)}})
