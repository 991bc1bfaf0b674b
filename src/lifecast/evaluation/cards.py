"""What a made person wears, from the card that `lifecast synthesize` writes: for figures by garment class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lifecast.evaluation.benchmark import read_json


def garment_classes(card: dict[str, Any]) -> list[str]:
    """Sort the card's `classes`; empty for a card that names none (a scan's, say)."""
    classes = card.get("classes")
    return sorted({str(name) for name in classes}) if isinstance(classes, list) else []


def read_classes(person: str, folders: list[Path]) -> list[str]:
    """Read the classes of `person` from the first card.json in `folders`/person.

    Empty without one.
    """
    for folder in folders:
        path = folder / person / "card.json"
        if path.is_file():
            return garment_classes(read_json(path))
    return []
