"""Constants of the rules that name a person's parts."""

from __future__ import annotations

from dataclasses import dataclass

from lifecast.surface.colour.back_neckline import BACK_NECKLINE, BackNeckline
from lifecast.surface.colour.front_only import FRONT_ONLY, FrontOnly
from lifecast.surface.colour.parsed import PARSED_PARTS, ParsedParts


@dataclass(frozen=True)
class PartRules:
    """Constants of the names of regions."""

    skin: tuple[float, float] = (14.0, 0.7)
    """CIELAB distance from the face up to which a region is skin, and what brightness counts in it."""
    hair: float = 16.0
    """CIELAB distance from the crown up to which cells are hair."""
    crown: float = 0.75
    """Head heights over the chin from which on the crown is looked for, ..."""
    face: tuple[float, float] = (-0.1, 0.72)
    """... and between which skin is the face."""
    long: float = 2.2
    """Head heights below the crown that hair is followed."""
    wide: float = 1.7
    """Half widths of the head from its middle that hair is followed."""
    head_share: float = 0.4
    """Share of a cluster of colours that is hair, under which what of it lies under the head is a garment."""
    waist: float = 0.3
    """Height of the waist between hips, 0, and shoulders, 1."""
    high: float = 0.2
    """Share of a garment above the waist from which on it is an upper one."""
    small: float = 0.0025
    """Square view units (40 cm^2) under which a patch of colour belongs to its surroundings."""
    jacket: tuple[float, float] = (0.6, 0.3)
    """Share of a row's outer quarters of skin's colour, and share of the trunk's rows, from which on it is a jacket."""
    beside: int = 5
    """Cells from a bare forearm within which skin before the trunk is the forearm's."""
    legs: float = 0.1
    """Share of a garment on the legs, under which a patch below the waist belongs to its surroundings."""
    mostly: float = 0.4
    """Share of a colour's cells on the trunk that are in an opening, beyond which all of them are."""
    outer: float = 0.004
    """Square view units (65 cm^2) of what lies open from which on the garment around it is an outer one."""
    even: float = 2.0
    """Cells (1 cm) over which the borders between parts are straightened behind; 0: not."""
    front: FrontOnly = FRONT_ONLY
    neckline: BackNeckline = BACK_NECKLINE
    parsed: ParsedParts = PARSED_PARTS


PART_RULES = PartRules()
