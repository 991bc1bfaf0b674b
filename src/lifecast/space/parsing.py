"""Human parsing: which part of a dressed person each pixel or vertex shows."""

from __future__ import annotations

from enum import IntEnum


class Part(IntEnum):
    """What a place belongs to."""

    SKIN = 0
    FACE = 1
    HAIR = 2
    """What covers the top of the head: hair, a hat, or a bald head's skin."""
    UPPER = 3
    """A garment of the trunk, or a dress."""
    LOWER = 4
    OUTER = 5
    """A garment over the upper one, open at the front."""
    SHOES = 6
    BELONGINGS = 7
    """A bag, a rucksack."""


NOTHING = 255
"""In parsing maps: no person."""
