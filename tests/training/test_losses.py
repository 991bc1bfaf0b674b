"""Losses against loops over points and pixels."""

from __future__ import annotations

import math

import pytest
import torch

from lifecast.training import losses


def test_extended_bce_is_equation_5_summed_point_by_point():
    torch.manual_seed(0)
    logits, occupancy = torch.randn(3, 40), (torch.rand(3, 40) > 0.7).float()
    outside = float((occupancy == 0).sum()) / occupancy.numel()
    expected = 0.0
    for logit, inside in zip(logits.flatten().tolist(), occupancy.flatten().tolist(), strict=True):
        f = 1 / (1 + math.exp(-logit))
        expected -= outside * inside * math.log(f) + (1 - outside) * (1 - inside) * math.log(1 - f)
    assert float(losses.extended_bce(logits, occupancy)) == pytest.approx(expected / occupancy.numel(), rel=1e-5)


def test_extended_bce_averages_the_stacks():
    torch.manual_seed(1)
    stacks, occupancy = [torch.randn(2, 30) for _ in range(4)], (torch.rand(2, 30) > 0.5).float()
    each = [losses.extended_bce(stack, occupancy) for stack in stacks]
    assert torch.isclose(losses.extended_bce(stacks, occupancy), torch.stack(each).mean())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_extended_bce_and_its_gradient_are_finite_for_huge_logits(dtype):
    logits = torch.tensor([[6e4, -6e4, 6e4, -6e4]], dtype=dtype, requires_grad=True)
    loss = losses.extended_bce(logits, torch.tensor([[1.0, 0.0, 0.0, 1.0]]))
    loss.backward()
    assert loss.dtype == torch.float32
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()
    assert logits.grad[0, 2] > 0 > logits.grad[0, 3]  # wrong and sure: pulled back


def test_extended_bce_weighs_both_sides_of_the_surface_alike():
    # 90 points outside and 10 inside: at logit 0 each side's pull is 0.09 / 2.
    occupancy = torch.cat([torch.zeros(90), torch.ones(10)])[None]
    logits = torch.zeros(1, 100, requires_grad=True)
    losses.extended_bce(logits, occupancy).backward()
    assert float(logits.grad[0, :90].sum()) == pytest.approx(0.045)
    assert float(logits.grad[0, 90:].sum()) == pytest.approx(-0.045)


def test_lambda_moves_the_probability_that_an_unsure_network_answers_with():
    """Points that look alike, 30 % of them inside: least loss at 0.3 with lambda 1/2, at 0.5 with the batch's."""
    occupancy = (torch.arange(100) < 30).float()[None]
    probabilities = torch.linspace(0.01, 0.99, 99)
    for share, expected in ((0.5, 0.3), (None, 0.5)):  # lambda 0.7: 0.7 0.3 / (0.7 0.3 + 0.3 0.7)
        values = [
            float(losses.extended_bce(torch.logit(p).expand(1, 100), occupancy, outside_share=share))
            for p in probabilities
        ]
        assert float(probabilities[values.index(min(values))]) == pytest.approx(expected, abs=0.011)


def test_extended_bce_refuses_other_shapes():
    with pytest.raises(ValueError, match="logits"):
        losses.extended_bce(torch.zeros(2, 5), torch.zeros(2, 6))


def test_normal_losses_are_means_over_the_persons_pixels():
    torch.manual_seed(2)
    predicted, true = torch.randn(2, 3, 5, 6), torch.randn(2, 3, 5, 6)
    mask = (torch.rand(2, 1, 5, 6) > 0.5).float()
    l1 = cosine = 0.0
    for b, y, x in mask[:, 0].nonzero().tolist():
        p, t = predicted[b, :, y, x], true[b, :, y, x]
        l1 += float((p - t).abs().mean())
        cosine += 1 - float(p @ t / (p.norm() * t.norm()))
    count = float(mask.sum())
    assert float(losses.normal_l1(predicted, true, mask)) == pytest.approx(l1 / count, rel=1e-5)
    assert float(losses.normal_cosine(predicted, true, mask)) == pytest.approx(cosine / count, rel=1e-5)
    assert float(losses.normal_l1(predicted, true)) == pytest.approx(float((predicted - true).abs().mean()))


def test_an_empty_mask_gives_zero_and_no_gradient():
    predicted = torch.randn(1, 3, 4, 4, requires_grad=True)
    loss = losses.normal_l1(predicted, torch.zeros(1, 3, 4, 4), torch.zeros(1, 1, 4, 4))
    loss.backward()
    assert float(loss.detach()) == 0
    assert not predicted.grad.any()


def test_cosine_has_a_finite_gradient_where_nothing_is_predicted():
    predicted = torch.zeros(1, 3, 4, 4, requires_grad=True)
    losses.normal_cosine(predicted, torch.ones(1, 3, 4, 4), torch.ones(1, 1, 4, 4)).backward()
    assert torch.isfinite(predicted.grad).all()


@pytest.mark.parametrize("degrees", [0.0, 1e-3, 14.0, 90.0, 179.9, 180.0])
def test_angles(degrees):
    a = math.radians(degrees)
    predicted = torch.tensor([math.cos(a), math.sin(a), 0.0]).view(1, 3, 1, 1) * 3
    true = torch.tensor([0.5, 0.0, 0.0]).view(1, 3, 1, 1)
    assert float(losses.angle_degrees(predicted, true)) == pytest.approx(degrees, abs=1e-4)


def test_depth_counts_only_the_person():
    predicted, true = torch.zeros(1, 2, 4, 4), torch.full((1, 2, 4, 4), 0.5)
    mask = torch.zeros(1, 1, 4, 4)
    mask[..., :2] = 1
    predicted[..., 2:] = 100  # outside: must not matter
    assert float(losses.depth_l1(predicted, true, mask)) == pytest.approx(0.5)


def test_depth_bins_is_the_cross_entropy_with_a_bell_about_the_true_depth():
    torch.manual_seed(3)
    centres = torch.linspace(-0.6, 0.6, 7)  # 0.2 apart
    logits, true = torch.randn(2, 2, 7, 3, 3), torch.rand(2, 2, 3, 3) * 1.6 - 0.8
    mask = (torch.rand(2, 1, 3, 3) > 0.4).float()
    total, count = 0.0, 0
    for b, side, row, column in torch.ones(2, 2, 3, 3).nonzero().tolist():
        if mask[b, 0, row, column] == 0:
            continue
        z = min(0.6, max(-0.6, float(true[b, side, row, column])))
        bell = [math.exp(-0.5 * ((z - float(c)) / 0.2) ** 2) for c in centres]
        shares = torch.softmax(logits[b, side, :, row, column], 0).tolist()
        total -= sum(w / sum(bell) * math.log(p) for w, p in zip(bell, shares, strict=True))
        count += 1
    assert float(losses.depth_bins(logits, true, mask, centres)) == pytest.approx(total / count, rel=1e-4)


def test_folds_are_compared_without_the_surface_that_they_lie_on():
    """A tilt of everything costs next to nothing beside folds of the same size, where the mask ends nowhere near."""
    mask = torch.zeros(1, 1, 96, 96)
    mask[..., 4:92, 4:92] = 1
    inner = torch.zeros_like(mask)
    inner[..., 40:56, 40:56] = 1
    true = torch.zeros(1, 3, 96, 96)
    tilted = true + 0.2
    wavy = true + 0.2 * torch.sin(torch.arange(96.0) * (2 * math.pi / 5))

    def compared(predicted):
        # The outline, where the blur reaches beyond the mask, is not what this test is about.
        difference = (predicted - true) * mask
        return sum(
            float(losses.masked_mean((difference - losses.smoothed(difference, sigma)).abs(), inner))
            for sigma in losses.FOLD_SIGMAS
        )

    assert compared(tilted) < 1e-3
    assert compared(wavy) > 0.2
    assert float(by_place(losses.fold_l1, wavy, true, mask)) > 4 * float(by_place(losses.fold_l1, tilted, true, mask))
    assert float(by_place(losses.fold_l1, wavy, wavy, mask)) == 0
    outside = wavy.clone()
    outside[..., :4, :] += 1
    assert torch.equal(by_place(losses.fold_l1, outside, true, mask), by_place(losses.fold_l1, wavy, true, mask))


def by_place(loss, predicted, true, mask):
    """A loss of folds, of maps."""
    return loss(losses.folds(predicted, mask), losses.folds(true, mask), mask)


def test_the_energy_of_folds_counts_deep_ones_more_than_shallow_ones():
    """Twice as deep: twice the L1 distance, and four times the energy; neither counts what lies outside the mask."""
    true = torch.zeros(1, 3, 48, 48)
    waves = 0.1 * torch.sin(torch.arange(48.0)).expand(1, 3, 48, 48)
    mask = torch.ones(1, 1, 48, 48)
    shallow, deep = (by_place(losses.fold_energy, one, true, mask) for one in (waves, 2 * waves))
    torch.testing.assert_close(deep, 4 * shallow)
    torch.testing.assert_close(
        by_place(losses.fold_l1, 2 * waves, true, mask), 2 * by_place(losses.fold_l1, waves, true, mask)
    )
    by_hand = sum(((waves - losses.smoothed(waves, sigma)) ** 2).mean() for sigma in losses.FOLD_SIGMAS)
    torch.testing.assert_close(shallow, by_hand)
    assert float(by_place(losses.fold_energy, waves, true, torch.zeros_like(mask))) == 0


def test_the_amount_of_folds_does_not_ask_where_they_lie():
    at = torch.arange(96.0)
    mask = torch.zeros(1, 1, 96, 96)
    mask[..., 8:88, 8:88] = 1

    def waves(depth, phase):
        return (depth * torch.sin(at * (2 * math.pi / 6) + phase)).expand(1, 3, 96, 96)

    true, moved, shallow, none = waves(0.2, 0.0), waves(0.2, 1.5), waves(0.1, 0.0), waves(0.0, 0.0)
    amount = {
        name: float(by_place(losses.fold_amount, one, true, mask)) for name, one in (("moved", moved), ("none", none))
    }
    assert amount["moved"] < 0.02 * amount["none"]
    assert float(by_place(losses.fold_energy, moved, true, mask)) > float(
        by_place(losses.fold_energy, none, true, mask)
    )
    assert 0 < float(by_place(losses.fold_amount, shallow, true, mask)) < 0.5 * amount["none"]
    # By hand, in the middle, where a blur of 6 pixels leaves nothing of waves of 6: the root of three sines' squares.
    deep = losses.fold_depths(losses.folds(true, mask), mask)[1][0, 0, 6, 6]
    assert float(deep) == pytest.approx(0.2 * math.sqrt(3 / 2), rel=0.05)
    outside = moved + (1 - mask)
    assert torch.equal(
        by_place(losses.fold_amount, outside, true, mask), by_place(losses.fold_amount, moved, true, mask)
    )


def test_an_echo_of_the_other_sides_folds_costs_and_other_folds_do_not():
    at = torch.arange(96.0)
    mask = torch.zeros(1, 1, 96, 96)
    mask[..., 8:88, 8:88] = 1
    wave = 0.2 * torch.sin(at * (2 * math.pi / 6))
    front = wave.expand(1, 3, 96, 96)
    across = wave[:, None].expand(1, 3, 96, 96)  # folds as deep, the other way
    flat = torch.zeros(1, 3, 96, 96)

    def echo(back, true):
        return float(losses.fold_echo(*(losses.folds(one, mask) for one in (back, true, front)), mask))

    for copied in (front, -front):
        assert echo(copied, flat) > 0.01
        assert echo(copied, copied) == 0, "where the true back follows its front, so may the guess"
        assert echo(flat, copied) > 0.01
    assert echo(across, flat) < 0.02 * echo(front, flat)
    # A copy's echo is how deep it is along x: the root of a sine's mean square, over that of three.
    found = losses.fold_echoes(losses.folds(front, mask), losses.folds(front, mask), mask)[1][0, 0, 6, 6]
    assert float(found) == pytest.approx(0.2 * math.sqrt(1 / 2) / math.sqrt(3), rel=0.05)


def test_the_amount_of_folds_has_a_finite_gradient_where_there_are_none():
    flat = torch.zeros(1, 3, 40, 40, requires_grad=True)
    mask = torch.ones(1, 1, 40, 40)
    by_place(losses.fold_amount, flat, torch.rand(1, 3, 40, 40), mask).backward()
    assert torch.isfinite(flat.grad).all()


def test_blurring_inside_takes_nothing_from_outside():
    mask = torch.zeros(1, 1, 40, 40)
    mask[..., 10:30, 10:30] = 1
    normals = torch.zeros(1, 3, 40, 40)
    normals[:, 2] = 1
    other = normals.clone()
    other[:, :, :10] = torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1)
    found = losses.blurred_inside(other, mask, 4.0)
    torch.testing.assert_close(found, normals * mask)
