"""The discriminator that learns along with the detail head."""

from __future__ import annotations

import torch
from torch.nn import functional

from lifecast.training.adversary import Adversary, Comparison, comparison, over_people


def folded(count: int, amount: float, seed: int) -> torch.Tensor:
    """Normals (count, 3, 64, 64) with waves of random direction and phase."""
    draw = torch.Generator().manual_seed(seed)
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    angle, phase = (torch.rand(count, 1, 1, generator=draw) * 6.28 for _ in range(2))
    along = x * angle.cos() + y * angle.sin()
    wave = amount * torch.sin(along * 0.8 + phase)
    return functional.normalize(torch.stack((wave * angle.cos(), wave * angle.sin(), torch.ones_like(wave)), 1), dim=1)


def judged(predicted: torch.Tensor, seed: int) -> Comparison:
    half = len(predicted) // 2
    true, mask = folded(len(predicted), 0.6, seed), torch.ones(half, 1, 64, 64)
    return comparison(
        torch.zeros(half, 3, 64, 64),
        {"front": predicted[:half], "back": predicted[half:]},
        {"front": true[:half], "back": true[half:]},
        mask,
    )


def test_it_learns_to_tell_smooth_maps_from_folded_ones_and_asks_for_folds() -> None:
    adversary = Adversary(0)
    learned = []
    for step in range(40):
        adversary.losses(judged(folded(4, 0.0, step), step))
        learned.append(adversary.learn())
    assert learned[0] is not None
    assert learned[-1] is not None
    assert learned[-1] < 0.3 * learned[0]
    smooth, alike = (adversary.losses(judged(folded(4, amount, 99), 100)) for amount in (0.0, 0.6))
    assert float(alike) < float(smooth) - 0.5

    # Its gradient makes folds: following it, the smooth maps get detail.
    maps = folded(4, 0.02, 7).requires_grad_()
    before = float(maps.detach()[:, :2].std())
    for _ in range(20):
        (gradient,) = torch.autograd.grad(adversary.losses(judged(maps, 8)), maps)
        maps = (maps - 0.05 * gradient / gradient.abs().max()).detach().requires_grad_()
    assert float(maps.detach()[:, :2].std()) > 2 * before


def test_the_head_moves_no_weight_of_the_discriminator_and_it_none_of_the_heads() -> None:
    adversary = Adversary(0)
    maps = folded(4, 0.1, 0).requires_grad_()
    adversary.losses(judged(maps, 1)).backward()
    assert maps.grad is not None
    assert maps.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in adversary.discriminator.parameters())
    maps.grad = None
    adversary.learn()
    assert maps.grad is None
    assert adversary.learn() is None  # each window once


def test_what_lies_outside_of_the_mask_is_not_judged() -> None:
    adversary = Adversary(0)
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., :32] = 1
    image, true = torch.zeros(1, 3, 64, 64), folded(1, 0.6, 0)
    other = true.clone()
    other[..., 32:] = folded(1, 0.6, 5)[..., 32:]
    losses = [
        adversary.losses(comparison(image, {"front": one, "back": one}, {"front": true, "back": true}, mask))
        for one in (true, other)
    ]
    torch.testing.assert_close(losses[0], losses[1])
    values = torch.tensor([[[[1.0, 5.0], [3.0, 7.0]]]])
    assert float(over_people(values, mask)) == 2


def test_it_goes_on_from_its_state_bit_for_bit() -> None:
    one, other = Adversary(0), Adversary(1)
    one.losses(judged(folded(2, 0.0, 0), 0))
    one.learn()
    other.load_state_dict(one.state_dict())
    for adversary in (one, other):
        adversary.losses(judged(folded(2, 0.1, 1), 1))
        adversary.learn()
    for a, b in zip(one.discriminator.parameters(), other.discriminator.parameters(), strict=True):
        assert torch.equal(a, b)
