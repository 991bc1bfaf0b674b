"""`lifecast ablate`: train and measure the rows of the paper's tables."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from lifecast.evaluation.study import Study
from lifecast.options import Inline
from lifecast.writable import check_folder


def ablate(study: Inline[Study]) -> int:
    """Train and measure the rows of the paper's Table 1 and Figures 3 and 5.

    All rows have the same data, seed and budget. Run again with the same options it goes on where it stopped.
    OUT/ablation.md holds the table.
    """
    check_folder(study.out, "--out")
    from lifecast.evaluation.ablation import run_study
    from lifecast.evaluation.ablation_table import BRIEF, brief_cells, comparisons, write_table
    from lifecast.evaluation.report import short_label

    console = Console(highlight=False, emoji=False)
    errors = Console(stderr=True, highlight=False, emoji=False)
    found = run_study(study, lambda text: errors.print(text, markup=False))
    write_table(study, found)
    table = Table("", "row", *(short_label(name) for name in BRIEF), "place here", "in the paper")
    for line in brief_cells(found):
        table.add_row(*line)
    console.print(table)
    for comparison in comparisons(found, study.seed):
        console.print(
            f"{comparison.better} better than {comparison.worse} ({comparison.says}): {comparison.verdict}, "
            f"{comparison.difference_cm:+.3f} cm [{comparison.low:+.3f}, {comparison.high:+.3f}]",
            markup=False,
        )
    errors.print(f"table: {study.out / 'ablation.md'}", markup=False)
    return 0
