"""How fast training is: images a second, and the share of the machine's measured matrix rate that it reaches.

    python benchmarks/train.py --preset compact --stage normals --size 256 --batch 8
    python benchmarks/train.py --preset compact --stage coarse --data DATA     # and the share of time spent waiting

The machine's rate is the best of several square matrix products in the precision of the run. Floating-point operations
of a step, forward and backward, are counted by PyTorch from the shapes of its convolutions and products.
Without --data the batches are made once, of noise; with it they come from the dataset through its loading processes.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch.utils.flop_counter import FlopCounterMode

from lifecast.model.ablations import preset_named
from lifecast.model.model import Model
from lifecast.training import data
from lifecast.training.machine import begin_fabric
from lifecast.training.memory import check_memory
from lifecast.training.options import TrainOptions, adapted
from lifecast.training.recipe import load_recipe
from lifecast.training.stage import Stage
from lifecast.training.trainee import Trainee


def synchronise(device: torch.device) -> None:
    """Wait for what the GPU still has to do."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def matrix_rate(device: torch.device, dtype: torch.dtype, seconds: float = 2.0) -> float:
    """Floating-point operations a second of the best square product."""
    best = 0.0
    for side in (1024, 2048) if device.type == "cpu" else (4096, 8192):
        a = torch.randn(side, side, device=device).to(dtype)
        torch.mm(a, a)
        synchronise(device)
        end = time.perf_counter() + seconds / 2
        while time.perf_counter() < end:
            began = time.perf_counter()
            torch.mm(a, a)
            synchronise(device)
            best = max(best, 2 * side**3 / (time.perf_counter() - began))
    return best


def noise_batch(size: int, batch: int, points: int) -> dict[str, Any]:
    """A batch of the right shapes."""
    generator = torch.Generator().manual_seed(0)

    def noise(*shape: int) -> torch.Tensor:
        return torch.rand(shape, generator=generator) * 2 - 1

    quarter = size // 4
    return {
        "image": noise(batch, 3, size, size),
        "mask": (noise(batch, 1, size, size) > 0.7).float(),
        "front": noise(batch, 3, size, size),
        "back": noise(batch, 3, size, size),
        "depth": noise(batch, 2, quarter, quarter),
        "depth_mask": torch.ones(batch, 1, quarter, quarter),
        "points": noise(batch, points, 3),
        "occupancy": (noise(batch, points) > 0).float(),
    }


def step_operations(trainee: Trainee, batch: dict[str, Any]) -> int:
    """Floating-point operations of a step's forward and backward pass."""
    with FlopCounterMode(display=False) as counter, trainee.fabric.autocast():
        trainee.stage(trainee.to_device(batch))["total"].backward()
    trainee.optimiser.zero_grad(set_to_none=True)
    return counter.get_total_flops()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="compact")
    stages = ("normals", "depth", "detail", "coarse", "fine", "joint")
    parser.add_argument("--stage", default="normals", choices=stages)
    parser.add_argument("--recipe", default="gpu-short" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--size", type=int)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--points", type=int)
    parser.add_argument("--precision", choices=["32", "bf16", "fp16"])
    parser.add_argument("--threads", type=int)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--data", type=Path, help="prepared dataset; without, noise")
    parser.add_argument("--seconds", type=float, default=15.0)
    given = parser.parse_args()
    if given.threads:
        torch.set_num_threads(given.threads)

    options = TrainOptions(
        stage=given.stage, data=given.data or Path(), out=Path("unused"), preset=given.preset, batch=given.batch,
        size=given.size, points=given.points, precision=given.precision, workers=given.workers,
    )  # fmt: skip
    recipe = adapted(load_recipe(given.recipe), options)
    part = recipe.stage(given.stage)
    phase = part.phases[-1]
    fabric = begin_fabric(options, recipe)
    preset = preset_named(given.preset)
    # Untrained nets cost what trained ones do: nothing to start from is asked for here.
    trainee = Trainee(fabric, Stage(Model(preset), given.stage, part.losses), recipe, part, {})
    size = phase.side(trainee.stage.size)
    noise = noise_batch(size, phase.batch, phase.points)
    one = {name: value[:1] for name, value in noise.items()}
    memory = check_memory(trainee, one, phase.batch)
    operations = step_operations(trainee, noise)
    if recipe.compile and fabric.device.type == "cuda":
        trainee.compile()

    if given.data is not None:
        dataset = data.open_split(options, recipe, part, phase, size, "train")
        workers = data.default_workers(1) if given.workers is None else given.workers
        pinned = fabric.device.type == "cuda"
        batches = data.training_batches(dataset, phase.batch, 0, 0, workers, 0, 1, pinned)
    else:
        batches = iter(lambda: noise, None)
    for _ in range(2):
        trainee.one_step(next(batches), 1e-5)
    synchronise(fabric.device)
    steps, waited, began = 0, 0.0, time.perf_counter()
    while time.perf_counter() - began < given.seconds or steps < 2:
        before = time.perf_counter()
        batch = next(batches)
        waited += time.perf_counter() - before
        trainee.one_step(batch, 1e-5)
        steps += 1
    synchronise(fabric.device)
    seconds = time.perf_counter() - began

    dtype = {"32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[recipe.precision]
    best = matrix_rate(fabric.device, dtype)
    rate = operations * steps / seconds
    what = f"{preset.name} {given.stage}, {size} pixels, batch {phase.batch}, {recipe.precision}, {fabric.device}"
    table = Table(title=what)
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_row("images a second", f"{steps * phase.batch / seconds:.2f}")
    table.add_row("operations an image", f"{operations / phase.batch / 1e9:.1f} G")
    table.add_row("training's rate", f"{rate / 1e9:.1f} G/s")
    table.add_row("best matrix product", f"{best / 1e9:.1f} G/s")
    table.add_row("share of it", f"{rate / best:.1%}")
    table.add_row("waiting for data", f"{waited / seconds:.1%}" if given.data else "-")
    table.add_row("memory of a step, estimated", f"{memory / 1e9:.2f} GB")
    table.add_row("threads", str(torch.get_num_threads()))
    Console().print(table)


if __name__ == "__main__":
    main()
