"""How a run begins: the model with its losses and optimiser, and how long it is to train."""

from __future__ import annotations

from typing import Any

import torch

from lifecast.errors import UsageError
from lifecast.model.config import Architecture
from lifecast.training import weights
from lifecast.training.adversary import Adversary
from lifecast.training.detail_windows import DetailWindows
from lifecast.training.options import TrainOptions
from lifecast.training.perceptual import perceptual_loss
from lifecast.training.pretrained import fill_pretrained
from lifecast.training.recipe import Recipe
from lifecast.training.schedule import Budget
from lifecast.training.stage import Stage
from lifecast.training.stage_parts import MAPS
from lifecast.training.trainee import Trainee


def new_trainee(
    options: TrainOptions, recipe: Recipe, fabric: Any, preset: Architecture, state: dict[str, Any] | None
) -> Trainee:
    """Make the model of `preset`, its losses and optimiser.

    Weights come from the parts in --init or from a checkpoint's state.
    """
    part = recipe.stage(options.stage)
    if state is None:
        model, history = weights.new_model(preset, options.init, options.seed)
        fill_pretrained(model, history)
        weights.check_foundations(options.stage, preset, history, options.predicted_normals)
    else:
        model, history = weights.new_model(preset, (), options.seed)
    torch.manual_seed(options.seed)
    perceptual = None
    if part.losses.perceptual and (options.stage in MAPS or options.predicted_normals):
        perceptual = perceptual_loss(part.losses.perceptual_network, options.perceptual_weights)
    adversary = None
    if part.losses.adversarial and options.stage in MAPS:
        if fabric.world_size > 1:
            raise UsageError(
                "adversarial: a discriminator learns in one process only; give --devices 1, or set it to 0"
            )
        adversary = Adversary(options.seed)
    windows = None
    if options.stage == "detail" and part.window is not None:
        windows = DetailWindows(part.window, part.windows)
    stage = Stage(
        model, options.stage, part.losses, perceptual, options.predicted_normals, part.fed_depth, adversary, windows
    )
    if state is None:
        weights.begin_history(history, stage.parts)
    trainee = Trainee(fabric, stage, recipe, part, history)
    if state is not None:
        trainee.load_state_dict(state)
    return trainee


def new_budget(options: TrainOptions, recipe: Recipe, views: int, processes: int, spent: float, began: float) -> Budget:
    """Find the length of a run: as the command says, else the recipe's epochs of so many views.

    spent: seconds of earlier sittings. began: when this one did, by `time.monotonic`.
    """
    part, steps, minutes = recipe.stage(options.stage), options.steps, options.minutes
    if steps is None and minutes is None:
        if part.epochs is None:
            raise UsageError(f"recipe {recipe.name} gives stage {options.stage} no epochs: add --minutes or --steps")
        per_step = sum(phase.batch * phase.share for phase in part.phases) * processes
        steps = max(1, round(part.epochs * views / per_step))
    reserve = 0.0 if minutes is None else min(60.0, 0.05 * minutes * 60)
    return Budget(steps, minutes, spent, reserve, started=began)
