"""A training run from start, or from its last checkpoint, to its end.

    train(TrainOptions(stage="normals", data=Path("data"), out=Path("run"), minutes=30))

The state of a run is the weights, the optimiser, the moving average, torch's random state, and two counts: steps done
and samples drawn. Everything random in the data is a function of these (see `order`), so a run that is killed and
resumed ends bit for bit like one that was not, on a CPU and measured in steps. (Measured in minutes, the learning rate
follows the clock, which no run repeats.)
"""

from __future__ import annotations

import dataclasses
import json
import math
import platform
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import lifecast
from lifecast.errors import CheckpointError, LifecastError, UsageError
from lifecast.networks.preset import preset_from_dict, to_dict
from lifecast.training import data, weights
from lifecast.training.average import WeightAverage
from lifecast.training.interrupt import Interrupt
from lifecast.training.machine import begin_fabric
from lifecast.training.optimiser import make_optimiser
from lifecast.training.options import TrainOptions
from lifecast.training.perceptual import perceptual_loss
from lifecast.training.progress import Rates, Reporter
from lifecast.training.recipe import Phase, Recipe, StageRecipe, load_recipe, recipe_from_dict, recipe_to_dict
from lifecast.training.run_folder import RunFolder
from lifecast.training.schedule import Budget
from lifecast.training.stage import Stage

LOG_SECONDS = 10.0
AGREE_STEPS = 10  # how often several processes agree on how far the run is


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


def train(options: TrainOptions) -> Path:
    """Train a stage; returns the path of the weights written.

    Raises
    ------
    LifecastError
        Of the kind that fits: no data, an unusable recipe, a preset that does not match a checkpoint, too little
        memory, a loss that is no longer finite.
    """
    data.check_data(options.data)
    folder = RunFolder(options.out)
    state = folder.begin(options.resume)
    cuda = torch.cuda.is_available()
    if options.recipe is not None or state is None:
        recipe = load_recipe(options.recipe or ("gpu-short" if cuda else "cpu"))
    else:
        recipe = recipe_from_dict(json.loads(state["recipe"]), f"{options.out}: the recipe of its checkpoint")
    recipe = adapted(recipe, options)
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    fabric = begin_fabric(options, recipe)
    return Run(options, recipe, folder, fabric, state).go()


class Run:
    """One sitting of a training run."""

    def __init__(
        self, options: TrainOptions, recipe: Recipe, folder: RunFolder, fabric: Any, state: dict[str, Any] | None
    ) -> None:
        self.options, self.recipe, self.folder, self.fabric = options, recipe, folder, fabric
        folder.keep = recipe.keep
        self.part: StageRecipe = recipe.stage(options.stage)
        if state is not None:
            self.preset = preset_from_dict(json.loads(state["preset"]))
            check_resumed(options, self.preset.name, state)
            init: tuple[Path, ...] = ()
        else:
            init = options.init
            self.preset = weights.chosen_preset(options.preset, init)
        model, self.history = weights.new_model(self.preset, init, options.seed)
        if state is not None:
            model.load_state_dict(state["model"])
            self.history = json.loads(state["history"])
        weights.check_foundations(options.stage, self.preset, self.history, options.predicted_normals)
        loss = None
        if self.part.losses.perceptual and (options.stage == "normals" or options.predicted_normals):
            loss = perceptual_loss(self.part.losses.perceptual_network, options.perceptual_weights)
        self.stage = Stage(model, options.stage, self.part.losses, loss, options.predicted_normals)
        if recipe.channels_last:
            self.stage.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if recipe.compile and fabric.device.type == "cuda":
            self.compile()
        optimiser = make_optimiser(self.stage, self.part)
        self.wrapped, self.optimiser = fabric.setup(self.stage, optimiser)
        if fabric.world_size > 1:
            self.stage.across = lambda count: fabric.all_reduce(count.detach(), reduce_op="mean")
        named = self.stage.named_parameters()
        self.average = WeightAverage(named, self.part.average) if self.part.average else None
        self.step = self.samples = 0
        self.best = -math.inf
        self.figures: dict[str, float] = {}
        spent = 0.0
        if state is not None:
            spent = self.restore(state)
        self.interrupt = Interrupt()
        self.wait = 0.0
        train_data = self.open(0, "train")
        self.views = len(train_data)
        self.budget = self.make_budget(spent)

    # Setting up

    def compile(self) -> None:
        """Compile what is called with the same shapes in every step."""
        model = self.stage.model
        for module in (model.normals, model.coarse.encoder, model.coarse.mlp):
            if module is not None:
                module.compile()
        if model.fine is not None:
            model.fine.encoder.compile()
            model.fine.mlp.compile()

    def restore(self, state: dict[str, Any]) -> float:
        """Go on from a checkpoint; returns the seconds spent so far."""
        self.optimiser.load_state_dict(state["optimiser"])
        if self.average is not None:
            if state["average"] is None:
                raise UsageError(f"{self.folder.path}: its checkpoint holds no averaged weights; resume by its recipe")
            self.average.load_state_dict(state["average"])
        self.fabric.strategy.precision.load_state_dict(state["precision"])
        self.step, self.samples, self.best = state["step"], state["samples"], state["best"]
        self.figures = json.loads(state["figures"])
        torch.set_rng_state(state["rng"])
        if torch.cuda.is_available() and state["cuda_rng"] is not None:
            torch.cuda.set_rng_state(state["cuda_rng"])
        return float(state["seconds"])

    def phase_size(self, index: int) -> int:
        """Image side of a phase."""
        return self.part.phases[index].size or self.stage.size

    def open(self, index: int, split: data.Split) -> data.Epochal:
        """The dataset of a split for a phase."""
        return data.open_split(
            self.options, self.recipe, self.part, self.part.phases[index], self.phase_size(index), split
        )

    def make_budget(self, spent: float) -> Budget:
        """The run's length: as the command says, else the recipe's epochs."""
        steps, minutes = self.options.steps, self.options.minutes
        if steps is None and minutes is None:
            if self.part.epochs is None:
                raise UsageError(
                    f"recipe {self.recipe.name} gives stage {self.options.stage} no epochs: add --minutes or --steps"
                )
            per_step = sum(phase.batch * phase.share for phase in self.part.phases) * self.fabric.world_size
            steps = max(1, round(self.part.epochs * self.views / per_step))
        reserve = 0.0 if minutes is None else min(60.0, 0.05 * minutes * 60)
        return Budget(steps, minutes, spent, reserve)

    @property
    def workers(self) -> int:
        given = self.options.workers
        return data.default_workers(self.options.devices) if given is None else given

    # The loop

    def go(self) -> Path:
        """Train to the end of the budget, or to Ctrl-C; then validate, and write the weights."""
        main = self.fabric.is_global_zero
        title = f"{self.preset.name} {self.options.stage}"
        if main:
            self.folder.describe(self.description())
        with Reporter(self.folder, title, main) as reporter, self.interrupt:
            if self.step:
                reporter.say(f"going on at step {self.step}, {self.budget.elapsed / 60:.1f} minutes into the run")
            self.turn(reporter)
            if self.interrupt.asked:
                reporter.say("interrupted: writing a checkpoint; go on with --resume")
                self.checkpoint()
            else:
                if self.figures.get("step") != self.step:
                    self.validate(reporter)
                self.checkpoint()
            self.fabric.barrier()
            reporter.say(f"weights: {self.folder.weights}")
        if self.interrupt.asked:
            raise KeyboardInterrupt
        return self.folder.weights

    def turn(self, reporter: Reporter) -> None:
        """The steps."""
        recipe, now = self.recipe, time.monotonic
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
            before = now()
            batch = next(batches)
            waited = now() - before
            rate = self.part.schedule(progress, self.samples / self.views) * self.part.learning_rate
            for name, value in self.one_step(batch, rate).items():
                sums[name] = sums.get(name, 0.0) + value
            count = len(batch["image"]) * self.fabric.world_size
            rates.add(count, waited)
            self.step += 1
            self.samples += count
            progress = self.agreed_progress(progress)
            if now() - logged > LOG_SECONDS or progress >= 1:
                self.report(reporter, rates, sums, rate, progress)
                sums, logged = {}, now()
            due_validation = now() - validated > recipe.validate_minutes * 60
            if self.same_everywhere(due_validation) and progress < 1:
                self.validate(reporter)
                validated = now()
                rates.restart()
            if self.same_everywhere(now() - saved > recipe.checkpoint_minutes * 60) and progress < 1:
                self.checkpoint()
                saved = now()
                rates.restart()
            if now() - pictured > recipe.pictures_minutes * 60 and self.fabric.is_global_zero:
                self.picture()
                pictured = now()
                rates.restart()
        del batches

    def same_everywhere(self, choice: bool) -> bool:
        """The first process's choice, in all of them (they must enter a validation together)."""
        if self.fabric.world_size == 1:
            return choice
        if self.step % AGREE_STEPS:
            return False
        return bool(self.fabric.broadcast(choice))

    def agreed_progress(self, last: float = 0.0) -> float:
        """Progress of the run; several processes take the first one's, now and then, and stop together."""
        progress = self.budget.progress(self.step)
        if self.fabric.world_size == 1:
            return progress
        by_steps = self.budget.minutes is None
        if self.step % AGREE_STEPS:
            return progress if by_steps else last
        self.interrupt.asked = bool(self.fabric.broadcast(self.interrupt.asked))
        return float(self.fabric.broadcast(progress))

    def batches(self, phase: int) -> Iterator[dict[str, Any]]:
        """Training batches of a phase, from the run's position on."""
        fabric = self.fabric
        return data.training_batches(
            self.open(phase, "train"),
            self.part.phases[phase].batch,
            self.options.seed,
            self.samples,
            self.workers,
            fabric.global_rank,
            fabric.world_size,
            pinned=fabric.device.type == "cuda",
        )

    def to_device(self, batch: dict[str, Any]) -> dict[str, Any]:
        """A batch on the device, images in the networks' memory format."""
        moved: dict[str, Any] = self.fabric.to_device(batch)
        if self.recipe.channels_last:
            for name in ("image", "front", "back", "mask"):
                moved[name] = moved[name].contiguous(memory_format=torch.channels_last)
        return moved

    def one_step(self, batch: dict[str, Any], rate: float) -> dict[str, Tensor]:
        """Forward, backward, clip, step, average; returns the losses, still on the device."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        parts = self.wrapped(self.to_device(batch))
        self.fabric.backward(parts["total"])
        if self.part.clip:
            self.fabric.clip_gradients(self.wrapped, self.optimiser, max_norm=self.part.clip, error_if_nonfinite=False)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        if self.average is not None:
            self.average.update()
        return {name: value.detach() for name, value in parts.items()}

    # Telling and saving

    def report(self, reporter: Reporter, rates: Rates, sums: dict[str, Tensor], rate: float, progress: float) -> None:
        """A line of figures; the loss must still be finite."""
        read = rates.read()
        parts = {name: float(value) / max(1, rates.steps) for name, value in sums.items()}
        rates.restart()
        total = parts.pop("total")
        if not math.isfinite(total):
            raise LifecastError(
                f"the loss is no longer finite at step {self.step}; resume from the last checkpoint in "
                f"{self.folder.path} with a smaller --learning-rate or --precision 32"
            )
        line = {
            "step": self.step,
            "samples": self.samples,
            "epoch": round(self.samples / self.views, 4),
            "minutes": round(self.budget.elapsed / 60, 3),
            "progress": round(progress, 5),
            "learning_rate": rate,
            "loss": total,
            "losses": parts,
            **read,
        }
        reporter.figures(line, self.budget.seconds_left(self.step, read["seconds_per_step"]))

    def validate(self, reporter: Reporter) -> None:
        """Figures on the test split; the best weights are kept."""
        began = time.monotonic()
        last = len(self.part.phases) - 1
        dataset = self.open(last, "test")
        batch = max(1, self.part.phases[last].batch // 2)
        fabric = self.fabric
        # With one loading process beside a busy CPU, loading in this one is as fast and holds less memory.
        workers = self.workers if fabric.device.type == "cuda" else 0
        totals: dict[str, Tensor] = {}
        self.stage.eval()
        with self.averaged():
            for part in data.validation_batches(
                dataset, batch, self.recipe.validate_samples, workers, fabric.global_rank, fabric.world_size
            ):
                with fabric.autocast():
                    measured = self.stage.measure(self.to_device(part))
                for name, (amount, count) in measured.items():
                    pair = torch.stack([amount.double(), count.double()])
                    totals[name] = totals[name] + pair if name in totals else pair
            if fabric.world_size > 1:
                totals = {name: fabric.all_reduce(pair, reduce_op="sum") for name, pair in totals.items()}
            figures = {name: float(pair[0] / pair[1].clamp_min(1)) for name, pair in totals.items()}
            score = self.stage.score(figures)
            if score > self.best:
                self.best = score
                if fabric.is_global_zero:
                    self.note_history(figures)
                    weights.export(self.folder.best, self.stage.model, self.history)
        self.stage.train()
        self.figures = {**figures, "step": self.step}
        self.picture()
        seconds = time.monotonic() - began
        if self.budget.minutes is not None:
            self.budget.reserve = min(1.3 * seconds + 3, 0.2 * self.budget.minutes * 60)
        line = {"step": self.step, "minutes": round(self.budget.elapsed / 60, 3), "seconds": round(seconds, 2)}
        reporter.validation({**line, "validation": figures})

    def averaged(self) -> Any:
        """Within, the averaged weights are in place, if the recipe averages."""
        from contextlib import nullcontext

        return self.average.applied() if self.average is not None else nullcontext()

    def picture(self) -> None:
        """A strip of what the network makes of a few unseen views, into the run's folder."""
        from lifecast.training.pictures import write_strip

        if not self.fabric.is_global_zero:
            return
        dataset = self.open(len(self.part.phases) - 1, "test")
        count = min(3, len(dataset))
        batch = data.collate(dataset, [i * len(dataset) // count for i in range(count)])
        self.stage.eval()
        with self.averaged(), self.fabric.autocast(), torch.no_grad():
            write_strip(self.folder.picture(self.step), self.stage, self.to_device(batch))
        self.stage.train()

    def note_history(self, figures: dict[str, float]) -> None:
        """What the model card says of the levels in training."""
        for level in self.stage.levels:
            before = self.history.get(level)
            earlier = before.get("before", []) if before else []
            same = before is not None and before.get("run") == self.run_name
            if before is not None and not same:
                earlier = [*earlier, {k: v for k, v in before.items() if k != "before"}]
            self.history[level] = {
                "run": self.run_name,
                "stage": self.options.stage,
                "recipe": self.recipe.name,
                "steps": self.step,
                "samples": self.samples,
                "minutes": round(self.budget.elapsed / 60, 2),
                "predicted_normals": self.options.predicted_normals,
                "seed": self.options.seed,
                "data": data.fingerprint(self.options.data),
                "views": self.views,
                "metrics": {name: round(value, 5) for name, value in figures.items() if name != "step"},
                "before": earlier,
            }

    @property
    def run_name(self) -> str:
        return self.folder.path.resolve().name

    def checkpoint(self) -> None:
        """Write the state to resume from, and the weights to use."""
        if self.fabric.is_global_zero:
            self.note_history(self.figures)
            self.folder.save(self.state())
            with self.averaged():
                weights.export(self.folder.weights, self.stage.model, self.history)
        self.fabric.barrier()

    def state(self) -> dict[str, Any]:
        """Everything that a resumed run needs; plain values and tensors only."""
        model = self.stage.model.state_dict()
        broken = [name for name, value in model.items() if not bool(torch.isfinite(value).all())]
        if broken:
            raise CheckpointError(
                f"{self.folder.path}: weight {broken[0]} is not finite at step {self.step}; no checkpoint written"
            )
        return {
            "stage": self.options.stage,
            "preset": json.dumps(to_dict(self.preset)),
            "recipe": json.dumps(recipe_to_dict(self.recipe)),
            "predicted_normals": self.options.predicted_normals,
            "history": json.dumps(self.history),
            "figures": json.dumps(self.figures),
            "step": self.step,
            "samples": self.samples,
            "best": self.best,
            "seconds": self.budget.elapsed,
            "model": model,
            "optimiser": self.optimiser.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
            "precision": self.fabric.strategy.precision.state_dict(),
            "rng": torch.get_rng_state(),
            "cuda_rng": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
        }

    def description(self) -> dict[str, Any]:
        """What `run.json` says."""
        return {
            "lifecast": lifecast.__version__,
            "options": {k: str(v) if isinstance(v, Path) else v for k, v in dataclasses.asdict(self.options).items()},
            "preset": to_dict(self.preset),
            "recipe": recipe_to_dict(self.recipe),
            "parameters": {
                name: sum(p.numel() for p in level.parameters()) for name, level in self.stage.model.named_children()
            },
            "trains": list(self.stage.levels),
            "views": self.views,
            "data": data.fingerprint(self.options.data),
            "device": str(self.fabric.device),
            "processes": self.fabric.world_size,
            "torch": torch.__version__,
            "python": platform.python_version(),
        }


def check_resumed(options: TrainOptions, preset: str, state: dict[str, Any]) -> None:
    """UsageError or CheckpointError where the command asks for another run than the folder holds."""
    if state["stage"] != options.stage:
        raise UsageError(f"{options.out}: holds a run of stage {state['stage']}, not {options.stage}; give a new --out")
    if options.preset is not None and options.preset != preset:
        raise CheckpointError(f"{options.out}: holds preset {preset!r}, not {options.preset!r}; give a new --out")
    if state["predicted_normals"] != options.predicted_normals:
        fed = "predicted" if state["predicted_normals"] else "true"
        raise UsageError(
            f"{options.out}: its run sees {fed} normals; to change that start a new run from its weights with --init"
        )
