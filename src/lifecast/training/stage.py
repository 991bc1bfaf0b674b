"""What each stage trains, on which inputs, and how far it has come: normals, depth, enhancer, coarse, fine, joint.

Where the preset has a depth network or an enhancer, `normals` trains the U-Net before them, at its own small size, and
the stages of those names train them on top of it.

*Alternate* training is coarse first, then fine with the coarse level frozen; *joint* trains both levels end to end.
Either may see the true normal maps, or the predicted ones (`predicted_normals`), which closes the gap between training
and use. In the joint stage on predicted maps, the normal networks learn along.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lifecast.errors import UsageError
from lifecast.model.config import Architecture, UNetConfig
from lifecast.model.heads.normals import Maps
from lifecast.model.model import Model
from lifecast.model.pixel_aligned import window_fractions
from lifecast.scans.landmark_file import Limbs
from lifecast.space.integration import integrated_depths
from lifecast.space.resizing import resize_image, resize_map
from lifecast.training import losses
from lifecast.training.parts import modules_of
from lifecast.training.perceptual import PerceptualLoss
from lifecast.training.recipe import FedDepth, LossWeights, StageName

Batch = dict[str, Any]
MAPS = ("normals", "depth", "enhancer")
"""Stages that train maps, not occupancy."""
CM_A_UNIT = 128.0  # 1 view unit of a person normalised to 180 cm


def stage_size(preset: Architecture, stage: StageName, predicted_normals: bool) -> int:
    """Side of the image that a stage sees at the preset's own sizes, in pixels."""
    if stage == "normals":
        if preset.normals is None:
            raise UsageError(f"preset {preset.name} predicts no normals: there is nothing to train in this stage")
        return preset.normals.global_size or preset.normals.size
    if stage == "depth":
        if preset.normals is None or preset.normals.depth is None:
            raise UsageError(f"preset {preset.name} has no depth network: there is nothing to train in this stage")
        return preset.normals.global_size or preset.normals.size
    if stage == "enhancer":
        if preset.normals is None or preset.normals.enhancer is None:
            raise UsageError(f"preset {preset.name} has no enhancer: there is nothing to train in this stage")
        return preset.normals.size
    if stage == "coarse":
        sizes = [preset.coarse.image_size]
        if predicted_normals and preset.normals is not None:
            sizes.append(preset.normals.global_size or preset.normals.size)
        return max(sizes)
    if preset.fine is None and stage == "fine":
        raise UsageError(f"preset {preset.name} has no fine level to train")
    return preset.image_size


def limbs_seen(preset: Architecture, stage: StageName, predicted_normals: bool) -> Limbs:
    """Whether a stage looks at limb maps, and from which landmarks they are to be drawn."""
    normals = preset.normals
    if normals is None or not normals.limbs or not (stage in MAPS or predicted_normals):
        return False
    return True if normals.lifter is None else "lifted"


def trained_levels(preset: Architecture, stage: StageName, predicted_normals: bool) -> tuple[str, ...]:
    """Names of the levels of `Model` whose weights, or some of them, the stage moves."""
    if stage in MAPS:
        return ("normals",)
    if stage != "joint":
        return (stage,)
    levels = ["coarse"] + (["fine"] if preset.fine is not None else [])
    if predicted_normals and preset.normals is not None:
        levels.insert(0, "normals")
    return tuple(levels)


def trained_parts(preset: Architecture, stage: StageName, predicted_normals: bool) -> tuple[str, ...]:
    """Names of what the stage moves, as a card's history has them (`parts.PARTS`)."""
    if stage in ("depth", "enhancer"):
        return (stage,)
    parts = list(trained_levels(preset, stage, predicted_normals))
    if stage == "joint" and preset.normals is not None and "normals" in parts:
        parts += [name for name in ("depth", "enhancer") if getattr(preset.normals, name) is not None]
    return tuple(parts)


class Stage(nn.Module):
    """A `Model` with the losses of one stage; `forward` gives them, `measure` the figures of a validation.

    Parameters
    ----------
    model
        All levels; `requires_grad` is set on those that the stage trains and unset on the others.
    perceptual
        The perceptual loss, where the recipe gives it a weight.
    predicted_normals
        Feed the levels what the normal networks predict, instead of the truth.
    fed_depth
        Which depth maps they are fed beside these while they train (validation sees predicted ones).
    """

    def __init__(
        self,
        model: Model,
        stage: StageName,
        weights: LossWeights,
        perceptual: PerceptualLoss | None = None,
        predicted_normals: bool = False,
        fed_depth: FedDepth = "predicted",
    ) -> None:
        super().__init__()
        self.model = model
        self.stage = stage
        self.weights = weights
        self.perceptual = perceptual
        self.predicted_normals = predicted_normals
        self.fed_depth: FedDepth = fed_depth
        self.across: losses.Across = losses.alone
        self.size = stage_size(model.preset, stage, predicted_normals)
        self.levels = trained_levels(model.preset, stage, predicted_normals)
        self.parts = trained_parts(model.preset, stage, predicted_normals)
        # Depth that stands on predicted maps teaches them too, where the recipe gives them losses of their own.
        self.along = stage == "depth" and predicted_normals and bool(weights.l1 or weights.cosine)
        if predicted_normals and stage != "normals" and model.normals is None:
            raise UsageError(f"preset {model.preset.name} predicts no normals: --predicted-normals cannot be used")
        for name, level in model.named_children():
            level.requires_grad_(name in self.levels)
        for module in modules_of(model, "lifter"):
            module.requires_grad_(False)  # `lifecast lift` trains it; batches have limb maps that are drawn already
        if model.normals is not None and stage in MAPS:
            model.normals.requires_grad_(False)
            for module in modules_of(model, stage):
                module.requires_grad_(True)
            if self.along and model.normals.shared is not None:
                model.normals.shared.requires_grad_(True)
                self.parts = ("normals", *self.parts)

    @property
    def limbs(self) -> Limbs:
        """Whether the batch's limb maps are looked at, and from which landmarks they are to be drawn."""
        return limbs_seen(self.model.preset, self.stage, self.predicted_normals)

    @property
    def multiple(self) -> int:
        """What the sides of the batch's pictures must be multiples of, for every network that the stage runs."""
        preset, normals = self.model.preset, self.model.preset.normals
        parts: list[tuple[int, int]] = []  # side at which a network sees pictures as large as `self.size`, its multiple
        if normals is not None and (self.stage in MAPS or self.predicted_normals):
            seen = normals.global_size or normals.size
            network = normals.network
            # A generator pads by reflection: two texels at the least must be left at its lowest resolution.
            deepest = network.size_multiple if isinstance(network, UNetConfig) else 2 ** (network.downsamplings + 1)
            parts.append((seen, deepest))
            if normals.depth is not None and self.stage not in ("normals", "enhancer"):
                depth = normals.depth
                parts.append((depth.size, max(depth.network.size_multiple, depth.refine.size_multiple)))
            if normals.enhancer is not None and self.stage not in ("normals", "depth", "coarse"):
                parts.append((normals.size, normals.enhancer.size_multiple))
        if self.stage not in MAPS:
            parts.append((preset.coarse.image_size, preset.coarse.encoder.size_multiple))
            if self.stage != "coarse" and preset.fine is not None:
                parts.append((preset.fine.image_size, preset.fine.encoder.size_multiple))
        return math.lcm(4, *(multiple * max(1, self.size // side) for side, multiple in parts))

    def train(self, mode: bool = True) -> Stage:
        """Training mode for the trained levels only."""
        super().train(False)
        for name in self.levels:
            getattr(self.model, name).train(mode)
        return self

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The losses of a batch, unweighted, and their weighted sum `total`."""
        parts: dict[str, Tensor] = {}
        if self.stage == "depth":
            maps = self.depth_maps(batch, masked=not self.along)
            parts |= self.depth_losses(maps, batch)
            if self.along:
                parts |= self.normal_losses(maps, batch)
        elif self.stage in MAPS:
            maps = self.normal_maps(batch)
            parts |= self.normal_losses(maps, batch)
        else:
            parts |= self.level_losses(batch)
        weight_of = {"coarse": self.weights.occupancy, "fine": self.weights.occupancy}
        total = torch.stack(
            [weight_of.get(name, getattr(self.weights, name, 0.0)) * part for name, part in parts.items()]
        ).sum()
        return {**parts, "total": total}

    # Normal networks

    def normal_maps(self, batch: Batch, masked: bool | None = None) -> Maps:
        """Predicted maps as the losses want them: where only the person's pixels count, not multiplied by the mask."""
        networks = self.model.normals
        assert networks is not None
        masked = self.weights.l1_over == "image" if masked is None else masked
        if self.stage == "normals" and networks.shared is not None:
            return networks.read(networks.shared(networks.seen(batch["image"], batch.get("limbs"))).float(), masked)
        if self.stage == "enhancer":
            return networks.enhance(batch["image"], masked, batch.get("limbs"))
        maps: Maps = networks(batch["image"], masked, batch.get("limbs"))
        return maps

    def normal_losses(self, maps: Maps, batch: Batch) -> dict[str, Tensor]:
        """The losses of equation 6 and of the mask, each summed over front and (by its weight) back."""
        size = maps.front.shape[-1]
        mask = resize_map(batch["mask"], size, False)
        parts: dict[str, list[Tensor]] = {"l1": [], "cosine": [], "perceptual": []}
        for side, predicted, weight in (("front", maps.front, 1.0), ("back", maps.back, self.weights.back)):
            true = resize_map(batch[side], size, False)
            if self.weights.l1:
                over = mask if self.weights.l1_over == "mask" else None
                parts["l1"].append(weight * losses.normal_l1(predicted, true, over, self.across))
            if self.weights.cosine:
                parts["cosine"].append(weight * losses.normal_cosine(predicted, true, mask, self.across))
            if self.perceptual is not None and self.weights.perceptual:
                shown = predicted * mask if self.weights.l1_over == "mask" else predicted
                parts["perceptual"].append(weight * self.perceptual(shown, true))
        result = {name: torch.stack(terms).sum() for name, terms in parts.items() if terms}
        if self.weights.mask and maps.mask_logit is not None:
            result["mask"] = losses.mask_bce(maps.mask_logit, mask)
        return result

    def depth_maps(self, batch: Batch, masked: bool = True) -> Maps:
        """Normals, predicted or true, and what the depth network makes of them under their mask."""
        networks = self.model.normals
        assert networks is not None
        if self.predicted_normals:
            return networks.glance(batch["image"], masked, limbs=batch.get("limbs"))
        true = Maps(batch["front"], batch["back"], batch["mask"])
        return networks.with_depth(true, batch["image"], batch.get("limbs"))

    def depth_losses(self, maps: Maps, batch: Batch) -> dict[str, Tensor]:
        """The losses of the depth maps and of the distribution behind them."""
        result: dict[str, Tensor] = {}
        networks = self.model.normals
        if maps.depth is None or maps.depth_logits is None or networks is None or networks.depth is None:
            return result
        true, mask = batch["depth"], batch["depth_mask"]
        if self.weights.depth:
            result["depth"] = losses.depth_l1(match_size(maps.depth, true), true, mask, self.across)
        if self.weights.depth_bins:
            logits = match_size(maps.depth_logits.flatten(1, 2), true).unflatten(1, (2, -1))
            result["depth_bins"] = losses.depth_bins(logits, true, mask, networks.depth.centres(logits), self.across)
        return result

    # Occupancy levels

    def level_inputs(self, batch: Batch, masked: bool = True) -> tuple[Maps, Maps]:
        """The maps fed to the coarse and to the fine level (`Model.predict_maps`); with gradient if the normal
        networks learn along. The true ones are the same for both."""
        if not self.predicted_normals:
            maps = Maps(batch["front"], batch["back"], batch["mask"], depth=batch["depth"])
            return maps, maps
        networks, preset = self.model.normals, self.model.preset.normals
        assert networks is not None
        assert preset is not None

        # The side at which the fine level has normals predicted for itself, if it is trained and does.
        trains_fine = self.stage in ("fine", "joint") and self.model.fine is not None
        own_fine = preset.fine_size if trains_fine else None

        limbs = batch.get("limbs")

        def seen(size: int) -> Tensor:
            return resize_image(batch["image"], self.scaled(size, batch), self.model.preset.antialias)

        with torch.set_grad_enabled(torch.is_grad_enabled() and "normals" in self.levels):
            if preset.enhancer is None:
                maps = fine_maps = networks(seen(preset.size), masked, limbs)
                if own_fine is not None:
                    fine_maps = networks(seen(own_fine), masked, limbs)._replace(depth=maps.depth)
                return maps, fine_maps
            if self.stage == "coarse":
                maps = networks.glance(seen(preset.global_size or preset.size), masked, limbs=limbs)
                return maps, maps
            side = self.scaled(preset.global_size or preset.size, batch)
            return networks.both(seen(own_fine or preset.size), masked, side, limbs=limbs)

    def depth_to_feed(self, maps: Maps, batch: Batch) -> Tensor:
        """The depth maps (B, 2, h, w) that the levels see beside predicted maps, as `fed_depth` says."""
        assert maps.depth is not None
        fed = self.fed_depth if torch.is_grad_enabled() else "predicted"
        if fed == "true":
            width = max(maps.depth.shape[-1], batch["depth"].shape[-1])
            return continued(batch["depth"], batch["depth_mask"], width)
        side = self.model.preset.normals.integrate if self.model.preset.normals else None
        if "normals" in self.levels or side is None or maps.mask is None:
            found = maps.depth
        else:
            shown = batch.get("shown")
            share = 1.0 if shown is None else float(shown[0, 2])
            with torch.no_grad():  # as in use
                found = integrated_depths(maps.depth, maps.front, maps.back, maps.mask, self.scaled(side, batch), share)
        return corrected(found, batch["depth"], batch["depth_mask"]) if fed == "corrected" else found

    def scaled(self, size: int, batch: Batch) -> int:
        """A size of the preset, brought to the scale of the batch's images."""
        return size * batch["image"].shape[-1] // self.size

    def encode(self, level: nn.Module, image: Tensor, maps: Maps, size: int) -> list[Tensor]:
        """Image and maps resized to `size` and encoded by `level`: a feature map for each stack."""
        preset = self.model.preset
        resized = [
            None if values is None else resize_map(values, size, preset.align_corners)
            for values in (maps.front, maps.back, maps.mask, maps.depth)
        ]
        stacks: list[Tensor] = level.encode(resize_image(image, size, preset.antialias), *resized)  # type: ignore[operator]
        return stacks

    def level_outputs(self, batch: Batch) -> dict[str, Any]:
        """Logits (B, N) of every coarse stack and of the fine level, the depth maps, and the predicted normals."""
        model, preset = self.model, self.model.preset
        maps, fine_maps = self.level_inputs(batch)
        if self.predicted_normals and maps.depth is not None:
            fed = self.depth_to_feed(fine_maps, batch)
            maps, fine_maps = maps._replace(depth=fed), fine_maps._replace(depth=fed)
        points = batch["points"]
        with torch.set_grad_enabled(torch.is_grad_enabled() and "coarse" in self.levels):
            size = self.scaled(preset.coarse.image_size, batch)
            stacks = self.encode(model.coarse, batch["image"], maps, size)
            # Only the last stack's embedding is used; the others are asked for their loss alone.
            answers = [model.coarse.query(features, points, batch.get("shown")) for features in stacks]
        learning = self.predicted_normals and "normals" in self.levels
        result: dict[str, Any] = {"coarse": [logit for logit, _ in answers], "maps": fine_maps if learning else None}
        if preset.coarse.depth_head and "coarse" in self.levels:
            result["depth"] = model.coarse.predict_depth(stacks[-1])
        if self.stage in ("fine", "joint") and model.fine is not None and preset.fine is not None:
            result["fine"] = self.fine_logit(batch, fine_maps, answers[-1][1])
        return result

    def fine_logit(self, batch: Batch, maps: Maps, embedding: Tensor | None) -> Tensor:
        """The fine level's logits (B, N), on the batch's window of the image where it has one."""
        model, preset = self.model, self.model.preset
        assert model.fine is not None
        assert preset.fine is not None
        size = self.scaled(preset.fine.image_size, batch)
        image = resize_image(batch["image"], size, preset.antialias)
        parts = [
            None if values is None else resize_map(values, size, preset.align_corners)
            for values in (maps.front, maps.back, maps.mask, maps.depth)
        ]
        window = batch.get("window")
        if window is None or bool((window[:, 2] >= batch["image"].shape[-1]).all()):
            features = model.fine.encode(image, *parts)[-1]
            return model.fine.query(features, batch["points"], embedding, batch.get("shown"))
        # The dataset's window counts pixels of its image; `size` may differ from that.
        pixels = window * size // batch["image"].shape[-1]
        cut = [None if x is None else cut_windows(x, pixels) for x in (image, *parts)]
        features = model.fine.encode(*cut)[-1]  # type: ignore[arg-type]
        return model.fine.query(features, batch["points"], embedding, window_fractions(pixels, size))

    def level_losses(self, batch: Batch) -> dict[str, Tensor]:
        """Equation 5 on every coarse stack and on the fine level, as far as they are trained; auxiliary losses."""
        outputs = self.level_outputs(batch)
        occupancy = batch["occupancy"]
        share = None if self.weights.balance == "batch" else 0.5
        parts: dict[str, Tensor] = {}
        if "coarse" in self.levels:
            parts["coarse"] = losses.extended_bce(outputs["coarse"], occupancy, self.across, share)
        if "fine" in outputs and "fine" in self.levels:
            parts["fine"] = losses.extended_bce(outputs["fine"], occupancy, self.across, share)
        if self.weights.depth and "depth" in outputs:
            depth = match_size(outputs["depth"], batch["depth"])
            parts["depth"] = losses.depth_l1(depth, batch["depth"], batch["depth_mask"], self.across)
        if outputs["maps"] is not None:
            parts |= self.normal_losses(outputs["maps"], batch)
            parts |= self.depth_losses(outputs["maps"], batch)
        return parts

    # Validation

    @torch.no_grad()
    def measure(self, batch: Batch) -> dict[str, tuple[Tensor, Tensor]]:
        """Sums and counts of the figures of a batch: divide the one by the other after adding up all batches.

        front_deg, back_deg: angle of the normals inside the mask. mask_iou. coarse_iou, fine_iou: intersection over
        union of predicted and true occupancy at the sampled points. depth_cm: error of the depth maps at 180 cm height,
        those of the normal networks or of the auxiliary head.
        """
        figures: dict[str, tuple[Tensor, Tensor]] = {}
        alone = self.stage in MAPS
        if self.stage == "depth" and not self.predicted_normals:
            maps = self.depth_maps(batch)
            if maps.depth is not None:
                figures["depth_cm"] = depth_error(maps.depth, batch)
        elif alone or self.predicted_normals:
            if self.stage == "depth":
                maps = self.depth_maps(batch)
            else:
                maps = self.normal_maps(batch, False) if alone else self.level_inputs(batch, masked=False)[1]
            size = maps.front.shape[-1]
            inside = resize_map(batch["mask"], size, False)[:, 0] > 0.5
            for name, predicted in (("front_deg", maps.front), ("back_deg", maps.back)):
                true = resize_map(batch[name.split("_")[0]], size, False)
                angles = losses.angle_degrees(predicted, true)
                figures[name] = (angles[inside].sum(), inside.sum())
            if maps.mask is not None:
                figures["mask_iou"] = overlap(maps.mask[:, 0] > 0.5, inside)
            if maps.depth is not None:
                figures["depth_cm"] = depth_error(maps.depth, batch)
        if not alone:
            outputs = self.level_outputs(batch)
            true = batch["occupancy"] > 0.5
            figures["coarse_iou"] = overlap(outputs["coarse"][-1] > 0, true)
            if "fine" in outputs:
                figures["fine_iou"] = overlap(outputs["fine"] > 0, true)
            if "depth" in outputs:
                figures["depth_cm"] = depth_error(outputs["depth"], batch)
        return figures

    def score(self, figures: dict[str, float]) -> float:
        """One figure to choose the best weights by; more is better."""
        if self.stage == "depth":
            return -figures["depth_cm"]
        if self.stage in MAPS:
            return -(figures["front_deg"] + figures["back_deg"]) / 2
        return figures.get("fine_iou", figures["coarse_iou"])


def continued(depth: Tensor, mask: Tensor, width: int) -> Tensor:
    """True depth maps (B, 2, h, w) as a network would give them: `width` wide, continued beyond the mask (B, 1, h, w).

    Averages over the person's pixels only; outside of the person, of ever wider surroundings.
    """
    inside = (mask > 0.5).to(depth.dtype)
    summed, count = resize_map(depth * inside, width), resize_map(inside, width)
    result, known = summed / count.clamp_min(1e-3), count > 0.05
    for reach in (3, 9, 27, 81):
        around = F.avg_pool2d(result * known, reach, 1, reach // 2, count_include_pad=False)
        share = F.avg_pool2d(known.to(depth.dtype), reach, 1, reach // 2, count_include_pad=False)
        found = share > 1e-6
        result = torch.where(known, result, around / share.clamp_min(1e-6))
        known = known | found
    return torch.where(known, result, torch.zeros_like(result))


def corrected(depth: Tensor, true: Tensor, mask: Tensor) -> Tensor:
    """Predicted depth maps (B, 2, H, W) without their error over long stretches.

    true (B, 2, h, w) and its mask (B, 1, h, w) say what the error is. It is averaged over squares of a quarter of the
    predicted maps' resolution, within the mask and continued beyond it: at 256 texels a picture, 4 cm. What is left are
    the finer ways in which predicted depths differ from true ones.
    """
    error = true - match_size(depth.detach(), true)
    coarse = continued(error, mask, max(1, depth.shape[-1] // 4))
    return depth + F.interpolate(coarse, size=depth.shape[-2:], mode="bilinear", align_corners=False)


def depth_error(depth: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Sum of the distance between depth maps (B, 2, h, w) and the truth in cm at 180 cm height, and its count."""
    error = (match_size(depth.float(), batch["depth"]) - batch["depth"]).abs()
    weight = batch["depth_mask"].float()
    return (error * weight).sum() * CM_A_UNIT, weight.sum() * error.shape[1]


def overlap(predicted: Tensor, true: Tensor) -> tuple[Tensor, Tensor]:
    """Sizes of the intersection and of the union of two boolean tensors."""
    return (predicted & true).sum(), (predicted | true).sum()


def match_size(maps: Tensor, like: Tensor) -> Tensor:
    """`maps` (B, C, H, W) averaged down, or interpolated up, to the height and width of `like`."""
    size = like.shape[-2:]
    if maps.shape[-2:] == size:
        return maps
    if maps.shape[-1] > size[-1]:
        return F.interpolate(maps, size=size, mode="area")
    return F.interpolate(maps, size=size, mode="bilinear", align_corners=False)


def cut_windows(images: Tensor, windows: Tensor) -> Tensor:
    """The windows (B, 4) x0, y0, width, height, all of one size, of images (B, C, S, S): (B, C, height, width)."""
    cut = [image[:, y : y + h, x : x + w] for image, (x, y, w, h) in zip(images, windows.tolist(), strict=True)]
    return torch.stack(cut)
