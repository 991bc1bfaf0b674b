"""Who is trained on and who is tested with: a split by person, never by view."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from lifecast.errors import DataError, OptionError

Split = dict[str, list[str]]


def rank(person: str, seed: int) -> int:
    """A number of 64 bits that orders people at random, the same whoever else is there."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{person}".encode()).digest()[:8], "big")


def make_split(people: Iterable[str], test_fraction: float, seed: int) -> Split:
    """Split the people: `test_fraction` of them into `test`, the rest into `train`.

    At least one of two or more, unless it is 0. The paper tests with 50 of 500 (section 4).
    """
    if not 0 <= test_fraction < 1:
        raise OptionError("test_fraction", test_fraction, "give a share of at least 0 and below 1")
    names = sorted(people)
    order = sorted(names, key=lambda name: (rank(name, seed), name))
    count = round(test_fraction * len(names))
    if test_fraction > 0 and len(names) > 1:
        count = min(max(count, 1), len(names) - 1)
    test = set(order[:count])
    return {"train": [n for n in names if n not in test], "test": [n for n in names if n in test]}


def read_split(path: str | Path) -> Split:
    """A split file, {"train": [...], "test": [...]}, checked: nobody may be in both."""
    path = Path(path)
    try:
        found = json.loads(path.read_text())
        split = {part: [str(name) for name in found[part]] for part in ("train", "test")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f'{path}: not a split of the form {{"train": [...], "test": [...]}} ({error})') from error
    both = sorted(set(split["train"]) & set(split["test"]))
    if both:
        raise DataError(f"{path}: in both parts: {', '.join(both[:5])}; a person may only be in one")
    return split


def apply_split(split: Split, people: Iterable[str]) -> Split:
    """`split` reduced to the people that exist; people whom it does not name go to `train`."""
    names = sorted(people)
    test = set(split["test"])
    missing = test - set(names)
    if missing and missing == test:
        raise DataError(f"the split's test people are not among the scans: {', '.join(sorted(missing)[:5])}")
    return {"train": [n for n in names if n not in test], "test": [n for n in names if n in test]}
