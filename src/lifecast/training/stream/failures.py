"""People who cannot be made: said, counted and passed over, until too many fail in a row."""

from __future__ import annotations

from collections.abc import Callable

from lifecast.errors import DataError

IN_A_ROW = 8
"""So many failures without anybody made between them are no accident."""


class Failures:
    """Counts failures; `say` is called with a line about each."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.count = 0
        self._row = 0

    def good(self) -> None:
        """Note that somebody was made."""
        self._row = 0

    def bad(self, seed: int, number: int, reason: str) -> None:
        """Note that somebody could not be made; DataError after `IN_A_ROW` of them."""
        self.count += 1
        self._row += 1
        self.say(f"person {number} of seed {seed} could not be made and is left out: {reason}")
        if self._row >= IN_A_ROW:
            raise DataError(
                f"the last {IN_A_ROW} people could not be made, the last one, number {number} of seed {seed}, because: "
                f"{reason}"
            )
