"""Which way hair lies on a head: a direction along the skin, from the crown, a parting or a tie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifecast.people.hairstyles.skull import Skull
from lifecast.people.rest_part import Vector
from lifecast.people.solids import unit


def direction(azimuth: float, elevation: float) -> Vector:
    """A unit direction (3,); degrees, azimuth 0 to the front, 90 to the person's left."""
    a, e = np.radians(azimuth), np.radians(elevation)
    return np.array([np.cos(e) * np.sin(a), np.sin(e), np.cos(e) * np.cos(a)])


def _step(x: Vector, low: float, high: float) -> Vector:
    share = np.clip((x - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)


@dataclass(frozen=True)
class Flow:
    """A mixture of ways to comb; the numbers are weights."""

    away: float = 0.0
    """Away from the crown, as hair grows."""
    back: float = 0.0
    forward: float = 0.0
    part: float = 0.0
    """To both sides of a parting that runs from the forehead to the crown."""
    tie: float = 0.0
    """Toward a tie."""
    side: float = 0.0
    """To one side of the forehead: positive to the person's left."""
    crown: tuple[float, float] = (170.0, 58.0)
    """Azimuth and elevation in degrees."""
    parting: float = 0.0
    """x of the parting at the forehead, in metres; positive is the person's left."""
    tied: tuple[float, float] = (180.0, 10.0)
    """Azimuth and elevation of the tie in degrees."""
    both: bool = False
    """A tie on either side, one the mirror image of the other."""

    def knot(self, ways: Vector) -> Vector:
        """(N, 3) the unit direction of the tie that hair in directions `ways` goes to."""
        knot = np.broadcast_to(direction(*self.tied), ways.shape)
        return (
            knot * np.stack([np.where(ways[:, 0] < 0, -1.0, 1.0), *np.ones((2, len(ways)))], -1) if self.both else knot
        )

    def at(self, skull: Skull, ways: Vector, normals: Vector) -> Vector:
        """Unit tangents (N, 3) at points in unit directions `ways` with the skin's `normals`."""
        total = np.zeros_like(ways)
        crown = direction(*self.crown)

        def add(weight: float | Vector, vector: Vector) -> None:
            nonlocal total
            flat = vector - (vector * normals).sum(1, keepdims=True) * normals
            total = total + np.asarray(weight)[..., None] * unit(flat)

        each = np.broadcast_to
        if self.away:
            add(self.away, ways - crown)
        if self.back:
            add(self.back, each(np.array([0.0, -0.35, -1.0]), ways.shape))
        if self.forward:
            add(self.forward, each(np.array([0.0, -0.1, 1.0]), ways.shape))
        if self.side:
            add(self.side, each(np.array([np.sign(self.side), -0.1, 0.25]), ways.shape) * np.sign(self.side))
        if self.part:
            front = _step(ways[:, 2] - crown[2], 0.02, 0.35)
            from_part = ways[:, 0] - self.parting / 0.1 * front - crown[0] * (1 - front)
            sign = np.tanh(from_part / 0.02)
            vector = np.stack([sign, np.full(len(ways), -0.25), -0.25 * front], -1)
            add(self.part * front, vector)
            add(self.part * (1 - front), ways - crown)
        if self.tie:
            add(self.tie, self.knot(ways) - ways)
        return unit(total)
