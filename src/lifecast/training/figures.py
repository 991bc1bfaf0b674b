"""Figures of a validation batch, each as a sum and a count that add up over batches and processes."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from lifecast.space.fine_detail import CORRELATED, compare_detail
from lifecast.space.maps import Maps
from lifecast.space.parsing import NOTHING
from lifecast.space.resizing import resize_map
from lifecast.space.units import CM_PER_UNIT
from lifecast.training.depth_targets import match_size
from lifecast.training.losses import angle_degrees, parts_at


def depth_error(depth: Tensor, batch: dict[str, Any]) -> tuple[Tensor, Tensor]:
    """Sum the error of depth maps (B, 2, h, w), in cm at 180 cm height, and count."""
    error = (match_size(depth.float(), batch["depth"]) - batch["depth"]).abs()
    weight = batch["depth_mask"].float()
    return (error * weight).sum() * CM_PER_UNIT, weight.sum() * error.shape[1]


def overlap(predicted: Tensor, true: Tensor) -> tuple[Tensor, Tensor]:
    """Count the intersection and the union of two boolean tensors."""
    return (predicted & true).sum(), (predicted | true).sum()


def normal_figures(maps: Maps, batch: dict[str, Any]) -> dict[str, tuple[Tensor, Tensor]]:
    """Sum and count the normals' angles inside the mask, in degrees, and the mask's overlap."""
    size = maps.front.shape[-1]
    inside = resize_map(batch["mask"], size, False)[:, 0] > 0.5
    figures = {}
    for name, predicted in (("front", maps.front), ("back", maps.back)):
        angles = angle_degrees(predicted, resize_map(batch[name], size, False))
        figures[f"{name}_deg"] = (angles[inside].sum(), inside.sum())
    if maps.mask is not None:
        figures["mask_iou"] = overlap(maps.mask[:, 0] > 0.5, inside)
    return figures


def detail_figures(maps: Maps, batch: dict[str, Any]) -> dict[str, tuple[Tensor, Tensor]]:
    """Sum and count the detail share of both normal maps, and the correlation with the truth's."""
    figures = {}
    size = maps.front.shape[-1]
    mask = resize_map(batch["mask"], size, False)
    for name, predicted in (("front", maps.front), ("back", maps.back)):
        found = compare_detail(predicted, resize_map(batch[name], size, False), mask, CORRELATED)
        figures[f"{name}_share"] = (found.predicted, found.true)
        figures[f"{name}_correlation"] = (found.correlation, found.maps)
    return figures


def parsing_figures(logits: Tensor, batch: dict[str, Any]) -> dict[str, tuple[Tensor, Tensor]]:
    """Count the pixels of the person whose part is right, on the front and on the back.

    logits: (B, 2, P, h, w).
    """
    true = parts_at(batch["parsing"], logits.shape[-1])
    right, inside = logits.argmax(2) == true, true != NOTHING
    return {
        f"parsing_{name}": ((right & inside)[:, side].sum(), inside[:, side].sum())
        for side, name in enumerate(("front", "back"))
    }
