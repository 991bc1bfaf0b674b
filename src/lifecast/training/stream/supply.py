"""Keeping a pool filled: numbers are asked for as long as there is room, and taken in as they are made."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable

from lifecast.training.stream.failures import Failures
from lifecast.training.stream.makers import Made, Makers
from lifecast.training.stream.pool import Pool
from lifecast.training.stream.rates import Rates
from lifecast.training.stream.record import RunRecord

Clock = Callable[[], float]


class Supply:
    """A pool, the makers that fill it, and the run that uses it up.

    Nothing happens but within `tend`, `wait` and `use`, which the training process calls between its steps.
    """

    def __init__(
        self, pool: Pool, makers: Makers, record: RunRecord, failures: Failures, clock: Clock = time.monotonic
    ) -> None:
        self.pool, self.makers, self.record, self.failures = pool, makers, record, failures
        self.rates = Rates(clock)
        self.clock = clock

    def tend(self, seconds: float = 0.0) -> None:
        """Take in what is made, and ask for as many as there is room for.

        Waits up to `seconds` for the first of it.

        Raises
        ------
        LifecastError
            If too many fail in a row, or one is larger than the pool.
        """
        self._ask()
        for made in self.makers.results(seconds):
            self._take(made)
        self._ask()

    def _ask(self) -> None:
        seed = self.pool.seed
        pending = [number for _, number in self.makers.pending]
        for _ in range(min(self.makers.wanting, self.pool.room(len(pending)))):
            number = self.pool.next_number(pending)
            self.makers.ask(seed, number)
            pending.append(number)

    def _take(self, made: Made) -> None:
        if made.entry is None:
            self.pool.note_failure(made.number, made.reason)
            self.record.failed(made.number, made.reason)
            self.failures.bad(made.seed, made.number, made.reason)
        else:
            self.failures.good()
            self.rates.made.add(made.entry.views)
            self.pool.admit(made.entry, made.folder)

    @property
    def growing(self) -> bool:
        """Whether somebody is being made, or may be."""
        pending = len(self.makers.pending)
        return pending > 0 or self.pool.room(pending) > 0

    def wait(self, seconds: float) -> None:
        """Wait for people up to `seconds`, which count as waited."""
        begun = self.clock()
        self.tend(seconds)
        self.rates.waited.add(self.clock() - begun)

    def wait_for(self, people: int, progress: Callable[[int], None]) -> None:
        """Wait until the pool has so many people, or as many as fit.

        `progress` is called with their number.
        """
        progress(len(self.pool.live()))
        while len(self.pool.live()) < people and (self.growing or not self.pool.live()):
            self.tend(1.0)
            progress(len(self.pool.live()))

    def use(self, numbers: Iterable[int]) -> None:
        """Count a view of each of `numbers` as used; people who are used up go."""
        counts = Counter(numbers)
        self.record.used(counts)
        self.rates.used.add(counts.total())
        for number, count in counts.items():
            if self.pool.use(number, count):
                self.record.retired(number)
