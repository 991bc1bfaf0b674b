"""`lifecast train all`: weights from nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from lifecast.errors import OptionError
from lifecast.options import Inline
from lifecast.writable import check_folder


@dataclass(frozen=True)
class TrainAll:
    """What `lifecast train all` is asked for."""

    out: Path
    """The chain's folder."""
    recipe: str = "compact"
    """Built-in chain (compact; tiny, for tests) or the path of a .toml file."""
    assets: tuple[Path, ...] = ()
    """Copies of MakeHuman's assets (folders that hold `base` or `clothes`), for garments, hair and skins."""
    poses: Path | None = None
    """Folder of motion clips (.bvh, and humanoid3d .txt) to take some of the poses from."""
    lighting: Path | None = None
    """Folder of EXR or HDR environment maps; built-in lights without."""
    hours: float | None = None
    """About how long it shall take on two cores: the number of people and the length of every run are scaled; by
    default as the recipe says."""
    workers: int | None = None
    """Processes that make people and data, and threads of the training; by default all cores."""
    again: str | None = None
    """Make this link anew (people, data, landmarks, lift, a stage, calibrate or weights) and what stands on it."""

    def __post_init__(self) -> None:
        if self.hours is not None and not self.hours > 0:
            raise OptionError("hours", self.hours, "must be positive")
        if self.workers is not None and self.workers < 1:
            raise OptionError("workers", self.workers, "must be at least 1")


def train_all(asked: Inline[TrainAll]) -> int:
    """Make weights from nothing.

    It makes people, data and pose lifter, then every stage on what the stages before it predict.

        lifecast train all --out RUNS --assets MAKEHUMAN_ASSETS --poses POSES --lighting LIGHTING
        lifecast reconstruct photo.jpg --weights RUNS/weights

    The same command goes on where an earlier one ended, killed or interrupted however. RUNS/weights is a folder with a
    file for each part; its cards say by which commands, from which seeds and data they were made. With other options
    or another recipe than before the command refuses to go on and says what differs.
    """
    from lifecast.scans.cores import one_thread

    one_thread()  # before NumPy's BLAS is loaded: processes that make people have one thread each
    from lifecast.training.chain import load_chain, scaled
    from lifecast.training.chain_links import train_chain
    from lifecast.training.chain_places import Places

    check_folder(asked.out, "--out")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    chain = load_chain(asked.recipe)
    if asked.hours is not None:
        chain = scaled(chain, asked.hours)
    places = Places(
        asked.out, asked.assets, asked.poses, asked.lighting, cores if asked.workers is None else asked.workers
    )
    weights = train_chain(chain, places, asked.again)
    Console(highlight=False, emoji=False, soft_wrap=True).print(
        f"weights: {weights}; use them with `lifecast reconstruct PHOTO --weights {weights}`", markup=False
    )
    return 0
