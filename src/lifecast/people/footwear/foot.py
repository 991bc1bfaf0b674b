"""A foot's measures along its length: how wide, how high, and where the leg rises from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, maximum_filter1d, minimum_filter1d

from lifecast.people.body import SKIN_VERTICES, BodyModel, RestBody
from lifecast.people.rest_part import Vector

STATIONS = 60


@dataclass(frozen=True)
class Foot:
    """One foot of a rest body, in its own frame: x to the outside of the left foot, y up from the sole, z to the toes."""

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
    """(STATIONS,) the height of foot and leg."""
    points: Vector
    """(N, 3) the skin of foot and shin in the foot's frame."""
    which: NDArray[np.int64]
    """(N,) their numbers in the body's skin."""

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
    forward = (toe - ankle) * [1, 0, 1]
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
    over = np.abs(points[None, :, 2] - z[:, None]) < 0.01
    top = np.where(over, points[None, :, 1], -np.inf).max(1)
    for values in (right, left, top):
        bad = ~np.isfinite(values)
        values[bad] = np.interp(z[bad], z[~bad], values[~bad])

    def smooth(values: Vector, most: bool) -> Vector:
        kept = maximum_filter1d(values, 3) if most else minimum_filter1d(values, 3)
        return np.asarray(gaussian_filter1d(kept, 1.6, mode="nearest"))

    return Foot(
        turn, origin, length, smooth(right, True), smooth(left, False), smooth(np.minimum(top, 0.4), True), points, which
    )
