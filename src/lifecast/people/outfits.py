"""Who wears what with what: outfits of sewn garments, inner ones first."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from lifecast.errors import OptionsError, UsageError
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


@dataclass(frozen=True)
class Place:
    """A place in an outfit, and the sewn kinds that may take it."""

    what: str
    """As a message names it."""
    part: str
    names: tuple[str, ...] = ()
    """Only these; () for any."""
    leave: tuple[str, ...] = ()
    """None of these."""
    layer: int = 0
    """Only kinds of this layer; 0 for any."""
    women_only: bool = False

    def kinds(self, woman: bool, without: Collection[str] = ()) -> list[str]:
        """List the names of `KINDS` that somebody may wear here, but for those in `without`."""
        return [
            name for name, kind in KINDS.items()
            if kind.part == self.part and name not in without and name not in self.leave
            and (not self.names or name in self.names) and (woman or name not in WOMEN)
            and (not self.layer or kind.layer == self.layer)
        ]  # fmt: skip


SUIT = Place("as a suit", "dress", SUITS)
DRESS = Place("as a dress", "dress", DRESSES, women_only=True)
BENEATH = Place("beneath a pinafore", "top", UNDER_DRESS, women_only=True)
SKIRT = Place("as a skirt", "bottom", SKIRTS, women_only=True)
TROUSERS = Place("on the legs", "bottom", leave=SKIRTS)
TUCKED = Place("as a top to be tucked in", "top", TUCKABLE)
TOP = Place("as a top", "top", leave=("tucked shirt",), layer=2)
OUTER = Place("as a jacket or coat", "outer")
SECOND_TOP = Place("as an open top over another", "top", layer=3)
PLACES = (SUIT, DRESS, BENEATH, SKIRT, TROUSERS, TUCKED, TOP, OUTER, SECOND_TOP)
"""Every place that `draw_names` may have to fill."""

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


def refuse_gaps(without: Collection[str]) -> None:
    """Refuse lists of garments that leave a place of some outfit empty.

    Raises
    ------
    UsageError
        Nobody wears the kinds `without`, and of what is left nothing fits somewhere; it says what could be added.
    """
    layered = any(KINDS[name].layer > 1 for name in DRESS.kinds(True, without))
    gaps = []
    for place in PLACES:
        if place.kinds(place.women_only, without) or (place is BENEATH and not layered):
            continue
        able = sorted(place.kinds(place.women_only), key=lambda name: -KINDS[name].share)
        gaps.append(f"{place.what} (add one of: {', '.join(able[:4])}{', ...' if len(able) > 4 else ''})")
    if gaps:
        raise OptionsError(
            f"{{only_garments}} and {{without_garments}} leave nothing to wear {'; nothing '.join(gaps)}"
        )


def draw_names(
    female: bool, rng: Rng, shares: Shares = Shares(), without: Collection[str] = ()
) -> list[tuple[str, int]]:
    """Draw an outfit: names of `KINDS` and their layers, inner ones first.

    Kinds in `without` are not worn.
    """
    woman = female or rng.random() < shares.other_sex

    def pick(place: Place) -> str:
        """One kind for a place, by how often it is worn."""
        able = place.kinds(woman, without)
        if not able:
            raise UsageError(f"no sewn garment is left {place.what}; leave fewer out, or name more to keep to")
        weights = np.array([KINDS[n].share for n in able])
        return able[int(rng.choice(len(able), p=weights / weights.sum()))]

    draw = rng.random()
    worn: list[tuple[str, int]] = []
    if draw < shares.suit:
        worn.append((pick(SUIT), 1))
    elif woman and draw < shares.suit + shares.dress:
        dress = pick(DRESS)
        if KINDS[dress].layer > 1:
            worn.append((pick(BENEATH), 1))
        worn.append((dress, KINDS[dress].layer))
    else:
        skirt = woman and draw < shares.suit + shares.dress + shares.skirt
        lower = pick(SKIRT if skirt else TROUSERS)
        if rng.random() < shares.tucked * (2 if skirt else 1):
            worn += [(pick(TUCKED), 1), (lower, 2)]
        else:
            worn += [(lower, 1), (pick(TOP), 2)]
    draw = rng.random()
    if worn[-1][0] == "hoodie":
        pass  # its hood would lie beneath the jacket's back
    elif draw < shares.outer:
        worn.append((pick(OUTER), 3))
    elif draw < shares.outer + shares.second_top:
        worn.append((pick(SECOND_TOP), 3))
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
