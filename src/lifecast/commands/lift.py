"""`lifecast lift`: BlazePose's landmarks moved to where the joints are, and the network that does it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro


def lift(
    data: Annotated[tuple[Path, ...], tyro.conf.Positional],
    /,
    out: Path,
    weights: str | None = None,
    init: str | None = None,
    preset: str = "compact",
    steps: int = 4000,
    learning_rate: float = 3e-3,
    seed: int = 0,
) -> int:
    """Train a lifter on made people's joints, and add to prepared data what it makes of BlazePose's landmarks.

    Presets with a lifter (compact) draw limb maps from these. Training people are lifted by lifters that were trained
    without them, so that the normal networks learn how far lifted landmarks can be trusted. OUT holds the lifter:

        lifecast landmarks DATA
        lifecast lift DATA --out RUNS/lifter.safetensors
        lifecast train normals --data DATA --out RUNS/normals --init RUNS/lifter.safetensors

    Args:
        data: Folders that `lifecast prepare` wrote and `lifecast landmarks` added to.
        out: Weights file that the lifter goes into.
        weights: Take the lifter of this weights file (or of built-in weights) as it is: for scans, whose joints nobody
            knows.
        init: Go on from the lifter of this weights file (or of built-in weights), which must not have seen these
            people; a lower learning rate (5e-4) and fewer steps (1500) suit that.
        preset: Architecture, where no weights are given.
        steps: Length of the training, in optimiser steps.
        learning_rate: The highest of the training's one cycle.
        seed: Of the training.
    """
    from rich.console import Console

    from lifecast.counted_progress import counted_progress
    from lifecast.errors import UsageError
    from lifecast.training.lifting import LiftingRecipe, lift_data, lifting_error
    from lifecast.writable import check_file

    if not data:
        raise UsageError("name at least one folder of prepared data")
    if weights is not None and init is not None:
        raise UsageError("--weights takes a lifter as it is, --init goes on from one: give one of the two")
    check_file(out, "--out")
    console = Console(stderr=True, highlight=False, emoji=False)
    recipe = LiftingRecipe(steps=steps, learning_rate=learning_rate)
    with counted_progress(console) as bar:
        task = bar.add_task("lifting", total=steps * (1 + recipe.folds), visible=weights is None)
        views, lifted = lift_data(
            data, out, recipe, preset, seed, weights, init, lambda _step, _loss: bar.advance(task)
        )
    known = views.joints.isfinite().all(dim=-1).any(dim=-1)
    if known.any():
        before = lifting_error(views.landmarks[known], views.joints[known])
        after = lifting_error(lifted[known], views.joints[known])
        console.print(
            f"joints' depth off by {after.depth:.1f} cm (BlazePose: {before.depth:.1f}), "
            f"in the picture's plane by {after.flat:.1f} cm ({before.flat:.1f})",
            markup=False,
        )
    console.print(f"{len(views.counts)} people, {len(views)} views lifted; lifter in {out}", markup=False)
    return 0
