"""What the hairstyles share: cross-sections of locks, the hair along the hairline, short hairlines."""

from __future__ import annotations

import numpy as np

from lifecast.people.hairstyles.growth import Habit
from lifecast.people.hairstyles.locks import Section
from lifecast.people.hairstyles.skull import Hairline
from lifecast.people.hairstyles.style import LockSet

Rng = np.random.Generator
THIN = Section(width=0.006, thickness=0.0014, strands=1, groove=0.0003, tip=0.1, taper=0.8)
FINE = Section(width=0.009, thickness=0.0028, strands=1, groove=0.0004, tip=0.08, taper=0.7, swell=0.4)
LOCK = Section(width=0.024, thickness=0.0034, strands=3, groove=0.0016, tip=0.15, taper=0.55)
BROAD = Section(width=0.042, thickness=0.0055, strands=4, groove=0.0021, tip=0.2, taper=0.3)
WISP = Section(width=0.011, thickness=0.0042, strands=1, groove=0.0005, tip=0.06, taper=0.6, swell=0.3)


def edge_locks(flow_habit: Habit | None = None, length: float = 0.03) -> LockSet:
    """Short fine hair along the hairline."""
    habit = flow_habit or Habit(lift=0.1, hug=0.9, hang=0.2, dive=0.8, wander=0.35, eared=False)
    return LockSet(100, length, rings=6, height=0.5, layers=0.0015, region="edge", section=THIN, habit=habit)


def nape_level(rng: Rng) -> float:
    return float(rng.uniform(-0.082, -0.066))


def short_hairline(rng: Rng, recession: float = 0.0) -> Hairline:
    return Hairline(
        forehead=float(rng.normal(0.6, 0.04)), recession=recession, nape=nape_level(rng),
        sideburn=float(rng.uniform(-0.03, 0.0)),
    )  # fmt: skip
