"""What one call of `lifecast train` asks for."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecast.errors import CheckpointError, OptionError, OptionsError, UsageError
from lifecast.overlap import Inputs, refuse_overlap
from lifecast.training.stage_names import PerceptualNetwork, Precision, StageName
from lifecast.training.stream.options import USUAL, StreamOptions

if TYPE_CHECKING:
    from lifecast.training.recipe import Phase, Recipe


@dataclass(frozen=True)
class TrainOptions:
    """Everything besides the recipe's figures; a None leaves a figure to the recipe."""

    stage: StageName
    """Which networks are trained."""
    out: Path
    """The run's folder."""
    data: Path | None = None
    """Dataset folder that `lifecast prepare` wrote."""
    also: tuple[Path, ...] = ()
    """Further datasets to train on; validation stays with the test people of DATA."""
    preset: str | None = None
    """Architecture; by default that of the first --init, or compact."""
    recipe: str | None = None
    """Built-in recipe (paper, cpu, gpu-short; tiny, for tests) or the path of a .toml file; by default the
    resumed run's, or cpu or gpu-short by the machine."""
    resume: bool = False
    """Go on with the run in OUT, if there is one."""
    init: tuple[Path, ...] = ()
    """Weights to start from; each brings the levels that its card says are trained, later ones win."""
    devices: int = 1
    """GPUs on each machine, or CPU processes."""
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
    """Network of the perceptual loss; auto: vgg19 where its weights are given, else mobilenet_v2."""
    perceptual_weights: Path | None = None
    """Its weights file (vgg19 needs one)."""
    backgrounds: Path | None = None
    """Folder of pictures to put behind people."""
    seed: int = 0
    """Decides start weights, order, points and augmentation; with stream also the people."""
    stream: bool = False
    """Make people while the networks train, in place of data: no dataset is needed."""
    streaming: StreamOptions = USUAL
    """Of stream: what people are made from, how many are kept, and for how long."""

    def __post_init__(self) -> None:
        self._check_data()
        folders: Inputs = {"data": self.data, "also": self.also, "backgrounds": self.backgrounds}
        refuse_overlap(self.out, "out", folders)
        for name in ("devices", "nodes", "steps", "batch", "size", "points", "threads"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise OptionError(name, value, "must be at least 1")
        for name in ("minutes", "learning_rate"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise OptionError(name, value, "must be positive")
        if self.workers is not None and self.workers < 0:
            raise OptionError("workers", self.workers, "must be 0 or more")

    def _check_data(self) -> None:
        """Either a dataset or a stream: the one or the other, and nothing of the other."""
        if not self.stream:
            if self.data is None:
                raise OptionsError("give {data}, a prepared dataset, or {stream}, which makes people meanwhile")
            changed = [
                field.name for field in dataclasses.fields(StreamOptions)
                if getattr(self.streaming, field.name) != field.default
            ]  # fmt: skip
            if changed:
                raise OptionsError(f"{{{changed[0]}}} is an option of {{stream}}: add that, or leave it out")
            return
        if self.data is not None or self.also:
            raise OptionsError("{stream} takes the place of {data} and {also}: leave these out")
        self.streaming.check_seed(self.seed)
        folders: Inputs = {name: getattr(self.streaming, name) for name in ("assets", "poses", "lighting")}
        refuse_overlap(self.out, "out", folders)
        if self.streaming.pool is not None:
            refuse_overlap(self.streaming.pool, "pool", folders)


def adapted(recipe: Recipe, options: TrainOptions) -> Recipe:
    """The recipe with the command's own figures in place of its."""
    stage = recipe.stage(options.stage)
    phases: tuple[Phase, ...] = stage.phases
    for name in ("batch", "size", "points"):
        value = getattr(options, name)
        if value is not None:
            phases = tuple(dataclasses.replace(phase, **{name: value}) for phase in phases)
    if options.size is not None:  # phases that differed only in size are one now
        phases = (dataclasses.replace(phases[-1], share=1.0),)
    changes: dict[str, Any] = {"phases": phases}
    if options.learning_rate is not None:
        changes["learning_rate"] = options.learning_rate
    if options.perceptual is not None:
        changes["losses"] = dataclasses.replace(
            stage.losses,
            perceptual_network=options.perceptual,
            perceptual=stage.losses.perceptual or float(options.perceptual != "none"),
        )
    parts: dict[str, Any] = {options.stage: dataclasses.replace(stage, **changes)}
    recipe = dataclasses.replace(recipe, **parts)
    return dataclasses.replace(recipe, precision=options.precision) if options.precision else recipe


def check_resumed(options: TrainOptions, preset: str, state: dict[str, Any]) -> None:
    """UsageError or CheckpointError where the command asks for another run than the folder holds."""
    out = options.out
    if state["stage"] != options.stage:
        raise UsageError(f"{out}: holds a run of stage {state['stage']}, not {options.stage}; give another --out")
    if options.preset is not None and options.preset != preset:
        raise CheckpointError(f"{out}: holds a run of preset {preset!r}, not {options.preset!r}; give another --out")
    if state["predicted_normals"] != options.predicted_normals:
        fed = "predicted" if state["predicted_normals"] else "true"
        raise UsageError(
            f"{out}: its run sees {fed} normals; to change that, start a new run from its weights with --init"
        )
