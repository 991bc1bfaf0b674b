"""`stream.json` in a run's folder: which people the run has used, so that a resumed one uses none again.

The pool may be lost (a RAM disk, another machine): the run's own record holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lifecast.atomic import write_text
from lifecast.errors import DataError, UsageError
from lifecast.training.stream.numbers import as_ranges, from_ranges
from lifecast.training.stream.pool import Pool

FILE = "stream.json"
FORMAT = 1


class RunRecord:
    """Reads and writes the record of the run in `folder`.

    Parameters
    ----------
    origin
        Seed, maker, uses and validation people: plain values. All but `uses` stay the same for a whole run.
    """

    def __init__(self, folder: Path, origin: dict[str, Any]) -> None:
        self.path = folder / FILE
        self.origin = json.loads(json.dumps(origin))
        self.seen: set[int] = set()
        """Numbers of which a view was used."""
        self.gone: set[int] = set()
        """Numbers that were used up."""
        self.failures: dict[int, str] = {}

    def begin(self, resume: bool) -> None:
        """Read what an earlier sitting used, or start anew.

        UsageError where the run's people were made otherwise, DataError where the record is damaged.
        """
        if not resume or not self.path.is_file():
            return
        try:
            stored = json.loads(self.path.read_text())
            before = {name: stored[name] for name in self.origin}
            self.seen, self.gone = from_ranges(stored["used"]), from_ranges(stored["retired"])
            self.failures = {int(number): str(reason) for number, reason in stored["failed"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{self.path}: damaged ({error}); it says which people the run used") from error
        for name, value in self.origin.items():
            if name != "uses" and before[name] != value:
                raise UsageError(
                    f"{self.path}: the run uses people of {name} {_short(before[name])}, not {_short(value)}; give the "
                    "same options as before, or another --out"
                )

    def take_up(self, pool: Pool) -> None:
        """Open the run's pool.

        Whoever the run used up, or used and is there no more, does not come again.
        """
        pool.open(self.gone)
        self.gone |= self.seen - pool.entries.keys()
        pool.retired |= self.gone
        pool.failed |= self.failures
        self.write()

    def used(self, numbers: Iterable[int]) -> None:
        """Note that views of these numbers are used."""
        if new := set(numbers) - self.seen:
            self.seen |= new
            self.write()

    def retired(self, number: int) -> None:
        """Note that a number is used up."""
        self.gone.add(number)
        self.write()

    def failed(self, number: int, reason: str) -> None:
        """Note that a number could not be made."""
        self.failures[number] = reason
        self.write()

    def write(self) -> None:
        """Write the record."""
        write_text(self.path, json.dumps(self.content(), indent=1) + "\n")

    def content(self) -> dict[str, Any]:
        """Return what the record says; the card of the weights says it, too."""
        return {
            "format": FORMAT, **self.origin, "used": as_ranges(self.seen), "retired": as_ranges(self.gone),
            "failed": {str(number): reason for number, reason in sorted(self.failures.items())},
        }  # fmt: skip


def _short(value: Any, most: int = 120) -> str:
    text = json.dumps(value)
    return text if len(text) <= most else f"{text[:most]}..."
