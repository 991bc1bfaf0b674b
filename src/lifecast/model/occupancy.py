"""The occupancy nets: the coarse net (equation 3) and the fine net on its 3D embedding (equation 4).

Points are in view space: x right, y up, z toward the camera, the image spanning [-1, 1].
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lifecast.errors import UsageError
from lifecast.model.config import Architecture, LevelConfig
from lifecast.model.encoders.config import HourglassConfig
from lifecast.model.encoders.global_feature import GlobalFeature
from lifecast.model.encoders.hourglass import HourglassEncoder
from lifecast.model.encoders.unet import UNet
from lifecast.model.mlp import PixelAlignedMLP
from lifecast.model.pixel_aligned import sample_features
from lifecast.space.resizing import resize_map


class OccupancyNet(nn.Module):
    """An image encoder and an MLP on its pixel-aligned features.

    `CoarseNet` and `FineNet` say what joins them.
    """

    def __init__(self, config: LevelConfig, architecture: Architecture, condition_width: int) -> None:
        super().__init__()
        self.config = config
        self.architecture = architecture
        self.encoder: nn.Module
        if isinstance(config.encoder, HourglassConfig):
            self.encoder = HourglassEncoder(architecture.input_channels, config.features, config.encoder)
        else:
            self.encoder = UNet(architecture.input_channels, config.features, config.encoder)
        self.global_feature: GlobalFeature | None = None
        if config.global_feature is not None:
            self.global_feature = GlobalFeature(architecture.input_channels, config.global_feature)
        self.mlp = PixelAlignedMLP(
            config.map_channels + condition_width, config.mlp, config.skips, config.embedding_layer
        )

    def encode(
        self,
        image: Tensor,
        front: Tensor | None = None,
        back: Tensor | None = None,
        mask: Tensor | None = None,
        depth: Tensor | None = None,
    ) -> list[Tensor]:
        """Encode an input: feature maps (B, C, h, w) of each stack, the last the best.

        A U-Net has one. image (B, 3, S, S) in [-1, 1], front and back normals (B, 3, S, S), mask (B, 1, S, S) in [0,
        1], depths (B, 2, S, S) in view units, all of one size: any multiple of the encoder's `size_multiple`. Maps that
        are no inputs of this architecture are ignored; one that is and is missing is a UsageError. A net with a global
        feature appends it as constant channels, one with `depth_features` the depths times `depth_scale`.
        """
        architecture = self.architecture
        wanted: list[tuple[str, Tensor | None]] = []
        if self.architecture.normal_inputs != "none":
            wanted.append(("front normals", front))
        if self.architecture.normal_inputs == "both":
            wanted.append(("back normals", back))
        if self.architecture.mask_input:
            wanted.append(("mask", mask))
        if self.architecture.depth_input:
            wanted.append(("depths", None if depth is None else depth * self.architecture.depth_scale))
        parts = [image]
        for name, part in wanted:
            if part is None:
                raise UsageError(f"the {name} are an input of architecture {architecture.name} and none were given")
            if part.shape[-2:] != image.shape[-2:]:
                raise UsageError(f"{name} of {tuple(part.shape)} do not fit the image of {tuple(image.shape)}")
            parts.append(part)
        inputs = torch.cat(parts, dim=1)  # (B, input_channels, S, S)
        multiple = self.config.encoder.size_multiple
        if inputs.shape[-1] % multiple or inputs.shape[-2] % multiple:
            raise UsageError(
                f"an image of {inputs.shape[-1]} x {inputs.shape[-2]} pixels does not fit preset "
                f"{self.architecture.name}: sides must be multiples of {multiple}"
            )
        outputs = self.encoder(inputs)
        stacks: list[Tensor] = outputs if isinstance(outputs, list) else [outputs]
        if self.global_feature is not None:
            vector = self.global_feature(inputs)[:, :, None, None]  # (B, G, 1, 1)
            stacks = [torch.cat((s, vector.expand(-1, -1, *s.shape[-2:])), dim=1) for s in stacks]
        if self.config.depth_features:
            if depth is None:
                raise UsageError(f"architecture {architecture.name} appends depths to its features and none were given")
            small = (
                resize_map(depth, stacks[0].shape[-1], self.architecture.align_corners) * self.architecture.depth_scale
            )
            stacks = [torch.cat((s, small.to(s.dtype)), dim=1) for s in stacks]
        return stacks

    def sample(self, features: Tensor, points: Tensor, window: Tensor | None = None) -> Tensor:
        """Sample features (B, C, h, w) at points (B, N, 3) -> (B, N, C).

        Places are read by the architecture's conventions.
        """
        return sample_features(
            features,
            points,
            align_corners=self.architecture.align_corners,
            padding=self.architecture.padding,
            window=window,
        )

    def depth(self, points: Tensor) -> Tensor:
        """Scale depth to the MLP's input: points (B, N, 3) -> (B, N, 1)."""
        return points[..., 2:3] * self.architecture.depth_scale


class CoarseNet(OccupancyNet):
    """Equation 3: holistic features and absolute depth.

    Also the only net of a single-level architecture.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__(architecture.coarse, architecture, condition_width=1)
        self.depth_head = nn.Conv2d(self.config.map_channels, 2, 1) if self.config.depth_head else None

    def query(self, features: Tensor, points: Tensor, window: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Compute logit (B, N) and 3D embedding (B, N, E) or None at points (B, N, 3).

        features (B, C, h, w). `window` (B, 4), fractions, when the features are of a part of the image (see
        `pixel_aligned`).
        """
        sampled = self.sample(features, points, window)
        queried: tuple[Tensor, Tensor | None] = self.mlp(
            torch.cat((sampled, self.depth(points).to(sampled.dtype)), dim=-1)
        )
        return queried

    def predict_depth(self, features: Tensor) -> Tensor:
        """Predict front and back depth, view units: (B, C, h, w) -> (B, 2, h, w)."""
        if self.depth_head is None:
            raise UsageError(f"architecture {self.architecture.name} has no depth head")
        depth: Tensor = self.depth_head(features)
        return depth


class FineNet(OccupancyNet):
    """Equation 4: local features on top of the coarse net's 3D embedding.

    In Fig. 3's ablation depth is in the embedding's place.
    """

    def __init__(self, architecture: Architecture) -> None:
        if architecture.fine is None:
            raise UsageError(f"architecture {architecture.name} has no fine net")
        width = architecture.embedding_width if architecture.fine.condition == "embedding" else 0
        super().__init__(architecture.fine, architecture, condition_width=width + architecture.fine.depth_conditioned)

    def query(self, features: Tensor, points: Tensor, embedding: Tensor | None, window: Tensor | None = None) -> Tensor:
        """Compute the logit (B, N) at points (B, N, 3).

        features (B, C, h, w), embedding (B, N, E). `window` (B, 4), fractions of the whole image, when the features are
        of a part of it (`pixel_aligned`): a point is then sampled where it is in the whole. An encoder's features of a
        window are those of the whole but near the window's edge and for its group norms, whose statistics are the
        window's; windows should begin at multiples of the encoder's `size_multiple`.
        """
        sampled = self.sample(features, points, window)
        parts = [sampled]
        if self.config.condition == "embedding":
            if embedding is None:
                raise UsageError("the fine net needs the coarse net's 3D embedding, and none was given")
            parts.append(embedding.to(sampled.dtype))
        if self.config.depth_conditioned:
            parts.append(self.depth(points).to(sampled.dtype))
        logit: Tensor = self.mlp(torch.cat(parts, dim=-1))[0]
        return logit
