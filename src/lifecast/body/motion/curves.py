"""Curves over time that motions are made of: smooth steps, pulses and keyed values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.interpolate import PchipInterpolator


def smooth_step(t: float, start: float = 0.0, end: float = 1.0) -> float:
    """Interpolate from 0 at `start` to 1 at `end`, at rest (speed and acceleration 0) at both."""
    x = min(max((t - start) / (end - start), 0.0), 1.0)
    return x * x * x * (10 - 15 * x + 6 * x * x)


def pulse(t: float, start: float, full: float, fade: float, end: float) -> float:
    """Interpolate smoothly: rise from `start` to `full`, hold 1, and fall from `fade` to `end`."""
    return smooth_step(t, start, full) * (1 - smooth_step(t, fade, end))


def wave(phase: float) -> float:
    """Return a sine of a phase in turns."""
    return float(np.sin(2 * np.pi * phase))


def keyed(t: float, keys: Sequence[tuple[float, float]]) -> float:
    """Interpolate (time, value) keys without overshoot.

    Before the first and after the last it is theirs.
    """
    times, values = zip(*keys, strict=True)
    return float(PchipInterpolator(times, values)(min(max(t, times[0]), times[-1])))


def keyed_cycle(phase: float, keys: Sequence[tuple[float, float]]) -> float:
    """Interpolate (phase, value) keys of a cycle of length 1, smooth across its ends.

    Phases rise in 0 .. 1.
    """
    around = [(p + turn, value) for turn in (-1, 0, 1) for p, value in keys]
    return keyed(phase % 1.0, around)
