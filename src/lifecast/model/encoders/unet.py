"""A residual U-Net whose width sits at low resolution: the encoder of the `compact` preset.

The paper's encoders (pix2pixHD's generator, stacked hourglasses) keep most of their arithmetic at high resolution and
run on a GPU. A convolution at 1/16 of the resolution costs 1/256 per channel pair, so a CPU gets far more learning for
its time from wide layers down there; the high-resolution stages are thin and only carry edges to the output. The shape
is an hourglass's: halve, halve, ..., and back up with the skip of each resolution added.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lifecast.model.encoders.mobilenet_v2 import MobileNetFeatures
from lifecast.model.encoders.norms import HalfGroupNorm


class UNetShape(Protocol):
    """What `UNet` reads of its configuration (see `config.UNetConfig`)."""

    @property
    def widths(self) -> Sequence[int]:
        """Channels at strides `first_stride`, 2 `first_stride`, ..."""

    @property
    def blocks(self) -> Sequence[int]:
        """Residual blocks at each of these strides, on the way down."""

    @property
    def first_stride(self) -> int:
        """Stride of the first layer."""

    @property
    def output_stride(self) -> int:
        """Pixels of the input along a side of the output's texels."""

    @property
    def norm(self) -> Literal["group", "none"]:
        """What follows each convolution: a group norm, or its bias alone."""

    @property
    def pretrained(self) -> Literal["none", "mobilenet_v2"]:
        """An image network whose features join each stage."""


def group_norm(channels: int) -> nn.GroupNorm:
    """Make a group norm with groups of at least 8 channels, at most 16 groups.

    Any batch size trains alike.
    """
    groups = max(1, min(16, channels // 8))
    while channels % groups:
        groups -= 1
    return HalfGroupNorm(groups, channels)


class ResidualBlock(nn.Module):
    """(conv 3x3, group norm or bias, ReLU) twice, the second ReLU after the sum with the input."""

    def __init__(self, channels: int, normed: bool = True) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=not normed)
        self.norm1 = group_norm(channels) if normed else nn.Identity()
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=not normed)
        self.norm2 = group_norm(channels) if normed else nn.Identity()
        # The block starts as the identity: deep stacks then train from the first step on.
        nn.init.zeros_(self.norm2.weight if isinstance(self.norm2, nn.GroupNorm) else self.conv2.weight)
        if self.conv2.bias is not None:
            nn.init.zeros_(self.conv2.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the block's output: (B, channels, h, w) -> the same."""
        y = F.relu(self.norm1(self.conv1(x)), inplace=True)
        return F.relu(x + self.norm2(self.conv2(y)))


class UNet(nn.Module):
    """Image in, a map of features at `output_stride` out.

    Parameters
    ----------
    in_channels, out_channels
        Channels of the input and of the output; the output layer is a plain 3x3 convolution without activation.
    shape
        Widths and residual blocks by stride. With an output stride below the first stride the output layer computes
        every pixel of a texel at once (Shi et al. 2016, "Real-Time Single Image and Video Super-Resolution"): no
        stage has to run at the full size, where every channel is dear.
    """

    def __init__(self, in_channels: int, out_channels: int, shape: UNetShape) -> None:
        super().__init__()
        widths, blocks = tuple(shape.widths), tuple(shape.blocks)
        if len(widths) != len(blocks) or len(widths) < 2:
            raise ValueError(f"widths {widths} and blocks {blocks} must be of one length, at least 2")
        # Pixels, along an axis, that one texel of the output layer computes.
        self.shuffle = max(1, shape.first_stride // shape.output_stride)
        steps = self.shuffle * shape.output_stride // shape.first_stride
        exact = steps * shape.first_stride == self.shuffle * shape.output_stride
        if not exact or steps & (steps - 1) or steps >= 2 ** len(widths):
            raise ValueError(f"output stride {shape.output_stride} is not among the strides of {widths}")
        self.first_stride = shape.first_stride
        self.stride = shape.first_stride * 2 ** (len(widths) - 1)  # of the deepest stage
        self.top = steps.bit_length() - 1  # the stage at which the decoder ends

        normed = shape.norm == "group"

        def norm(channels: int) -> nn.Module:
            return group_norm(channels) if normed else nn.Identity()

        kernel, pad = 2 * self.first_stride + 1, self.first_stride
        self.stem = nn.Conv2d(in_channels, widths[0], kernel, self.first_stride, padding=pad, bias=not normed)
        self.stem_norm = norm(widths[0])
        self.down = nn.ModuleList(
            nn.Conv2d(narrow, wide, 3, 2, padding=1, bias=not normed) for narrow, wide in pairwise(widths)
        )
        self.down_norm = nn.ModuleList(norm(wide) for wide in widths[1:])
        self.stages = nn.ModuleList(
            nn.Sequential(*(ResidualBlock(width, normed) for _ in range(count)))
            for width, count in zip(widths, blocks, strict=True)
        )
        # In the decoder the 1x1 convolution comes before the upsampling: a quarter of the arithmetic, the same result.
        ups = range(self.top, len(widths) - 1)
        self.up = nn.ModuleList(nn.Conv2d(widths[i + 1], widths[i], 1) for i in ups)
        self.merge = nn.ModuleList(nn.Conv2d(widths[i], widths[i], 3, padding=1, bias=not normed) for i in ups)
        self.merge_norm = nn.ModuleList(norm(widths[i]) for i in ups)
        self.head = nn.Conv2d(widths[self.top], out_channels * self.shuffle**2, 3, padding=1)
        if not normed:
            self._keep_scale()
        self.pretrained: MobileNetFeatures | None = None
        self.joined = nn.ModuleList()
        if shape.pretrained == "mobilenet_v2":
            self.pretrained = MobileNetFeatures(len(widths))
            self.joined.extend(
                nn.Conv2d(given, width, 1) for given, width in zip(self.pretrained.channels, widths, strict=True)
            )

    def _keep_scale(self) -> None:
        """Draw weights that keep the scale of features where no norm does (He et al. 2015).

        PyTorch's own make them five times smaller at each stage: the deep ones would say nothing for long. Residual
        blocks stay the identity.
        """
        if self.head.weight.is_meta:  # its weights come from a file; PyTorch would load its compiler for this
            return
        last = {id(block.conv2) for block in self.modules() if isinstance(block, ResidualBlock)}  # are 0
        for module in self.modules():
            if isinstance(module, nn.Conv2d) and id(module) not in last:
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        for module in self.up:
            assert isinstance(module, nn.Conv2d)
            nn.init.kaiming_normal_(module.weight, nonlinearity="linear")  # no ReLU follows

    def forward(self, x: Tensor, extra: Tensor | None = None) -> Tensor:
        """Compute (B, out_channels, H / output_stride, ...) of (B, in_channels, H, W).

        H and W are multiples of `stride`. `extra` as in `decoder_features`.
        """
        return self.decode(self.features(x, extra))

    def decode(self, features: Tensor) -> Tensor:
        """Apply the output layer to what `features` gives.

        (B, out_channels, H / output_stride, W / output_stride).
        """
        out: Tensor = self.head(features)
        return F.pixel_shuffle(out, self.shuffle) if self.shuffle > 1 else out

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Compile `decoder_features`, which is also called without the output layer."""
        self.decoder_features = torch.compile(self.decoder_features, *args, **kwargs)  # type: ignore[method-assign]

    def features(self, x: Tensor, extra: Tensor | None = None) -> Tensor:
        """Compute the output layer's input.

        (B, widths at the output stride, H / output_stride, W / output_stride). At the first stride where that is
        larger. `extra` as in `decoder_features`.
        """
        return self.decoder_features(x, extra)[self.top]

    def decoder_features(self, x: Tensor, extra: Tensor | None = None) -> dict[int, Tensor]:
        """Compute the decoder's features by stage, from the deepest one to the output's.

        Those of stage i are (B, widths[i], H / (first_stride 2^i), W / (first_stride 2^i)).

        `extra` is added to what comes into the stage of its height and width, and must have that stage's channels.
        """
        if x.shape[-1] % self.stride or x.shape[-2] % self.stride:
            raise ValueError(f"image of {tuple(x.shape[-2:])} pixels: sides must be multiples of {self.stride}")
        added = extra is None
        known = [] if self.pretrained is None else self.pretrained(x[:, :3])
        joined = iter([layer(features) for layer, features in zip(self.joined, known, strict=True)])

        def entered(x: Tensor) -> Tensor:
            nonlocal added
            x = x + next(joined) if known else x
            if extra is None or extra.shape[-2:] != x.shape[-2:]:
                return x
            added = True
            return x + extra.to(x.dtype)

        x = self.stages[0](entered(F.relu(self.stem_norm(self.stem(x)), inplace=True)))
        skips = [x]  # stage i: (B, widths[i], H / (first_stride 2^i), ...)
        for down, norm, stage in zip(self.down, self.down_norm, list(self.stages)[1:], strict=True):
            x = stage(entered(F.relu(norm(down(x)), inplace=True)))
            skips.append(x)
        if not added:
            assert extra is not None
            raise ValueError(f"no stage is {tuple(extra.shape[-2:])} texels large, as what shall be added is")
        found = {len(skips) - 1: x}
        for i in reversed(range(len(self.up))):
            skip = skips[self.top + i]
            x = skip + F.interpolate(self.up[i](x), scale_factor=2.0, mode="bilinear", align_corners=False)
            x = x + F.relu(self.merge_norm[i](self.merge[i](x)), inplace=True)
            found[self.top + i] = x
        return found


def receptive_stride(module: nn.Module) -> int:
    """Find what an image's sides must be multiples of for `module`; 1 without such a demand."""
    return max((int(part.stride) for part in module.modules() if isinstance(part, UNet)), default=1)
