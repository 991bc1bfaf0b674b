"""How fast people are made and used, and how long training waits for them, over the last minutes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

SECONDS = 120.0
"""Length of the window: a person takes seconds, so that a shorter one would jump."""


class Window:
    """The sum of what was added in the last `SECONDS`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock, self.begun = clock, clock()
        self.total = 0.0
        """Of all time."""
        self._recent: deque[tuple[float, float]] = deque()

    def add(self, amount: float) -> None:
        """Add what has just happened."""
        self.total += amount
        self._recent.append((self.clock(), amount))

    def per_second(self) -> float:
        """Compute the mean rate over the window, or since it was made where that is shorter."""
        now = self.clock()
        while self._recent and self._recent[0][0] <= now - SECONDS:
            self._recent.popleft()
        return sum(amount for _, amount in self._recent) / max(1e-6, min(SECONDS, now - self.begun))


@dataclass(frozen=True)
class Totals:
    """Of a whole sitting."""

    made: int
    """Views."""
    used: int
    """Views."""
    wait_share: float
    """Share of the time that training waited for people."""


class Rates:
    """Views made and used, and seconds waited."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.restart()

    def restart(self) -> None:
        """Begin to count: training begins."""
        self.made, self.used, self.waited = Window(self.clock), Window(self.clock), Window(self.clock)
        self.begun = self.clock()

    def read(self) -> dict[str, float]:
        """Read the rates for a line of the log."""
        return {
            "views_made_per_min": round(self.made.per_second() * 60, 1),
            "views_used_per_min": round(self.used.per_second() * 60, 1),
            "people_wait_share": round(min(1.0, self.waited.per_second()), 4),
        }

    def totals(self) -> Totals:
        """Sum up the time since the start."""
        seconds = max(1e-6, self.clock() - self.begun)
        return Totals(int(self.made.total), int(self.used.total), min(1.0, self.waited.total / seconds))
