"""Who wears what with what: outfits of sewn garments, inner ones first."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from lifecast.errors import UsageError
from lifecast.people.garment import Garment
from lifecast.people.patterns.kinds import KINDS, make_garment
from lifecast.people.patterns.measures import Measures

Rng = np.random.Generator


@dataclass(frozen=True)
class Shares:
    """Shares of people (0 .. 1) who wear something."""

    dress: float = 0.24
    """Women in dresses, and"""
    skirt: float = 0.2
    """in skirts."""
    suit: float = 0.03
    """Jumpsuits and boiler suits."""
    outer: float = 0.27
    """Jackets, coats and waistcoats, and"""
    second_top: float = 0.1
    """open shirts and cardigans, over a top or dress."""
    tucked: float = 0.22
    """Tops in trousers and skirts."""
    accessories: float = 1.0
    """How much more often than their own shares accessories are worn."""
    other_sex: float = 0.02
    """How often men wear what mostly women do, beside them."""


SUITS = ("jumpsuit", "boiler suit")
SKIRTS = tuple(name for name in KINDS if name.endswith("skirt"))
DRESSES = tuple(name for name in KINDS if name.endswith("dress"))
WOMEN = (
    *SKIRTS,
    *DRESSES,
    "blouse",
    "puff-sleeved blouse",
    "tunic",
    "crop top",
    "leggings",
    "culottes",
    "shawl",
    "cape",
)
"""Worn by women far more than by men."""
TUCKABLE = (
    "tight t-shirt", "t-shirt", "v-neck t-shirt", "tank top", "sleeveless top", "shirt", "fitted shirt", "blouse",
    "rolled-sleeve shirt", "short-sleeved shirt", "turtle neck", "tucked shirt",
)  # fmt: skip
UNDER_DRESS = ("tight t-shirt", "t-shirt", "blouse", "turtle neck", "long-sleeved t-shirt")
"""What is worn beneath a pinafore."""
THIN = ("belt", "apron", "waist apron")
"""Accessories that go with any outfit but lie on no coat."""


def left_out(only: Collection[str], without: Collection[str]) -> frozenset[str]:
    """Return the sewn kinds that nobody wears, by lists of what to keep to (empty: everything) and to leave out.

    Either list may name all of them as "sewn"; "helper", once for what was cut from the body's helper meshes, means the
    same.
    """
    every = {"sewn", "helper"}
    if every & set(without):
        return frozenset(KINDS)
    kept = set(KINDS) if not only or every & set(only) else set(KINDS) & set(only)
    return frozenset(set(KINDS) - (kept - set(without)))


def draw_names(
    female: bool, rng: Rng, shares: Shares = Shares(), without: Collection[str] = ()
) -> list[tuple[str, int]]:
    """Draw an outfit: names of `KINDS` and their layers, inner ones first.

    Kinds in `without` are not worn.
    """
    woman = female or rng.random() < shares.other_sex

    def pick(part: str, names: Collection[str] | None = None, leave: Collection[str] = (), layer: int = 0) -> str:
        """One kind of a part, of `names` only and none of `leave`, by how often it is worn."""
        able = [
            n for n, k in KINDS.items()
            if k.part == part and n not in without and n not in leave and (names is None or n in names)
            and (woman or n not in WOMEN) and (not layer or k.layer == layer)
        ]  # fmt: skip
        if not able:
            raise UsageError(f"no sewn garment is left for {part!r}; leave fewer out, or name more to keep to")
        weights = np.array([KINDS[n].share for n in able])
        return able[int(rng.choice(len(able), p=weights / weights.sum()))]

    draw = rng.random()
    worn: list[tuple[str, int]] = []
    if draw < shares.suit:
        worn.append((pick("dress", SUITS), 1))
    elif woman and draw < shares.suit + shares.dress:
        dress = pick("dress", DRESSES)
        if KINDS[dress].layer > 1:
            worn.append((pick("top", UNDER_DRESS), 1))
        worn.append((dress, KINDS[dress].layer))
    else:
        skirt = woman and draw < shares.suit + shares.dress + shares.skirt
        lower = pick("bottom", SKIRTS) if skirt else pick("bottom", leave=SKIRTS)
        if rng.random() < shares.tucked * (2 if skirt else 1):
            worn += [(pick("top", TUCKABLE), 1), (lower, 2)]
        else:
            worn += [(lower, 1), (pick("top", leave=("tucked shirt",), layer=2), 2)]
    draw = rng.random()
    if worn[-1][0] == "hoodie":
        pass  # its hood would lie beneath the jacket's back
    elif draw < shares.outer:
        worn.append((pick("outer"), 3))
    elif draw < shares.outer + shares.second_top:
        worn.append((pick("top", layer=3), 3))
    for name, kind in KINDS.items():
        if kind.part != "accessory" or name in without or (name in WOMEN and not woman):
            continue
        if rng.random() < kind.share / 100 * shares.accessories and not (name in THIN and worn[-1][1] > 2):
            worn.append((name, 4))
            break
    return worn


def draw_outfit(
    measures: Measures, female: bool, rng: Rng, shares: Shares = Shares(), without: Collection[str] = ()
) -> list[Garment]:
    """Draw an outfit and sew it for a body."""
    garments = []
    for name, layer in draw_names(female, rng, shares, without):
        garment = make_garment(name, measures, rng)
        folds_over = garment.part in ("dress", "outer", "accessory") or name in SKIRTS or layer > 2
        garments.append(replace(garment, layer=layer, self_contact=folds_over))
    return garments
