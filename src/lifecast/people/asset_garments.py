"""Garments of an assets folder in place of sewn ones, loosened until they hang."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lifecast.people.body import RestBody
from lifecast.people.garment import Garment
from lifecast.people.loosened import Looseness, loosen
from lifecast.people.outfits import SKIRTS
from lifecast.people.patterns.kinds import KINDS
from lifecast.people.wardrobe import Piece, Wardrobe

Rng = np.random.Generator
SHARE = 0.25
"""How many of the tops, trousers, skirts and dresses come from the assets, where there are any."""
OTHER_SEX = 0.15
"""How much less often garments are worn that were made for the other sex."""


def kinds_for(garment: Garment) -> tuple[str, ...]:
    """Return which kinds of pieces could be worn in place of a sewn garment."""
    if garment.part == "bottom":
        return ("skirt",) if garment.name in SKIRTS else ("bottom", "shorts")
    return {"top": ("top",), "dress": ("dress",)}.get(garment.part, ())


def with_assets(
    garments: Sequence[Garment], wardrobe: Wardrobe, rest: RestBody, skin_faces: NDArray[np.int32], female: bool,
    rng: Rng,
) -> tuple[list[Garment], dict[str, Piece]]:  # fmt: skip
    """Replace some garments by ones of the wardrobe's assets; returns all, and the piece of each that was replaced."""
    found, pieces = [], {}
    for garment in garments:
        able = [p for kind in kinds_for(garment) for p in wardrobe.pieces.get(kind, [])]
        if not able or garment.layer > 2 or rng.random() >= SHARE:
            found.append(garment)
            continue
        sex = "female" if female else "male"
        weights = np.array([1.0 if p.sex in ("", sex) else OTHER_SEX for p in able])
        piece = able[int(rng.choice(len(able), p=weights / weights.sum()))]
        blocks = wardrobe.blocks(piece)
        loose = Looseness(float(rng.uniform(0.01, 0.12)), float(rng.uniform(0.0, 0.06)), float(rng.uniform(0.0, 0.03)))
        fabric = str(rng.choice(KINDS[garment.name].fabrics))
        if len(blocks) != 1:  # sheets over each other would need a layer each
            found.append(garment)
            continue
        made = loosen(blocks[0], rest, skin_faces, loose, fabric, layer=garment.layer).garment
        found.append(replace(made, part=garment.part, self_contact=garment.self_contact))
        pieces[made.name] = piece
    return found, pieces
