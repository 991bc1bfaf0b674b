"""What is given to a U-Net beside its picture; its shape and reach are tested with the networks made of it."""

from __future__ import annotations

import pytest
import torch

from lifecast.networks.preset import UNetPreset
from lifecast.networks.unet import UNet

SHAPE = UNetPreset(widths=(8, 16, 24), blocks=(1, 1, 1))


def test_what_is_beside_enters_at_the_stage_of_its_size() -> None:
    """The blocks of that stage are handed it on top of what they would get; the stage above gets nothing of it."""
    torch.manual_seed(0)
    network = UNet(3, 2, SHAPE).eval()
    handed = {}
    for index, stage in enumerate(network.stages):
        stage.register_forward_pre_hook(lambda _, inputs, index=index: handed.__setitem__(index, inputs[0].clone()))
    image = torch.randn(1, 3, 32, 48)
    with torch.no_grad():
        plain = network(image)
        before = dict(handed)
        beside = torch.randn(1, 16, 16, 24)
        other = network(image, beside)
    torch.testing.assert_close(handed[0], before[0])
    torch.testing.assert_close(handed[1], before[1] + beside)
    assert not torch.allclose(plain, other)
    with torch.no_grad():
        torch.testing.assert_close(network(image, torch.zeros_like(beside)), plain)


def test_what_no_stage_is_as_large_as_is_refused() -> None:
    network = UNet(3, 2, SHAPE)
    with pytest.raises(ValueError, match=r"no stage is \(5, 5\) texels large"):
        network(torch.zeros(1, 3, 32, 32), torch.zeros(1, 16, 5, 5))
