"""All hairstyles by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lifecast.people.hairstyles.loose_styles import (
    afro,
    bob,
    cornrows,
    curly,
    curly_short,
    dreadlocks,
    long_straight,
    long_wavy,
    medium,
)
from lifecast.people.hairstyles.short_styles import (
    buzzed,
    crop,
    quiff,
    receding,
    side_part,
    slicked_back,
    spiky,
    tousled,
)
from lifecast.people.hairstyles.style import Style
from lifecast.people.hairstyles.tied_styles import braid, braids, bun, ponytail

STYLES: dict[str, Callable[[np.random.Generator], Style]] = {
    "buzzed": buzzed, "receding": receding, "crop": crop, "side-part": side_part, "slicked-back": slicked_back,
    "quiff": quiff, "tousled": tousled, "spiky": spiky, "medium": medium, "bob": bob, "long-straight": long_straight,
    "long-wavy": long_wavy, "curly": curly, "curly-short": curly_short, "afro": afro, "dreadlocks": dreadlocks,
    "cornrows": cornrows, "ponytail": ponytail, "bun": bun, "two-braids": braids, "braid": braid,
}  # fmt: skip
"""Name -> a function that draws a style from a generator."""
