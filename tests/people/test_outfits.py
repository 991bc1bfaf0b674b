"""Who wears what: shares of outfits, layers in order, kinds that are left out."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from lifecast.errors import UsageError
from lifecast.people.outfits import DRESSES, SKIRTS, draw_names, left_out
from lifecast.people.patterns.kinds import KINDS

PEOPLE = 4000


@pytest.fixture(scope="module")
def outfits() -> list[list[tuple[str, int]]]:
    rng = np.random.default_rng(0)
    return [draw_names(number % 2 == 0, rng) for number in range(PEOPLE)]


def share(outfits: list[list[tuple[str, int]]], wanted: object) -> float:
    return sum(bool(wanted(worn)) for worn in outfits) / len(outfits)  # type: ignore[operator]


def test_shares_of_what_people_wear(outfits: list[list[tuple[str, int]]]) -> None:
    assert share(outfits, lambda worn: any(n in SKIRTS or n in DRESSES for n, _ in worn)) > 0.2
    assert share(outfits, lambda worn: any("open" in n or "cardigan" in n for n, _ in worn)) > 0.15
    tops = ("top", "outer", "dress")
    assert share(outfits, lambda worn: sum(KINDS[n].part in tops for n, _ in worn) > 1) > 0.25
    often = Counter(name for worn in outfits for name, _ in worn)
    assert sum(often[name] >= 0.01 * PEOPLE for name in KINDS) >= 60
    assert min(often[name] for name in KINDS if name != "tucked shirt") > 0.001 * PEOPLE


def test_nobody_is_half_dressed_and_layers_rise(outfits: list[list[tuple[str, int]]]) -> None:
    for worn in outfits:
        parts = [KINDS[name].part for name, _ in worn]
        assert "dress" in parts or {"top", "bottom"} <= set(parts)
        layers = [layer for _, layer in worn]
        assert layers == sorted(layers)
        assert len(set(layers)) == len(layers)
        if "dress" in parts:
            assert "bottom" not in parts


def test_kinds_that_are_left_out_are_not_worn() -> None:
    rng = np.random.default_rng(1)
    without = left_out((), ("t-shirt", "coat"))
    assert without == {"t-shirt", "coat"}
    worn = {name for number in range(600) for name, _ in draw_names(number % 2 == 0, rng, without=without)}
    assert not worn & without
    assert "shirt" in worn
    assert left_out(("t-shirt", "chinos"), ()) == set(KINDS) - {"t-shirt", "chinos"}
    assert left_out(("sewn", "some_asset"), ()) == frozenset()
    assert left_out((), ("sewn",)) == set(KINDS)
    with pytest.raises(UsageError, match="no sewn garment is left"):
        draw_names(False, rng, without=set(KINDS))
