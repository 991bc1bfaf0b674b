"""People to validate with: made once from a seed of their own, in a folder of their own, and kept.

POOL/validation/dataset.json, split.json     a dataset whose people are all in `test`
POOL/validation/numbers.json                 their numbers, and those that could not be made
POOL/validation/NUMBER/PERSON/               as in the pool, see `entry`
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lifecast.atomic import write_text
from lifecast.errors import DataError
from lifecast.training.stream.entry import Entry, folder_name, read_entry
from lifecast.training.stream.failures import Failures
from lifecast.training.stream.makers import Makers
from lifecast.training.stream.numbers import as_ranges
from lifecast.training.stream.pool import FORMAT, check_identity

NUMBERS = "numbers.json"


def make_validation(
    root: Path,
    makers: Makers,
    seed: int,
    count: int,
    maker: dict[str, Any],
    header: dict[str, Any],
    failures: Failures,
    progress: Callable[[int], None],
) -> list[int]:
    """Make what is missing of `count` numbers of `seed` into `root`.

    Returns the numbers, in order. They are the lowest ones that can be made, so that all runs with these options
    validate with the same people.

    Parameters
    ----------
    maker, header
        As of `Pool`.
    progress
        Called with how many numbers are there.

    Raises
    ------
    UsageError
        If `root` holds people made otherwise.
    LifecastError
        If too many fail in a row.
    """
    root.mkdir(parents=True, exist_ok=True)
    check_identity(root / "people.json", {"format": FORMAT, "seed": seed, "maker": maker})
    entries: dict[int, Entry] = {}
    for folder in root.glob("[0-9]*/"):
        if (entry := read_entry(folder)) is None:
            shutil.rmtree(folder)
        else:
            entries[entry.number] = entry
    failed = _failed_before(root / NUMBERS)
    progress(len(entries))
    # The lowest ones that can be made, whatever the order in which they come.
    while not entries.keys() >= set(wanted := _lowest(count, failed)):
        pending = {number for _, number in makers.pending}
        missing = [number for number in wanted if number not in entries and number not in pending]
        for number in missing[: makers.wanting]:
            makers.ask(seed, number)
        for made in makers.results(1.0):
            if made.entry is None:
                failed[made.number] = made.reason
                failures.bad(made.seed, made.number, made.reason)
                continue
            failures.good()
            made.folder.rename(root / folder_name(made.number))
            entries[made.number] = made.entry
            progress(len(entries))
    chosen = {number: entries[number] for number in _lowest(count, failed)}
    people = [f"{entry.name}/{person}" for entry in chosen.values() for person in entry.people]
    numbers = {"seed": seed, "numbers": as_ranges(chosen), "failed": failed}
    write_text(root / NUMBERS, json.dumps(numbers, indent=1) + "\n")
    write_text(root / "dataset.json", json.dumps(header))
    write_text(root / "split.json", json.dumps({"train": [], "test": people}, indent=1) + "\n")
    return list(chosen)


def _failed_before(path: Path) -> dict[int, str]:
    """Numbers that could not be made, by the record of an earlier run; they are not tried again."""
    try:
        stored = json.loads(path.read_text())["failed"]
        return {int(number): str(reason) for number, reason in stored.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: damaged ({error}); remove {path.parent}") from error


def _lowest(count: int, failed: dict[int, str]) -> list[int]:
    """The lowest `count` numbers that did not fail."""
    numbers: list[int] = []
    number = 0
    while len(numbers) < count:
        if number not in failed:
            numbers.append(number)
        number += 1
    return numbers
