"""Glints: where the photograph's light has washed the cloth out, so that its colour cannot be had back.

A sunlit edge of a sleeve, a shining cheek, wet leather: brighter than the rest of the same part and paler than it. The
photograph keeps them where it shows them; what it does not show is not made of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifecast.surface.colour.part_grid import lab


@dataclass(frozen=True)
class Glints:
    """Constants of glints. Colours are CIELAB's, 0..100."""

    on: bool = True
    """Off: what is washed out is copied, too."""
    brighter: float = 14.0
    """Least difference of a glint's brightness from the part's median, ..."""
    spread: float = 1.5
    """... and least multiple of half the part's interquartile range."""
    paler: float = 0.75
    """Most chroma of a glint, in those of the part's median: a bright print is no glint."""
    coloured: float = 10.0
    """Chroma of a part from which on glints are told by being paler; a grey part's are told by brightness alone."""
    share: float = 0.3
    """Of a part, at most: what is more is the part's pattern."""
    fewest: int = 200
    """Pixels of a part below which it has none."""


GLINTS = Glints()


def glints(colours: np.ndarray, kinds: np.ndarray, constants: Glints = GLINTS) -> np.ndarray:
    """Decide which pixels are washed out among those of their kind, (N,) bool.

    colours: (N, 3) sRGB 0..255; kinds: (N,) int, the part of each pixel, negative for none.
    """
    result = np.zeros(len(colours), bool)
    if not constants.on or not len(colours):
        return result
    own = lab(colours.clip(0, 255))
    bright, chroma = own[:, 0], np.linalg.norm(own[:, 1:], axis=1)
    for kind in np.unique(kinds[kinds >= 0]):
        rows = np.flatnonzero(kinds == kind)
        if len(rows) < constants.fewest:
            continue
        low, middle, high = np.percentile(bright[rows], (25, 50, 75))
        usual = float(np.median(chroma[rows]))
        found = bright[rows] > middle + max(constants.brighter, constants.spread * (high - low))
        if usual > constants.coloured:
            found &= chroma[rows] < constants.paler * usual
        if found.mean() <= constants.share:
            result[rows[found]] = True
    return result
