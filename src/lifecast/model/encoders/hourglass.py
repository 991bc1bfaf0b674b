"""Stacked hourglass encoders (Newell et al. 2016, with the residual unit of Jackson et al. and group norm).

Sizes and order of operations are those of the released model: `paper`'s weights and the authors' checkpoint run
through the same lines.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from lifecast.errors import UsageError
from lifecast.model.encoders.bicubic import bicubic_double
from lifecast.model.encoders.config import HourglassConfig
from lifecast.model.encoders.norms import GroupNorm


def halve(x: Tensor) -> Tensor:
    """Average pooling by 2: (B, C, H, W) -> (B, C, H/2, W/2)."""
    return functional.avg_pool2d(x, 2)


def activate(x: Tensor) -> Tensor:
    """Apply a ReLU in place.

    Its input is a norm's fresh output, and fresh memory costs more than the ReLU.
    """
    return functional.relu(x, inplace=True)


class ResidualUnit(nn.Module):
    """Three pre-activated 3x3 convolutions of widths out/2, out/4, out/4.

    Each is on the one before; their outputs are concatenated. The input is added; where its width differs it first goes
    through norm, ReLU and a 1x1 convolution. The released model has that norm in every unit, used or not; unused, it is
    kept (the parameter count is the paper's) but takes no gradient.
    """

    def __init__(self, inputs: int, outputs: int, groups: int) -> None:
        super().__init__()
        half, quarter = outputs // 2, outputs // 4
        self.conv1 = nn.Conv2d(inputs, half, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(half, quarter, 3, padding=1, bias=False)
        self.conv3 = nn.Conv2d(quarter, quarter, 3, padding=1, bias=False)
        self.norm1 = GroupNorm(groups, inputs)
        self.norm2 = GroupNorm(groups, half)
        self.norm3 = GroupNorm(groups, quarter)
        self.shortcut_norm = GroupNorm(groups, inputs)
        self.shortcut: nn.Conv2d | None = None
        if inputs != outputs:
            self.shortcut = nn.Conv2d(inputs, outputs, 1, bias=False)
        else:
            self.shortcut_norm.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the unit's output: (B, inputs, H, W) -> (B, outputs, H, W)."""
        first = self.conv1(activate(self.norm1(x)))  # (B, outputs/2, H, W)
        second = self.conv2(activate(self.norm2(first)))  # (B, outputs/4, H, W)
        third = self.conv3(activate(self.norm3(second)))  # (B, outputs/4, H, W)
        if self.shortcut is not None:
            x = self.shortcut(activate(self.shortcut_norm(x)))
        return torch.cat((first, second, third), dim=1).add_(x)


class Hourglass(nn.Module):
    """Down `depth` times and up again, a residual unit on each path at each size."""

    def __init__(self, depth: int, width: int, groups: int) -> None:
        super().__init__()
        self.upper = ResidualUnit(width, width, groups)
        self.descend = ResidualUnit(width, width, groups)
        self.inner: nn.Module
        if depth > 1:
            self.inner = Hourglass(depth - 1, width, groups)
        else:
            self.inner = ResidualUnit(width, width, groups)
        self.ascend = ResidualUnit(width, width, groups)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the hourglass's output: (B, width, H, W) -> (B, width, H, W)."""
        upper: Tensor = self.upper(
            x
        )  # first, so that its large intermediates are gone before the lower path's result is there
        lower = self.ascend(self.inner(self.descend(halve(x))))  # (B, width, H/2, W/2)
        return upper.add_(bicubic_double(lower))


class Stack(nn.Module):
    """One hourglass, its feature map, and (but for the last) what it hands to the next."""

    def __init__(self, config: HourglassConfig, features: int, last: bool) -> None:
        super().__init__()
        width = config.width
        self.hourglass = Hourglass(config.depth, width, config.groups)
        self.top = ResidualUnit(width, width, config.groups)
        self.end = nn.Conv2d(width, width, 1)
        self.end_norm = GroupNorm(config.groups, width)
        self.feature = nn.Conv2d(width, features, 1)
        self.onward = None if last else nn.Conv2d(width, width, 1)
        self.feature_onward = None if last else nn.Conv2d(features, width, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Compute features (B, F, h, w) of x (B, width, h, w).

        Returns also the next stack's input (B, width, h, w).
        """
        y = self.top(self.hourglass(x))
        y = activate(self.end_norm(self.end(y)))
        features = self.feature(y)
        if self.onward is not None and self.feature_onward is not None:
            x = x + self.onward(y) + self.feature_onward(features)
        return features, x


class HourglassEncoder(nn.Module):
    """Stem and stacks: (B, inputs, H, W) -> one feature map for each stack.

    Each is (B, features, H/stride, W/stride), the last the best.
    """

    def __init__(self, inputs: int, features: int, config: HourglassConfig) -> None:
        super().__init__()
        self.config = config
        stem, half, width, groups = config.stem, config.width // 2, config.width, config.groups
        self.stem = nn.Conv2d(inputs, stem, 7, stride=2, padding=3)
        self.stem_norm = GroupNorm(groups, stem)
        self.unit1 = ResidualUnit(stem, half, groups)
        self.unit2 = ResidualUnit(half, half, groups)
        self.unit3 = ResidualUnit(half, width, groups)
        self.stacks = nn.ModuleList(
            Stack(config, features, last=index == config.stacks - 1) for index in range(config.stacks)
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """Encode images whose sides are multiples of `config.size_multiple` (UsageError otherwise)."""
        if x.shape[-1] % self.config.size_multiple or x.shape[-2] % self.config.size_multiple:
            raise UsageError(
                f"an image of {x.shape[-1]} x {x.shape[-2]} pixels does not fit this hourglass: "
                f"sides must be multiples of {self.config.size_multiple}"
            )
        x = activate(self.stem_norm(self.stem(x)))  # (B, stem, H/2, W/2)
        x = self.unit1(x)  # (B, width/2, H/2, W/2)
        if self.config.pooled:
            x = halve(x)
        x = self.unit3(self.unit2(x))  # (B, width, h, w)
        outputs = []
        for stack in self.stacks:
            features, x = stack(x)
            outputs.append(features)
        return outputs
