"""An evaluation's headline for the terminal."""

from __future__ import annotations

from rich.table import Table

from lifecast.evaluation.overview import Overview
from lifecast.evaluation.protocol import MAP_METRICS, REGION_METRICS
from lifecast.evaluation.report import interval, metric_of, short_label

BRIEFLY = {"none": "as it stands", "rigid": "aligned", "similarity": "aligned, scaled"}


def headline(found: Overview) -> Table:
    """Format means with 95% intervals for the terminal.

    A column for each level and alignment, and the predicted maps below.
    """
    table = Table(title=f"{found.pictures} pictures of {len(found.people)} people", title_justify="left")
    table.add_column("mean [95%]", no_wrap=True)
    columns = [(alignment, level) for alignment, levels in found.figures.items() for level in levels]
    for alignment, level in columns:
        table.add_column(f"{level}\n{BRIEFLY[alignment]}", justify="right")
    for name in found.protocol.headline:
        cells = []
        for alignment, level in columns:
            summary = found.figures[alignment][level].get(name)
            cells.append("–" if summary is None else interval(metric_of(name), summary))
        table.add_row(short_label(name), *cells)
    for name in MAP_METRICS:
        if name in found.maps and columns:
            table.add_row(short_label(name), interval(metric_of(name), found.maps[name]))
    for name, summary in (found.detail | found.body).items():
        table.add_row(short_label(name), interval(metric_of(name), summary))
    if found.regions:
        for name in REGION_METRICS:
            cells = [
                interval(metric_of(name), found.regions[level][name])
                if alignment == found.protocol.alignments[0] and name in found.regions.get(level, {}) else ""
                for alignment, level in columns
            ]  # fmt: skip
            if any(cells):
                table.add_row(short_label(name), *cells)
    return table
