"""`lifecast mannequins`: many poses of each made person, for a pose lifter and map heads to learn from."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console

from lifecast.counted_progress import counted_progress
from lifecast.errors import OptionError
from lifecast.options import Inline
from lifecast.people.sitting import Sitting
from lifecast.writable import check_folder


@dataclass(frozen=True)
class Mannequins:
    """What `lifecast mannequins` is asked for."""

    sitting: Inline[Sitting]
    count: int = 300
    """How many mannequins."""
    test_fraction: float = 0.05
    """Share of the mannequins that the pose lifter is validated on."""
    workers: int = 1
    """Processes."""

    def __post_init__(self) -> None:
        for name in ("count", "workers"):
            if getattr(self, name) < 1:
                raise OptionError(name, getattr(self, name), "give at least 1")
        if not 0 <= self.test_fraction < 1:
            raise OptionError("test_fraction", self.test_fraction, "give a share from 0 to below 1")


def mannequins(asked: Inline[Mannequins]) -> int:
    """Run BlazePose on many poses of made people whose joints are known.

    They are the data of `lifecast lift`. A person of `synthesize` shows one pose. Mannequins are dressed once and moved
    from pose to pose, their clothes draped anew for each, so that further poses are cheaper. Only landmarks and joints
    are kept, so nothing but `lift` can train on OUT:

        lifecast mannequins POSES --count 300 --each 10 --workers 2
        lifecast lift POSES DATA --out RUNS/lifter.safetensors

    With --pictures OUT is a dataset that `train normals`, `depth` and `detail` read, too (no points for the levels):

        lifecast mannequins POSES --count 150 --each 20 --size 512 --pictures --workers 2
        lifecast train depth --data DATA --also POSES --predicted-normals --out RUNS/depth --init compact

    A second run with the same seed makes only what is missing.
    """
    from lifecast.scans.cores import one_thread

    one_thread()  # before NumPy's BLAS is loaded: whether one process works or many, each has one thread
    from lifecast.people.crew import check_origin
    from lifecast.people.mannequin_views import check_sitting, make_all_views, missing

    sitting, out = asked.sitting, asked.sitting.order.out
    check_folder(out)
    check_origin(sitting.order)
    check_sitting(sitting)
    left = len(missing(sitting, asked.count))
    console = Console(stderr=True, highlight=False, emoji=False)
    with counted_progress(console) as bar:
        task = bar.add_task("mannequins", total=asked.count, completed=asked.count - left)
        split = make_all_views(
            sitting, asked.count, asked.test_fraction, asked.workers, lambda _number: bar.advance(task)
        )
    poses = len(split["train"]) + len(split["test"])
    console.print(f"{out}: {poses} poses of {asked.count} mannequins, {poses * sitting.views} views", markup=False)
    return 0
