"""A folder of people that are made, used and replaced; as large as stated and no larger.

    POOL/pool.json       seed and maker of the people
    POOL/dataset.json    what `PeopleDataset` must know of them
    POOL/numbers.json    numbers that were used up, and those that could not be made
    POOL/people/NUMBER/  people of one number, see `entry`
    POOL/making/         people who are being made; emptied at the start
    POOL/validation/     people to validate with, see `validation_people`

People come whole from `making` into `people`, by renaming, and leave the same way. A process killed at any moment
leaves a pool that the next one goes on with.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from lifecast.atomic import output_error, write_text
from lifecast.errors import DataError, LifecastError, UsageError
from lifecast.training.stream.entry import Entry, folder_name, read_entry, write_used
from lifecast.training.stream.numbers import as_ranges, from_ranges

FORMAT = 1
GIB = 1 << 30


class Pool:
    """The people of a stream.

    Parameters
    ----------
    root
        The pool's folder.
    seed
        Of its people.
    people, gib, uses
        Most people, most GiB, and how often each view is used.
    maker
        `Maker.describe()`: a pool of other people is refused.
    header
        `Maker.header()`.
    """

    def __init__(
        self, root: Path, seed: int, people: int, gib: float, uses: int, maker: dict[str, Any], header: dict[str, Any]
    ) -> None:
        self.root, self.seed, self.uses = root, seed, uses
        self.most_people, self.most_bytes = people, int(gib * GIB)
        self.entries: dict[int, Entry] = {}
        self.retired: set[int] = set()
        """Numbers that were used up."""
        self.failed: dict[int, str] = {}
        """Numbers that could not be made, and why."""
        self.largest = 0
        """Bytes of the largest entry so far; 0 before the first."""
        self._lowest = 0
        """All numbers below it are used up or failed."""
        self._lock: IO[str] | None = None
        self._maker, self._header = maker, header

    @property
    def making(self) -> Path:
        """Where makers write."""
        return self.root / "making"

    def folder(self, number: int) -> Path:
        """Name the folder of a number's people."""
        return self.root / "people" / folder_name(number)

    # Opening

    def open(self, gone: Iterable[int] = ()) -> None:
        """Open the folder, for this process alone, and remove what is half-written or used up.

        gone: numbers that the run used up elsewhere, see `RunRecord`.

        Raises
        ------
        UsageError
            If it holds other people or another run uses it.
        DataError
            If its records are damaged.
        """
        try:
            self.making.mkdir(parents=True, exist_ok=True)
            (self.root / "people").mkdir(exist_ok=True)
            self._take_lock()
        except LifecastError:
            raise
        except OSError as error:
            raise output_error(self.root, error) from error
        check_identity(self.root / "pool.json", {"format": FORMAT, "seed": self.seed, "maker": self._maker})
        write_text(self.root / "dataset.json", json.dumps(self._header))
        self._read_numbers()
        self.retired |= set(gone)
        for path in self.making.iterdir():
            shutil.rmtree(path, ignore_errors=True)
        for path in sorted((self.root / "people").iterdir()):
            entry = read_entry(path)
            if entry is None or entry.number in self.retired or entry.seed != self.seed:
                self._remove(path)
                continue
            self.entries[entry.number] = entry
            self.largest = max(self.largest, entry.bytes)
        for entry in list(self.entries.values()):  # with fewer uses than before some are used up
            self._retire_if_used_up(entry)

    def _take_lock(self) -> None:
        """UsageError where another process has the pool open. The system takes a dead process's lock away."""
        try:
            import fcntl
        except ImportError:  # a system without such locks
            return
        self._lock = (self.root / "lock").open("w")
        try:
            fcntl.lockf(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            self._lock = None
            raise UsageError(f"{self.root}: another run uses this pool; name another one with --pool") from None

    def close(self) -> None:
        """Let others have the pool; what it holds stays."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _read_numbers(self) -> None:
        path = self.root / "numbers.json"
        try:
            stored = json.loads(path.read_text())
            self.retired = from_ranges(stored["retired"])
            self.failed = {int(number): str(reason) for number, reason in stored["failed"].items()}
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{path}: damaged ({error}); remove the pool {self.root}") from error

    def _write_numbers(self) -> None:
        stored = {"retired": as_ranges(self.retired), "failed": self.failed}
        write_text(self.root / "numbers.json", json.dumps(stored) + "\n")

    # Making

    @property
    def bytes(self) -> int:
        """Bytes of all entries."""
        return sum(entry.bytes for entry in self.entries.values())

    def room(self, pending: int) -> int:
        """Count the numbers that may be begun, beside `pending` ones that are being made.

        Of the size of people who are not made yet the largest entry so far is the guess, and before the first one an
        equal share of the pool.
        """
        guess = self.largest or self.most_bytes // self.most_people
        by_bytes = (self.most_bytes - self.bytes) // max(1, guess)
        return max(0, min(self.most_people - len(self.entries), by_bytes) - pending)

    def next_number(self, pending: Iterable[int]) -> int:
        """Find the lowest number that was neither made, nor failed, nor is `pending`."""
        pending = set(pending)
        while self._lowest in self.retired or self._lowest in self.failed:
            self._lowest += 1
        number = self._lowest
        while number in self.retired or number in self.failed or number in self.entries or number in pending:
            number += 1
        return number

    def admit(self, entry: Entry, made: Path) -> bool:
        """Take people that were made in `made` into the pool.

        False, and they are removed, where they do not fit; LifecastError if they would not fit into an empty pool.
        """
        self.largest = max(self.largest, entry.bytes)
        if entry.bytes > self.most_bytes:
            raise LifecastError(
                f"{self.root}: one number's people take {entry.bytes / GIB:.4f} GiB, and the pool may have "
                f"{self.most_bytes / GIB:.4f}; give more with --pool-gib, or fewer --views"
            )
        if len(self.entries) >= self.most_people or self.bytes + entry.bytes > self.most_bytes:
            shutil.rmtree(made)
            return False
        made.rename(self.folder(entry.number))
        self.entries[entry.number] = entry
        return True

    def note_failure(self, number: int, reason: str) -> None:
        """Write down that a number cannot be made; it is not tried again."""
        self.failed[number] = reason
        self._write_numbers()

    # Using

    def left(self, entry: Entry) -> int:
        """Count how many more views may be drawn from an entry."""
        return self.uses * entry.views - entry.drawn

    def live(self) -> list[Entry]:
        """List the entries of which views may be drawn, by number."""
        return [entry for _, entry in sorted(self.entries.items()) if self.left(entry) > 0]

    def use(self, number: int, count: int) -> bool:
        """Count `count` views of a number as used.

        True where its people are used up, and were removed.
        """
        entry = self.entries[number]
        entry.used += count
        write_used(self.folder(number), entry.used)
        return self._retire_if_used_up(entry)

    def _retire_if_used_up(self, entry: Entry) -> bool:
        if entry.used < self.uses * entry.views:
            return False
        self.retired.add(entry.number)
        self._write_numbers()  # before they go: whoever goes on must not make them again
        del self.entries[entry.number]
        self._remove(self.folder(entry.number))
        return True

    def undraw(self) -> None:
        """Forget views that were drawn and not used."""
        for entry in self.entries.values():
            entry.drawn = entry.used

    def _remove(self, folder: Path) -> None:
        """Remove a folder of people: by its name at once, so that nobody takes the rest of it for an entry."""
        leaving = self.making / f"leaving_{folder.name}_{os.getpid()}"
        folder.rename(leaving)
        shutil.rmtree(leaving, ignore_errors=True)


def check_identity(path: Path, now: dict[str, Any]) -> None:
    """Record in `path` what the people beside it are, or compare.

    UsageError, naming what differs.
    """
    now = json.loads(json.dumps(now))
    if not path.is_file():
        write_text(path, json.dumps(now, indent=1) + "\n")
        return
    try:
        before = dict(json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"{path}: damaged ({error}); remove {path.parent}") from error
    for key, was, is_now in _differences(before, now):
        raise UsageError(
            f"{path.parent}: holds people made with {key} = {was!r}, not {is_now!r}; give the same options as before, "
            "or another --pool"
        )


def _differences(before: dict[str, Any], now: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """Keys whose values differ, with both; of nested tables the inner key."""
    found: list[tuple[str, Any, Any]] = []
    for key in sorted(before.keys() | now.keys()):
        was, is_now = before.get(key), now.get(key)
        if isinstance(was, dict) and isinstance(is_now, dict):
            found += _differences(was, is_now)
        elif was != is_now:
            found.append((key, was, is_now))
    return found
