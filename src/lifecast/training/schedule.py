"""How long a run lasts and how its learning rate moves: both follow `progress`, 0 at the start and 1 at the end.

A run is measured in steps, in epochs, or in minutes on the clock. Measured by the clock, the schedule fits itself to
however fast the machine turns out to be, so that the learning rate has come down when the time is over.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Shape = Literal["constant", "step", "cosine", "one-cycle"]


@dataclass(frozen=True)
class LearningRate:
    """The learning rate as a multiple of its peak, by progress and epoch."""

    shape: Shape
    """constant; step: times `factor` every `every` epochs; cosine: down to `final`; one-cycle: cosine up, then down."""
    warmup: float = 0.0
    """Share of the run in which the rate rises from a 25th to its peak (linear; one-cycle: a cosine)."""
    final: float = 0.01
    """Multiple of the peak at the end of cosine and one-cycle."""
    every: float = 10.0
    """Epochs between the drops of `step`."""
    factor: float = 0.1
    """What each drop of `step` multiplies the rate by."""

    def __call__(self, progress: float, epoch: float) -> float:
        """The multiple at `progress` in [0, 1] and `epoch` (fractional: epochs done so far)."""
        if self.warmup > 0 and progress < self.warmup:
            rise = progress / self.warmup
            if self.shape == "one-cycle":
                rise = 0.5 - 0.5 * math.cos(math.pi * rise)
            return 0.04 + 0.96 * rise
        if self.shape == "constant":
            return 1.0
        if self.shape == "step":
            return self.factor ** math.floor(epoch / self.every)
        fall = min(1.0, (progress - self.warmup) / max(1e-9, 1 - self.warmup))
        return self.final + (1 - self.final) * (0.5 + 0.5 * math.cos(math.pi * fall))


@dataclass
class Budget:
    """When a run ends: after so many steps or minutes, whichever is set.

    The earlier of the two if both are.
    """

    steps: int | None = None
    minutes: float | None = None
    """Minutes of the whole run, summed over its sittings if it was interrupted and resumed."""
    spent: float = 0.0
    """Seconds that earlier sittings took."""
    reserve: float = 0.0
    """Seconds kept back at the end for the last validation and for writing the weights."""
    clock: Callable[[], float] = time.monotonic
    started: float | None = None
    """What the clock said when this sitting began; none: now."""

    def __post_init__(self) -> None:
        if self.started is None:
            self.started = self.clock()

    @property
    def elapsed(self) -> float:
        """Seconds of the run so far, earlier sittings included."""
        assert self.started is not None
        return self.spent + self.clock() - self.started

    def progress(self, step: int) -> float:
        """Compute how far the run has come after `step` steps, in [0, 1]."""
        shares = [0.0]
        if self.steps is not None:
            shares.append(step / max(1, self.steps))
        if self.minutes is not None:
            shares.append(self.elapsed / max(1e-3, self.minutes * 60 - self.reserve))
        return min(1.0, max(shares))

    def seconds_left(self, step: int, seconds_a_step: float) -> float:
        """Estimate the seconds that are left, for the progress display."""
        left = []
        if self.steps is not None:
            left.append((self.steps - step) * seconds_a_step)
        if self.minutes is not None:
            left.append(self.minutes * 60 - self.reserve - self.elapsed)
        return max(0.0, min(left)) if left else math.inf
