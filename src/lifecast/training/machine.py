"""Starting Lightning Fabric: one process or several, on CPUs or GPUs, alone or under torchrun."""

from __future__ import annotations

import importlib.util
import os
from typing import Any, Literal

import torch

from lifecast.errors import MissingExtra, OptionError, UsageError
from lifecast.training.options import TrainOptions
from lifecast.training.recipe import Recipe

HALF_PRECISIONS: dict[str, Literal["bf16-mixed", "16-mixed"]] = {"bf16": "bf16-mixed", "fp16": "16-mixed"}


def processes(options: TrainOptions) -> tuple[int, int]:
    """Count processes on each machine, and machines.

    They are as torchrun started them, else as the options say. UsageError where both say something and they differ.
    """
    asked = (options.devices, options.nodes)
    if "LOCAL_WORLD_SIZE" not in os.environ:
        return asked
    here = int(os.environ["LOCAL_WORLD_SIZE"])
    started = (here, int(os.environ["WORLD_SIZE"]) // here)
    if asked not in ((1, 1), started):
        raise UsageError(
            f"torchrun started {started[0]} processes on each of {started[1]} machines, and --devices {asked[0]} "
            f"--nodes {asked[1]} was asked for; leave these two options out"
        )
    return started


def begin_fabric(options: TrainOptions, recipe: Recipe) -> Any:
    """Launch a `Fabric`.

    With several devices, the other processes start here (or torchrun started them).
    """
    if importlib.util.find_spec("lightning") is None:
        raise MissingExtra("lightning", "training", "training")
    from lightning.fabric import Fabric
    from lightning.fabric.plugins import MixedPrecision
    from lightning.fabric.strategies.ddp import DDPStrategy

    cuda = torch.cuda.is_available()
    devices, nodes = processes(options)
    if cuda and devices > torch.cuda.device_count():
        raise OptionError("devices", devices, f"this machine has {torch.cuda.device_count()} GPUs")
    world = devices * nodes
    strategy: Any = "auto"
    if world > 1:
        # Parts that a preset's loss does not reach (an hourglass's unused norms) would stall the reduction otherwise.
        strategy = DDPStrategy(find_unused_parameters=True, process_group_backend="nccl" if cuda else "gloo")
    if cuda:
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.benchmark = True

    class Autocast(MixedPrecision):
        """Networks in half precision; pictures and what is true of them as they are, not rounded to it first."""

        def convert_input(self, data: Any) -> Any:
            return data

    precision: dict[str, Any] = {"precision": "32-true"}
    if recipe.precision in HALF_PRECISIONS:
        precision = {"plugins": Autocast(HALF_PRECISIONS[recipe.precision], device="cuda" if cuda else "cpu")}
    fabric = Fabric(
        accelerator="cuda" if cuda else "cpu",
        devices=devices,
        num_nodes=nodes,
        strategy=strategy,
        **precision,
    )
    fabric.launch()
    return fabric
