"""`lifecast synthesize`: clothed people to learn from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console

from lifecast.counted_progress import counted_progress
from lifecast.errors import OptionError
from lifecast.options import Inline, check_picture_name
from lifecast.people.crew import Order
from lifecast.writable import check_file, check_folder

SHEET_PEOPLE = 48


@dataclass(frozen=True)
class Synthesize:
    """What `lifecast synthesize` is asked for."""

    order: Inline[Order]
    count: int = 100
    """How many people there shall be."""
    workers: int = 1
    """How many processes make people at once."""
    sheet: Path | None = None
    """Draw the first 48 people into this picture, colour beside normals."""
    cluster: Annotated[str | None, tyro.conf.arg(metavar="ADDRESS|local")] = None
    """Run on this Ray cluster ("local": started for this run) with --workers workers, which must reach OUT, --assets
    and --poses."""

    def __post_init__(self) -> None:
        for name in ("count", "workers"):
            if getattr(self, name) < 1:
                raise OptionError(name, getattr(self, name), "give at least 1")
        check_picture_name("sheet", self.sheet)


def synthesize(asked: Inline[Synthesize]) -> int:
    """Make clothed people to learn from: OUT/person_000000/person.glb and card.json, and so on.

    A second run with the same seed makes only the people that are missing.
    """
    from lifecast.scans.cores import one_thread

    one_thread()  # before NumPy's BLAS is loaded: whether one process works or many, each has one thread
    from lifecast.people.crew import check_origin, folder, make_all, missing

    order, out = asked.order, asked.order.out
    check_folder(out)
    if asked.sheet is not None:
        check_file(asked.sheet, "--sheet")
    console = Console(stderr=True, emoji=False)
    check_origin(order)
    numbers = missing(out, asked.count)
    with counted_progress(console) as progress:
        task = progress.add_task("people", total=asked.count, completed=asked.count - len(numbers))

        def advance(_number: int) -> None:
            progress.advance(task)

        if asked.cluster is not None:
            from lifecast.cluster.jobs import synthesize_on

            synthesize_on(asked.cluster, asked.workers, order, numbers, advance)
        else:
            make_all(order, numbers, asked.workers, advance)
    if asked.sheet is not None:
        from lifecast.people.sheet import contact_sheet

        contact_sheet([folder(out, n) for n in range(min(asked.count, SHEET_PEOPLE))], asked.sheet)
    classes: dict[str, int] = {}
    for n in range(asked.count):
        for name in json.loads((folder(out, n) / "card.json").read_text())["classes"]:
            classes[name] = classes.get(name, 0) + 1
    counts = ", ".join(f"{name} {count}" for name, count in sorted(classes.items()))
    console.print(f"{asked.count} people in {out}: {counts}", markup=False)
    return 0
