"""`lifecast ablate`: train and measure the rows of the paper's tables."""

from __future__ import annotations

from pathlib import Path
from typing import Literal


def ablate(
    data: Path,
    out: Path,
    minutes: float | None = None,
    steps: int | None = None,
    preset: str = "compact",
    rows: tuple[str, ...] = (),
    seed: int = 0,
    batch: int = 8,
    points: int = 4000,
    precision: Literal["32", "bf16", "fp16"] = "32",
    views: int = 1,
    limit: int | None = None,
    resolution: int = 256,
    workers: int | None = None,
    threads: int | None = None,
) -> int:
    """Train and measure the rows of the paper's Table 1 and Figures 3 and 5 on the same data, seed and
    budget.

    Run again with the same options it goes on where it stopped. OUT/ablation.md holds the table.

    Args:
        data: Prepared dataset; its training people are trained on, its test people measured.
        out: Folder of the study.
        minutes: Training time of a row, 30 by default; the normal networks take as long once more, for all rows.
        steps: Optimiser steps of a row, in place of minutes; these repeat exactly, however busy the machine.
        preset: Base preset that each row changes: tiny, compact or paper.
        rows: Names of the rows wanted; all when absent.
        seed: Of weights, order, points, backgrounds and samples.
        batch: Pictures a step, in every row.
        points: Points a picture, in every row.
        precision: Number format of the arithmetic.
        views: Pictures of each test person that are measured; one is the front view.
        limit: Measure the first N test people only.
        resolution: Of the lattice that surfaces are extracted on.
        workers: Processes that load data.
        threads: Threads of the arithmetic on a CPU.
    """
    from rich.console import Console
    from rich.table import Table

    from lifecast.evaluation.ablation import Study, run_study
    from lifecast.evaluation.ablation_table import BRIEF, brief_cells, comparisons, write_table
    from lifecast.evaluation.report import short_label
    from lifecast.writable import check_folder

    console = Console(highlight=False, emoji=False)
    if minutes is None and steps is None:
        minutes = 30.0
    study = Study(
        data=data, out=out, minutes=minutes, steps=steps, preset=preset, seed=seed, batch=batch, points=points,
        views=views, limit=limit, resolution=resolution, rows=rows, workers=workers, threads=threads,
        precision=precision,
    )  # fmt: skip
    check_folder(out, "--out")
    told = Console(stderr=True, highlight=False, emoji=False)
    found = run_study(study, lambda text: told.print(text, markup=False))
    write_table(study, found)
    table = Table("", "row", *(short_label(name) for name in BRIEF), "place here", "in the paper")
    for line in brief_cells(found):
        table.add_row(*line)
    console.print(table)
    for comparison in comparisons(found, seed):
        console.print(
            f"{comparison.better} better than {comparison.worse} ({comparison.says}): {comparison.verdict}, "
            f"{comparison.difference_cm:+.3f} cm [{comparison.low:+.3f}, {comparison.high:+.3f}]",
            markup=False,
        )
    told.print(f"table: {out / 'ablation.md'}", markup=False)
    return 0
