"""A training run from start, or from its last checkpoint, to its end.

    train(TrainOptions(stage="normals", data=Path("data"), out=Path("run"), minutes=30))

The state of a run is the weights, the optimiser, the moving average, torch's random state, and two counts: steps done
and samples drawn. Everything random in the data is a function of these (see `order`), so a run that is killed and
resumed ends bit for bit like one that was not, on a CPU and measured in steps. (Measured in minutes, the learning rate
follows the clock, which no run repeats.)
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lifecast.errors import LifecastError
from lifecast.model.allocation import keep_freed_pages
from lifecast.model.config_json import architecture_from_dict, to_dict
from lifecast.training import data, weights
from lifecast.training.begin import new_budget, new_trainee
from lifecast.training.interrupt import Interrupt
from lifecast.training.machine import begin_fabric, processes
from lifecast.training.memory import MemoryShort, check_memory
from lifecast.training.options import TrainOptions, adapted, check_resumed
from lifecast.training.progress import Rates, Reporter
from lifecast.training.recipe import Recipe, load_recipe, recipe_from_dict, recipe_to_dict
from lifecast.training.run_folder import RunFolder
from lifecast.training.source import FolderSource, Source
from lifecast.training.validation import picture, validate
from lifecast.writable import check_folder

LOG_SECONDS = 10.0
AGREE_STEPS = 10  # how often several processes agree on how far the run is


def train(options: TrainOptions) -> Path:
    """Train a stage; returns the path of the weights written.

    Raises
    ------
    LifecastError
        Of the kind that fits: no data, an unusable recipe, a preset that does not match a checkpoint, too little
        memory, a loss that is no longer finite.
    KeyboardInterrupt
        After Ctrl-C or SIGTERM, once a checkpoint is written.
    """
    began = time.monotonic()
    check_folder(options.out, "--out")
    folder = RunFolder(options.out)
    state = folder.begin(options.resume)
    if options.recipe is not None or state is None:
        recipe = load_recipe(options.recipe or ("gpu-short" if torch.cuda.is_available() else "cpu"))
    else:
        recipe = recipe_from_dict(json.loads(state["recipe"]), f"{options.out}: the recipe of its checkpoint")
    recipe = adapted(recipe, options)
    source = new_source(options, recipe)
    source.check()
    folder.keep = recipe.keep
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    fabric = begin_fabric(options, recipe)
    if fabric.device.type == "cpu":
        keep_freed_pages()
    with closing(source):
        return Run(options, recipe, folder, fabric, source, state, began).go()


def new_source(options: TrainOptions, recipe: Recipe) -> Source:
    """Where the samples come from: prepared datasets, or a stream."""
    if not options.stream:
        return FolderSource(options, recipe)
    from lifecast.training.stream.made_people import MadePeople
    from lifecast.training.stream.source import StreamSource

    return StreamSource(options, recipe, partial(MadePeople, options.streaming))


class Run:
    """One sitting of a training run."""

    def __init__(
        self,
        options: TrainOptions,
        recipe: Recipe,
        folder: RunFolder,
        fabric: Any,
        source: Source,
        state: dict[str, Any] | None,
        began: float,
    ) -> None:
        self.options, self.recipe, self.folder, self.fabric = options, recipe, folder, fabric
        self.source = source
        self.part = recipe.stage(options.stage)
        if state is not None:
            self.preset = architecture_from_dict(json.loads(state["architecture"]))
            check_resumed(options, self.preset.name, state)
        else:
            self.preset = weights.chosen_preset(options.preset, options.init)
        self.trainee = new_trainee(options, recipe, fabric, self.preset, state)
        self.interrupt = Interrupt()
        source.begin(self.trainee, state is not None, self.ends)
        spent = 0.0 if state is None else float(state["seconds"])
        if not source.instant:
            began = time.monotonic()
        self.budget = new_budget(options, recipe, source.views, fabric.world_size, spent, began)
        self.validation_seconds = 0.0
        self.check_memory()
        if recipe.compile and fabric.device.type == "cuda":
            self.trainee.compile()

    # Setting up

    def ends(self) -> bool:
        """Whether the run shall end, rather than wait for samples."""
        return self.interrupt.noted or self.budget.progress(self.trainee.step) >= 1

    def check_memory(self) -> None:
        """Refuse the phase that takes most memory if it does not fit."""
        phases = self.part.phases
        sizes = [phase.side(self.trainee.stage.size) ** 2 * phase.batch for phase in phases]
        largest = sizes.index(max(sizes))
        sample = self.source.one(phases[largest])
        # GPUs have their own memory each; processes on a CPU share one.
        sharing = 1 if self.fabric.device.type == "cuda" else processes(self.options)[0]
        try:
            check_memory(self.trainee, sample, phases[largest].batch, sharing=sharing)
        except torch.cuda.OutOfMemoryError as error:
            raise MemoryShort(
                f"too little GPU memory: not even --batch 1 of {sample['image'].shape[-1]} pixels fits; "
                "give a smaller --size or another --preset"
            ) from error

    @property
    def workers(self) -> int:
        """Loading processes."""
        given = self.options.workers
        return data.default_workers(processes(self.options)[0]) if given is None else given

    def batches(self, phase: int) -> Iterator[dict[str, Any]]:
        """Training batches of a phase, from the run's position on."""
        return self.source.batches(self.part.phases[phase], self.workers, self.fabric.device.type == "cuda")

    # The loop

    def go(self) -> Path:
        """Train to the end of the budget, or to Ctrl-C; then validate, and write the weights."""
        main, trainee = self.fabric.is_global_zero, self.trainee
        if main:
            self.folder.describe(weights.description(self.options, trainee, self.source.record()))
        with Reporter(self.folder, f"{self.preset.name} {self.options.stage}", main) as reporter, self.interrupt:
            if trainee.step:
                minutes = self.budget.elapsed / 60
                reporter.say(f"going on at step {trainee.step}, {minutes:.1f} minutes into the run")
            try:
                self.turn(reporter)
            except torch.cuda.OutOfMemoryError as error:
                batch = self.part.phases[self.part.phase_at(self.budget.progress(trainee.step))].batch
                raise MemoryShort(
                    f"too little GPU memory for --batch {batch}; try --batch {max(1, batch // 2)}"
                ) from error
            if self.interrupt.asked:
                reporter.say("interrupted: writing a checkpoint; go on with --resume")
            elif trainee.figures.get("step") != trainee.step:
                self.validate(reporter)
            self.checkpoint()
            for remark in self.source.remarks(last=True):
                reporter.say(remark)
            reporter.say(f"weights: {self.folder.weights}")
        if self.interrupt.asked:
            raise KeyboardInterrupt
        return self.folder.weights

    def turn(self, reporter: Reporter) -> None:
        """The steps."""
        recipe, trainee, now = self.recipe, self.trainee, time.monotonic
        saved = pictured = validated = logged = now()
        rates = Rates()
        sums: dict[str, Tensor] = {}
        phase = -1
        batches: Iterator[dict[str, Any]] = iter(())
        progress = self.agreed_progress()
        while progress < 1 and not self.interrupt.asked:
            if (new := self.part.phase_at(progress)) != phase:
                phase = new
                batches = self.batches(phase)
                rates.restart()
                sums = {}
            before = now()
            batch = next(batches, None)
            if batch is None:  # the run ended while it waited for people
                progress = self.agreed_progress()
                break
            waited = now() - before
            rate = self.part.schedule(progress, trainee.samples / self.source.views) * self.part.learning_rate
            for name, value in trainee.one_step(batch, rate).items():
                sums[name] = sums.get(name, 0.0) + value
            rates.add(len(batch["image"]) * self.fabric.world_size, waited)
            progress = self.agreed_progress(progress)
            if now() - logged > LOG_SECONDS or progress >= 1:
                self.report(reporter, rates, sums, rate, progress)
                sums, logged = {}, now()
            if progress >= 1:
                break
            # On a slow machine validations are rarer than the recipe says: they take a twentieth of the time at most.
            pause = max(recipe.validate_minutes * 60, 20 * self.validation_seconds)
            if self.same_everywhere(now() - validated > pause):
                self.validate(reporter)
                validated = pictured = now()
                rates.pause_until_now()
            if self.same_everywhere(now() - saved > recipe.checkpoint_minutes * 60):
                self.checkpoint()
                saved = now()
                rates.pause_until_now()
            if self.fabric.is_global_zero and now() - pictured > recipe.pictures_minutes * 60:
                self.picture()
                pictured = now()
                rates.pause_until_now()

    def same_everywhere(self, choice: bool) -> bool:
        """The first process's choice, in all of them (they must enter a validation together)."""
        if self.fabric.world_size == 1:
            return choice
        if self.trainee.step % AGREE_STEPS:
            return False
        return bool(self.fabric.broadcast(choice))

    def agreed_progress(self, last: float | None = None) -> float:
        """Progress of the run; several processes take the first one's, now and then, and stop together.

        `last` is what it was a step ago; without, they agree now.
        """
        progress = self.budget.progress(self.trainee.step)
        if self.fabric.world_size == 1:
            self.interrupt.asked = self.interrupt.noted
            return progress
        if last is not None and self.trainee.step % AGREE_STEPS:
            by_steps = self.budget.minutes is None
            return progress if by_steps else last
        noted = torch.tensor(float(self.interrupt.noted), device=self.fabric.device)
        self.interrupt.asked = bool(self.fabric.all_reduce(noted, reduce_op="sum") > 0)
        return float(self.fabric.broadcast(progress))

    # Reporting and saving

    def report(self, reporter: Reporter, rates: Rates, sums: dict[str, Tensor], rate: float, progress: float) -> None:
        """A line of figures; the loss must still be finite."""
        trainee = self.trainee
        parts = {name: float(value) / max(1, rates.steps) for name, value in sums.items()}
        read = rates.read()
        rates.restart()
        total = parts.pop("total")
        if not math.isfinite(total):
            raise LifecastError(
                f"the loss is no longer finite at step {trainee.step}; resume from the last checkpoint in "
                f"{self.folder.path} with a smaller --learning-rate or --precision 32"
            )
        line = {
            "step": trainee.step,
            "samples": trainee.samples,
            "epoch": round(trainee.samples / self.source.views, 4),
            "minutes": round(self.budget.elapsed / 60, 3),
            "progress": round(progress, 5),
            "learning_rate": rate,
            "loss": total,
            "losses": parts,
            **read,
            **self.source.figures(),
        }
        reporter.figures(line, self.budget.seconds_left(trainee.step, read["seconds_per_step"]))
        for remark in self.source.remarks():
            reporter.say(remark)

    def validate(self, reporter: Reporter) -> None:
        """Figures on the test split at the phase's size, and a picture; the best weights are kept."""
        began = time.monotonic()
        fabric, trainee = self.fabric, self.trainee
        phase = self.part.phase_at(self.budget.progress(trainee.step))
        # With a busy CPU, loading in the training process is as fast as in another, and holds less memory.
        workers = self.workers if fabric.device.type == "cuda" else 0
        batches = data.validation_batches(
            self.source.unseen(self.part.phases[phase]),
            max(1, self.part.phases[phase].batch // 2),
            self.recipe.validate_samples,
            workers,
            fabric.global_rank,
            fabric.world_size,
        )
        figures = validate(trainee, batches)
        trainee.figures = {**figures, "step": trainee.step}
        score = trainee.stage.score(figures)
        if score > trainee.best or phase != trainee.best_phase:  # other sizes have other scores
            trainee.best, trainee.best_phase = score, phase
            self.export(self.folder.best)
        self.picture()
        self.validation_seconds = seconds = time.monotonic() - began
        if self.budget.minutes is not None:
            self.budget.reserve = min(1.2 * seconds + 3, 0.3 * self.budget.minutes * 60)
        line = {"step": trainee.step, "minutes": round(self.budget.elapsed / 60, 3), "seconds": round(seconds, 2)}
        reporter.validation({**line, "validation": figures})

    def picture(self) -> None:
        """A strip of a few test views, into the run's folder."""
        if self.fabric.is_global_zero:
            dataset = self.source.unseen(self.part.phases[self.part.phase_at(self.budget.progress(self.trainee.step))])
            picture(self.trainee, dataset, self.folder.picture(self.trainee.step))

    def export(self, path: Path) -> None:
        """Write the averaged weights, with what they went through."""
        if self.fabric.is_global_zero:
            weights.note_history(self.options, self.trainee, self.source.record(), self.budget.elapsed / 60)
            with self.trainee.averaged():
                weights.export(path, self.trainee.stage.model, self.trainee.history)

    def checkpoint(self) -> None:
        """Write the state to resume from, and the weights to use."""
        if self.fabric.is_global_zero:
            self.export(self.folder.weights)
            self.folder.save(
                {
                    **self.trainee.state_dict(),
                    "stage": self.options.stage,
                    "predicted_normals": self.options.predicted_normals,
                    "architecture": json.dumps(to_dict(self.preset)),
                    "recipe": json.dumps(recipe_to_dict(self.recipe)),
                    "seconds": self.budget.elapsed,
                }
            )
        self.fabric.barrier()
