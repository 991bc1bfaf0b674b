"""Figures on the test split, and what the network makes of a few of its views."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lifecast.training import data
from lifecast.training.order import Epochal
from lifecast.training.pictures import write_strip
from lifecast.training.trainee import Trainee

PICTURED = 3


def validate(trainee: Trainee, batches: Iterable[dict[str, Any]]) -> dict[str, float]:
    """Compute the figures of `Stage.measure` with the averaged weights.

    They are over all batches of all processes. Every process must call it, each with its own part of the views.
    """
    fabric = trainee.fabric
    totals: dict[str, Tensor] = {}
    trainee.stage.eval()
    with trainee.averaged():
        for batch in batches:
            with fabric.autocast():
                measured = trainee.stage.measure(trainee.to_device(batch))
            for name, (amount, count) in measured.items():
                pair = torch.stack([amount.double(), count.double()])
                totals[name] = totals[name] + pair if name in totals else pair
    trainee.stage.train()
    if fabric.world_size > 1:
        totals = {name: fabric.all_reduce(pair, reduce_op="sum") for name, pair in totals.items()}
    return {name: float(pair[0] / pair[1].clamp_min(1)) for name, pair in totals.items()}


def picture(trainee: Trainee, dataset: Epochal, path: Path) -> None:
    """Draw a strip of views spread over `dataset`, with the averaged weights."""
    count = min(PICTURED, len(dataset))
    # One view further for each person: evenly spread views alone would all show the same side.
    chosen = [(i * len(dataset) // count + i) % len(dataset) for i in range(count)]
    batch = data.collate(dataset, chosen)
    trainee.stage.eval()
    with trainee.averaged(), trainee.fabric.autocast(), torch.no_grad():
        write_strip(path, trainee.stage, trainee.to_device(batch))
    trainee.stage.train()
