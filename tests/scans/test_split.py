"""A split by person: disjoint, complete, repeatable, stable when people are added."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lifecast.errors import DataError, UsageError
from lifecast.scans.split import apply_split, make_split, read_split

PEOPLE = [f"person_{i:06d}" for i in range(200)]


def test_everybody_is_in_exactly_one_part() -> None:
    split = make_split(PEOPLE, 0.1, seed=0)
    assert len(split["test"]) == 20
    assert sorted(split["train"] + split["test"]) == PEOPLE
    assert make_split(reversed(PEOPLE), 0.1, seed=0) == split
    assert make_split(PEOPLE, 0.1, seed=1) != split


def test_adding_people_moves_hardly_anybody() -> None:
    before, after = set(make_split(PEOPLE[:190], 0.1, 0)["test"]), set(make_split(PEOPLE, 0.1, 0)["test"])
    assert len(before & after) >= 17


def test_small_sets_have_both_parts_unless_none_is_asked_for() -> None:
    assert [len(part) for part in make_split(PEOPLE[:2], 0.1, 0).values()] == [1, 1]
    assert make_split(PEOPLE[:1], 0.1, 0)["test"] == []
    assert make_split(PEOPLE[:9], 0.0, 0)["test"] == []
    with pytest.raises(UsageError, match=r"test_fraction 1\.0"):
        make_split(PEOPLE, 1.0, 0)


def test_a_given_split_is_checked_and_applied(tmp_path: Path) -> None:
    path = tmp_path / "split.json"
    path.write_text(json.dumps({"train": ["a", "b"], "test": ["c"]}))
    assert apply_split(read_split(path), ["a", "c", "new"]) == {"train": ["a", "new"], "test": ["c"]}
    with pytest.raises(DataError, match="not among"):
        apply_split(read_split(path), ["a", "b"])
    path.write_text(json.dumps({"train": ["a", "b"], "test": ["b"]}))
    with pytest.raises(DataError, match="in both parts: b"):
        read_split(path)
    path.write_text("{}")
    with pytest.raises(DataError, match=r"split\.json"):
        read_split(path)
