"""Results of single pictures, put together: overall, by how the person stands, by garment class, by
person.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from lifecast.evaluation.protocol import (
    ALL_METRICS,
    BODY_METRICS,
    DETAIL_METRICS,
    MAP_METRICS,
    PROTOCOLS,
    REGION_METRICS,
    Protocol,
)
from lifecast.evaluation.statistics import Summary, summarise

Result = dict[str, Any]
Figures = dict[str, Summary]

LEVEL_ORDER = ("coarse", "fine", "mesh")
FACING_ORDER = ("front", "side", "back")
RANKED_BY = "chamfer_cm"
"""The figure by which people are called best, median and worst."""


@dataclass
class PersonRow:
    """One person's means over pictures, at the finest level and the first alignment."""

    person: str
    classes: list[str]
    figures: dict[str, float]
    strip_of: str
    """Name of the person's most frontal picture."""


@dataclass
class Overview:
    """All that a report says."""

    protocol: Protocol
    pictures: int
    """Those with a mesh of at least one level."""
    levels: list[str]
    figures: dict[str, dict[str, Figures]]
    """Alignment, level, metric."""
    maps: Figures
    facing: dict[str, dict[str, Figures]]
    """By how the person stands: level (or "maps"), metric; at the first alignment."""
    classes: dict[str, Figures]
    """By garment class, at the finest level and the first alignment."""
    people: list[PersonRow]
    """Best first."""
    detail: Figures = field(default_factory=dict)
    """Fine detail of the predicted maps, and face and hands in them."""
    regions: dict[str, Figures] = field(default_factory=dict)
    """By level: distances in the regions of made people."""
    body: Figures = field(default_factory=dict)
    """Of fitted bodies."""
    failed: list[tuple[str, str]] = field(default_factory=list)
    """Picture and level without a mesh, and why."""

    @property
    def finest(self) -> str:
        """The level that counts."""
        return self.levels[-1]

    def to_json(self) -> dict[str, Any]:
        """Describe the overview in plain values."""

        def plain(figures: Figures) -> dict[str, Any]:
            return {name: summary.to_json() for name, summary in figures.items()}

        return {
            "protocol": self.protocol.name,
            "pictures": self.pictures,
            "people": [{"person": row.person, "classes": row.classes, "figures": row.figures} for row in self.people],
            "figures": {
                alignment: {level: plain(figures) for level, figures in levels.items()}
                for alignment, levels in self.figures.items()
            },
            "maps": plain(self.maps),
            "detail": plain(self.detail),
            "body": plain(self.body),
            "regions": {level: plain(figures) for level, figures in self.regions.items()},
            "facing": {
                way: {level: plain(figures) for level, figures in levels.items()} for way, levels in self.facing.items()
            },
            "classes": {name: plain(figures) for name, figures in self.classes.items()},
            "failed": [{"picture": name, "reason": reason} for name, reason in self.failed],
        }


def summaries(
    results: Iterable[Result], values: Iterable[dict[str, float]], metrics: Iterable[str], seed: int
) -> Figures:
    """Summarise each metric over pictures; `values` goes with `results`."""
    pairs = list(zip(results, values, strict=True))
    found: Figures = {}
    for metric in metrics:
        rows = [(row[metric], result["item"]["person"]) for result, row in pairs if metric in row]
        if rows:
            numbers, people = zip(*rows, strict=True)
            summary = summarise(numbers, people, ALL_METRICS[metric].lower_is_better, seed)
            if summary is not None:
                found[metric] = summary
    return found


def overview(results: list[Result], protocol_name: str, seed: int = 0) -> Overview:
    """Put `results` (of `run.run`) together.

    A picture for which a method gave no mesh has no distance that could enter a mean: it is counted and
    named.
    """
    protocol = PROTOCOLS[protocol_name]
    failed = [
        (f"{r['item']['person']}_view_{r['item']['view']:03d}, {level}", str(reason))
        for r in results
        for level, reason in r["failed"].items()
    ]
    good = [result for result in results if result["levels"]]
    levels = [level for level in LEVEL_ORDER if any(level in result["levels"] for result in good)]
    first = protocol.alignments[0]

    def of_level(some: list[Result], level: str, alignment: str, metrics: Iterable[str]) -> Figures:
        having = [result for result in some if level in result["levels"]]
        return summaries(having, [result["levels"][level][alignment] for result in having], metrics, seed)

    def of_maps(some: list[Result]) -> Figures:
        return summaries(some, [result.get("maps", {}) for result in some], MAP_METRICS, seed)

    figures: dict[str, dict[str, Figures]] = {
        alignment: {level: of_level(good, level, alignment, protocol.metrics) for level in levels}
        for alignment in protocol.alignments
    }
    facing: dict[str, dict[str, Figures]] = {}
    for way in FACING_ORDER:
        some = [result for result in good if result["facing"] == way]
        if some:
            facing[way] = {level: of_level(some, level, first, protocol.headline) for level in levels}
            facing[way]["maps"] = of_maps(some)
    classes: dict[str, Figures] = {}
    people: list[PersonRow] = []
    if levels:
        for name in sorted({name for result in good for name in result["classes"]}):
            some = [result for result in good if name in result["classes"]]
            classes[name] = of_level(some, levels[-1], first, protocol.headline)
        people = person_rows(good, levels[-1], first, protocol)
    detail = summaries(good, [result.get("detail", {}) for result in good], DETAIL_METRICS, seed)
    body = summaries(good, [result.get("body", {}) for result in good], BODY_METRICS, seed)
    regions = {}
    for level in levels:
        found = summaries(good, [r.get("regions", {}).get(level, {}) for r in good], REGION_METRICS, seed)
        if found:
            regions[level] = found
    return Overview(
        protocol, len(good), levels, figures, of_maps(good), facing, classes, people, detail, regions, body, failed
    )


def person_rows(good: list[Result], level: str, alignment: str, protocol: Protocol) -> list[PersonRow]:
    """Average each person's figures, sorted by `RANKED_BY`, best first."""
    by_person: dict[str, list[Result]] = {}
    for result in good:
        if level in result["levels"]:
            by_person.setdefault(result["item"]["person"], []).append(result)
    rows = []
    for person, own in by_person.items():
        means: dict[str, float] = {}
        for metric in protocol.headline:
            numbers = [result["levels"][level][alignment][metric] for result in own]
            finite = [number for number in numbers if math.isfinite(number)]
            means[metric] = sum(finite) / len(finite) if finite else float("nan")
        for metric in MAP_METRICS:
            measured = [result["maps"][metric] for result in own if metric in result.get("maps", {})]
            if measured:
                means[metric] = sum(measured) / len(measured)
        frontal = min(own, key=lambda result: abs((result["item"]["yaw"] + 180) % 360 - 180))["item"]
        name = f"{frontal['person']}_view_{frontal['view']:03d}"
        rows.append(PersonRow(person, own[0]["classes"], means, name))
    return sorted(rows, key=lambda row: (row.figures[RANKED_BY], row.person))


def shown_people(rows: list[PersonRow], each: int = 2) -> list[tuple[str, PersonRow]]:
    """Choose the best, median and worst people to show.

    `each` of them if there are enough, never one twice.
    """
    if len(rows) < 3 * each:
        each = 1
    middle = max(0, (len(rows) - each) // 2)
    ranges = {
        "best": range(each),
        "median": range(middle, middle + each),
        "worst": range(len(rows) - each, len(rows)),
    }
    chosen: list[tuple[str, PersonRow]] = []
    taken: set[int] = set()
    for name, places in ranges.items():
        for place in places:
            if 0 <= place < len(rows) and place not in taken:
                taken.add(place)
                chosen.append((name, rows[place]))
    return chosen
