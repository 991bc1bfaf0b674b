import copy

import pytest
import torch
from torch import nn

from lifecast.model.encoders.config import HourglassConfig, UNetConfig
from lifecast.model.encoders.hourglass import HourglassEncoder
from lifecast.model.encoders.receptive_field import receptive_field
from lifecast.model.encoders.unet import UNet

CHAIN = nn.Sequential(
    nn.Conv2d(2, 3, 7, stride=2, padding=3), nn.Conv2d(3, 3, 3, padding=2, dilation=2), nn.AvgPool2d(2)
)
HOURGLASS = HourglassEncoder(2, 3, HourglassConfig(stacks=1, depth=1, pooled=False, width=16, stem=2, groups=2))
UNET = UNet(2, 3, UNetConfig(widths=(4, 4), blocks=(1, 1)))


class Copy(nn.Module):
    """In place of a norm: fresh memory, as a norm gives, for the ReLU that writes into it."""

    def forward(self, x):
        return x.clone()


def measured_field(network, size):
    """Columns of the image that the middle texel's gradient touches, norms and ReLUs taken out."""
    network = copy.deepcopy(network).double()
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.GroupNorm):
                # positive throughout, so that no ReLU cuts a path and no two paths cancel
                setattr(module, name, Copy())
    for parameter in network.parameters():
        parameter.data = parameter.data.abs() + 0.01
    image = torch.ones(1, 2, size, size, dtype=torch.float64, requires_grad=True)
    output = network(image)
    output = output[-1] if isinstance(output, list) else output
    middle = output.shape[-1] // 2
    output[0, 0, middle, middle].backward()
    columns = image.grad.abs().sum(dim=(0, 1, 2)).nonzero()
    return int(columns.max() - columns.min()) + 1


@pytest.mark.parametrize("network", [CHAIN, UNET], ids=["chain", "unet"])
def test_it_is_what_the_gradient_touches(network):
    # An enlarged texel reads 2 of its neighbours; which ones depends on its parity, so that the union of paths may
    # reach one coarse texel less than the sum of widths.
    measured, said = measured_field(network, 128), receptive_field(copy.deepcopy(network), 2, 128)
    assert measured <= said <= measured + 4


def test_a_hourglass_sees_no_more_than_said():
    """Corner-aligned enlarging shifts texels, so the said field is a bound, close to what the gradient touches."""
    measured, said = measured_field(HOURGLASS, 128), receptive_field(copy.deepcopy(HOURGLASS), 2, 128)
    assert 0.8 * said <= measured <= said + 4


def test_a_chain_by_hand():
    # 7 taps of 1 pixel; then 3 taps 2 apart of 2 pixels: +8; then 2 taps of 2 pixels: +2
    assert receptive_field(copy.deepcopy(CHAIN), 2, 64) == 17
