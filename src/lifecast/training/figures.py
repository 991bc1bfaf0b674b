"""Figures of a validation batch, each as a sum and a count that add up over batches and processes."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from lifecast.space.units import CM_PER_UNIT
from lifecast.training.depth_targets import match_size


def depth_error(depth: Tensor, batch: dict[str, Any]) -> tuple[Tensor, Tensor]:
    """Sum of the distance between depth maps (B, 2, h, w) and the truth in cm at 180 cm height, and its count."""
    error = (match_size(depth.float(), batch["depth"]) - batch["depth"]).abs()
    weight = batch["depth_mask"].float()
    return (error * weight).sum() * CM_PER_UNIT, weight.sum() * error.shape[1]


def overlap(predicted: Tensor, true: Tensor) -> tuple[Tensor, Tensor]:
    """Sizes of the intersection and of the union of two boolean tensors."""
    return (predicted & true).sum(), (predicted | true).sum()
