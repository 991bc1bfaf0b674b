"""The page about people lists what is made in code: every kind, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lifecast.people.footwear.wear import KINDS as SHOES
from lifecast.people.hairstyles.catalogue import STYLES
from lifecast.people.patterns.kinds_bottoms import BOTTOMS
from lifecast.people.patterns.kinds_dresses import ACCESSORIES, DRESSES
from lifecast.people.patterns.kinds_outer import OUTER
from lifecast.people.patterns.kinds_tops import TOPS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "people.md"
ROWS = {
    "tops": TOPS,
    "outer garments": OUTER,
    "trousers, shorts and skirts": BOTTOMS,
    "dresses and suits in one piece": DRESSES,
    "worn on top": ACCESSORIES,
    "hair": STYLES,
    "shoes": SHOES,
}


@pytest.mark.parametrize("name", ROWS)
def test_the_table_of_kinds_is_what_there_is(name: str) -> None:
    row = re.search(rf"^\| {name} \((\d+)\) \| (.*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert row is not None
    assert row[2].split(", ") == list(ROWS[name])
    assert int(row[1]) == len(ROWS[name])
