"""Outfits of sewn garments: somebody always wears something, one thing over the other, and nothing that is left out."""

import re
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from lifecast.errors import UsageError
from lifecast.people.outfits import (
    DRESSES,
    PLACES,
    SKIRTS,
    SUITS,
    UNDER_DRESS,
    WOMEN,
    Shares,
    draw_names,
    left_out,
    refuse_gaps,
)
from lifecast.people.patterns.kinds import KINDS

LEFT_OUT = ("t-shirt", "straight jeans", "open coat", "a-line dress", "belt")


def outfits(count: int, female: bool, without: frozenset[str] = frozenset()) -> list[list[tuple[str, int]]]:
    return [draw_names(female, np.random.default_rng([k, female]), without=without) for k in range(count)]


@pytest.mark.parametrize("female", [True, False])
def test_nobody_goes_without_clothes(female: bool) -> None:
    for outfit in outfits(300, female):
        parts = Counter(KINDS[name].part for name, _ in outfit)
        assert parts["dress"] + parts["bottom"] == 1
        assert parts["dress"] or parts["top"]
        layers = [layer for _, layer in outfit]
        assert layers == sorted(layers)
        assert len(set(layers)) == len(layers)  # no two in the same place
        if parts["outer"]:
            assert layers[-1] >= 3  # over something


def test_what_is_left_out_is_worn_by_nobody_and_else_it_is() -> None:
    without = left_out((), LEFT_OUT)
    assert without == set(LEFT_OUT)
    worn = {name for female in (True, False) for outfit in outfits(400, female) for name, _ in outfit}
    assert set(LEFT_OUT) < worn
    worn = {name for female in (True, False) for outfit in outfits(400, female, without) for name, _ in outfit}
    assert not set(LEFT_OUT) & worn


def test_lists_of_garments_may_name_all_sewn_ones() -> None:
    for every in ("sewn", "helper"):
        assert left_out((every,), ()) == frozenset()
        assert left_out(("male_casualsuit06", every), ("t-shirt",)) == {"t-shirt"}
        assert left_out((), (every,)) == set(KINDS)
    assert left_out(("t-shirt", "chinos"), ("chinos",)) == set(KINDS) - {"t-shirt"}


def test_men_wear_what_mostly_women_do_as_rarely_as_asked() -> None:
    never = [draw_names(False, np.random.default_rng(k), Shares(other_sex=0)) for k in range(300)]
    assert not {name for outfit in never for name, _ in outfit} & {*WOMEN, *SKIRTS, *DRESSES}


def test_too_little_left_is_said_by_the_place_that_lacks() -> None:
    with pytest.raises(UsageError, match=r"no sewn garment is left as a (suit|dress)"):
        outfits(100, True, left_out((), (*SUITS, *DRESSES)))


def test_gaps_are_refused_before_anybody_is_made_and_what_fills_them_is_named() -> None:
    refuse_gaps(())
    refuse_gaps(LEFT_OUT)
    trousers = [name for name, kind in KINDS.items() if kind.part == "bottom" and name not in SKIRTS]
    with pytest.raises(UsageError) as refusal:
        refuse_gaps(left_out((), (*trousers, *SUITS)))
    said = str(refusal.value)
    assert "nothing to wear as a suit (add one of: " in said
    legs = re.search(r"nothing on the legs \(add one of: ([^)]*), \.\.\.\)$", said)
    assert legs is not None
    assert set(legs[1].split(", ")) < set(trousers) - set(WOMEN), "what men may wear, too"
    with pytest.raises(UsageError, match=r"nothing to wear on the legs \(add one of"):
        refuse_gaps(set(trousers) - set(WOMEN))  # leggings are left, for women
    for name in re.findall(r"add one of: ([^,)]*)", said):
        assert KINDS[name].share > 0


def test_nothing_is_needed_beneath_a_dress_if_no_pinafore_is_left() -> None:
    layered = [name for name in DRESSES if KINDS[name].layer > 1]
    refuse_gaps({*layered, *UNDER_DRESS})
    with pytest.raises(UsageError, match="nothing to wear beneath a pinafore"):
        refuse_gaps(UNDER_DRESS)


@pytest.mark.parametrize("woman", [True, False])
def test_what_passes_dresses_everybody(woman: bool) -> None:
    """With one kind for each place, and these few alone."""
    kept = {place.kinds(place.women_only)[0] for place in PLACES}
    refuse_gaps(set(KINDS) - kept)
    assert {name for worn in outfits(300, woman, frozenset(set(KINDS) - kept)) for name, _ in worn} <= kept


def test_shares_of_what_people_wear() -> None:
    """A fifth in skirts and dresses, 15 % in open fronts, a quarter in two layers of tops, 60 kinds by 1 % each."""
    everybody = [*outfits(2000, True), *outfits(2000, False)]

    def share(wanted: Callable[[str], bool], times: int = 1) -> float:
        return sum(sum(wanted(name) for name, _ in worn) >= times for worn in everybody) / len(everybody)

    assert share(lambda name: name in SKIRTS or name in DRESSES) > 0.2
    assert share(lambda name: "open" in name or "cardigan" in name) > 0.15
    assert share(lambda name: KINDS[name].part in ("top", "outer", "dress"), times=2) > 0.25
    often = Counter(name for worn in everybody for name, _ in worn)
    assert sum(often[name] >= 0.01 * len(everybody) for name in KINDS) >= 60


def test_a_jacket_lies_on_no_hood() -> None:
    for worn in outfits(600, False):
        names = [name for name, _ in worn]
        assert "hoodie" not in names or not {KINDS[name].part for name in names} & {"outer"}
