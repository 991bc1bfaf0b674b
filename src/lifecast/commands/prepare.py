"""`lifecast prepare`: scans or made people to training data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from rich.console import Console

from lifecast.counted_progress import counted_progress
from lifecast.errors import OptionError
from lifecast.options import Inline
from lifecast.overlap import refuse_overlap
from lifecast.scans.settings import Settings
from lifecast.writable import check_folder

if TYPE_CHECKING:
    from lifecast.scans.prepare import Outcome


@dataclass(frozen=True)
class Prepare:
    """What `lifecast prepare` is asked for."""

    scans: tyro.conf.Positional[Path]
    """Folder of GLB, OBJ, PLY or STL people (one a file, or one a folder)."""
    out: tyro.conf.Positional[Path]
    """Folder of the dataset; an interrupted run goes on where it stopped, damaged people are made again."""
    settings: Inline[Settings] = field(default_factory=Settings)
    points: tuple[int, int, int] = (Settings.uniform, Settings.near5, Settings.near3)
    """Points a person: uniform, near the surface with sigma 5 cm, with sigma 3 cm."""
    lighting: Path | None = None
    """Folder of EXR or HDR environment maps; built-in lights without."""
    workers: int = 1
    """Processes."""
    test_fraction: float = 0.1
    """Share of the people kept for testing."""
    split: Path | None = None
    """JSON file {"train": [...], "test": [...]} instead of a random split."""
    cluster: Annotated[str | None, tyro.conf.arg(metavar="ADDRESS|local")] = None
    """Run on this Ray cluster ("local": started for this run) with --workers workers."""

    def __post_init__(self) -> None:
        uniform, near5, near3 = self.points
        pools = replace(self.settings, uniform=uniform, near5=near5, near3=near3)
        object.__setattr__(self, "settings", pools)
        if self.workers < 1:
            raise OptionError("workers", self.workers, "give at least 1")
        if not 0 <= self.test_fraction < 1:
            raise OptionError("test_fraction", self.test_fraction, "give a share from 0 to below 1")
        refuse_overlap(self.out, "out", {"scans": self.scans, "lighting": self.lighting})


def prepare(asked: Inline[Prepare]) -> int:
    """Prepare scans or made people as training data."""
    from lifecast.scans.cores import one_thread

    one_thread()  # before NumPy's BLAS is loaded, which fixes its threads then
    from lifecast.scans.listing import list_scans
    from lifecast.scans.prepare import prepare as run
    from lifecast.scans.split import read_split

    out = asked.out
    check_folder(out)
    listing = list_scans(asked.scans)
    people = listing.people
    given = read_split(asked.split) if asked.split is not None else None
    console = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)
    for line in listing.passed_over_lines():
        console.print(line, markup=False)
    for person, reason in listing.failed.items():
        console.print(f"{person}: left out: {reason}", markup=False)
    with counted_progress(console) as bar:
        task = bar.add_task("preparing", total=len(people))

        def advance(outcome: Outcome) -> None:
            bar.advance(task)
            for line in outcome.lines():
                bar.console.print(line, markup=False)

        execute = None
        if asked.cluster is not None:
            from lifecast.cluster.jobs import prepare_on

            execute = prepare_on(asked.cluster, asked.workers)
        summary = run(
            people, out, asked.settings, asked.lighting, asked.workers, asked.test_fraction, given, advance, execute
        )
    counts = {state: summary.count(state) for state in ("made", "kept", "remade", "failed")}
    counts["failed"] += len(listing.failed)
    tally = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    console.print(f"{len(people) + len(listing.failed)} people: {tally}; {out}", markup=False)
    return 1 if counts["failed"] else 0
