"""`lifecast calibrate`: surfaces moved to where they agree best with people that the weights were not trained on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro
from rich.console import Console

from lifecast.counted_progress import counted_progress
from lifecast.options import Inline, check_calibration, check_weights_name
from lifecast.writable import check_file


@dataclass(frozen=True)
class Calibrate:
    """What `lifecast calibrate` is asked for."""

    weights: tyro.conf.Positional[str]
    """Weights file, or the name of built-in weights."""
    data: tyro.conf.Positional[Path]
    """Folder that `lifecast prepare` wrote. Its test people are taken in their most frontal views, by the picture
    alone. Give people that no figures will be reported of."""
    out: Path
    """The file to write, NAME.safetensors."""
    people: int | None = None
    """Take the first N people only."""
    points: int = 40_000
    """At which each person's solid is compared, in a box around them."""
    share: float = 1.0
    """How much of that number is added, 0 to 1: IoU likes unsure places thicker than Chamfer distance does."""
    precision: Literal["float32", "float16"] = "float32"
    """How weights are stored; float16 halves the file (they are computed with in float32 either way)."""
    seed: int = 0
    """Of points and backgrounds."""
    device: str = "auto"
    """auto, cpu or cuda."""

    def __post_init__(self) -> None:
        check_weights_name("out", self.out)
        check_calibration(self.people, self.points, self.share)


def calibrate(asked: Inline[Calibrate]) -> int:
    """Shift the occupancies of WEIGHTS to those of DATA's test people.

    The shift is the one at which their solids overlap most (volume IoU). A net that is unsure need not predict one half
    where people end: all of its people are then a little too thin or too thick. This finds, for the coarse and for the
    fine net, the one number that, added to all logits, makes up for it, and adds it to the last layer's bias. The last
    step before weights are used; nothing else of them changes.

        lifecast calibrate ours.safetensors DATA --out calibrated.safetensors --precision float16
    """
    check_file(asked.out, "--out")
    from lifecast.evaluation.calibration import calibrate as run
    from lifecast.training.weights import export

    with counted_progress(Console(stderr=True, highlight=False, emoji=False)) as bar:
        task = bar.add_task("predicting people", total=None)
        model, calibrations, history = run(
            asked.weights, asked.data, asked.people, asked.points, asked.share, asked.seed, asked.device,
            lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
    export(asked.out, model, history, asked.precision)
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    for level, found in calibrations.items():
        console.print(
            f"{level}: logits {found.shift:+.2f}, volume IoU {found.before:.4f} -> {found.after:.4f}", markup=False
        )
    console.print(f"{asked.out}: {asked.weights}, calibrated on {found.people} people", markup=False)
    return 0
