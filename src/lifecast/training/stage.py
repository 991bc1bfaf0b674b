"""A stage of training: which parts it trains, on which inputs, and its losses; `Model.forward` does the rest.

The stages are `normals`, `depth`, `detail`, `close_up` and `parsing` (heads of the maps), `coarse` and `fine`
(occupancy nets), and `joint`.
*Alternate* training is coarse first, then fine with the coarse net frozen; *joint* trains both end to end. Either may
get the true maps, or the predicted ones (`predicted_normals`), which closes the gap between training and use. In the
joint stage on predicted maps, the map heads learn along.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from lifecast.errors import UsageError
from lifecast.model.ablations import inference_for
from lifecast.model.config import Until
from lifecast.model.encoders.config import UNetConfig
from lifecast.model.model import Model, Prediction
from lifecast.scans.landmark_file import Limbs
from lifecast.space.integration import integrated_depths
from lifecast.space.maps import MapPyramid, Maps
from lifecast.space.resizing import resize_image
from lifecast.training import losses
from lifecast.training.adversary import Adversary
from lifecast.training.depth_targets import continued, corrected, match_size
from lifecast.training.detail_windows import DetailWindows, windowed
from lifecast.training.figures import depth_error, detail_figures, normal_figures, overlap, parsing_figures
from lifecast.training.normal_losses import normal_losses
from lifecast.training.perceptual import PerceptualLoss
from lifecast.training.recipe import FedDepth, LossWeights
from lifecast.training.stage_names import StageName
from lifecast.training.stage_parts import MAPS, pose_of_stage, stage_size, trained_parts, until_of

Batch = dict[str, Any]


class Stage(nn.Module):
    """A model with the losses (`forward`) and validation figures (`measure`) of one stage.

    Parameters
    ----------
    model
        All parts; `requires_grad` is set on those that the stage trains and unset on the others.
    perceptual
        The perceptual loss, where the recipe gives it a weight.
    predicted_normals
        Feed the nets predicted maps, instead of the truth.
    fed_depth
        Which depth maps they get with these while they train (validation has predicted ones).
    adversary
        Where the recipe gives its loss a weight.
    windows
        In which the detail head is trained; None: in the whole picture.
    """

    def __init__(
        self,
        model: Model,
        stage: StageName,
        weights: LossWeights,
        perceptual: PerceptualLoss | None = None,
        predicted_normals: bool = False,
        fed_depth: FedDepth = "predicted",
        adversary: Adversary | None = None,
        windows: DetailWindows | None = None,
    ) -> None:
        super().__init__()
        architecture = model.architecture
        self.model = model
        self.stage = stage
        self.weights = weights
        self.perceptual = perceptual
        self.predicted_normals = predicted_normals
        self.fed_depth: FedDepth = fed_depth
        self.adversary = adversary
        self.windows = windows
        self.across: losses.Across = losses.alone
        self.size = stage_size(architecture, stage, predicted_normals)
        self.integrate = inference_for(architecture).integrate
        """Side at which depths are integrated before the nets get them, as in use."""
        self.parts = trained_parts(architecture, stage, predicted_normals)
        # Depth that stands on predicted maps teaches them too, where the recipe gives them losses of their own.
        self.along = stage == "depth" and predicted_normals and bool(weights.l1 or weights.cosine)
        if self.along and model.normals is not None and model.normals.unet is not None:
            self.parts = ("normals", *self.parts)
        if predicted_normals and stage != "normals" and model.normals is None:
            raise UsageError(
                f"architecture {architecture.name} predicts no normals: --predicted-normals cannot be used"
            )
        # `lifecast lift` trains the pose lifter: no stage does, and batches have limb maps that are drawn already.
        for name, part in model.named_children():
            part.requires_grad_(name in self.parts)

    @property
    def limbs(self) -> Limbs:
        """Whether batches need limb maps, and from which landmarks these are to be drawn."""
        return pose_of_stage(self.model.architecture, self.stage, self.predicted_normals)

    @property
    def multiple(self) -> int:
        """What the sides of a batch's pictures must be multiples of, for every net that runs."""
        architecture, maps = self.model.architecture, self.model.architecture.maps
        nets: list[tuple[int, int]] = []  # side at which a net gets pictures as large as `self.size`, its multiple
        if self.stage == "close_up":
            assert maps is not None
            assert maps.close_up is not None
            return maps.close_up.size_multiple
        if maps is not None and (self.stage in MAPS or self.predicted_normals):
            network = maps.network
            # A generator pads by reflection: two texels at the least must be left at its lowest resolution.
            deepest = network.size_multiple if isinstance(network, UNetConfig) else 2 ** (network.downsamplings + 1)
            nets.append((maps.normals_size, deepest))
            if maps.parsing is not None and self.stage == "parsing":
                nets.append((maps.parsing_size, maps.parsing.size_multiple))
            if maps.depth is not None and self.stage not in ("normals", "detail", "parsing"):
                nets.append((maps.depth.size, max(maps.depth.network.size_multiple, maps.depth.refine.size_multiple)))
            if maps.detail is not None and self.stage not in ("normals", "depth", "coarse", "parsing"):
                nets.append((maps.size, maps.detail.size_multiple))
        if self.stage not in MAPS:
            nets.append((architecture.coarse.image_size, architecture.coarse.encoder.size_multiple))
            if self.stage != "coarse" and architecture.fine is not None:
                nets.append((architecture.fine.image_size, architecture.fine.encoder.size_multiple))
        return math.lcm(4, *(multiple * max(1, self.size // side) for side, multiple in nets))

    def train(self, mode: bool = True) -> Stage:
        """Set training mode, for the trained parts only."""
        super().train(False)
        for name in self.parts:
            getattr(self.model, name).train(mode)
        return self

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Compute the losses of a batch, unweighted, and their weighted sum `total`."""
        parts = self.map_losses(batch) if self.stage in MAPS else self.occupancy_losses(batch)
        weight_of = {"coarse": self.weights.occupancy, "fine": self.weights.occupancy}
        total = torch.stack(
            [weight_of.get(name, getattr(self.weights, name, 0.0)) * part for name, part in parts.items()]
        ).sum()
        return {**parts, "total": total}

    # Heads of the maps

    def maps(self, batch: Batch, masked: bool, windows: Tensor | None = None) -> Maps:
        """Predict maps with the stage's head; on true normals, the true maps with predicted depths.

        With windows (B n, 4) the detail head's maps of these alone.
        """
        given = Maps(*batch["given"]) if self.stage == "close_up" else None
        if self.stage == "depth" and not self.predicted_normals:
            given = Maps(batch["front"], batch["back"], batch["mask"])
        until = until_of(self.stage)
        maps = self.model(
            batch["image"], pose=batch.get("limbs"), given=given, until=until, masked=masked, window=windows
        ).maps
        assert maps is not None
        found: Maps = maps.fine
        return found

    def parsing(self, batch: Batch) -> Tensor:
        """Predict the parsing head's logits (B, 2, P, h, w), on the normal head's maps as in use."""
        logits = self.model(batch["image"], pose=batch.get("limbs"), until="parsing").parsing
        assert logits is not None
        found: Tensor = logits
        return found

    def map_losses(self, batch: Batch) -> dict[str, Tensor]:
        """Compute the losses of the normals (equation 6) and of the depths that the stage trains."""
        if self.stage == "parsing":
            return {"parsing": losses.parsing_cross_entropy(self.parsing(batch), batch["parsing"], self.across)}
        if self.stage == "depth":
            maps = self.maps(batch, masked=not self.along)
            return self.depth_losses(maps, batch) | (self.normal_losses(maps, batch) if self.along else {})
        # Where only the person's pixels count, normals are not multiplied by the mask.
        masked = self.weights.l1_over == "image"
        if self.stage != "detail" or self.windows is None:
            return self.normal_losses(self.maps(batch, masked), batch)
        assert self.model.detail is not None
        windows = self.windows.draw(batch["mask"], self.model.detail.unet.stride).to(batch["mask"].device)
        return self.normal_losses(self.maps(batch, masked, windows), windowed(batch, windows))

    def normal_losses(self, maps: Maps, batch: Batch) -> dict[str, Tensor]:
        """Compute the losses of the normals and of the mask; see `training.normal_losses`."""
        return normal_losses(maps, batch, self.weights, self.perceptual, self.adversary, self.across)

    def depth_losses(self, maps: Maps, batch: Batch) -> dict[str, Tensor]:
        """Compute the losses of the depth maps and of the distribution behind them."""
        result: dict[str, Tensor] = {}
        if maps.depth is None or maps.depth_logits is None or self.model.depth is None:
            return result
        true, mask = batch["depth"], batch["depth_mask"]
        if self.weights.depth:
            result["depth"] = losses.depth_l1(match_size(maps.depth, true), true, mask, self.across)
        if self.weights.depth_bins:
            logits = torch.unflatten(match_size(maps.depth_logits.flatten(1, 2), true), 1, (2, -1))
            result["depth_bins"] = losses.depth_bins(logits, true, mask, self.model.depth.centres(logits), self.across)
        return result

    # Occupancy nets

    def net_maps(self, batch: Batch, masked: bool = True) -> Maps | MapPyramid:
        """Choose the nets' input maps: true ones, or predicted with depths as `fed_depth` says."""
        if not self.predicted_normals:
            return Maps(batch["front"], batch["back"], batch["mask"], depth=batch["depth"])
        until: Until = "coarse_maps" if self.stage == "coarse" else "maps"
        maps: MapPyramid = self.model(batch["image"], pose=batch.get("limbs"), until=until, masked=masked).maps
        return maps

    def with_fed_depth(self, maps: MapPyramid, batch: Batch) -> MapPyramid:
        """Replace depths of predicted maps by those (B, 2, h, w) that `fed_depth` says."""
        if maps.fine.depth is None:
            return maps
        fed = self.fed(maps.fine, batch)
        return MapPyramid(*(one._replace(depth=fed) for one in maps))

    def fed(self, maps: Maps, batch: Batch) -> Tensor:
        """Choose the depth maps (B, 2, h, w) that join the nets' predicted input maps."""
        assert maps.depth is not None
        fed = self.fed_depth if torch.is_grad_enabled() else "predicted"
        if fed == "true":
            width = max(maps.depth.shape[-1], batch["depth"].shape[-1])
            return continued(batch["depth"], batch["depth_mask"], width)
        if "normals" in self.parts or self.integrate is None or maps.mask is None:
            found = maps.depth
        else:
            extent = batch.get("extent")
            share = 1.0 if extent is None else float(extent[0, 2])
            side = self.integrate * batch["image"].shape[-1] // self.size
            with torch.no_grad():  # as in use
                found = integrated_depths(maps.depth, maps.front, maps.back, maps.mask, side, share)
        return corrected(found, batch["depth"], batch["depth_mask"]) if fed == "corrected" else found

    def predict(self, batch: Batch, points: Tensor | None = None, window: Tensor | None = None) -> Prediction:
        """Run the model as the stage trains it; logits at points (B, N, 3) if these are given."""
        maps, image = self.net_maps(batch), batch["image"]
        if isinstance(maps, MapPyramid):
            maps = self.with_fed_depth(maps, batch)
            # The coarse net's picture may be smaller than the normal head's, which the batch has.
            side = self.model.architecture.picture_side(until_of(self.stage), given=True)
            image = resize_image(image, side * image.shape[-1] // self.size, self.model.architecture.antialias)
        prediction: Prediction = self.model(
            image,
            points,
            given=maps,
            until=until_of(self.stage),
            extent=batch.get("extent"),
            window=window,
        )
        return prediction

    def occupancy_losses(self, batch: Batch) -> dict[str, Tensor]:
        """Compute equation 5 on each trained coarse stack and fine net, and auxiliary losses."""
        prediction = self.predict(batch, batch["points"], batch.get("window"))
        occupancy = batch["occupancy"]
        share = None if self.weights.balance == "batch" else 0.5
        parts: dict[str, Tensor] = {}
        if "coarse" in self.parts:
            parts["coarse"] = losses.extended_bce(list(prediction.coarse_logits), occupancy, self.across, share)
        if prediction.fine_logit is not None and "fine" in self.parts:
            parts["fine"] = losses.extended_bce(prediction.fine_logit, occupancy, self.across, share)
        if self.weights.depth and prediction.surface_depth is not None and "coarse" in self.parts:
            depth = match_size(prediction.surface_depth, batch["depth"])
            parts["depth"] = losses.depth_l1(depth, batch["depth"], batch["depth_mask"], self.across)
        if "normals" in self.parts:
            assert prediction.maps is not None
            parts |= self.normal_losses(prediction.maps.fine, batch)
            parts |= self.depth_losses(prediction.maps.fine, batch)
        return parts

    # Validation

    @torch.no_grad()
    def measure(self, batch: Batch) -> dict[str, tuple[Tensor, Tensor]]:
        """Measure a batch: sums and counts of its figures.

        Divide the one by the other after adding up all batches. front_deg, back_deg: angle of the normals inside the
        mask. mask_iou. front_share, front_correlation, back_share, back_correlation: fine detail of the detail head
        (`space.fine_detail`). coarse_iou, fine_iou: intersection over union of predicted and true occupancy at the
        sampled points. parsing_front, parsing_back: share of the person's pixels whose part is right. depth_cm: error
        of the depth maps at 180 cm height, those of the depth head or of the coarse net's auxiliary one.
        """
        if self.stage == "parsing":
            return parsing_figures(self.parsing(batch), batch)
        figures: dict[str, tuple[Tensor, Tensor]] = {}
        alone = self.stage in MAPS
        if alone or self.predicted_normals:
            if self.stage == "depth":
                maps = self.maps(batch, masked=True)
            elif alone:
                maps = self.maps(batch, masked=False)
            else:
                pyramid = self.net_maps(batch, masked=False)
                assert isinstance(pyramid, MapPyramid)
                maps = pyramid.fine
            if self.predicted_normals or self.stage != "depth":
                figures |= normal_figures(maps, batch)
            if self.stage in ("detail", "close_up"):
                figures |= detail_figures(maps, batch)
            if self.stage == "close_up":  # what the head corrects
                before = normal_figures(Maps(*batch["given"]), batch)
                figures |= {f"given_{name}": figure for name, figure in before.items()}
            if maps.depth is not None:
                figures["depth_cm"] = depth_error(maps.depth, batch)
        if not alone:
            prediction = self.predict(batch, batch["points"], batch.get("window"))
            true = batch["occupancy"] > 0.5
            figures["coarse_iou"] = overlap(prediction.coarse_logits[-1] > 0, true)
            if prediction.fine_logit is not None:
                figures["fine_iou"] = overlap(prediction.fine_logit > 0, true)
            if prediction.surface_depth is not None and "coarse" in self.parts:
                figures["depth_cm"] = depth_error(prediction.surface_depth, batch)
        return figures

    def score(self, figures: dict[str, float]) -> float:
        """Pick the figure by which the best weights are chosen; more is better."""
        if self.stage == "depth":
            return -figures["depth_cm"]
        if self.stage == "parsing":
            return (figures["parsing_front"] + figures["parsing_back"]) / 2
        if self.stage in MAPS:
            return -(figures["front_deg"] + figures["back_deg"]) / 2
        return figures.get("fine_iou", figures["coarse_iou"])
