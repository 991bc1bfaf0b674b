"""What one call of `lifecast train` asks for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lifecast.errors import UsageError
from lifecast.training.perceptual import PerceptualNetwork
from lifecast.training.recipe import StageName

Precision = Literal["32", "bf16", "fp16"]


@dataclass(frozen=True)
class TrainOptions:
    """Everything besides the recipe's figures; a None leaves a figure to the recipe."""

    stage: StageName
    """Which levels are trained."""
    data: Path
    """Dataset folder that `lifecast prepare` wrote."""
    out: Path
    """The run's folder."""
    preset: str | None = None
    """Name of the architecture; none: that of the first --init, or compact."""
    recipe: str | None = None
    """Recipe's name or path; none: the resumed run's, or cpu or gpu-short by the machine."""
    resume: bool = False
    """Go on with the run in `out` if there is one."""
    init: tuple[Path, ...] = ()
    """Weights to start from; each brings the levels that its card says are trained, later ones win."""
    devices: int = 1
    """Processes on each machine: GPUs, or CPU processes."""
    nodes: int = 1
    """Machines."""
    precision: Precision | None = None
    """Number format of the arithmetic."""
    minutes: float | None = None
    """Time budget of the whole run; the schedule fits itself to it."""
    steps: int | None = None
    """Length of the run in optimiser steps."""
    batch: int | None = None
    """Pictures in a step and process, in every phase."""
    size: int | None = None
    """Image side, in every phase."""
    points: int | None = None
    """Points a picture, in every phase."""
    learning_rate: float | None = None
    """Peak learning rate."""
    workers: int | None = None
    """Processes that load data; none: one fewer than cores a device, at least 1; 0: the training process itself."""
    threads: int | None = None
    """Threads of the arithmetic on a CPU; none: PyTorch's choice."""
    predicted_normals: bool = False
    """Feed the levels the predicted normal maps instead of the true ones."""
    perceptual: PerceptualNetwork | None = None
    """Network of the perceptual loss."""
    perceptual_weights: Path | None = None
    """Its weights file."""
    backgrounds: Path | None = None
    """Folder of pictures to put behind people."""
    seed: int = 0
    """Decides start weights, order, points and augmentation."""

    def __post_init__(self) -> None:
        for name in ("devices", "nodes", "steps", "batch", "size", "points", "threads"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UsageError(f"--{name} {value}: must be at least 1")
        for name in ("minutes", "learning_rate"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise UsageError(f"--{name.replace('_', '-')} {value}: must be positive")
        if self.workers is not None and self.workers < 0:
            raise UsageError(f"--workers {self.workers}: must be 0 or more")
