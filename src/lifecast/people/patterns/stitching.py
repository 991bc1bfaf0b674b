"""Lines stitched onto the front and back of a top: plackets, pockets, yokes, quilting."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lifecast.people.patterns.levels import level
from lifecast.people.patterns.measures import Measures
from lifecast.people.patterns.panel import Flat, line

BOTH = np.array([-1.0, 1.0])


def pocket(middle: float, top: float, wide: float, high: float, point: float = 0.0) -> Flat:
    """Draw a patch pocket open at the top, from its upper left over the bottom to its upper right, then the mouth."""
    a, b = middle - wide / 2, middle + wide / 2
    return line((a, top), (a, top - high), (middle, top - high - point), (b, top - high), (b, top), (a, top))


def front_lines(
    m: Measures, names: Sequence[str], whole: bool, hem: float, neck_low: float, wide: float
) -> tuple[list[Flat], list[Flat]]:
    """Draw what is stitched onto the front, and what onto its left half only.

    Parameters
    ----------
    names : placket, half placket, chest pocket, chest flaps, patch pockets, welt pockets, flap pockets,
        kangaroo pocket, yoke, darts.
    whole : the front is one piece; otherwise its left half is drawn.
    hem, neck_low : heights of the hem and of the neckline's lowest point.
    wide : a quarter of the girth.
    """
    chest, waist = level(m, 0) - 0.02, m.waist
    low = max(hem + 0.04, min(level(m, 2.0), waist - 0.08))
    lines: list[Flat] = []
    left: list[Flat] = []

    def pair(path: Flat) -> None:
        lines.extend([path, path * BOTH] if whole else [path])

    for name in names:
        if name == "placket":
            pair(line((0.017, neck_low + 0.02), (0.017, hem)))
        elif name == "half placket":
            pair(line((0.016, neck_low + 0.02), (0.016, neck_low - 0.14), (0.0, neck_low - 0.14)))
            if whole:
                lines.append(line((0.0, neck_low), (0.0, neck_low - 0.13)))
        elif name == "chest pocket":
            left.append(pocket(0.48 * wide, chest - 0.01, 0.105, 0.12, 0.015))
        elif name == "patch pockets":
            pair(pocket(0.52 * wide, low + 0.08, 0.145, 0.16))
        elif name == "welt pockets":
            pair(line((0.45 * wide, low + 0.1), (0.78 * wide, low + 0.0)))
        elif name == "flap pockets":
            pair(pocket(0.55 * wide, low + 0.09, 0.14, 0.05))
        elif name == "chest flaps":
            pair(pocket(0.5 * wide, chest, 0.12, 0.05, 0.015))
        elif name == "kangaroo pocket":
            top, base = low + 0.16, max(low - 0.02, hem + 0.01)
            lines.append(
                line((-0.16, base), (-0.16, base + 0.07), (-0.10, top), (0.10, top), (0.16, base + 0.07), (0.16, base))
            )
        elif name == "yoke":
            pair(line((0.0, chest + 0.05), (1.2 * wide, chest + 0.05)))
        elif name == "darts":
            pair(line((0.45 * wide, min(m.bust - 0.03, waist + 0.12)), (0.45 * wide, max(waist - 0.1, hem))))
    return lines, left


def back_lines(m: Measures, names: Sequence[str], hem: float, wide: float) -> list[Flat]:
    """Draw what is stitched onto the back: yoke, centre seam, darts."""
    lines: list[Flat] = []
    for name in names:
        if name == "yoke":
            lines.append(line((-1.3 * wide, m.armpit + 0.07), (1.3 * wide, m.armpit + 0.07)))
        elif name == "centre seam":
            lines.append(line((0, m.neck), (0, hem)))
        elif name == "darts":
            for side in (1, -1):
                lines.append(line((side * 0.45 * wide, m.waist + 0.12), (side * 0.45 * wide, max(m.waist - 0.1, hem))))
    return lines


def quilting(hem: float, top: float, distance: float, wide: float) -> list[Flat]:
    """Draw lines across a piece, `distance` metres apart."""
    return [line((-wide, y), (wide, y)) for y in np.arange(hem + distance, top, distance)]
