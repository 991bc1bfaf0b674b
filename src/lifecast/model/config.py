"""Presets: frozen dataclasses that say a whole architecture, and the JSON that a checkpoint stores of them.

    from lifecast.model.config import PRESETS, preset_from_dict, to_dict
    preset = PRESETS["compact"]
    preset == preset_from_dict(to_dict(preset))

`lifecast.model.ablations` derives the rows of the paper's tables from any of these.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from lifecast.errors import UsageError

GREY = 127
"""Grey level of the blank background that networks are shown, in training and where a photograph's is cleaned away."""


@dataclass(frozen=True)
class GeneratorConfig:
    """pix2pixHD global generators, one for each side (section 3.3: 9 residual blocks, 4 downsamplings)."""

    filters: int = 64
    """Channels after the first convolution; every downsampling doubles them."""
    downsamplings: int = 4
    blocks: int = 9


@dataclass(frozen=True)
class UNetConfig:
    """A residual U-Net with group norm and bilinear upsampling."""

    widths: tuple[int, ...]
    """Channels at strides `first_stride`, 2 `first_stride`, 4 `first_stride`, ..."""
    blocks: tuple[int, ...]
    """Residual blocks at each of these strides."""
    first_stride: int = 1
    """The strides below have no stage of their own."""
    output_stride: int = 1
    """Image pixels per output texel, along one axis. Below `first_stride`, the output layer answers for every pixel of
    its texel (sub-pixel convolution)."""

    def __post_init__(self) -> None:
        if len(self.widths) != len(self.blocks) or not self.widths:
            raise UsageError(
                f"a U-Net needs as many block counts as widths: {len(self.blocks)} and {len(self.widths)} given"
            )
        strides = [self.first_stride * 2**i for i in range(len(self.widths))]
        within = self.output_stride < self.first_stride and self.first_stride % self.output_stride == 0
        if self.output_stride not in strides and not within:
            raise UsageError(f"a U-Net with stages at strides {strides} has no output at {self.output_stride}")

    @property
    def size_multiple(self) -> int:
        """Image sides must be multiples of this."""
        return self.first_stride * 2 ** (len(self.widths) - 1)

    @property
    def output_stage(self) -> int:
        """The stage, counted from 0, that the output is read from."""
        return max(1, self.output_stride // self.first_stride).bit_length() - 1


@dataclass(frozen=True)
class HourglassConfig:
    """A stacked hourglass (Newell et al.) with group norm, as the paper's image encoders (section 4)."""

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
        return self.output_stride * 2**self.depth


@dataclass(frozen=True)
class DepthConfig:
    """What predicts front and back depth maps from picture, normals and mask."""

    network: UNetConfig
    """Gives the distribution over depths, at its output stride."""
    refine: UNetConfig
    """Brings the mean of that distribution to its own, finer output stride."""
    size: int = 128
    """Side of the picture and maps that it sees."""
    bins: int = 24
    """Depths that the distribution is over, evenly spaced."""
    reach: float = 0.6
    """The last of them, and minus the first, in view units."""
    trunk: bool = False
    """`network` is given the normal U-Net's features too, those on its way up whose texels are as large as the
    distribution's: what the larger network has understood of the person, not only the maps that it made of it."""

    def __post_init__(self) -> None:
        if self.bins < 2 or self.reach <= 0:
            raise UsageError(f"{self.bins} depths up to {self.reach}: there must be at least 2, of a reach above 0")


@dataclass(frozen=True)
class PoseLifterConfig:
    """The residual network that moves BlazePose's landmarks to where the joints are (`lifter`)."""

    width: int = 256
    blocks: int = 2
    """Of two layers each."""
    dropout: float = 0.1
    """Share of the activations left out in training."""


@dataclass(frozen=True)
class MapsConfig:
    """What predicts the front and back normal maps (and the person's mask)."""

    network: GeneratorConfig | UNetConfig
    """Two generators whose tanh outputs are used as they are, or one U-Net whose outputs are made unit length."""
    size: int = 512
    """Side of the image that it sees, and of the maps that it gives."""
    fine_size: int | None = None
    """Predict once more at this side for the fine level; None enlarges the maps of `size`, as the paper does."""
    mask: bool = False
    """Predict the person's mask too (a U-Net's normals are multiplied by it)."""
    limbs: bool = False
    """The networks see a map of the limbs too, drawn from BlazePose's landmarks where there are any (`limb_map`)."""
    lifter: PoseLifterConfig | None = None
    """That map is drawn from landmarks that were moved to where this network thinks the joints are."""
    depth: DepthConfig | None = None
    """Predict the depth of the front and of the back surface too, from picture, normals and mask (U-Net only)."""
    integrate: int | None = None
    """When used, make the depth maps follow the normal maps at this side (`normal_integration`); None: as predicted."""
    relief: bool = False
    """When used, give the finest level's surface the folds of the normal maps (`surface.relief`)."""
    hidden_limbs: bool = False
    """When used, make limbs that the picture hides of the lifted landmarks (`surface.hidden_limbs`)."""
    mirror: bool = False
    """When used, look at the mirrored picture too and average the maps (training looks once)."""
    sharpen: float = 0.0
    """When used, deepen the folds of the maps that the fine level is fed by this much (`sharpened`; 0: as predicted). A
    mean of two looks, of networks that were taught by absolute differences, is smoother than people are."""
    tilt: float = 0.0
    """When used, turn these maps by this share toward the broad slopes of the integrated depths (`tilted`)."""
    global_size: int | None = None
    """The U-Net sees the picture made this small, where looking at all of a person is cheap; None: it sees `size`."""
    enhancer: UNetConfig | None = None
    """A second U-Net that sees the picture at `size` and what the first one made of it, and corrects normals and mask
    (pix2pixHD's local enhancer, made slim). The coarse level is fed the first one's maps, the fine level these."""
    enhancer_features: bool = False
    """The enhancer is given the first U-Net's features too, where its own are as coarse, as pix2pixHD's is."""

    def __post_init__(self) -> None:
        if self.depth is not None and (isinstance(self.network, GeneratorConfig) or not self.mask):
            raise UsageError("depth maps need a U-Net before them that predicts normals and the mask")
        if not 0 <= self.sharpen <= 2:
            raise UsageError(f"normal maps cannot be sharpened by {self.sharpen}: it must be from 0 to 2")
        if not 0 <= self.tilt <= 1:
            raise UsageError(f"normal maps cannot be tilted by {self.tilt}: it is a share, from 0 to 1")
        if self.tilt and self.integrate is None:
            raise UsageError("normals are tilted toward integrated depths, and this preset integrates none")
        if self.integrate is not None and self.depth is None:
            raise UsageError("normals can be integrated only into depth maps, and this preset predicts none")
        if self.limbs and isinstance(self.network, GeneratorConfig):
            raise UsageError("a limb map is told to a U-Net, not to pix2pixHD's generators")
        if self.lifter is not None and not self.limbs:
            raise UsageError("a lifter moves the landmarks that limb maps are drawn from, and this preset has no limbs")
        if self.hidden_limbs and (self.lifter is None or self.depth is None):
            raise UsageError("hidden limbs are made of lifted landmarks under depth maps: a preset needs both for them")
        if self.depth is not None and self.depth.trunk:
            self.trunk_stages()  # or raise
        if self.enhancer is None:
            if self.enhancer_features:
                raise UsageError("enhancer_features are for an enhancer, and this preset has none")
            if self.global_size is not None:
                raise UsageError("normals seen at a global_size need an enhancer that brings them to their full size")
            return
        if self.global_size is None or isinstance(self.network, GeneratorConfig):
            raise UsageError("an enhancer needs a U-Net before it, and the global_size at which that sees the picture")
        if self.enhancer.output_stride != 1:
            raise UsageError(f"an enhancer ends at the picture's own size, not at stride {self.enhancer.output_stride}")
        if self.enhancer_features:
            self.bridged_stage()  # or raise

    def trunk_stages(self) -> tuple[int, int]:
        """The stages of the normal U-Net and of the depth network whose texels are as large as the latter's output's.

        Raises
        ------
        UsageError
            Where the normal U-Net has no such stage on its way up.
        """
        assert self.depth is not None
        assert isinstance(self.network, UNetConfig)
        own = self.depth.network.output_stage
        stride, rest = divmod(
            self.depth.network.first_stride * 2**own * (self.global_size or self.size), self.depth.size
        )
        strides = [self.network.first_stride * 2**i for i in range(self.network.output_stage, len(self.network.widths))]
        if rest or stride not in strides:
            raise UsageError(
                f"trunk: the depth network's distribution has texels of {stride + rest / self.depth.size:g} pixels, "
                f"and the normal U-Net's way up has strides {strides}"
            )
        return self.network.output_stage + strides.index(stride), own

    def bridged_stage(self) -> int:
        """The stage of the enhancer whose texels are as large as the first U-Net's features.

        Raises
        ------
        UsageError
            Where no stage's are.
        """
        assert self.enhancer is not None
        assert self.global_size is not None
        assert isinstance(self.network, UNetConfig)
        stride, rest = divmod(self.network.output_stride * self.size, self.global_size)
        strides = [self.enhancer.first_stride * 2**i for i in range(len(self.enhancer.widths))]
        if rest or stride not in strides:
            apart = self.network.output_stride * self.size / self.global_size
            raise UsageError(
                f"enhancer_features: the first U-Net's are {apart:g} pixels apart, "
                f"and the enhancer has stages at strides {strides}"
            )
        return strides.index(stride)


@dataclass(frozen=True)
class GlobalFeatureConfig:
    """A ResNet whose pooled vector joins each pixel's features (the paper's second ablation, "in spirit to [15]")."""

    features: int = 256
    size: int = 512
    """The level's input is resized to this side for the ResNet."""
    width: int = 64
    blocks: tuple[int, ...] = (3, 4, 6, 3)
    """Residual blocks per stage: these are ResNet-34's."""


@dataclass(frozen=True)
class LevelConfig:
    """One level: an image encoder and the MLP on its pixel-aligned features."""

    image_size: int
    encoder: HourglassConfig | UNetConfig
    features: int
    """Channels of the feature map."""
    mlp: tuple[int, ...]
    """Neurons of each layer, the last being 1. The input's width follows from `features` and `condition`."""
    skips: tuple[int, ...]
    """Layers (counted from 0) whose input is the running value with the MLP's input appended."""
    condition: Literal["depth", "embedding"] = "depth"
    """What tells points on one line of sight apart: the depth itself, or the coarse level's 3D embedding."""
    embedding_layer: int | None = None
    """The layer whose activation is the 3D embedding given to the fine level."""
    depth_head: bool = False
    """A 1x1 convolution that reads front and back depth off the features (an auxiliary loss in training)."""
    depth_features: bool = False
    """Append the predicted depth maps, in the depth's own scale, to the features: the MLP then sees how far a point is
    from the surface in front of it and from the one behind. A level on the 3D embedding is then told the point's
    depth, too."""
    global_feature: GlobalFeatureConfig | None = None

    def __post_init__(self) -> None:
        if self.mlp[-1] != 1:
            raise UsageError(f"an MLP must end in 1 value, the occupancy: {self.mlp}")
        if any(not 0 < skip < len(self.mlp) for skip in self.skips):
            raise UsageError(f"skips {self.skips} must name layers 1 to {len(self.mlp) - 1} of the MLP {self.mlp}")
        if self.embedding_layer is not None and not 0 <= self.embedding_layer < len(self.mlp) - 1:
            raise UsageError(f"embedding layer {self.embedding_layer} is not a hidden layer of the MLP {self.mlp}")
        if self.image_size % self.encoder.size_multiple:
            raise UsageError(
                f"an image side of {self.image_size} does not suit its encoder: "
                f"it must be a multiple of {self.encoder.size_multiple}"
            )

    @property
    def map_channels(self) -> int:
        """Channels of the feature map with the global feature's and the depth maps, if any, appended."""
        return self.features + (self.global_feature.features if self.global_feature else 0) + 2 * self.depth_features

    @property
    def told_depth(self) -> bool:
        """Whether the MLP's input ends in the point's depth."""
        return self.condition == "depth" or self.depth_features

    @property
    def feature_size(self) -> int:
        """Side of the feature map."""
        return self.image_size // self.encoder.output_stride


@dataclass(frozen=True)
class Architecture:
    """The whole architecture, and the conventions under which its numbers are meant."""

    name: str
    coarse: LevelConfig
    """The level on absolute depth. A single-level network has this one only."""
    fine: LevelConfig | None
    normals: MapsConfig | None
    normal_inputs: Literal["none", "front", "both"] = "both"
    """Which predicted normal maps the levels see beside the image."""
    mask_input: bool = False
    """Whether the levels see the predicted mask."""
    depth_input: bool = False
    """Whether the levels see the predicted depth maps."""
    training: Literal["alternate", "joint"] = "alternate"
    """How the two levels are meant to be trained: coarse first and frozen, or end to end."""
    depth_scale: float = 1.0
    """Depth in view units times this is what the MLP sees."""
    align_corners: bool = False
    """Where view x = -1 lies: at the centre of the first texel (True) or at its outer edge (False).
    Also how normal maps are resized."""
    padding: Literal["zeros", "border"] = "border"
    """What features are outside the image."""
    mask_box: bool = True
    """Occupancy is 0 where x or y (coarse level: or z) leaves [-1, 1]; the ends are inside."""
    within_mask: bool = False
    """When used, occupancy falls to 0 beyond the person's mask and a margin (`silhouette`); training does not."""
    antialias: bool = True
    """Whether images are low-pass filtered before they are made smaller."""
    framing: Literal["lifecast", "pifuhd"] = "lifecast"
    """Whose rule frames the square crop: ours, or the authors' (1.3 times the longer side of the keypoints' box,
    black outside of the photograph, alpha over mid-grey)."""

    def __post_init__(self) -> None:
        if self.coarse.condition != "depth":
            raise UsageError(f"preset {self.name}: the coarse level has no embedding to stand on, only depth")
        if self.fine and self.fine.condition == "embedding" and self.coarse.embedding_layer is None:
            raise UsageError(f"preset {self.name}: the fine level needs the coarse level's embedding_layer")
        if self.normal_inputs != "none" and self.normals is None:
            raise UsageError(f"preset {self.name}: normal inputs {self.normal_inputs!r} need a normal network")
        if self.mask_input and not (self.normals and self.normals.mask):
            raise UsageError(f"preset {self.name}: a mask input needs a normal network that predicts the mask")
        if self.within_mask and not (self.normals and self.normals.mask):
            raise UsageError(f"preset {self.name}: only a normal network that predicts the mask can bound the surface")
        deep = self.depth_input or self.coarse.depth_features or bool(self.fine and self.fine.depth_features)
        if deep and not (self.normals and self.normals.depth):
            raise UsageError(f"preset {self.name}: a depth input needs a normal network that predicts depth")

    @property
    def image_size(self) -> int:
        """Side of the finest image that any part looks at: what `Model.encode` is given."""
        sizes = [self.coarse.image_size]
        if self.fine:
            sizes.append(self.fine.image_size)
        if self.normals:
            sizes += [self.normals.size, self.normals.fine_size or 0]
        return max(sizes)

    @property
    def input_channels(self) -> int:
        """Channels of the levels' encoders: image, front, back, mask, front and back depth, in this order."""
        return 3 + {"none": 0, "front": 3, "both": 6}[self.normal_inputs] + self.mask_input + 2 * self.depth_input

    @property
    def embedding_width(self) -> int:
        """Channels of the 3D embedding (0 without one)."""
        layer = self.coarse.embedding_layer
        return 0 if layer is None else self.coarse.mlp[layer]


PAPER = Architecture(
    name="paper",
    normals=MapsConfig(GeneratorConfig(filters=64, downsamplings=4, blocks=9), size=512),
    coarse=LevelConfig(
        image_size=512,
        encoder=HourglassConfig(stacks=4, depth=2, pooled=True),
        features=256,
        mlp=(1024, 512, 256, 128, 1),
        skips=(2, 3, 4),
        embedding_layer=2,
    ),
    fine=LevelConfig(
        image_size=1024,
        encoder=HourglassConfig(stacks=1, depth=4, pooled=False),
        features=16,
        mlp=(512, 256, 128, 1),
        skips=(1, 2),
        condition="embedding",
    ),
    depth_scale=1.28,
)
"""Sections 3 and 4 of the paper: 387 million parameters."""

PIFUHD = dataclasses.replace(
    PAPER,
    name="pifuhd",
    align_corners=True,
    padding="zeros",
    antialias=False,
    framing="pifuhd",
)
"""`paper` under the conventions of the authors' released checkpoint."""

COMPACT = Architecture(
    name="compact",
    normals=MapsConfig(
        UNetConfig(widths=(32, 64, 128, 224, 320), blocks=(0, 1, 2, 5, 4), first_stride=2, output_stride=2),
        size=512,
        mask=True,
        mirror=True,
        sharpen=0.5,
        tilt=0.5,
        limbs=True,
        lifter=PoseLifterConfig(),
        integrate=256,
        relief=True,
        hidden_limbs=True,
        depth=DepthConfig(
            network=UNetConfig(widths=(24, 48, 96, 160, 224), blocks=(0, 1, 2, 3, 2), first_stride=2, output_stride=8),
            refine=UNetConfig(widths=(16, 32, 48), blocks=(1, 1, 2), first_stride=2, output_stride=2),
            size=128,
            trunk=True,
        ),
        global_size=256,
        enhancer=UNetConfig(widths=(32, 64, 96), blocks=(2, 4, 5), first_stride=2),
        enhancer_features=True,
    ),
    coarse=LevelConfig(
        image_size=256,
        encoder=UNetConfig(widths=(24, 48, 96, 128, 144), blocks=(0, 1, 1, 2, 3), first_stride=2, output_stride=2),
        features=32,
        mlp=(192, 128, 64, 32, 1),
        skips=(1, 2, 3),
        embedding_layer=2,
        depth_features=True,
    ),
    fine=LevelConfig(
        image_size=512,
        encoder=UNetConfig(widths=(16, 32, 64, 96), blocks=(0, 1, 2, 2), first_stride=2, output_stride=2),
        features=16,
        mlp=(128, 64, 32, 1),
        skips=(1, 2),
        condition="embedding",
        depth_features=True,
    ),
    mask_input=True,
    depth_input=True,
    within_mask=True,
    # z spans about +-0.2; at this scale the MLP resolved a centimetre in 255 steps where scale 1 took 405.
    depth_scale=8.0,
)
"""The same design made slim: trains on modest hardware, answers on a laptop, ships inside the package."""

TINY = Architecture(
    name="tiny",
    normals=MapsConfig(UNetConfig(widths=(8, 16, 24, 32), blocks=(1, 1, 1, 1)), size=128, mask=True),
    coarse=LevelConfig(
        image_size=128,
        encoder=UNetConfig(widths=(16, 24, 32, 48), blocks=(1, 1, 1, 1), first_stride=2, output_stride=2),
        features=24,
        mlp=(64, 48, 32, 1),
        skips=(1, 2),
        embedding_layer=2,
        depth_head=True,
    ),
    fine=LevelConfig(
        image_size=256,
        encoder=UNetConfig(widths=(8, 16, 24), blocks=(1, 1, 1), first_stride=2, output_stride=2),
        features=8,
        mlp=(48, 32, 1),
        skips=(1,),
        condition="embedding",
    ),
    mask_input=True,
)
"""For tests, in seconds on a CPU. `tiny-depth-maps-enhancer` has everything that `compact` has."""

PART_CLASSES: dict[str, type] = {
    part.__name__: part
    for part in (
        GeneratorConfig,
        UNetConfig,
        HourglassConfig,
        DepthConfig,
        PoseLifterConfig,
        MapsConfig,
        GlobalFeatureConfig,
        LevelConfig,
        Architecture,
    )
}


EARLIER_KINDS = {
    "GeneratorPreset": "GeneratorConfig",
    "UNetPreset": "UNetConfig",
    "HourglassPreset": "HourglassConfig",
    "DepthPreset": "DepthConfig",
    "LifterPreset": "PoseLifterConfig",
    "NormalPreset": "MapsConfig",
    "GlobalFeaturePreset": "GlobalFeatureConfig",
    "LevelPreset": "LevelConfig",
    "Preset": "Architecture",
}
"""Names of the parts in weights files written before December 2026."""


def to_dict(part: Any) -> dict[str, Any]:
    """`part` (a preset or a part of one) as plain JSON values, each dataclass tagged with its `kind`."""
    values: dict[str, Any] = {"kind": type(part).__name__}
    for field in dataclasses.fields(part):
        value = getattr(part, field.name)
        if dataclasses.is_dataclass(value):
            value = to_dict(value)
        values[field.name] = list(value) if isinstance(value, tuple) else value
    return values


def _part_from_dict(values: dict[str, Any]) -> Any:
    """The inverse of `to_dict`; UsageError where a kind or a field is unknown, missing or refused."""
    values = dict(values)
    kind = values.pop("kind", None)
    kind = EARLIER_KINDS.get(kind, kind)
    if kind not in PART_CLASSES:
        raise UsageError(f"a preset has no part of kind {kind!r}; known: {', '.join(PART_CLASSES)}")
    known = {field.name for field in dataclasses.fields(PART_CLASSES[kind])}
    if unknown := set(values) - known:
        raise UsageError(f"{kind} has no field {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")
    plain = {}
    for name, value in values.items():
        if isinstance(value, dict):
            value = _part_from_dict(value)
        plain[name] = tuple(value) if isinstance(value, list) else value
    try:
        return PART_CLASSES[kind](**plain)
    except TypeError as error:
        raise UsageError(f"{kind} cannot be made of {sorted(plain)}: {error}") from error


def preset_from_dict(values: dict[str, Any]) -> Architecture:
    """The preset that `to_dict` described. UsageError says which part is unknown or malformed."""
    preset = _part_from_dict(values)
    if not isinstance(preset, Architecture):
        raise UsageError(f"a {type(preset).__name__} is a part of a preset, not a whole one")
    return preset


PRESETS: dict[str, Architecture] = {preset.name: preset for preset in (PAPER, PIFUHD, COMPACT, TINY)}
"""The base presets; `lifecast.model.ablations.preset_named` also knows every ablation of them."""
