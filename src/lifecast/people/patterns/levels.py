"""Levels: places on a body by a number, so that one cut fits every body."""

from __future__ import annotations

import numpy as np

from lifecast.people.patterns.measures import Measures


def level(m: Measures, at: float) -> float:
    """Find the height of a level: 0 armpit, 1 waist, 2 hip, 3 crotch, 4 knee, 5 ankle, and between them; metres."""
    heights = (m.armpit, m.waist, max(m.hip, m.crotch + 0.02), m.crotch, m.knee, m.ankle)
    return float(np.interp(at, range(6), heights))
