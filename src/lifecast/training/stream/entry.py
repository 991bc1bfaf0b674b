"""One number's people in the pool, and how often they were used.

NUMBER/entry.json    seed, number, people with their numbers of views, bytes, seconds that making took
NUMBER/used          how many views were drawn and used so far, ten digits
NUMBER/PERSON/       a prepared person
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lifecast.errors import DataError

CARD = "entry.json"
COUNT = "used"


@dataclass
class Entry:
    """People of one number."""

    seed: int
    number: int
    people: dict[str, int]
    """Names of their folders, and how many views each has."""
    bytes: int
    seconds: float
    used: int = 0
    """Views used in training."""
    drawn: int = 0
    """Views drawn, those included that are still being loaded."""

    @property
    def name(self) -> str:
        """Its folder's name."""
        return folder_name(self.number)

    @property
    def views(self) -> int:
        """Views of all its people."""
        return sum(self.people.values())

    def draw(self) -> tuple[str, int]:
        """Draw the next view: its person and its number there.

        Every view comes once before any comes again; the order follows from seed, number and round.
        """
        views = [(person, view) for person, count in self.people.items() for view in range(count)]
        turn, place = divmod(self.drawn, len(views))
        order = np.random.default_rng([self.seed, self.number, turn, 0x57]).permutation(len(views))
        self.drawn += 1
        return views[int(order[place])]


def folder_name(number: int) -> str:
    """Format the name of a number's folder."""
    return f"{number:06d}"


def write_entry(folder: Path, seed: int, number: int, seconds: float) -> Entry:
    """Write the card of the people in `folder`, who were just made.

    DataError where there is nobody or no view.
    """
    people = {path.parent.name: views_in(path) for path in sorted(folder.glob("*/person.json"))}
    if not people:
        raise DataError(f"{folder}: nobody was made")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    entry = Entry(seed, number, people, size, seconds)
    write_used(folder, 0)
    # Last, so that a folder with a card is whole.
    content = {"seed": seed, "number": number, "people": people, "bytes": size, "seconds": round(seconds, 3)}
    (folder / CARD).write_text(json.dumps(content))
    return entry


def views_in(card: Path) -> int:
    """Count a person's views by its `person.json`; DataError for none."""
    try:
        count = len(json.loads(card.read_text())["views"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{card}: damaged ({error})") from error
    if count == 0:
        raise DataError(f"{card}: has no views")
    return count


def read_entry(folder: Path) -> Entry | None:
    """Read an entry of the pool; None where its folder is not whole."""
    try:
        content = json.loads((folder / CARD).read_text())
        entry = Entry(
            int(content["seed"]), int(content["number"]),
            {str(person): int(views) for person, views in content["people"].items()},
            int(content["bytes"]), float(content["seconds"]), int((folder / COUNT).read_text()),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if entry.name != folder.name or not all((folder / person / "person.json").is_file() for person in entry.people):
        return None
    entry.drawn = entry.used
    return entry


def write_used(folder: Path, used: int) -> None:
    """Write how many views were used, in place.

    One write of fixed length, which no killed process leaves in half.
    """
    path = folder / COUNT
    with path.open("rb+" if path.exists() else "wb") as file:
        file.write(b"%010d" % used)
