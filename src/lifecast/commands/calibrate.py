"""`lifecast calibrate`: the levels' surfaces moved to where they agree best with people whom they do not know."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import tyro


def calibrate(
    weights: Annotated[str, tyro.conf.Positional],
    data: Annotated[Path, tyro.conf.Positional],
    /,
    out: Path,
    people: int | None = None,
    points: int = 40_000,
    share: float = 1.0,
    precision: Literal["float32", "float16"] = "float32",
    seed: int = 0,
    device: str = "auto",
) -> None:
    """Shift the levels of WEIGHTS so that their solids overlap those of DATA's test people most (volume IoU).

    A level that is unsure need not say one half where people end: all of its people are then a little too thin or too
    thick. This finds, for the coarse and for the fine level, the one number that, added to all logits, makes up for it,
    and adds it to the last layer's bias. The last step before weights are used; nothing else of them changes.

        lifecast calibrate ours.safetensors DATA --out calibrated.safetensors --precision float16

    Args:
        weights: Weights file, or the name of built-in weights.
        data: Folder that `lifecast prepare` wrote. Its test people are seen in their most frontal views, by the picture
            alone. Give people that no figures will be reported of.
        out: The file to write, NAME.safetensors.
        people: Look at the first N people only.
        points: At which each person's solid is compared, in a box around them.
        share: How much of that number is added, 0 to 1: IoU likes unsure places thicker than Chamfer distance does.
        precision: How weights are stored; float16 halves the file (they are computed with in float32 either way).
        seed: Of points and backgrounds.
        device: auto, cpu or cuda.
    """
    from rich.console import Console

    from lifecast.counted_progress import counted_progress
    from lifecast.errors import UsageError
    from lifecast.evaluation.calibration import calibrate as run
    from lifecast.training.weights import export
    from lifecast.writable import check_file

    if out.suffix != ".safetensors":
        raise UsageError(f"{out}: the calibrated file must be named *.safetensors")
    check_file(out, "--out")
    with counted_progress(Console(stderr=True, highlight=False, emoji=False)) as bar:
        task = bar.add_task("looking at people", total=None)
        model, calibrations, history = run(
            weights, data, people, points, share, seed, device,
            lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
    export(out, model, history, precision)
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    for level, found in calibrations.items():
        console.print(
            f"{level}: logits {found.shift:+.2f}, volume IoU {found.before:.4f} -> {found.after:.4f}", markup=False
        )
    console.print(f"{out}: {weights}, calibrated on {found.people} people", markup=False)
