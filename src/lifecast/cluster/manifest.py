"""A record of every item of a long job, that survives the loss of the process writing it.

One JSON object a line, appended and flushed: {"item": ..., "status": "done" | "failed", ...}. A line that a crash cut
short is ignored when the file is read, so nothing has to be repaired; the last line of an item counts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from lifecast.errors import DataError


@dataclass(frozen=True)
class Outcome:
    """What became of one item."""

    item: str
    """The item's name: a path, a URL, a person's number."""
    status: Literal["done", "failed"]
    reason: str = ""
    """Why it failed; empty where it did not."""
    seconds: float = 0.0
    """Time that the worker spent on it."""
    result: dict[str, Any] = field(default_factory=dict)
    """What the worker returned: plain JSON values, such as the files written."""

    @property
    def done(self) -> bool:
        """Whether the item was done and not failed."""
        return self.status == "done"


class Manifest:
    """Append outcomes to `path`; use as a context manager.

    Raises
    ------
    DataError
        The file stands there but is not a manifest (its first line is not one of ours).
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._file: int | None = None

    def __enter__(self) -> Manifest:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        cut_short = self.path.exists() and self.path.read_bytes()[-1:] not in (b"", b"\n")
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        if cut_short:  # end the torn line, or the next outcome would be lost with it
            os.write(self._file, b"\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            os.fsync(self._file)
            os.close(self._file)
            self._file = None

    def append(self, outcome: Outcome) -> None:
        """Append one line; it is in the kernel's hands when this returns.

        A killed process loses nothing.
        """
        if self._file is None:
            raise ValueError("a manifest is written inside its `with` block")
        record = {
            "item": outcome.item,
            "status": outcome.status,
            "reason": outcome.reason,
            "seconds": round(outcome.seconds, 3),
            "result": outcome.result,
        }
        os.write(self._file, (json.dumps(record, ensure_ascii=False) + "\n").encode())

    def outcomes(self) -> Iterator[Outcome]:
        """Read every line in the order of writing; an item done again appears again."""
        if not self.path.exists():
            return
        with self.path.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    record = json.loads(line)
                    yield Outcome(
                        item=record["item"],
                        status=record["status"],
                        reason=record.get("reason", ""),
                        seconds=record.get("seconds", 0.0),
                        result=record.get("result", {}),
                    )
                except (json.JSONDecodeError, KeyError, TypeError) as error:
                    if number == 1 and line.endswith("\n"):
                        raise DataError(
                            f"{self.path}: not a manifest of lifecast ({error}); name another output folder"
                        ) from error
                    # A line cut short by a crash: its item simply counts as not done.

    def done(self, holds: Callable[[Outcome], bool] = lambda outcome: True) -> set[str]:
        """List the items whose last outcome is done, and still is so by `holds`."""
        done: set[str] = set()
        for outcome in self.outcomes():  # the names alone: a manifest of millions of items has long lines
            (done.add if outcome.done and holds(outcome) else done.discard)(outcome.item)
        return done

    def failed(self) -> dict[str, str]:
        """List the items whose last outcome is a failure, with the reason."""
        return {item: outcome.reason for item, outcome in self._last().items() if not outcome.done}

    def _last(self) -> dict[str, Outcome]:
        return {outcome.item: outcome for outcome in self.outcomes()}
