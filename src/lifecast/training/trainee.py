"""What a run trains and what its checkpoints hold: weights, optimiser, averaged weights, and how far they have come."""

from __future__ import annotations

import json
import math
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

from lifecast.errors import CheckpointError, UsageError
from lifecast.training.average import WeightAverage
from lifecast.training.optimiser import make_optimiser
from lifecast.training.recipe import Recipe, StageRecipe
from lifecast.training.stage import Stage
from lifecast.training.trim import trim

IMAGES = ("image", "front", "back", "mask")


class Trainee:
    """A stage under an optimiser, on the devices of a Fabric.

    Parameters
    ----------
    fabric
        A launched `lightning.fabric.Fabric`.
    stage
        The model and its losses.
    recipe, part
        The whole recipe, and its part for this stage.
    history
        What the parts went through before, see `weights`.
    """

    def __init__(self, fabric: Any, stage: Stage, recipe: Recipe, part: StageRecipe, history: dict[str, Any]) -> None:
        self.fabric, self.stage, self.recipe, self.part, self.history = fabric, stage, recipe, part, history
        if recipe.channels_last:
            stage.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        # The optimiser itself, not Fabric's wrapper alone: loading a state replaces its groups, and only its own.
        self.optimiser = make_optimiser(stage, part)
        self.wrapped, self.stepper = fabric.setup(stage, self.optimiser)
        if stage.adversary is not None:
            stage.adversary.to(fabric.device)
        if fabric.world_size > 1:
            stage.across = lambda count: fabric.all_reduce(count.detach(), reduce_op="mean")
        self.average = WeightAverage(stage.named_parameters(), part.average) if part.average else None
        self.step = 0
        """Optimiser steps done."""
        self.samples = 0
        """Samples drawn, by all processes together."""
        self.best = -math.inf
        """The best validation's score, of those in phase `best_phase`."""
        self.best_phase = 0
        self.figures: dict[str, float] = {}
        """The last validation's figures, and the step it was at."""

    def compile(self) -> None:
        """Compile what is called with the same shapes in every step."""
        model = self.stage.model
        # The networks within, not the heads that call them: these do so in several ways.
        networks: list[torch.nn.Module | None] = [model.coarse.encoder, model.coarse.mlp]
        if model.fine is not None:
            networks += [model.fine.encoder, model.fine.mlp]
        if model.normals is not None:
            networks += [model.normals.front, model.normals.back, model.normals.unet]
        if model.detail is not None:
            networks.append(model.detail.unet)
        if model.depth is not None:
            networks += [model.depth.coarse, model.depth.refine]
        for network in networks:
            if network is not None:
                network.compile()

    def to_device(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Move a batch to the device, images in the networks' memory format."""
        moved: dict[str, Any] = self.fabric.to_device(batch)
        if self.recipe.channels_last:
            for name in IMAGES:
                moved[name] = moved[name].contiguous(memory_format=torch.channels_last)
        return moved

    def one_step(self, batch: dict[str, Any], rate: float) -> dict[str, Tensor]:
        """Run forward, backward, clip, step, average; return the losses.

        They are still on the device.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        if self.part.trim and float(torch.rand(())) < self.part.trim:
            batch = trim(batch, self.stage.multiple)
        parts = self.wrapped(self.to_device(batch))
        self.fabric.backward(parts["total"])
        if self.part.clip:
            self.fabric.clip_gradients(self.wrapped, self.stepper, max_norm=self.part.clip, error_if_nonfinite=False)
        self.stepper.step()
        self.optimiser.zero_grad(set_to_none=True)
        if self.average is not None:
            self.average.update()
        if self.stage.adversary is not None:
            with self.fabric.autocast():
                self.stage.adversary.learn()
        self.step += 1
        self.samples += len(batch["image"]) * self.fabric.world_size
        return {name: value.detach() for name, value in parts.items()}

    def averaged(self) -> AbstractContextManager[None]:
        """Put the averaged weights in place within a `with` block, if the recipe averages."""
        return self.average.applied() if self.average is not None else nullcontext()

    def state_dict(self) -> dict[str, Any]:
        """Return everything to go on from; tensors and plain values only.

        Raises
        ------
        CheckpointError
            If a weight is no longer finite: such a state must not take the place of a good one.
        """
        model = self.stage.model.state_dict()
        broken = [name for name, value in model.items() if not bool(torch.isfinite(value).all())]
        if broken:
            raise CheckpointError(f"weight {broken[0]} is not finite at step {self.step}; no checkpoint was written")
        return {
            "step": self.step,
            "samples": self.samples,
            "best": self.best,
            "best_phase": self.best_phase,
            "figures": json.dumps(self.figures),
            "history": json.dumps(self.history),
            "model": model,
            "optimiser": self.optimiser.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
            "adversary": None if self.stage.adversary is None else self.stage.adversary.state_dict(),
            "precision": self.fabric.strategy.precision.state_dict(),
            "rng": torch.get_rng_state(),
            "cuda_rng": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict()`."""
        self.stage.model.load_state_dict(state["model"])
        try:
            self.optimiser.load_state_dict(state["optimiser"])
        except (ValueError, KeyError) as error:
            raise UsageError(
                f"the checkpoint is of another optimiser ({error}); resume by the run's own recipe"
            ) from error
        if self.average is not None:
            if state["average"] is None:
                raise UsageError("the checkpoint holds no averaged weights; resume by the run's own recipe")
            self.average.load_state_dict(state["average"])
        if self.stage.adversary is not None:
            if state.get("adversary") is None:
                raise UsageError("the checkpoint holds no discriminator; resume by the run's own recipe")
            self.stage.adversary.load_state_dict(state["adversary"])
        self.fabric.strategy.precision.load_state_dict(state["precision"])
        self.step, self.samples = state["step"], state["samples"]
        self.best, self.best_phase = state["best"], state.get("best_phase", 0)
        self.figures, self.history = json.loads(state["figures"]), json.loads(state["history"])
        torch.set_rng_state(state["rng"])
        if torch.cuda.is_available() and state["cuda_rng"] is not None:
            torch.cuda.set_rng_state(state["cuda_rng"])
