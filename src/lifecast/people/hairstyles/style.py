"""What a hairstyle is made of: a hairline, a cap of hair, sets of locks, and tied tresses."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lifecast.people.hairstyles.flow import Flow
from lifecast.people.hairstyles.growth import Habit
from lifecast.people.hairstyles.locks import Section
from lifecast.people.hairstyles.skull import Hairline
from lifecast.people.rest_part import Vector


def step(x: Vector, low: float, high: float) -> Vector:
    """Rise smoothly from 0 at `low` to 1 at `high`."""
    share = np.clip((x - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)


@dataclass(frozen=True)
class Cap:
    """The solid that locks lie on; short hair is little else. Lengths in metres."""

    top: float = 0.012
    """Thickness on top of the head."""
    side: float = 0.006
    """Thickness at the sides and at the nape."""
    edge: float = 0.02
    """The way from the hairline over which it thins out."""
    spacing: float = 0.009
    """From ridge to ridge of its combed relief."""
    groove: float = 0.0012
    """Depth of the grooves between the ridges."""
    bumps: float = 0.0
    """Height of tufts."""
    tuft: float = 0.012
    """From tuft to tuft."""
    ball: float = 0.0
    """0 as thick as `top` everywhere above the sides, 1 round like a ball."""
    frequency: int = 34
    """The geodesic sphere it is made of."""


@dataclass(frozen=True)
class LockSet:
    """Locks of one kind."""

    count: int
    length: float
    """Metres on top of the head."""
    ends: float | None = None
    """Metres above the chin where all locks end, instead of a length."""
    rings: int = 14
    sides: float = 1.0
    """Length at the sides as a share of that on top."""
    spread: float = 0.15
    """Standard deviation of the logarithm of the length."""
    height: float = 0.97
    """How high the locks lie, as a share of the cap's thickness there."""
    layers: float = 0.004
    """Metres between the lowest and the highest lock above that."""
    region: str = "all"
    """`all`, `top`, `front`, `edge` (along the hairline), `lower` or `crown`."""
    section: Section = field(default_factory=Section)
    habit: Habit = field(default_factory=Habit)
    flow: Flow | None = None
    """None: the style's."""
    wave: float = 0.0
    """Metres."""
    pitch: float = 0.06
    """Metres a wave."""
    coiled: float = 0.0


@dataclass(frozen=True)
class Tied:
    """Hair gathered at a tie: `ponytail`, `bun` or `braid`."""

    kind: str
    at: tuple[float, float]
    """Azimuth and elevation in degrees, from the middle of the head."""
    length: float = 0.3
    size: float = 0.022
    """Metres: the radius of the tail, of the bun's coils, or of the braid's strands."""
    before: float = -1.0
    """Where it falls: -1 behind the shoulders, 1 before them."""


@dataclass(frozen=True)
class Style:
    """A hairstyle."""

    name: str
    hairline: Hairline = field(default_factory=Hairline)
    cap: Cap | None = field(default_factory=Cap)
    flow: Flow = field(default_factory=lambda: Flow(away=1.0))
    locks: tuple[LockSet, ...] = ()
    ties: tuple[Tied, ...] = ()


def topness(ways: Vector) -> Vector:
    """(N,) 0 at the sides and nape, 1 on top, of unit directions from the middle of the head."""
    return step(ways[:, 1] + 0.12 * np.clip(ways[:, 2], 0, 1), 0.42, 0.68)


def cap_height(cap: Cap, ways: Vector, inside: Vector) -> Vector:
    """(N,) thickness in metres, from the distance `inside` the hairline (metres)."""
    share = topness(ways)
    if cap.ball:
        share = share * (1 - cap.ball) + cap.ball * step(ways[:, 1], -0.7, 0.15)
    height = cap.side + (cap.top - cap.side) * share
    reach = np.clip(inside / cap.edge, 0, 1)
    swell = 1 - (1 - reach) ** 2  # a gentle slope from the skin; a ball bulges over its rim
    return height * (np.sqrt(swell) if cap.ball else swell)
