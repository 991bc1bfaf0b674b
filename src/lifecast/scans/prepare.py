"""One person or many: scan in, folder of training data out.

Resumable and verified by checksum. What the folders hold stands in `dataset_format.DESCRIPTION`, which every dataset
carries; `PeopleDataset` reads them.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lifecast.atomic import DISK_ERRORS, output_error, write_text
from lifecast.errors import DataError, LifecastError, UsageError
from lifecast.scans.cores import DIED, one_thread
from lifecast.scans.dataset_format import DESCRIPTION, FORMAT, header
from lifecast.scans.lighting import make_lightings
from lifecast.scans.prepared_person import damage, prepare_person
from lifecast.scans.settings import Settings
from lifecast.scans.split import Split, apply_split, make_split


@dataclass
class Outcome:
    """What became of one person."""

    person: str
    state: str
    """made, kept, remade or failed."""
    reason: str = ""
    disk_full: bool = False
    """Whether it failed since nothing more can be written; the next person would fail, too."""
    notes: list[str] = field(default_factory=list)
    """What may be wrong with the scan of somebody who was made."""

    def lines(self) -> list[str]:
        """One line for somebody who watches the run."""
        if self.state == "failed":
            return [f"{self.person}: left out: {self.reason}"]
        again = [f"{self.person}: made again: {self.reason}"] if self.state == "remade" else []
        return [*again, *(f"{self.person}: note: {note}" for note in self.notes)]


@dataclass
class Summary:
    """What a run of `prepare` did."""

    outcomes: list[Outcome] = field(default_factory=list)

    def count(self, state: str) -> int:
        return sum(outcome.state == state for outcome in self.outcomes)


def keep_or_make(person: str, source: Path, out: Path, settings: Settings, lights: NDArray[np.float32]) -> Outcome:
    """One task of the pool: keep, make or remake one person; failures are returned, not raised.

    What is wrong with one scan (damaged, too large for the memory, a name too long for a folder's) is no reason to stop
    the others. Only a fault of the program itself is raised.
    """
    state, reason = "made", ""
    try:
        if (out / person).exists():
            found = damage(out / person)
            if found is None:
                return Outcome(person, "kept")
            state, reason = "remade", found
        notes = prepare_person(person, source, out, settings, lights)
    except LifecastError as error:
        return Outcome(person, "failed", str(error), _disk_full(error))
    except OSError as error:
        return Outcome(person, "failed", str(output_error(out / person, error)), _disk_full(error))
    except MemoryError:
        return Outcome(person, "failed", f"{source}: needs more memory than there is; run fewer --workers")
    return Outcome(person, state, reason, notes=notes)


def _disk_full(error: BaseException) -> bool:
    """Whether `error`, or what it was raised from, is a full or read-only disk."""
    return any(isinstance(e, OSError) and e.errno in DISK_ERRORS for e in (error, error.__cause__))


def _keep_only(person: str, out: Path) -> Outcome:
    """Like `keep_or_make` where nothing can be written any more."""
    try:
        found = damage(out / person)
    except OSError as error:
        found = str(output_error(out / person, error))
    return Outcome(person, "kept") if found is None else Outcome(person, "failed", "not begun: the disk is full", True)


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
        differences = ", ".join(f"{name} {before[name]} -> {now.get(name)}" for name in differing)
        raise UsageError(
            f"{out}: was begun with other settings ({differences}); use another folder or the same settings"
        )
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
Execute = Callable[[Tasks, Path, Settings, NDArray[np.float32]], Generator[Outcome, None, None]]


def locally(
    tasks: Tasks, out: Path, settings: Settings, lights: NDArray[np.float32], workers: int
) -> Generator[Outcome, None, None]:
    """Do the tasks in `workers` processes of this machine.

    Outcomes come in the order of completion.
    """
    one_thread()
    if workers <= 1:
        for person, source in tasks:
            yield keep_or_make(person, source, out, settings, lights)
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=one_thread)
    try:
        futures = [pool.submit(keep_or_make, person, source, out, settings, lights) for person, source in tasks]
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool as error:
        raise DataError(f"{out}: {DIED}") from error
    finally:
        pool.shutdown(cancel_futures=True)  # whoever stops the run does not wait for all who have not begun


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
    dataset and named in the summary. Once the disk is full nobody further is begun.

    `execute` runs the tasks (by default `locally`, in `workers` processes of this machine; a cluster in its place).

    Raises
    ------
    UsageError, DataError
        `out` holds a dataset of other settings, or cannot be written; the lighting folder has no map; none of the
        split's test people is there.
    """
    if split is not None:
        apply_split(split, scans)  # refuses, before the work, a split of other people
    names, lights = make_lightings(lighting, settings.lightings, settings.seed)
    described = header(settings, names, lights)
    summary = Summary()
    with _writing(out):
        out.mkdir(parents=True, exist_ok=True)
        _check_settings(out, settings, names)
        _sweep(out)
        write_text(out / "dataset.json", json.dumps(described))
        write_text(out / "README.md", DESCRIPTION)

    def note(outcome: Outcome) -> None:
        summary.outcomes.append(outcome)
        if progress is not None:
            progress(outcome)

    left = dict(sorted(scans.items()))
    run = (execute or partial(locally, workers=workers))(list(left.items()), out, settings, lights)
    with closing(run):
        for outcome in run:
            del left[outcome.person]
            note(outcome)
            if outcome.disk_full:
                break
    for person in left:
        note(_keep_only(person, out))
    usable = [outcome.person for outcome in summary.outcomes if outcome.state != "failed"]
    parts = apply_split(split, usable) if split is not None else make_split(usable, test_fraction, settings.seed)
    counts = {"people": len(usable), "views": len(usable) * settings.views}
    with _writing(out):
        write_text(out / "split.json", json.dumps(parts, indent=1))
        write_text(out / "dataset.json", json.dumps(described | counts))
    return summary


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    """Turn what the system says of a dataset's files into an OutputError that says what to do."""
    try:
        yield
    except LifecastError:
        raise
    except OSError as error:
        raise output_error(out, error) from error
