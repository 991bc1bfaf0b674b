"""Starting Lightning Fabric: one process or several, on CPUs or GPUs, alone or under torchrun."""

from __future__ import annotations

import importlib.util
import os
from typing import Any

import torch

from lifecast.errors import MissingExtra, UsageError
from lifecast.training.options import TrainOptions
from lifecast.training.recipe import Recipe

PRECISIONS = {"32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}


def begin_fabric(options: TrainOptions, recipe: Recipe) -> Any:
    """A launched `Fabric`; with several devices, the other processes start here (or torchrun started them)."""
    if importlib.util.find_spec("lightning") is None:
        raise MissingExtra("lightning", "training", "training")
    from lightning.fabric import Fabric
    from lightning.fabric.plugins import MixedPrecision
    from lightning.fabric.strategies import DDPStrategy

    cuda = torch.cuda.is_available()
    if cuda and options.devices > torch.cuda.device_count():
        raise UsageError(f"--devices {options.devices}: this machine has {torch.cuda.device_count()} GPUs")
    world = int(os.environ.get("WORLD_SIZE", options.devices * options.nodes))
    strategy: Any = "auto"
    if world > 1:
        # Parts that a preset's loss does not reach (an hourglass's unused norms) would stall the reduction otherwise.
        strategy = DDPStrategy(find_unused_parameters=True, process_group_backend="nccl" if cuda else "gloo")
    if cuda:
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.benchmark = True
    precision: dict[str, Any] = {"precision": PRECISIONS[recipe.precision]}
    if recipe.precision == "fp16" and not cuda:
        # Fabric quietly takes bfloat16 for it on a CPU. Slow there, but the same arithmetic as on a GPU.
        precision = {"plugins": MixedPrecision("16-mixed", device="cpu")}
    fabric = Fabric(
        accelerator="cuda" if cuda else "cpu",
        devices=options.devices,
        num_nodes=options.nodes,
        strategy=strategy,
        **precision,
    )
    fabric.launch()
    return fabric
