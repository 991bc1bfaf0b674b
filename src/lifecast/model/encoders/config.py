"""Image encoders as frozen dataclasses: what each one's weights are shaped by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lifecast.errors import UsageError


@dataclass(frozen=True)
class GeneratorConfig:
    """pix2pixHD global generators, one for each side.

    Section 3.3: 9 residual blocks, 4 downsamplings.
    """

    filters: int = 64
    """Channels after the first convolution; every downsampling doubles them."""
    downsamplings: int = 4
    blocks: int = 9


@dataclass(frozen=True)
class UNetConfig:
    """A residual U-Net with bilinear upsampling."""

    widths: tuple[int, ...]
    """Channels at strides `first_stride`, 2 `first_stride`, 4 `first_stride`, ..."""
    blocks: tuple[int, ...]
    """Residual blocks at each of these strides."""
    first_stride: int = 1
    """The strides below have no stage of their own."""
    output_stride: int = 1
    """Image pixels per output texel, along one axis. Below `first_stride`, the output layer computes every pixel of
    its texel (sub-pixel convolution)."""
    norm: Literal["group", "none"] = "group"
    """What follows each convolution: a group norm, or its bias alone. Without norms a window of a picture gives what
    the whole picture gives there, and a CPU takes little more than half the time."""
    pretrained: Literal["none", "mobilenet_v2"] = "none"
    """An image network whose features of the input's first three channels, a picture in [-1, 1], join each stage. It
    begins with ImageNet weights and learns along."""

    def __post_init__(self) -> None:
        if len(self.widths) != len(self.blocks) or not self.widths:
            raise UsageError(
                f"a U-Net needs as many block counts as widths: {len(self.blocks)} and {len(self.widths)} given"
            )
        if self.pretrained != "none" and (self.first_stride != 2 or len(self.widths) > 5):
            raise UsageError(
                f"pretrained features are of strides 2 to 32: first_stride {self.first_stride} and {len(self.widths)} "
                "stages do not fit them"
            )
        strides = [self.first_stride * 2**i for i in range(len(self.widths))]
        within = self.output_stride < self.first_stride and self.first_stride % self.output_stride == 0
        if self.output_stride not in strides and not within:
            raise UsageError(f"a U-Net with stages at strides {strides} has no output at {self.output_stride}")

    @property
    def size_multiple(self) -> int:
        """Image sides must be multiples of this."""
        return self.first_stride << (len(self.widths) - 1)

    @property
    def output_stage(self) -> int:
        """The stage, counted from 0, that the output is read from."""
        return max(1, self.output_stride // self.first_stride).bit_length() - 1


@dataclass(frozen=True)
class HourglassConfig:
    """A stacked hourglass (Newell et al.) with group norm.

    The paper's image encoders are such (section 4).
    """

    stacks: int
    depth: int
    """Halvings inside each hourglass."""
    pooled: bool
    """Average pooling in the stem; the fine encoder leaves it out ("removes one downsampling")."""
    width: int = 256
    stem: int = 64
    """Channels after the first convolution."""
    groups: int = 32
    """Groups of every group norm; `stem` and `width / 8` must be multiples of it."""

    def __post_init__(self) -> None:
        if self.stem % self.groups or self.width % (8 * self.groups):
            raise UsageError(
                f"an hourglass of width {self.width} and stem {self.stem} cannot have {self.groups} groups: "
                "stem and width / 8 must be multiples of it"
            )

    @property
    def output_stride(self) -> int:
        """Image pixels per feature texel, along one axis."""
        return 4 if self.pooled else 2

    @property
    def size_multiple(self) -> int:
        """Image sides must be multiples of this."""
        return self.output_stride << self.depth


@dataclass(frozen=True)
class GlobalFeatureConfig:
    """A ResNet whose pooled vector joins each pixel's features.

    The paper's second ablation, "in spirit to [15]".
    """

    features: int = 256
    size: int = 512
    """The net's input is resized to this side for the ResNet."""
    width: int = 64
    blocks: tuple[int, ...] = (3, 4, 6, 3)
    """Residual blocks per stage: these are ResNet-34's."""
