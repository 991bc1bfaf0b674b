"""`lifecast landmarks`: BlazePose's landmarks of every view of prepared data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Console
from rich.progress import Progress, TaskID

from lifecast.counted_progress import counted_progress
from lifecast.errors import OptionError, UsageError
from lifecast.options import Inline
from lifecast.writable import check_folder


@dataclass(frozen=True)
class Landmarks:
    """What `lifecast landmarks` is asked for."""

    data: tyro.conf.Positional[tuple[Path, ...]]
    """Folders that `lifecast prepare` wrote. People who have landmarks already are kept."""
    workers: int = 1
    """Processes."""

    def __post_init__(self) -> None:
        if not self.data:
            raise UsageError("name at least one folder of prepared data")
        if self.workers < 1:
            raise OptionError("workers", self.workers, "give at least 1")


def landmarks(asked: Inline[Landmarks]) -> int:
    """Add the landmarks that BlazePose finds to prepared data.

    Presets with limb maps (compact) train on them.
    """
    from lifecast.scans.cores import one_thread

    one_thread()
    from lifecast.scans.landmarks import add_to_dataset, people_of

    console = Console(stderr=True, highlight=False, emoji=False)
    any_failed = False
    everybody = {root: people_of(root) for root in asked.data}
    for root, people in everybody.items():
        for person in people[:1]:
            check_folder(root / person)
    for root, people in everybody.items():
        with counted_progress(console) as bar:
            task = bar.add_task("landmarks", total=len(people))

            def advance(person: str, _new: bool, problem: str, bar: Progress = bar, task: TaskID = task) -> None:
                bar.advance(task)
                if problem:
                    bar.console.print(f"{person}: left out: {problem}", markup=False)

            added, failed = add_to_dataset(root, asked.workers, advance)
        any_failed |= failed > 0
        left_out = f", {failed} left out" if failed else ""
        console.print(f"{root}: {len(people)} people, landmarks added to {added}{left_out}", markup=False)
    return 1 if any_failed else 0
