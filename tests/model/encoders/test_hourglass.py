import pytest
import torch
from torch import nn
from torch.nn import functional

from lifecast.errors import UsageError
from lifecast.model.encoders.config import HourglassConfig
from lifecast.model.encoders.hourglass import HourglassEncoder, ResidualUnit

SMALL = HourglassConfig(stacks=2, depth=2, pooled=True, width=32, stem=8, groups=4)


@pytest.mark.parametrize(("pooled", "stride"), [(True, 4), (False, 2)])
def test_one_map_for_each_stack_at_the_stride(pooled, stride):
    preset = HourglassConfig(stacks=3, depth=2, pooled=pooled, width=32, stem=8, groups=4)
    maps = HourglassEncoder(5, 6, preset)(torch.zeros(2, 5, 64, 64))
    assert [m.shape for m in maps] == [(2, 6, 64 // stride, 64 // stride)] * 3


def test_a_residual_unit_is_three_convolutions_side_by_side():
    """Widths out/2, out/4, out/4, each on the one before, concatenated, plus the projected input."""
    torch.manual_seed(0)
    unit = ResidualUnit(8, 16, 4).double()
    x = torch.randn(1, 8, 5, 5, dtype=torch.float64)
    parts = [x]
    for conv, norm in ((unit.conv1, unit.norm1), (unit.conv2, unit.norm2), (unit.conv3, unit.norm3)):
        groups = parts[-1].reshape(1, 4, -1)
        groups = (groups - groups.mean(-1, keepdim=True)) / (groups.var(-1, keepdim=True, unbiased=False) + 1e-5).sqrt()
        normed = groups.reshape(parts[-1].shape) * norm.weight[:, None, None] + norm.bias[:, None, None]
        parts.append(functional.conv2d(normed.clamp(min=0), conv.weight, padding=1))
    groups = x.reshape(1, 4, -1)
    groups = (groups - groups.mean(-1, keepdim=True)) / (groups.var(-1, keepdim=True, unbiased=False) + 1e-5).sqrt()
    shortcut = torch.einsum("oi,bihw->bohw", unit.shortcut.weight[:, :, 0, 0], groups.reshape(x.shape).clamp(min=0))
    assert [p.shape[1] for p in parts[1:]] == [8, 4, 4]
    torch.testing.assert_close(unit(x), torch.cat(parts[1:], dim=1) + shortcut)


def test_unused_norms_take_no_gradient_and_everything_else_does():
    torch.manual_seed(0)
    encoder = HourglassEncoder(3, 4, SMALL)
    sum(m.square().mean() for m in encoder(torch.randn(1, 3, 64, 64))).backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.requires_grad == (parameter.grad is not None), name
    idle = {name for name, parameter in encoder.named_parameters() if not parameter.requires_grad}
    assert idle
    assert all("shortcut_norm" in name for name in idle)


def test_a_later_stack_stands_on_the_earlier_features():
    torch.manual_seed(0)
    encoder = HourglassEncoder(3, 4, SMALL).eval()
    x = torch.randn(1, 3, 64, 64)
    before = encoder(x)
    nn.init.zeros_(encoder.stacks[0].feature_onward.weight)
    after = encoder(x)
    assert torch.equal(before[0], after[0])
    assert not torch.allclose(before[1], after[1])


def test_images_that_do_not_halve_evenly_are_refused():
    with pytest.raises(UsageError, match="multiples of 16"):
        HourglassEncoder(3, 4, SMALL)(torch.zeros(1, 3, 40, 40))
