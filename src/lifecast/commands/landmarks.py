"""`lifecast landmarks`: BlazePose's landmarks of every view of prepared data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro


def landmarks(data: Annotated[tuple[Path, ...], tyro.conf.Positional], /, workers: int = 1) -> int:
    """Add to prepared data what BlazePose sees of the pose, which presets with limb maps (compact) train on.

    Args:
        data: Folders that `lifecast prepare` wrote. People who have landmarks already are kept.
        workers: Processes.
    """
    from lifecast.scans.cores import one_thread

    one_thread()
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from lifecast.counted_progress import counted_progress
    from lifecast.errors import UsageError
    from lifecast.scans.landmarks import add_to_dataset, people_of
    from lifecast.writable import check_folder

    if not data:
        raise UsageError("name at least one folder of prepared data")
    console = Console(stderr=True, highlight=False, emoji=False)
    any_failed = False
    everybody = {root: people_of(root) for root in data}
    for root, people in everybody.items():
        for person in people[:1]:
            check_folder(root / person)
    for root, people in everybody.items():
        with counted_progress(console) as bar:
            task = bar.add_task("landmarks", total=len(people))

            def tell(person: str, _new: bool, problem: str, bar: Progress = bar, task: TaskID = task) -> None:
                bar.advance(task)
                if problem:
                    bar.console.print(f"{person}: left out: {problem}", markup=False)

            added, failed = add_to_dataset(root, workers, tell)
        any_failed |= failed > 0
        left_out = f", {failed} left out" if failed else ""
        console.print(f"{root}: {len(people)} people, landmarks added to {added}{left_out}", markup=False)
    return 1 if any_failed else 0
