"""What `lifecast reconstruct` says while it works: words for people, JSON lines for programs."""

from __future__ import annotations

import json as json_format
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from lifecast.errors import LifecastError

if TYPE_CHECKING:
    from lifecast.reconstruction import Reconstruction


class Report:
    """Words for people on standard error, JSON lines for programs.

    Without --json results go to standard output.
    """

    def __init__(self, json: bool) -> None:
        self._json = json
        self._out = Console(highlight=False, emoji=False, soft_wrap=True)
        self._errors = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)
        self._done = self._failed = 0

    @contextmanager
    def stage(self, title: str) -> Iterator[Callable[[str], None]]:
        """Show a spinner that names the stage, on a terminal; nothing elsewhere."""
        spinner = "line" if self._errors.options.ascii_only else "dots"
        with self._errors.status(_plain(title), spinner=spinner) as status:
            yield lambda stage: status.update(_plain(f"{title}: {stage}"))

    def say(self, text: str) -> None:
        """Write a line for people."""
        (self._errors if self._json else self._out).print(text, markup=False)

    def done(self, name: str, result: Reconstruction, written: list[Path], person: int | None) -> None:
        """Report one result that was written."""
        from lifecast.results import facts

        self._done += 1
        if self._json:
            line = {"input": name, "person": person or 1, "files": [str(p) for p in written], **facts(result)}
            self._out.print(json_format.dumps(line), markup=False)
            return
        spent = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in result.timings.items())
        self.say(f"{', '.join(str(p) for p in written)}  ({sum(result.timings.values()):.1f} s: {spent})")
        for note in result.notes:
            self.say(f"  note: {note}")

    def failed(self, name: str, error: LifecastError, person: int | None = None) -> None:
        """Report one photograph, or one person of it, that could not be used."""
        self._failed += 1
        if self._json:
            line = {"input": name, "error": str(error)} | ({"person": person} if person else {})
            self._out.print(json_format.dumps(line), markup=False)
        said = str(error) if name in str(error) else f"{name}: {error}"
        self._errors.print(f"skipped {said}", markup=False)

    def summary(self) -> int:
        """Write the last line, and return the exit status."""
        if self._failed or self._done > 1:
            self.say(f"{self._done} reconstructed, {self._failed} failed")
        return 1 if self._failed else 0


def _plain(text: str) -> str:
    """Brackets in file names are no markup of rich's."""
    from rich.markup import escape

    return escape(text)
