"""The coarse and the fine level (equations 3 and 4), and both together behind their normal maps.

    model = Model(PRESETS["compact"])
    encoded = model.encode(image)                    # (1, 3, 1024, 1024) in [-1, 1]
    model.occupancy(encoded, points)                 # (1, N, 3) view space -> (1, N) in [0, 1]

Points are in view space everywhere: x right, y up, z toward the camera, the image spanning [-1, 1].
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lifecast.errors import UsageError
from lifecast.model.config import Architecture, HourglassConfig, LevelConfig, MapsConfig
from lifecast.model.encoders.global_feature import GlobalFeature
from lifecast.model.encoders.hourglass import HourglassEncoder
from lifecast.model.encoders.unet import UNet
from lifecast.model.heads.normals import Maps, NormalNetworks, averaged, mirrored, sharpened, under_mask
from lifecast.model.mlp import PixelAlignedMLP
from lifecast.model.pixel_aligned import inside_box, sample_features
from lifecast.model.silhouette import silhouette_bound
from lifecast.space.integration import integrated_depths, tilted
from lifecast.space.limb_map import mirrored_limbs
from lifecast.space.resizing import resize_image, resize_map


class Encoded(NamedTuple):
    """What one image became: all that `Model.occupancy` needs."""

    normals: Maps | None
    """The maps as predicted (or given) for the fine level: at the finest size predicted."""
    coarse_features: Tensor
    """(B, C, h, w) of the coarse level's last stack."""
    fine_features: Tensor | None
    """(B, C, h, w) of the fine level's last stack."""
    coarse_stacks: list[Tensor]
    """The coarse features of every stack, for the loss on each."""
    bound: Tensor | None = None
    """(B, 1, s, s) what is added to logits so that nothing lies beyond the silhouette (`silhouette`), where the preset
    says so."""
    joints: Tensor | None = None
    """(B, 33, 4) lifted landmarks in view space, where limbs that the picture hides shall be made of them
    (`surface.hidden_limbs`)."""


class Level(nn.Module):
    """An image encoder and an MLP on its pixel-aligned features; `CoarseNet` and `FineNet` say what joins them."""

    def __init__(self, level: LevelConfig, preset: Architecture, condition_width: int) -> None:
        super().__init__()
        self.level = level
        self.preset = preset
        self.encoder: nn.Module
        if isinstance(level.encoder, HourglassConfig):
            self.encoder = HourglassEncoder(preset.input_channels, level.features, level.encoder)
        else:
            self.encoder = UNet(preset.input_channels, level.features, level.encoder)
        self.global_feature: GlobalFeature | None = None
        if level.global_feature is not None:
            self.global_feature = GlobalFeature(preset.input_channels, level.global_feature)
        self.mlp = PixelAlignedMLP(level.map_channels + condition_width, level.mlp, level.skips, level.embedding_layer)

    def encode(
        self,
        image: Tensor,
        front: Tensor | None = None,
        back: Tensor | None = None,
        mask: Tensor | None = None,
        depth: Tensor | None = None,
    ) -> list[Tensor]:
        """Feature maps (B, C, h, w) of each stack, the last the best; a U-Net has one.

        image (B, 3, S, S) in [-1, 1], front and back normals (B, 3, S, S), mask (B, 1, S, S) in [0, 1], depths
        (B, 2, S, S) in view units, all of one size: any multiple of the encoder's `size_multiple`. Maps that the preset
        does not feed are ignored; a map that it feeds and that is missing is a UsageError. A level with a global
        feature appends it as constant channels, one with `depth_features` the depths times `depth_scale`.
        """
        wanted: list[tuple[str, Tensor | None]] = []
        if self.preset.normal_inputs != "none":
            wanted.append(("front normals", front))
        if self.preset.normal_inputs == "both":
            wanted.append(("back normals", back))
        if self.preset.mask_input:
            wanted.append(("mask", mask))
        if self.preset.depth_input:
            wanted.append(("depths", None if depth is None else depth * self.preset.depth_scale))
        parts = [image]
        for name, part in wanted:
            if part is None:
                raise UsageError(f"preset {self.preset.name} feeds the {name} to its levels and none were given")
            if part.shape[-2:] != image.shape[-2:]:
                raise UsageError(f"{name} of {tuple(part.shape)} do not fit the image of {tuple(image.shape)}")
            parts.append(part)
        inputs = torch.cat(parts, dim=1)  # (B, input_channels, S, S)
        multiple = self.level.encoder.size_multiple
        if inputs.shape[-1] % multiple or inputs.shape[-2] % multiple:
            raise UsageError(
                f"an image of {inputs.shape[-1]} x {inputs.shape[-2]} pixels does not fit preset "
                f"{self.preset.name}: sides must be multiples of {multiple}"
            )
        outputs = self.encoder(inputs)
        stacks: list[Tensor] = outputs if isinstance(outputs, list) else [outputs]
        if self.global_feature is not None:
            vector = self.global_feature(inputs)[:, :, None, None]  # (B, G, 1, 1)
            stacks = [torch.cat((s, vector.expand(-1, -1, *s.shape[-2:])), dim=1) for s in stacks]
        if self.level.depth_features:
            if depth is None:
                raise UsageError(f"preset {self.preset.name} appends depths to its features and none were given")
            small = resize_map(depth, stacks[0].shape[-1], self.preset.align_corners) * self.preset.depth_scale
            stacks = [torch.cat((s, small.to(s.dtype)), dim=1) for s in stacks]
        return stacks

    def sample(self, features: Tensor, points: Tensor, window: Tensor | None = None) -> Tensor:
        """features (B, C, h, w) at points (B, N, 3) -> (B, N, C), under the preset's conventions."""
        return sample_features(
            features,
            points,
            align_corners=self.preset.align_corners,
            padding=self.preset.padding,
            window=window,
        )

    def depth(self, points: Tensor) -> Tensor:
        """Depth as the MLP sees it: points (B, N, 3) -> (B, N, 1)."""
        return points[..., 2:3] * self.preset.depth_scale


class CoarseNet(Level):
    """Equation 3: holistic features and absolute depth. Also the only level of a single-level network."""

    def __init__(self, preset: Architecture) -> None:
        super().__init__(preset.coarse, preset, condition_width=1)
        self.depth_head = nn.Conv2d(preset.coarse.map_channels, 2, 1) if preset.coarse.depth_head else None

    def query(self, features: Tensor, points: Tensor, window: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """features (B, C, h, w), points (B, N, 3) -> logit (B, N), 3D embedding (B, N, E) or None.

        `window` (B, 4), fractions, when the features show a part of the image (see `pixel_aligned`).
        """
        sampled = self.sample(features, points, window)
        return self.mlp(torch.cat((sampled, self.depth(points).to(sampled.dtype)), dim=-1))

    def predict_depth(self, features: Tensor) -> Tensor:
        """Front and back depth, view units, at the features' size: (B, C, h, w) -> (B, 2, h, w)."""
        if self.depth_head is None:
            raise UsageError(f"preset {self.preset.name} has no depth head")
        return self.depth_head(features)


class FineNet(Level):
    """Equation 4: local features on top of the coarse level's 3D embedding (or, in Fig. 3's ablation, depth)."""

    def __init__(self, preset: Architecture) -> None:
        if preset.fine is None:
            raise UsageError(f"preset {preset.name} has no fine level")
        width = preset.embedding_width if preset.fine.condition == "embedding" else 0
        super().__init__(preset.fine, preset, condition_width=width + preset.fine.told_depth)

    def query(self, features: Tensor, points: Tensor, embedding: Tensor | None, window: Tensor | None = None) -> Tensor:
        """features (B, C, h, w), points (B, N, 3), embedding (B, N, E) -> logit (B, N).

        `window` (B, 4), fractions of the whole image, when the features show a part of it (`pixel_aligned`): a point is
        then sampled where it is in the whole. An encoder's features of a window are those of the whole but for what
        it sees at the window's edge and for its group norms, whose statistics are the window's; windows should begin
        at multiples of the encoder's `size_multiple`.
        """
        sampled = self.sample(features, points, window)
        parts = [sampled]
        if self.level.condition == "embedding":
            if embedding is None:
                raise UsageError(f"the fine level of preset {self.preset.name} needs the coarse level's 3D embedding")
            parts.append(embedding.to(sampled.dtype))
        if self.level.told_depth:
            parts.append(self.depth(points).to(sampled.dtype))
        return self.mlp(torch.cat(parts, dim=-1))[0]


class Model(nn.Module):
    """Normal networks, coarse level, fine level: whatever of these the preset has."""

    def __init__(self, preset: Architecture) -> None:
        super().__init__()
        self.preset = preset
        self.normals = NormalNetworks(preset.normals) if preset.normals else None
        self.coarse = CoarseNet(preset)
        self.fine = FineNet(preset) if preset.fine else None

    def predict_normals(self, image: Tensor, limbs: Tensor | None = None) -> Maps:
        """image (B, 3, S, S) in [-1, 1] -> maps of the same size; meant for S = `preset.normals.size`."""
        if self.normals is None:
            raise UsageError(f"preset {self.preset.name} predicts no normals")
        return self.normals(image, limbs=limbs)

    def predict_maps(
        self,
        image: Tensor,
        small: Tensor | None = None,
        known: Tensor | None = None,
        limbs: Tensor | None = None,
    ) -> tuple[Maps, Maps]:
        """What the coarse and what the fine level are fed, from image (B, 3, S, S) and `small` as in `encode`.

        `known` (B, 1, H, W): the person's mask, where it is known, in place of the predicted one. `limbs` (B, 6, s, s):
        the pose, where that is known (`limb_map`).

        The two are the same maps, unless the preset has an enhancer (the coarse level then sees what the first U-Net
        made of the small picture), a `fine_size`, `sharpen` or `tilt`.
        """
        coarse, fine = self._look(image, small, known, limbs)
        preset = self.preset.normals
        assert preset is not None  # else `_look` has refused
        if preset.mirror:
            small, known = (None if values is None else values.flip(-1) for values in (small, known))
            again = self._look(image.flip(-1), small, known, None if limbs is None else mirrored_limbs(limbs))
            coarse, fine = (averaged(a, mirrored(b)) for a, b in zip((coarse, fine), again, strict=True))
        if preset.sharpen:
            front, back = (sharpened(normals, preset.sharpen) for normals in (fine.front, fine.back))
            fine = fine._replace(front=front, back=back)
        return self._integrated(coarse, fine, image.shape[-1], preset)

    def _integrated(self, coarse: Maps, fine: Maps, side: int, preset: MapsConfig) -> tuple[Maps, Maps]:
        """Both with depths that follow the fine normals, and these tilted as the depths are, where the preset says so.

        `side` of the image is the scale.
        """
        size = preset.integrate
        if size is None or fine.depth is None or fine.mask is None:
            return coarse, fine
        size = size * side // self.preset.image_size
        depth = integrated_depths(fine.depth, fine.front, fine.back, fine.mask, size)
        front, back = fine.front, fine.back
        if preset.tilt:
            front = tilted(front, depth[:, 0], fine.mask, 1.0, preset.tilt)
            back = tilted(back, depth[:, 1], fine.mask, -1.0, preset.tilt)
        return coarse._replace(depth=depth), fine._replace(front=front, back=back, depth=depth)

    def _look(
        self, image: Tensor, small: Tensor | None, known: Tensor | None, limbs: Tensor | None
    ) -> tuple[Maps, Maps]:
        """`predict_maps` of the picture as it is."""
        preset, networks = self.preset.normals, self.normals
        if preset is None or networks is None:
            raise UsageError(f"preset {self.preset.name} predicts no normals")
        small = image if small is None else small

        def scaled(size: int) -> int:
            return size * image.shape[-1] // self.preset.image_size

        seen = resize_image(small, scaled(preset.size), self.preset.antialias)
        if preset.enhancer is None:
            coarse = fine = self.predict_normals(seen, limbs)
        elif preset.fine_size is None or self.fine is None:
            return networks.both(seen, known=known, limbs=limbs)
        else:
            small_side = scaled(preset.global_size or preset.size)
            coarse = networks.glance(resize_image(seen, small_side), known=known, limbs=limbs)
        if preset.fine_size is not None and self.fine is not None:
            fine_seen = resize_image(image, scaled(preset.fine_size), self.preset.antialias)
            if preset.enhancer is None:
                fine = self.predict_normals(fine_seen, limbs)._replace(depth=coarse.depth)
            else:
                side = scaled(preset.global_size or preset.size)
                return coarse, networks.both(fine_seen, global_side=side, known=known, limbs=limbs)[1]
        if known is not None:
            coarse, fine = under_mask(coarse, known), under_mask(fine, known)
        return coarse, fine

    def for_inference(self) -> Model:
        """This model, set up in place for speed: evaluation mode, no gradients, convolutions in channels_last.

        On a CPU that is nearly the rate of matrix products (`benchmarks/encoders.py`). Sums are taken in another
        order, so answers differ from the plain layout's by rounding: as far from float64 as those are.
        """
        self.eval().requires_grad_(False)
        return self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def with_normals_at(self, size: int | None) -> Model:
        """This model, its fine level fed with normals predicted at `size` (None: enlarged from the usual size).

        The weights are shared with `self`; only the preset differs.
        """
        if self.preset.normals is None:
            raise UsageError(f"preset {self.preset.name} predicts no normals")
        normals = dataclasses.replace(self.preset.normals, fine_size=size)
        with torch.device("meta"):
            other = Model(dataclasses.replace(self.preset, normals=normals))
        other.load_state_dict(self.state_dict(keep_vars=True), assign=True)
        return other.train(self.training)

    def encode(
        self,
        image: Tensor,
        image_small: Tensor | None = None,
        normals: Maps | None = None,
        fine_normals: Maps | None = None,
        limbs: Tensor | None = None,
    ) -> Encoded:
        """Run every encoder once.

        Parameters
        ----------
        image: (B, 3, S, S) in [-1, 1], S = `preset.image_size`. Another S scales every size of the preset alike
            (training on smaller images); sides must suit the encoders.
        image_small: (B, 3, s, s), the same picture as the normal networks and the coarse level shall see it; by
            default resized from `image`. The released model resizes both from the photograph.
        normals: maps of the usual size, in place of predicting them (the truth, or what was predicted before).
        fine_normals: the same for the fine level. By default `normals` enlarged, or, where the preset has a
            `fine_size`, a prediction at that size.
        limbs: (B, 6, s, s), the pose, where normals are predicted and it is known (`limb_map`).
        """
        preset = self.preset

        def scaled(size: int) -> int:
            return size * image.shape[-1] // preset.image_size

        small = image if image_small is None else image_small
        own_fine = preset.normals is not None and preset.fine is not None and preset.normals.fine_size is not None
        if self.normals is not None and (normals is None or (fine_normals is None and own_fine)):
            predicted, predicted_fine = self.predict_maps(image, small, limbs=limbs)
            fine_normals = fine_normals or (predicted_fine if normals is None or own_fine else normals)
            normals = normals or predicted
        fine_normals = fine_normals or normals
        coarse_stacks = self._encode_level(self.coarse, small, normals, scaled(preset.coarse.image_size))
        fine_features = None
        if self.fine is not None and preset.fine is not None:
            fine_features = self._encode_level(self.fine, image, fine_normals, scaled(preset.fine.image_size))[-1]
        bound = None
        if preset.within_mask and fine_normals is not None and fine_normals.mask is not None:
            bound = silhouette_bound(fine_normals.mask, preset.align_corners)
        return Encoded(fine_normals, coarse_stacks[-1], fine_features, coarse_stacks, bound)

    def _encode_level(self, level: Level, image: Tensor, normals: Maps | None, size: int) -> list[Tensor]:
        """Bring image and maps to `size` and encode them."""
        image = resize_image(image, size, self.preset.antialias)
        if normals is None:
            return level.encode(image)
        maps = [
            None if values is None else resize_map(values, size, self.preset.align_corners)
            for values in (normals.front, normals.back, normals.mask, normals.depth)
        ]
        return level.encode(image, *maps)

    def coarse_occupancy(self, encoded: Encoded, points: Tensor) -> Tensor:
        """The coarse level's answer: points (B, N, 3) -> (B, N) in [0, 1]."""
        logit, _ = self.coarse.query(encoded.coarse_features, points)
        return self._bounded(logit, encoded, points, axes=3)

    def occupancy(self, encoded: Encoded, points: Tensor) -> Tensor:
        """The finest level's answer: points (B, N, 3) -> (B, N) in [0, 1]."""
        if self.fine is None or encoded.fine_features is None:
            return self.coarse_occupancy(encoded, points)
        embedding = None
        if self.fine.level.condition == "embedding":
            _, embedding = self.coarse.query(encoded.coarse_features, points)
        logit = self.fine.query(encoded.fine_features, points, embedding)
        return self._bounded(logit, encoded, points, axes=2)

    def _bounded(self, logit: Tensor, encoded: Encoded, points: Tensor, axes: int) -> Tensor:
        """Occupancy of logits (B, N): less beyond the silhouette, 0 outside of the box, where the preset says so."""
        if encoded.bound is not None:
            logit = logit + self.coarse.sample(encoded.bound.to(logit.dtype), points)[..., 0]
        occupancy = torch.sigmoid(logit)
        return occupancy * inside_box(points, axes) if self.preset.mask_box else occupancy
