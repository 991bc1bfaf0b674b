"""The ablation's table with the paper's order, and whether each of the paper's comparisons came out
here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from lifecast.atomic import write_text
from lifecast.evaluation.ablation import MeasuredRow
from lifecast.evaluation.ablation_rows import CLAIMS, TABLE_1
from lifecast.evaluation.overview import Figures
from lifecast.evaluation.report import interval, metric_of, short_label, shown
from lifecast.evaluation.statistics import bootstrap_interval
from lifecast.evaluation.study import Study

COLUMNS = (
    "prediction_to_truth_cm",
    "truth_to_prediction_cm",
    "chamfer_cm",
    "normal_consistency",
    "fscore",
    "iou",
)

BRIEF = ("prediction_to_truth_cm", "chamfer_cm", "normal_consistency", "iou")
"""For the terminal."""


@dataclass(frozen=True)
class Comparison:
    """One claim, measured: the difference of two rows' Chamfer distances.

    It is over the pictures that both rows reconstructed.
    """

    better: str
    worse: str
    says: str
    difference_cm: float
    """Better minus worse: negative where the claim holds."""
    low: float
    high: float
    pictures: int

    @property
    def verdict(self) -> str:
        """holds, does not hold, or undecided where the 95% interval holds 0."""
        if not (self.low <= self.high):
            return "undecided"
        return "holds" if self.high < 0 else "does not hold" if self.low > 0 else "undecided"


def compare_rows(better: MeasuredRow, worse: MeasuredRow, says: str, seed: int = 0) -> Comparison:
    """Compare rows paired by picture, people drawn together.

    What the two rows share cancels.
    """
    shared = sorted(set(better.chamfer) & set(worse.chamfer))
    differences = np.array([better.chamfer[name] - worse.chamfer[name] for name in shared])
    people = [name.rsplit("_view_", 1)[0] for name in shared]
    low, high = bootstrap_interval(differences, people, seed) if shared else (float("nan"), float("nan"))
    mean = float(differences.mean()) if shared else float("nan")
    return Comparison(better.row.name, worse.row.name, says, mean, low, high, len(shared))


def comparisons(rows: list[MeasuredRow], seed: int = 0) -> list[Comparison]:
    """Compare the rows of every claim whose two rows were measured."""
    measured = {row.row.name: row for row in rows}
    return [
        compare_rows(measured[better], measured[worse], says, seed)
        for better, worse, says in CLAIMS
        if better in measured and worse in measured
    ]


def places(rows: list[MeasuredRow]) -> dict[str, int]:
    """Rank Table 1's rows by mean Chamfer distance, 1 the best: row name to place."""
    table = [row for row in rows if row.row.table == TABLE_1 and row.chamfer]
    order = sorted(table, key=lambda row: float(np.mean(list(row.chamfer.values()))))
    return {row.row.name: place + 1 for place, row in enumerate(order)}


def place_in_paper(rows: list[MeasuredRow]) -> dict[str, int]:
    """Rank the rows of Table 1 that are here as the paper does: row name to place.

    The paper's rows run from worst to best.
    """
    table = [row.row.name for row in rows if row.row.table == TABLE_1]
    return {name: len(table) - index for index, name in enumerate(table)}


def figures_of(row: MeasuredRow) -> Figures:
    """Choose the finest level's figures without alignment.

    They are empty if no picture gave a surface.
    """
    return next(iter(row.found.figures.values()))[row.found.finest] if row.found.levels else {}


def table_cells(rows: list[MeasuredRow]) -> tuple[list[str], list[list[str]]]:
    """Write head and rows of the whole table, as text."""
    head = ["", "row", *(short_label(name) for name in COLUMNS), "place here", "place in the paper", "steps"]
    here, paper = places(rows), place_in_paper(rows)
    cells = []
    for row in rows:
        figures = figures_of(row)
        line = [row.row.table, row.row.label]
        line += [interval(metric_of(name), figures[name]) if name in figures else "–" for name in COLUMNS]
        line += [str(here.get(row.row.name, "")), str(paper.get(row.row.name, ""))]
        line.append(", ".join(f"{level} {count}" for level, count in row.steps.items()))
        cells.append(line)
    return head, cells


def brief_cells(rows: list[MeasuredRow]) -> list[list[str]]:
    """Write the rows with the means of `BRIEF` alone, for the terminal."""
    here, paper = places(rows), place_in_paper(rows)
    cells = []
    for row in rows:
        figures = figures_of(row)
        means = [shown(metric_of(name), figures[name].mean) if name in figures else "–" for name in BRIEF]
        name = row.row.name
        cells.append([row.row.table, row.row.label, *means, str(here.get(name, "")), str(paper.get(name, ""))])
    return cells


def markdown(study: Study, rows: list[MeasuredRow]) -> str:
    """Write table and comparisons, as `docs/ablations.md` quotes them."""
    head, cells = table_cells(rows)
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(line) + " |" for line in cells]
    budget = f"{study.minutes:g} minutes" if study.minutes is not None else f"{study.steps} steps"
    failed = sum(len(row.found.failed) for row in rows)
    lines += [
        "",
        f"Base preset `{study.preset}`, {budget} a row, seed {study.seed}, batch {study.batch}; means [95%], "
        f"distances in cm, without alignment; {failed} pictures without a surface over all rows.",
        "",
        "| said to be better | than | by whom | Chamfer difference here (cm) | pictures | outcome |",
        "|" + " --- |" * 6,
    ]
    for found in comparisons(rows, study.seed):
        change = f"{found.difference_cm:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"
        lines.append(
            f"| {found.better} | {found.worse} | {found.says} | {change} | {found.pictures} | {found.verdict} |"
        )
    return "\n".join(lines) + "\n"


def write_table(study: Study, rows: list[MeasuredRow]) -> None:
    """Write `ablation.md` and `ablation.json` into the study's folder."""
    write_text(study.out / "ablation.md", markdown(study, rows))
    record: dict[str, Any] = {
        "rows": [
            {
                "row": row.row.name,
                "preset": row.preset,
                "steps": row.steps,
                "minutes": row.minutes,
                "chamfer_cm": row.chamfer,
                "evaluation": row.found.to_json(),
            }
            for row in rows
        ]
    }
    write_text(study.out / "ablation.json", json.dumps(record, indent=1))
