"""One person or many: scan in, folder of training data out, resumable and verified by checksum.

What the folders hold is told in `dataset_format.DESCRIPTION`, which every dataset carries; `PeopleDataset` reads them.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lifecast.atomic import write_text
from lifecast.errors import DataError, LifecastError, UsageError
from lifecast.scans.cores import one_thread
from lifecast.scans.dataset_format import DESCRIPTION, FORMAT, Settings, header
from lifecast.scans.lighting import make_lightings
from lifecast.scans.prepared_person import damage, prepare_person
from lifecast.scans.split import Split, apply_split, make_split


@dataclass
class Outcome:
    """What became of one person."""

    person: str
    state: str
    """made, kept, remade or failed."""
    reason: str = ""


@dataclass
class Summary:
    """What a run of `prepare` did."""

    outcomes: list[Outcome] = field(default_factory=list)

    def count(self, state: str) -> int:
        return sum(outcome.state == state for outcome in self.outcomes)


def keep_or_make(person: str, source: Path, out: Path, settings: Settings, lights: NDArray[np.float32]) -> Outcome:
    """One task of the pool: keep, make or remake one person; expected failures are told, not raised."""
    state, reason = "made", ""
    if (out / person).exists():
        found = damage(out / person)
        if found is None:
            return Outcome(person, "kept")
        state, reason = "remade", found
    try:
        prepare_person(person, source, out, settings, lights)
    except LifecastError as error:
        return Outcome(person, "failed", str(error))
    return Outcome(person, state, reason)


def _check_settings(out: Path, settings: Settings, lighting: list[str]) -> None:
    """Refuse to mix people of different settings in one dataset."""
    path = out / "dataset.json"
    if not path.is_file():
        return
    try:
        stored = json.loads(path.read_text())
        before = dict(stored["settings"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: damaged ({error}); remove it to begin again") from error
    if stored.get("format") != FORMAT:
        raise DataError(f"{path}: format {stored.get('format')!r}, this version writes {FORMAT}; use another folder")
    now = json.loads(json.dumps(asdict(settings)))
    differing = [name for name in before if now.get(name) != before[name]]
    if differing:
        told = ", ".join(f"{name} {before[name]} -> {now.get(name)}" for name in differing)
        raise UsageError(f"{out}: was begun with other settings ({told}); use another folder or the same settings")
    if stored["lighting"]["maps"] != lighting:
        raise UsageError(f"{out}: was begun with other lighting maps; use another folder or the same --lighting")


def _sweep(out: Path) -> None:
    """Remove what killed runs left half-made (`.name.PID.XXXX.part`, of processes that no longer run)."""
    for leftover in out.glob(".*.part*"):
        fields = leftover.name.split(".")
        pid = next((int(part) for part in reversed(fields) if part.isdigit()), None)
        if pid is not None and pid != os.getpid() and Path(f"/proc/{pid}").exists():
            continue
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


Tasks = Iterable[tuple[str, Path]]
"""Persons and the files of their scans."""
Execute = Callable[[Tasks, Path, Settings, NDArray[np.float32]], Iterator[Outcome]]


def locally(
    tasks: Tasks, out: Path, settings: Settings, lights: NDArray[np.float32], workers: int
) -> Iterator[Outcome]:
    """Do the tasks in `workers` processes of this machine; outcomes come in the order of completion."""
    one_thread()
    if workers <= 1:
        for person, source in tasks:
            yield keep_or_make(person, source, out, settings, lights)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=one_thread) as pool:
        futures = [pool.submit(keep_or_make, person, source, out, settings, lights) for person, source in tasks]
        for future in as_completed(futures):
            yield future.result()


def prepare(
    scans: dict[str, Path],
    out: Path,
    settings: Settings,
    lighting: Path | None = None,
    workers: int = 1,
    test_fraction: float = 0.1,
    split: Split | None = None,
    progress: Callable[[Outcome], None] | None = None,
    execute: Execute | None = None,
) -> Summary:
    """Prepare everybody in `scans` ({person: file}) into the dataset folder `out`.

    People who are there and undamaged are kept; damaged ones are made again. A scan that fails is left out of the
    dataset and told in the summary.

    `execute` runs the tasks (by default `locally`, in `workers` processes of this machine; a cluster in its place).

    Raises
    ------
    UsageError, DataError
        `out` holds a dataset of other settings; the lighting folder has no map.
    """
    names, lights = make_lightings(lighting, settings.lightings, settings.seed)
    out.mkdir(parents=True, exist_ok=True)
    _check_settings(out, settings, names)
    _sweep(out)
    described = header(settings, names, lights)
    write_text(out / "dataset.json", json.dumps(described))
    write_text(out / "README.md", DESCRIPTION)
    summary = Summary()

    def note(outcome: Outcome) -> None:
        summary.outcomes.append(outcome)
        if progress is not None:
            progress(outcome)

    for outcome in (execute or partial(locally, workers=workers))(sorted(scans.items()), out, settings, lights):
        note(outcome)
    usable = [outcome.person for outcome in summary.outcomes if outcome.state != "failed"]
    parts = apply_split(split, usable) if split is not None else make_split(usable, test_fraction, settings.seed)
    write_text(out / "split.json", json.dumps(parts, indent=1))
    counts = {"people": len(usable), "views": len(usable) * settings.views}
    write_text(out / "dataset.json", json.dumps(described | counts))
    return summary
