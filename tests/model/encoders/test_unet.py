"""What is added to a U-Net's stages, and its decoder's features; its reach is tested with the nets made of it."""

from __future__ import annotations

import pytest
import torch

from lifecast.errors import UsageError
from lifecast.model.encoders.config import UNetConfig
from lifecast.model.encoders.unet import UNet, group_norm

SHAPE = UNetConfig(widths=(8, 16, 24), blocks=(1, 1, 1))


def test_an_extra_input_is_added_at_the_stage_of_its_size() -> None:
    """The blocks of that stage get it on top of what they would get; the stage above gets nothing of it."""
    torch.manual_seed(0)
    network = UNet(3, 2, SHAPE).eval()
    received = {}
    for index, stage in enumerate(network.stages):
        stage.register_forward_pre_hook(lambda _, inputs, index=index: received.__setitem__(index, inputs[0].clone()))
    image = torch.randn(1, 3, 32, 48)
    with torch.no_grad():
        plain = network(image)
        before = dict(received)
        extra = torch.randn(1, 16, 16, 24)
        other = network(image, extra)
    torch.testing.assert_close(received[0], before[0])
    torch.testing.assert_close(received[1], before[1] + extra)
    assert not torch.allclose(plain, other)
    with torch.no_grad():
        torch.testing.assert_close(network(image, torch.zeros_like(extra)), plain)


def test_the_decoder_has_features_of_every_stage_from_the_deepest_to_the_outputs() -> None:
    network = UNet(3, 2, UNetConfig(widths=(8, 16, 24), blocks=(1, 1, 1), first_stride=2, output_stride=4)).eval()
    image = torch.randn(1, 3, 16, 32)
    with torch.no_grad():
        found = network.decoder_features(image)
        assert {stage: tuple(values.shape) for stage, values in found.items()} == {2: (1, 24, 2, 4), 1: (1, 16, 4, 8)}
        assert torch.equal(found[1], network.features(image))
        assert torch.equal(network.decode(found[1]), network(image))


def test_an_extra_input_that_no_stage_is_as_large_as_is_refused() -> None:
    network = UNet(3, 2, SHAPE)
    with pytest.raises(ValueError, match=r"no stage is \(5, 5\) texels large"):
        network(torch.zeros(1, 3, 32, 32), torch.zeros(1, 16, 5, 5))


def test_an_output_below_the_first_stride_has_every_pixel_of_a_texel() -> None:
    torch.manual_seed(0)
    network = UNet(3, 2, UNetConfig(widths=(8, 16), blocks=(1, 1), first_stride=4, output_stride=2)).eval()
    image = torch.randn(1, 3, 32, 48)
    with torch.no_grad():
        outputs = network.head(network.features(image))  # (1, 2 * 2 * 2, 8, 12)
        shuffled = network(image)
    assert shuffled.shape == (1, 2, 16, 24)
    for row in range(2):
        for column in range(2):
            torch.testing.assert_close(shuffled[..., row::2, column::2], outputs[:, 2 * row + column :: 4])


def test_an_output_stride_that_does_not_divide_the_first_is_refused() -> None:
    with pytest.raises(UsageError, match=r"stages at strides \[4, 8\] has no output at 3"):
        UNetConfig(widths=(8, 16), blocks=(1, 1), first_stride=4, output_stride=3)


def test_norms_in_bfloat16_are_rounded_once() -> None:
    torch.manual_seed(4)
    norm = group_norm(16)
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    x = (torch.randn(2, 16, 24, 20) * 3 + 40).bfloat16().contiguous(memory_format=torch.channels_last)
    toward = torch.randn(2, 16, 24, 20)

    def forth_and_back(module: torch.nn.GroupNorm, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        values = values.detach().requires_grad_()
        found = module(values)
        found.backward(toward.to(found.dtype))
        assert values.grad is not None
        return found.detach(), values.grad

    found, gradient = forth_and_back(norm, x)
    reference = torch.nn.GroupNorm(norm.num_groups, 16).double()
    reference.load_state_dict(norm.state_dict())
    exact, exact_gradient = forth_and_back(reference, x.double())
    assert found.dtype == gradient.dtype == torch.bfloat16
    torch.testing.assert_close(found.double(), exact, atol=1e-4, rtol=2**-8)  # of a bfloat16, half a unit is 2**-9
    torch.testing.assert_close(gradient.double(), exact_gradient, atol=1e-2, rtol=2e-2)


def test_without_norms_every_convolution_has_a_bias_and_nothing_else_between() -> None:
    network = UNet(3, 2, UNetConfig(widths=(8, 16), blocks=(1, 1), norm="none"))
    assert not any(isinstance(module, torch.nn.GroupNorm) for module in network.modules())
    convolutions = [module for module in network.modules() if isinstance(module, torch.nn.Conv2d)]
    assert all(module.bias is not None for module in convolutions)
    assert torch.equal(network.stages[0](torch.ones(1, 8, 4, 4)), torch.ones(1, 8, 4, 4)), "blocks start as identity"


def test_without_norms_features_keep_their_scale_down_to_the_deepest_stage() -> None:
    torch.manual_seed(0)
    network = UNet(3, 2, UNetConfig(widths=(16, 32, 48, 64), blocks=(1, 1, 1, 1), norm="none"))
    with torch.no_grad():
        found = network.decoder_features(torch.randn(1, 3, 64, 64))
    for stage, values in found.items():
        assert 0.3 < float(values.square().mean().sqrt()) < 10, stage
