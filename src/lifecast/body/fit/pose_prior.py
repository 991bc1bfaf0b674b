"""Pose priors: how likely joints turn as they do, and their limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lifecast.body.fit.pose_groups import PoseGroup
from lifecast.body.fit.pose_spread import POSE_SPREAD
from lifecast.body.fit.reduced_body import Floats


@dataclass(frozen=True, eq=False)
class PosePrior:
    """A normal distribution of rotation vectors for each of G groups, with limits.

    Each group has axes of its own, along which its standard deviations and limits are given.
    """

    mean: Floats
    """(G, 3)"""
    to_units: Floats
    """(G, 3, 3) differences from the mean -> standard deviations along each axis; 0 of the root, which turns freely."""
    low: Floats
    """(G, 3) in standard deviations."""
    high: Floats

    @classmethod
    def of(cls, groups: Sequence[PoseGroup]) -> PosePrior:
        """Look the groups up in `POSE_SPREAD`; a right side's are mirrored."""
        count = len(groups)
        mean, to_units = np.zeros((count, 3)), np.zeros((count, 3, 3))
        low, high = np.full((count, 3), -np.inf), np.full((count, 3), np.inf)
        for k, group in enumerate(groups):
            if group.stem not in POSE_SPREAD:
                continue
            spread = POSE_SPREAD[group.stem]
            mirror = np.array([1.0, -1.0, -1.0]) if group.side < 0 else np.ones(3)
            axes = np.array(spread.axes) * mirror
            mean[k] = np.array(spread.mean) * mirror
            to_units[k] = axes / (axes * axes).sum(1, keepdims=True)
            low[k], high[k] = spread.low, spread.high
        return cls(mean, to_units, low, high)

    def units(self, vectors: Floats) -> Floats:
        """Convert (G, 3) rotation vectors to standard deviations from the mean."""
        found: Floats = np.einsum("gij,gj->gi", self.to_units, vectors - self.mean)
        return found
