"""Pretrained features: where they enter a U-Net, and what of them stays as ImageNet left it."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from lifecast.errors import UsageError
from lifecast.model.ablations import preset_named
from lifecast.model.checkpoint import load_checkpoint, save_checkpoint
from lifecast.model.encoders.config import UNetConfig
from lifecast.model.encoders.mobilenet_v2 import FEATURE_CHANNELS, MobileNetFeatures, mobilenet_v2_layers
from lifecast.model.encoders.unet import UNet
from lifecast.model.model import Model
from lifecast.space.maps import Maps

CONFIG = UNetConfig(widths=(8, 16, 24), blocks=(1, 1, 1), first_stride=2, norm="none", pretrained="mobilenet_v2")


def test_features_are_of_strides_2_to_32() -> None:
    network = MobileNetFeatures(5).eval()
    with torch.no_grad():
        found = network(torch.rand(2, 3, 64, 96) * 2 - 1)
    for one, channels, stride in zip(found, FEATURE_CHANNELS, (2, 4, 8, 16, 32), strict=True):
        assert tuple(one.shape) == (2, channels, 64 // stride, 96 // stride)
    whole = mobilenet_v2_layers().state_dict()
    assert set(network.layers.state_dict()) <= set(whole)


def test_batch_norms_keep_their_statistics_in_training() -> None:
    network = MobileNetFeatures(2)
    network.train()
    before = {name: values.clone() for name, values in network.named_buffers()}
    network(torch.rand(2, 3, 32, 32) * 4)[-1].sum().backward()
    for name, values in network.named_buffers():
        assert torch.equal(values, before[name]), name
    assert all(p.grad is not None for p in network.parameters()), "the weights learn along"
    assert not any(module.training for module in network.modules() if isinstance(module, nn.BatchNorm2d))


def test_they_join_each_stage_of_a_unet() -> None:
    torch.manual_seed(0)
    network = UNet(5, 2, CONFIG).eval()
    assert network.pretrained is not None
    received = {}
    for index, stage in enumerate(network.stages):
        stage.register_forward_pre_hook(lambda _, inputs, index=index: received.__setitem__(index, inputs[0].clone()))
    image = torch.rand(1, 5, 32, 48) * 2 - 1
    with torch.no_grad():
        network(image)
        stem = torch.relu(network.stem(image))
        features = network.pretrained(image[:, :3])
        torch.testing.assert_close(received[0], stem + network.joined[0](features[0]))
        down = torch.relu(network.down[0](network.stages[0](received[0])))
        torch.testing.assert_close(received[1], down + network.joined[1](features[1]))


def test_shapes_that_they_do_not_fit_are_refused() -> None:
    with pytest.raises(UsageError, match="strides 2 to 32: first_stride 1"):
        dataclasses.replace(CONFIG, first_stride=1)
    with pytest.raises(UsageError, match="6 stages do not fit"):
        dataclasses.replace(CONFIG, widths=(8,) * 6, blocks=(1,) * 6)


def test_a_preset_may_ask_for_them() -> None:
    for name in ("compact", "tiny-detail-close-up-pretrained"):
        maps = preset_named(name).maps
        assert maps is not None
        assert maps.close_up is not None
        assert maps.close_up.pretrained == "mobilenet_v2"
    with pytest.raises(UsageError, match="no detail, close-up or parsing head"):
        preset_named("tiny-pretrained")


def test_weights_of_pretrained_heads_are_read_from_their_file(tmp_path: Path) -> None:
    preset = preset_named("tiny")
    assert preset.maps is not None
    head = UNetConfig(widths=(8, 16), blocks=(1, 1), first_stride=2, norm="none", pretrained="mobilenet_v2")
    architecture = replace(preset, maps=replace(preset.maps, close_up=head, close_up_size=64))
    torch.manual_seed(0)
    model = Model(architecture).eval()
    save_checkpoint(tmp_path / "weights.safetensors", model, {"licence": "Apache-2.0"}, "float16")
    found = load_checkpoint(tmp_path / "weights.safetensors").model.eval()
    image = torch.rand(1, 3, 64, 64)
    assert model.close_up is not None
    assert found.close_up is not None
    given = Maps(image, image, image[:, :1])
    with torch.inference_mode():
        torch.testing.assert_close(found.close_up(image, given), model.close_up(image, given), atol=1e-3, rtol=1e-2)
