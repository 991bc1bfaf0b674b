"""Architecture: frozen dataclasses that say what has weights, and the conventions under which these are meant.

What has no weights (mirrored prediction, sharpening, relief, ...) is not said here but chosen at run time
(`lifecast.model.inference`). `lifecast.model.presets` names the architectures that come with lifecast,
`lifecast.model.ablations` derives the rows of the paper's tables from any of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lifecast.errors import UsageError
from lifecast.model.encoders.config import GeneratorConfig, GlobalFeatureConfig, HourglassConfig, UNetConfig

Until = Literal["normals", "depth", "detail", "close_up", "parsing", "coarse_maps", "maps", "coarse", "fine"]
"""How far a forward pass goes: one head of the maps, those of the coarse net, all of them, or a net on top of them."""


@dataclass(frozen=True)
class DepthConfig:
    """The depth head: front and back depth maps from picture, normals and mask."""

    network: UNetConfig
    """Gives the distribution over depths, at its output stride."""
    refine: UNetConfig
    """Brings the mean of that distribution to its own, finer output stride."""
    size: int = 128
    """Side of the picture and maps that it gets."""
    bins: int = 24
    """Depths that the distribution is over, evenly spaced."""
    reach: float = 0.6
    """The last of them, and minus the first, in view units."""
    features: bool = False
    """`network` gets the normal head's decoder features too, those whose texels are as large as the distribution's."""

    def __post_init__(self) -> None:
        if self.bins < 2 or self.reach <= 0:
            raise UsageError(f"{self.bins} depths up to {self.reach}: there must be at least 2, of a reach above 0")


@dataclass(frozen=True)
class PoseLifterConfig:
    """The pose lifter: a residual net that moves BlazePose's landmarks to where the joints are."""

    width: int = 256
    blocks: int = 2
    """Of two layers each."""
    dropout: float = 0.1
    """Share of the activations left out in training."""


@dataclass(frozen=True)
class MapsConfig:
    """The map heads, and the pose that they are conditioned on.

    They predict front and back normal maps, the person's mask, depth maps, and detail.
    """

    network: GeneratorConfig | UNetConfig
    """Two generators whose tanh outputs are used as they are, or one U-Net whose outputs are made unit length."""
    size: int = 512
    """Side of the picture that the finest maps are predicted from, and of these maps."""
    fine_size: int | None = None
    """Predict once more at this side for the fine net; None enlarges the maps of `size`, as the paper does."""
    mask: bool = False
    """Predict the person's mask too (a U-Net's normals are multiplied by it)."""
    pose_channels: bool = False
    """The heads are conditioned on a limb map (`space.limb_map`), drawn from landmarks where there are any."""
    pose_lifter: PoseLifterConfig | None = None
    """The limb map is drawn from landmarks that this net moved to the joints."""
    depth: DepthConfig | None = None
    """Predict the depth of the front and of the back surface too, from picture, normals and mask (U-Net only)."""
    global_size: int | None = None
    """Side at which the normal head gets the picture, where all of a person is cheap to cover; None: `size`."""
    detail: UNetConfig | None = None
    """A second U-Net whose input is the picture at `size` and the normal head's output, and which corrects normals and
    mask (pix2pixHD's local enhancer, made slim). The coarse net gets the normal head's maps, the fine net these."""
    detail_features: bool = False
    """The detail head gets the normal head's decoder features too, as pix2pixHD's enhancer does."""
    detail_unit: bool = False
    """The detail head gets and corrects normals of unit length. Without, those are the normal head's raw outputs: only
    their direction was taught, they are about thirty long, and what a detail head can add to them counts for little."""
    close_up: UNetConfig | None = None
    """A further U-Net that corrects the finest maps in squares around head and hands (`space.close_up`)."""
    close_up_size: int = 320
    """Side in pixels of these squares' pictures."""
    parsing: UNetConfig | None = None
    """A U-Net that names the part that each pixel shows, on front and back (`space.parsing`)."""
    parsing_size: int = 256
    """Side of the picture that it gets."""

    def __post_init__(self) -> None:
        if self.depth is not None and (isinstance(self.network, GeneratorConfig) or not self.mask):
            raise UsageError("depth maps need a U-Net before them that predicts normals and the mask")
        if self.pose_channels and isinstance(self.network, GeneratorConfig):
            raise UsageError("pose channels are inputs of a U-Net, not of pix2pixHD's generators")
        if self.pose_lifter is not None and not self.pose_channels:
            raise UsageError("a pose lifter moves the landmarks of limb maps, and there are no pose channels")
        if self.depth is not None and self.depth.features:
            self.depth_adapter_stages()  # or raise
        if self.parsing is not None:
            if not self.mask or isinstance(self.network, GeneratorConfig):
                raise UsageError("a parsing head needs the maps of a U-Net that predicts the mask, too")
            if self.parsing_size % self.parsing.size_multiple:
                raise UsageError(
                    f"parsing_size {self.parsing_size}: must be a multiple of {self.parsing.size_multiple}"
                )
        if self.close_up is not None:
            if not self.mask or isinstance(self.network, GeneratorConfig):
                raise UsageError("a close-up head corrects the maps of a U-Net that predicts the mask, too")
            if self.close_up_size % self.close_up.size_multiple:
                raise UsageError(
                    f"close_up_size {self.close_up_size}: must be a multiple of {self.close_up.size_multiple}"
                )
        if self.detail is None:
            if self.detail_features:
                raise UsageError("detail_features are for a detail head, and this architecture has none")
            if self.global_size is not None:
                raise UsageError("normals of a global_size need a detail head that brings them to their full size")
            return
        if self.global_size is None or isinstance(self.network, GeneratorConfig):
            raise UsageError("a detail head needs a U-Net before it, and the global_size of that one's picture")
        if self.detail.output_stride != 1:
            raise UsageError(f"a detail head ends at the picture's own size, not at stride {self.detail.output_stride}")
        if self.detail_features:
            self.detail_adapter_stage()  # or raise

    @property
    def normals_size(self) -> int:
        """Side at which the normal head gets the picture."""
        return self.global_size or self.size

    def depth_adapter_stages(self) -> tuple[int, int]:
        """Find the stages of normal head and depth head with texels of the distribution's size.

        Raises
        ------
        UsageError
            If the normal head's decoder has no such stage.
        """
        assert self.depth is not None
        assert isinstance(self.network, UNetConfig)
        own = self.depth.network.output_stage
        stride, rest = divmod(self.depth.network.first_stride * 2**own * self.normals_size, self.depth.size)
        strides = [self.network.first_stride * 2**i for i in range(self.network.output_stage, len(self.network.widths))]
        if rest or stride not in strides:
            raise UsageError(
                f"depth features: the depth head's distribution has texels of {stride + rest / self.depth.size:g} "
                f"pixels, and the normal head's decoder has strides {strides}"
            )
        return self.network.output_stage + strides.index(stride), own

    @property
    def detail_of_maps(self) -> bool:
        """Whether the detail head needs nothing of the normal head but its maps.

        These may be given then.
        """
        return self.detail is not None and self.detail_unit and not self.detail_features

    def detail_adapter_stage(self) -> int:
        """Find the stage of the detail head whose texels are as large as the normal head's features.

        Raises
        ------
        UsageError
            If no stage's are.
        """
        assert self.detail is not None
        assert self.global_size is not None
        assert isinstance(self.network, UNetConfig)
        stride, rest = divmod(self.network.output_stride * self.size, self.global_size)
        strides = [self.detail.first_stride * 2**i for i in range(len(self.detail.widths))]
        if rest or stride not in strides:
            apart = self.network.output_stride * self.size / self.global_size
            raise UsageError(
                f"detail_features: the normal head's are {apart:g} pixels apart, "
                f"and the detail head has stages at strides {strides}"
            )
        return strides.index(stride)


@dataclass(frozen=True)
class LevelConfig:
    """One occupancy net: an image encoder and the MLP on its pixel-aligned features."""

    image_size: int
    encoder: HourglassConfig | UNetConfig
    features: int
    """Channels of the feature map."""
    mlp: tuple[int, ...]
    """Neurons of each layer, the last being 1. The input's width follows from `features` and `condition`."""
    skips: tuple[int, ...]
    """Layers (counted from 0) whose input is the running value with the MLP's input appended."""
    condition: Literal["depth", "embedding"] = "depth"
    """What differs between points on one line of sight: the depth itself, or the coarse net's 3D embedding."""
    embedding_layer: int | None = None
    """The layer whose activation is the 3D embedding that the fine net gets."""
    depth_head: bool = False
    """A 1x1 convolution that reads front and back depth off the features (an auxiliary loss in training)."""
    depth_features: bool = False
    """Append the predicted depth maps, in the depth's own scale, to the features, so that the MLP can find how far a
    point is from the surface in front of it and from the one behind. The point's depth is then an input of a net on the
    3D embedding, too."""
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
        """Channels of the feature map.

        They include the global feature's and the depth maps, if there are any.
        """
        return self.features + (self.global_feature.features if self.global_feature else 0) + 2 * self.depth_features

    @property
    def depth_conditioned(self) -> bool:
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
    """The coarse net, on absolute depth. A single-level architecture has this one only."""
    fine: LevelConfig | None
    maps: MapsConfig | None
    normal_inputs: Literal["none", "front", "both"] = "both"
    """Which predicted normal maps are inputs of both nets, after the picture."""
    mask_input: bool = False
    """Whether the predicted mask is."""
    depth_input: bool = False
    """Whether the predicted depth maps are."""
    training: Literal["alternate", "joint"] = "alternate"
    """How the two nets are meant to be trained: coarse first and frozen, or end to end."""
    depth_scale: float = 1.0
    """Depth in view units times this is the MLP's input."""
    align_corners: bool = False
    """Where view x = -1 lies: at the centre of the first texel (True) or at its outer edge (False).
    Also how normal maps are resized."""
    padding: Literal["zeros", "border"] = "border"
    """What features are outside the image."""
    mask_box: bool = True
    """Occupancy is 0 where x or y (coarse net: or z) leaves [-1, 1]; the ends are inside."""
    antialias: bool = True
    """Whether images are low-pass filtered before they are made smaller."""
    framing: Literal["lifecast", "pifuhd"] = "lifecast"
    """Whose rule frames the square crop: ours, or the authors' (1.3 times the longer side of the keypoints' box,
    black outside of the photograph, alpha over mid-grey)."""

    def __post_init__(self) -> None:
        if self.coarse.condition != "depth":
            raise UsageError(f"architecture {self.name}: the coarse net has no embedding to stand on, only depth")
        if self.fine and self.fine.condition == "embedding" and self.coarse.embedding_layer is None:
            raise UsageError(f"architecture {self.name}: the fine net needs the coarse net's embedding_layer")
        if self.normal_inputs != "none" and self.maps is None:
            raise UsageError(f"architecture {self.name}: normal inputs {self.normal_inputs!r} need map heads")
        if self.mask_input and not (self.maps and self.maps.mask):
            raise UsageError(f"architecture {self.name}: a mask input needs map heads that predict the mask")
        deep = self.depth_input or self.coarse.depth_features or bool(self.fine and self.fine.depth_features)
        if deep and not (self.maps and self.maps.depth):
            raise UsageError(f"architecture {self.name}: a depth input needs map heads that predict depth")

    @property
    def image_size(self) -> int:
        """Side of the finest picture that any part gets: what `Model.forward` is given."""
        sizes = [self.coarse.image_size]
        if self.fine:
            sizes.append(self.fine.image_size)
        if self.maps:
            sizes += [self.maps.size, self.maps.fine_size or 0]
        return max(sizes)

    @property
    def input_channels(self) -> int:
        """Channels of the levels' encoders.

        They are image, front, back, mask, front and back depth, in this order.
        """
        return 3 + {"none": 0, "front": 3, "both": 6}[self.normal_inputs] + self.mask_input + 2 * self.depth_input

    @property
    def embedding_width(self) -> int:
        """Channels of the 3D embedding (0 without one)."""
        layer = self.coarse.embedding_layer
        return 0 if layer is None else self.coarse.mlp[layer]

    def picture_side(self, until: Until, given: bool = False) -> int:
        """Compute the side of the input picture of a forward pass `until` some part.

        It is the side at the architecture's own sizes. `given`: the maps are given and no head runs. UsageError if the
        architecture lacks that part.
        """
        if until not in ("coarse", "fine") and self.maps is None:
            raise UsageError(f"architecture {self.name} predicts no normals")
        if until == "depth" and (self.maps is None or self.maps.depth is None):
            raise UsageError(f"architecture {self.name} has no depth head")
        if until == "detail" and (self.maps is None or self.maps.detail is None):
            raise UsageError(f"architecture {self.name} has no detail head")
        if until == "close_up":
            if self.maps is None or self.maps.close_up is None:
                raise UsageError(f"architecture {self.name} has no close-up head")
            return self.maps.close_up_size
        if until == "parsing":
            if self.maps is None or self.maps.parsing is None:
                raise UsageError(f"architecture {self.name} has no parsing head")
            return max(self.maps.parsing_size, self.maps.normals_size)
        if self.maps is not None and until in ("normals", "depth"):
            return self.maps.normals_size
        if self.maps is not None and until == "detail":
            return self.maps.size
        if until in ("coarse", "coarse_maps"):
            return max(self.coarse.image_size, 0 if given or self.maps is None else self.maps.normals_size)
        return self.image_size
