"""How high a garment reaches behind: its back is closed up to the nape, however deep its neckline is in front."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifecast.space.parsing import Part
from lifecast.surface.colour.body_parts import Trunk


@dataclass(frozen=True)
class BackNeckline:
    """Constants of necklines behind."""

    on: bool = True
    """Off: the back is bare as far down as the front."""
    sides: tuple[float, float] = (0.15, 1.1)
    """Shares of half a trunk's width from its middle between which a garment's highest place is looked for."""
    neck: float = 0.4
    """Share of half a trunk's width from its middle from which on there is no neck, but a shoulder."""
    under: float = 0.3
    """Share of the trunk's height under its shoulders beyond which a garment hangs on none: it leaves the back bare."""
    chest: float = 0.55
    """Height between hips, 0, and shoulders, 1, under which skin stays: a short top leaves it bare."""


BACK_NECKLINE = BackNeckline()


def closed_backs(
    behind: np.ndarray, front: np.ndarray, core: np.ndarray, trunk: Trunk, constants: BackNeckline = BACK_NECKLINE
) -> np.ndarray:
    """Close backs: skin under the line between both ends of a neckline becomes a garment.

    The ends are the highest places of garments on the left and the right of the neck; a straight line between them is
    where the garment ends behind. Skin under it, and under what the front has of garments, becomes what is worn at the
    higher end. A dress without straps has its ends under the shoulders, and leaves them bare.

    Parameters
    ----------
    behind : (n, n) int `Part` of trunk and head behind.
    front : (n, n) int `Part` of what the camera sees, -1 outside.
    core : (n, n) bool, trunk and head, without arms and legs.

    Returns
    -------
    (n, n) int, `behind` with closed backs.
    """
    n = len(front)
    shoulders, hips, half = trunk
    worn = core & np.isin(front, (Part.UPPER, Part.OUTER))
    lowest = shoulders[1] - constants.under * (shoulders[1] - hips[1])
    aside = ((np.arange(n) + 0.5) * 2 / n - 1 - shoulders[0]) / max(half, 1e-6)
    ends = []
    for side in (-aside, aside):
        near, far = constants.sides
        columns = np.flatnonzero((side > near) & (side < far) & worn.any(0))
        if len(columns) == 0:
            return behind
        top = worn[:, columns].argmax(0)
        highest = columns[top == top.min()]
        ends.append((int(top.min()), int(highest[np.abs(aside[highest]).argmin()])))
    (left_row, left), (right_row, right) = ends
    if 1 - (max(left_row, right_row) + 0.5) * 2 / n < lowest:
        return behind
    rows, columns = np.arange(n)[:, None], np.arange(n)
    line = np.interp(columns, (left, right), (left_row, right_row), left=n, right=n)
    line = np.where(worn.any(0), np.minimum(line, worn.argmax(0)), line)
    chest = 1 - (rows + 0.5) * 2 / n > hips[1] + constants.chest * (shoulders[1] - hips[1])
    under = (rows >= line) & chest & (behind == Part.SKIN)
    row, column = min(ends)
    closed = np.where(under, front[row, column], behind)
    # Shoulders: where a column's highest place is a garment, nothing is bare beside the neck.
    highest = np.where((front >= 0).any(0), front[(front >= 0).argmax(0), columns], -1)
    clothed = np.isin(highest, (Part.UPPER, Part.OUTER)) & (np.abs(aside) > constants.neck)
    shoulder = clothed & chest & (closed == Part.SKIN)
    return np.where(shoulder, highest, closed)
