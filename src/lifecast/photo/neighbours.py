"""People who touch each other, told apart by their limbs.

BlazePose's mask is of whatever human is in its circle: an arm on the shoulder, a neighbour's hip. A pixel is given to
the person whose limbs are nearest, in units of each limb's thickness (the capsules of `space.limb_map`). In a crowd
not everybody is found, so pixels far from all of the person's own limbs are given to nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lifecast.space.skeleton import LIMBS, with_middles

VIEW_UNITS = 1.4
"""A standing person's height in view units, in which limbs' radii are given."""
SEEN, GUESSED = 0.5, 0.2
"""Visibility from which a neighbour's landmark counts, and one of the person's own: where a hidden limb is said to be
is another's body, but a limb that is hidden by clothes or by the picture's border is still theirs."""
SOFTNESS = 0.1
"""Ratio of distances, less 1, over which a mask fades."""
REACH = 3.0
"""Distance, in units of a limb's thickness, beyond which a crowd's mask is not this person's: hair, hems and sleeves
lie within."""
GRID = 256
"""Side of the square on which distances are computed."""


@dataclass(frozen=True, eq=False)
class Limbs:
    """One person's limbs that can be seen: K capsules in pixels of the photograph."""

    start: np.ndarray
    """(K, 2)."""
    end: np.ndarray
    """(K, 2)."""
    radius: np.ndarray
    """(K,)."""

    @classmethod
    def of(cls, landmarks: np.ndarray, height: float, least_visibility: float = SEEN) -> Limbs:
        """Make the limbs of landmarks (33, 4), where visible enough.

        The person is `height` pixels tall when standing.
        """
        points = with_middles(landmarks)  # (36, 4)
        visible = [limb for limb in LIMBS if min(points[limb.start, 3], points[limb.end, 3]) >= least_visibility]
        return cls(
            points[[limb.start for limb in visible], :2],
            points[[limb.end for limb in visible], :2],
            np.array([limb.radius for limb in visible]) * height / VIEW_UNITS,
        )

    def distance(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Compute the distance (H, W) from the nearest limb's axis, over its radius.

        It is computed at columns x (W,) and rows y (H,).
        """
        nearest = np.full((len(y), len(x)), np.inf, np.float32)
        for start, end, radius in zip(self.start, self.end, self.radius, strict=True):
            along = end - start
            across, down = x[None, :] - start[0], y[:, None] - start[1]
            share = np.clip((across * along[0] + down * along[1]) / max(float(along @ along), 1e-6), 0, 1)
            away = np.hypot(across - share * along[0], down - share * along[1]) / radius
            np.minimum(nearest, away.astype(np.float32), out=nearest)
        return nearest


def share_of(own: Limbs, others: Sequence[Limbs], left: float, top: float, side: float) -> np.ndarray:
    """Compute how much of each place is this person's: (GRID, GRID) float32 in [0, 1].

    The rest is a neighbour's. Of the square (left, top, side) in pixels of the photograph; one half where both are as
    near.
    """
    centres = (np.arange(GRID) + 0.5) * side / GRID
    x, y = left + centres, top + centres
    mine = own.distance(x, y)
    theirs = np.minimum(np.min([other.distance(x, y) for other in others], axis=0), REACH)
    ratio = (theirs + 1e-3) / (mine + 1e-3)
    result: np.ndarray = np.clip(0.5 + (ratio - 1) / (2 * SOFTNESS), 0, 1).astype(np.float32)
    return result
