"""`lifecast lift`: BlazePose's landmarks moved to where the joints are, and the network that does it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import tyro
from rich.console import Console

from lifecast.counted_progress import counted_progress
from lifecast.errors import OptionsError, UsageError
from lifecast.options import Inline
from lifecast.training.lifting_recipe import LiftingRecipe
from lifecast.writable import check_file


@dataclass(frozen=True)
class Lift:
    """What `lifecast lift` is asked for."""

    data: tyro.conf.Positional[tuple[Path, ...]]
    """Folders that `lifecast prepare` wrote and `lifecast landmarks` added to."""
    out: Path
    """Weights file that the pose lifter goes into."""
    weights: str | None = None
    """Take the pose lifter of this weights file (or of built-in weights) as it is: for scans, whose joints
    nobody knows."""
    init: str | None = None
    """Go on from the pose lifter of this weights file (or of built-in weights), which must not have been trained on
    these people; a lower learning rate (5e-4) and fewer steps (1500) suit that."""
    preset: str = "compact"
    """Architecture, where no weights are given."""
    recipe: Inline[LiftingRecipe] = field(default_factory=LiftingRecipe)
    seed: int = 0
    """Of the training."""

    def __post_init__(self) -> None:
        if not self.data:
            raise UsageError("name at least one folder of prepared data")
        if self.weights is not None and self.init is not None:
            raise OptionsError("{weights} takes a lifter as it is, {init} goes on from one: give one of the two")


def lift(asked: Inline[Lift]) -> int:
    """Train a pose lifter on made people, and lift the landmarks of prepared data with it.

    Presets with a pose lifter (compact) draw limb maps from these. Training people are lifted by pose lifters that were
    trained without them, so that the map heads learn how far lifted landmarks can be trusted. OUT holds it:

        lifecast landmarks DATA
        lifecast lift DATA --out RUNS/lifter.safetensors
        lifecast train normals --data DATA --out RUNS/normals --init RUNS/lifter.safetensors
    """
    from lifecast.training.lifting import lift_data, lifting_error

    check_file(asked.out, "--out")
    console = Console(stderr=True, highlight=False, emoji=False)
    recipe = asked.recipe
    with counted_progress(console) as bar:
        task = bar.add_task("lifting", total=recipe.steps * (1 + recipe.folds), visible=asked.weights is None)
        views, lifted = lift_data(
            asked.data, asked.out, recipe, asked.preset, asked.seed, asked.weights, asked.init,
            lambda _step, _loss: bar.advance(task),
        )  # fmt: skip
    known = views.joints.isfinite().all(dim=-1).any(dim=-1)
    if known.any():
        before = lifting_error(views.landmarks[known], views.joints[known])
        after = lifting_error(lifted[known], views.joints[known])
        console.print(
            f"joints' depth off by {after.depth:.1f} cm (BlazePose: {before.depth:.1f}), "
            f"in the picture's plane by {after.flat:.1f} cm ({before.flat:.1f})",
            markup=False,
        )
    console.print(f"{len(views.counts)} people, {len(views)} views lifted; lifter in {asked.out}", markup=False)
    return 0
