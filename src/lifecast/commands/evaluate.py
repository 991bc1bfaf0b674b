"""`lifecast evaluate`: measure weights, or anybody's meshes, against the truth."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from lifecast.commands.bars import Bars
from lifecast.evaluation.request import Request
from lifecast.options import Inline
from lifecast.writable import check_folder


@dataclass(frozen=True)
class Evaluate:
    """What `lifecast evaluate` is asked for."""

    request: Inline[Request]
    steps: str = ""
    """Measure once more without each of these steps, or of "all" that the weights run, and compare: steps.md and
    steps.json in OUT. Separated by commas, such as relief,mirror."""
    pictures: Path | None = None
    """Write the pictures that are to be reconstructed to this folder, for other programs, and end."""


def evaluate(asked: Inline[Evaluate]) -> int:
    """Measure weights, or anybody's meshes, against the truth.

    Writes OUT/report.html, OUT/report.md, OUT/evaluation.json and a result for each picture; run again with
    the same options it goes on where it stopped.
    """
    if asked.pictures is not None:
        check_folder(asked.pictures, "--pictures")
    else:
        check_folder(asked.request.out, "--out")
    console = Console(stderr=True, highlight=False, emoji=False)
    with Bars(console) as bars:
        if asked.pictures is not None:
            return write_pictures(asked.request, asked.pictures, bars)
        if asked.steps:
            return compare_steps(asked.request, asked.steps, bars)
        return measure(asked.request, bars)


def measure(request: Request, bars: Bars) -> int:
    """Measure and print the headline; return the exit status."""
    from lifecast.evaluation.evaluate import evaluate as run
    from lifecast.evaluation.terminal import headline

    found = run(request, bars.advance, bars.say)
    bars.stop()
    Console(highlight=False, emoji=False).print(headline(found))
    bars.console.print(f"report: {request.out / 'report.html'}", markup=False)
    if found.failed:
        bars.console.print(f"{len(found.failed)} pictures gave no mesh; the report names them", markup=False)
    return 1 if found.failed or bars.left_out else 0


def compare_steps(request: Request, steps: str, bars: Bars) -> int:
    """Measure what each step gains and print the table; return the exit status."""
    from lifecast.evaluation.steps import measure_steps

    table = measure_steps(request, steps.split(","), bars.advance, bars.say)
    bars.stop()
    Console(highlight=False, emoji=False, soft_wrap=True).print(table.markdown(), markup=False)
    bars.console.print(f"table: {request.out / 'steps.md'}", markup=False)
    folders = ["all", *(f"without_{step}" for step in table.differences)]
    failed = [name for name in folders if _failed(request.out / name)]
    if failed:
        bars.console.print(f"pictures without a mesh: see the reports in {', '.join(failed)}", markup=False)
    return 1 if failed or bars.left_out else 0


def _failed(folder: Path) -> bool:
    """Whether an evaluation's report counts pictures that gave no mesh."""
    return bool(json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))["failed"])


def write_pictures(request: Request, folder: Path, bars: Bars) -> int:
    """Write the pictures for other programs; return the exit status."""
    from lifecast.evaluation.evaluate import write_pictures as write

    count = write(request, folder, bars.advance, bars.say)
    bars.console.print(f"{count} pictures in {folder}", markup=False)
    return 1 if bars.left_out else 0
