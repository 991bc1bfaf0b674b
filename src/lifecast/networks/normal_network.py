"""Front and back normal maps from one image (section 3.3).

The paper: two pix2pixHD global generators, their tanh outputs used as they are. Compact: one U-Net for both sides and
the person's mask, its vectors made unit length and multiplied by the mask, so that maps look like the training
truth (0 outside).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from lifecast.networks.norms import instance_norm
from lifecast.networks.preset import GeneratorPreset, NormalPreset
from lifecast.networks.unet import UNet


class NormalMaps(NamedTuple):
    """Normals in view space, in [-1, 1], and the person's mask where the network predicts one."""

    front: Tensor
    """(B, 3, S, S) normals of the first surface that a line of sight meets."""
    back: Tensor
    """(B, 3, S, S) normals of the last one, seen through the person: same pixel, same line of sight."""
    mask: Tensor | None = None
    """(B, 1, S, S) probability of the person."""
    mask_logit: Tensor | None = None
    """(B, 1, S, S): what the mask is the sigmoid of, for the loss."""


class GeneratorBlock(nn.Module):
    """Reflection-padded 3x3 convolution, instance norm, ReLU, convolution, instance norm; the input is added."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, padding_mode="reflect")
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, padding_mode="reflect")

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, h, w) -> the same."""
        y = functional.relu(instance_norm(self.conv1(x)), inplace=True)
        return instance_norm(self.conv2(y)).add_(x)


class GlobalGenerator(nn.Module):
    """pix2pixHD's global generator (Wang et al. 2018): (B, inputs, H, W) -> (B, outputs, H, W), without the tanh."""

    def __init__(self, inputs: int, outputs: int, preset: GeneratorPreset) -> None:
        super().__init__()
        width = preset.filters
        self.stem = nn.Conv2d(inputs, width, 7, padding=3, padding_mode="reflect")
        self.down = nn.ModuleList()
        for _ in range(preset.downsamplings):
            # Zero padding here: only the 7x7 and the residual convolutions are reflection-padded.
            self.down.append(nn.Conv2d(width, 2 * width, 3, stride=2, padding=1))
            width *= 2
        self.blocks = nn.ModuleList(GeneratorBlock(width) for _ in range(preset.blocks))
        self.up = nn.ModuleList()
        for _ in range(preset.downsamplings):
            self.up.append(nn.ConvTranspose2d(width, width // 2, 3, stride=2, padding=1, output_padding=1))
            width //= 2
        self.head = nn.Conv2d(width, outputs, 7, padding=3, padding_mode="reflect")

    def forward(self, image: Tensor) -> Tensor:
        """Sides must be multiples of 2^downsamplings and give the residual blocks at least 2 texels."""
        x = functional.relu(instance_norm(self.stem(image)), inplace=True)  # (B, filters, H, W)
        for down in self.down:
            x = functional.relu(instance_norm(down(x)), inplace=True)
        for block in self.blocks:
            x = block(x)
        for up in self.up:
            x = functional.relu(instance_norm(up(x)), inplace=True)
        return self.head(x)  # (B, outputs, H, W)


class NormalNetworks(nn.Module):
    """Both normal maps, by two generators (`front`, `back`) or one U-Net (`shared`)."""

    def __init__(self, preset: NormalPreset) -> None:
        super().__init__()
        self.preset = preset
        self.front: GlobalGenerator | None = None
        self.back: GlobalGenerator | None = None
        self.shared: UNet | None = None
        if isinstance(preset.network, GeneratorPreset):
            self.front = GlobalGenerator(3, 3 + preset.mask, preset.network)
            self.back = GlobalGenerator(3, 3, preset.network)
        else:
            self.shared = UNet(3, 6 + preset.mask, preset.network)

    def forward(self, image: Tensor, masked: bool = True) -> NormalMaps:
        """image (B, 3, S, S) in [-1, 1] -> maps of the same size.

        With `masked`, a U-Net's unit normals are multiplied by the predicted mask; without, they are unit length
        everywhere. A generator's are its tanh outputs either way.
        """
        if self.shared is not None:
            outputs = self.shared(image).float()  # (B, 6 or 7, S, S)
            front = functional.normalize(outputs[:, 0:3], dim=1, eps=1e-6)
            back = functional.normalize(outputs[:, 3:6], dim=1, eps=1e-6)
            logit = outputs[:, 6:7] if self.preset.mask else None
            mask = None if logit is None else torch.sigmoid(logit)
            if masked and mask is not None:
                front, back = front * mask, back * mask
            return NormalMaps(front, back, mask, logit)
        assert self.front is not None
        assert self.back is not None
        outputs = self.front(image).float()  # (B, 3 or 4, S, S)
        logit = outputs[:, 3:4] if self.preset.mask else None
        mask = None if logit is None else torch.sigmoid(logit)
        return NormalMaps(torch.tanh(outputs[:, :3]), torch.tanh(self.back(image).float()), mask, logit)
