"""Levels: places on a body by a number, so that one cut fits every body."""

from __future__ import annotations

import numpy as np

from lifecast.people.patterns.measures import Measures


def level(m: Measures, at: float) -> float:
    """Find a level's height: 0 armpit, 1 waist, 2 hip, 3 crotch, 4 knee, 5 ankle, 6 floor, and between; metres."""
    heights = (m.armpit, m.waist, max(m.hip, m.crotch + 0.02), m.crotch, m.knee, m.ankle, m.floor)
    return float(np.interp(at, range(7), heights))
