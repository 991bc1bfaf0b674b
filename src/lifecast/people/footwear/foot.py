"""A foot's measures along its length: how wide, how high, and where the leg rises from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d, map_coordinates, maximum_filter1d, minimum_filter1d

from lifecast.people.body import SKIN_VERTICES, BodyModel, RestBody
from lifecast.people.rest_part import Vector

STATIONS = 60
LEVELS = np.arange(0.01, 0.131, 0.015)
"""Heights above the sole, in metres, at which the foot's outline is measured."""


@dataclass(frozen=True)
class Foot:
    """One foot of a rest body in its own frame: x to the person's left, y up from the sole, z to the toes."""

    turn: Vector
    """(3, 3) from the foot's frame to the body's."""
    origin: Vector
    """(3,) the sole below the middle of the heel's back, in the body's frame."""
    length: float
    """Metres from heel to toes."""
    right: Vector
    """(STATIONS,) the outline to +x at equal steps from heel to toes, near the ground."""
    left: Vector
    """(STATIONS,) the outline to -x."""
    top: Vector
    """(STATIONS,) the height of foot and leg, 14 cm at most."""
    sides: Vector
    """(2, STATIONS, LEVELS) the outline to -x and to +x at heights `LEVELS`."""
    points: Vector
    """(N, 3) the skin of foot and shin in the foot's frame."""
    which: NDArray[np.int64]
    """(N,) their numbers in the body's skin."""

    def width(self, z: Vector, y: Vector) -> tuple[Vector, Vector]:
        """The outline to -x and +x at places z and heights y, of one shape."""
        row = np.clip(z / self.length, 0, 1) * (STATIONS - 1)
        column = np.clip((y - LEVELS[0]) / (LEVELS[1] - LEVELS[0]), 0, len(LEVELS) - 1)
        left, right = (map_coordinates(side, np.stack([row, column]), order=1) for side in self.sides)
        return left, right

    def at(self, values: Vector, z: Vector) -> Vector:
        """Values (STATIONS,) along the foot at places z (metres from the heel)."""
        return np.interp(z / self.length, np.linspace(0, 1, STATIONS), values)


def measure(model: BodyModel, rest: RestBody, side: str) -> Foot:
    """Measure the foot on `side`, L or R."""
    skin = rest.vertices[:SKIN_VERTICES].astype(np.float64)
    ankle = rest.heads[model.bone("foot." + side)]
    toe = rest.tails[model.bone("toe2-1." + side)]
    own = np.sign(skin[:, 0]) == np.sign(ankle[0])
    near = np.linalg.norm((skin - ankle)[:, [0, 2]], axis=1) < 0.3
    which = np.flatnonzero(own & near & (skin[:, 1] < ankle[1] + 0.42))
    forward = (toe - ankle) * np.array([1.0, 0.0, 1.0])
    forward /= np.linalg.norm(forward)
    up = np.array([0.0, 1.0, 0.0])
    turn = np.stack([np.cross(up, forward), up, forward], 1)
    ground = float(skin[which, 1].min())
    low = skin[which][skin[which, 1] < ground + 0.07]
    along = low @ forward
    heel = float(along.min())
    across = low @ turn[:, 0]
    middle = float((across[along < heel + 0.05].min() + across[along < heel + 0.05].max()) / 2)
    origin = turn @ np.array([middle, 0.0, heel])
    origin[1] = ground
    points = (skin[which] - origin) @ turn
    length = float(np.ptp(along))
    z = np.linspace(0, length, STATIONS)
    sole = points[points[:, 1] < 0.06]
    gap = np.abs(sole[None, :, 2] - z[:, None]) < 0.012
    right = np.where(gap, sole[None, :, 0], -np.inf).max(1)
    left = np.where(gap, sole[None, :, 0], np.inf).min(1)
    low = points[points[:, 1] < 0.14]  # a shin leans over the toes
    over = np.abs(low[None, :, 2] - z[:, None]) < 0.01
    top = np.where(over, low[None, :, 1], -np.inf).max(1)
    for values in (right, left, top):
        bad = ~np.isfinite(values)
        values[bad] = np.interp(z[bad], z[~bad], values[~bad])

    def smooth(values: Vector, most: bool) -> Vector:
        kept = maximum_filter1d(values, 3) if most else minimum_filter1d(values, 3)
        return np.asarray(gaussian_filter1d(kept, 1.6, mode="nearest"))

    return Foot(
        turn,
        origin,
        length,
        smooth(right, True),
        smooth(left, False),
        smooth(top, True),
        _sides(points, z, left, right),
        points,
        which,
    )


def _sides(points: Vector, z: Vector, left: Vector, right: Vector) -> Vector:
    """(2, STATIONS, LEVELS) the outline of the foot's points at each height."""
    sides = np.full((2, len(z), len(LEVELS)), np.nan)
    sides[:, :, 0] = left, right
    for k, level in enumerate(LEVELS[1:], start=1):
        layer = points[np.abs(points[:, 1] - level) < 0.012]
        near = np.abs(layer[None, :, 2] - z[:, None]) < 0.012
        high = np.where(near, layer[None, :, 0], -np.inf).max(1, initial=-np.inf)
        low = np.where(near, layer[None, :, 0], np.inf).min(1, initial=np.inf)
        # A single side of the foot is no outline.
        good = near.any(1) & (high - low > 0.018)
        before = sides[:, :, k - 1]
        middle, half = before.mean(0), (before[1] - before[0]) / 2
        sides[0, :, k] = np.where(good, low, middle - 0.9 * half)
        sides[1, :, k] = np.where(good, high, middle + 0.9 * half)
    return np.asarray(gaussian_filter(sides, (0, 1.5, 0.7), mode="nearest"))
