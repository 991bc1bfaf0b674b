"""The report of an evaluation: Markdown, and one HTML page that needs nothing else and prints
well.
"""

from __future__ import annotations

import base64
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from lifecast.atomic import write_text
from lifecast.errors import MissingExtra
from lifecast.evaluation.distributions import distributions_svg
from lifecast.evaluation.overview import Figures, Overview, PersonRow, shown_people
from lifecast.evaluation.panels import ERROR_RANGE_CM, PANELS, palette
from lifecast.evaluation.protocol import ALL_METRICS, BODY_METRICS, DETAIL_METRICS, MAP_METRICS, REGION_METRICS, Metric
from lifecast.evaluation.statistics import Summary

Table = dict[str, Any]
"""title, note, head (list of texts), rows (lists of texts, the first being the row's name), narrow (whether
intervals go below their means)."""

ALIGNED = {
    "none": "where the prediction stands",
    "rigid": "after rigid alignment",
    "similarity": "after alignment with scale",
}


def shown(metric: Metric, value: float) -> str:
    """Format a figure in its digits; a dash for what is unknown."""
    return "–" if not math.isfinite(value) else f"{value:.{metric.digits}f}"


def metric_of(name: str) -> Metric:
    """Choose a metric of a mesh or of the predicted maps by its name."""
    return ALL_METRICS[name]


def label(name: str) -> str:
    """Label with unit, and which way is better."""
    metric = metric_of(name)
    unit = f" ({metric.unit})" if metric.unit else ""
    return f"{metric.label}{unit} {'↓' if metric.lower_is_better else '↑'}"


def short_label(name: str) -> str:
    """Label as `label` does, for the head of a narrow column."""
    metric = metric_of(name)
    unit = f" {metric.unit}" if metric.unit else ""
    return f"{metric.short or metric.label}{unit} {'↓' if metric.lower_is_better else '↑'}"


def interval(metric: Metric, summary: Summary) -> str:
    """Format a mean with its 95% interval."""
    mean = shown(metric, summary.mean)
    if not math.isfinite(summary.low):
        return mean
    return f"{mean} [{shown(metric, summary.low)}, {shown(metric, summary.high)}]"


def figures_table(title: str, levels: dict[str, Figures], metrics: tuple[str, ...]) -> Table:
    """Write a table whose rows are metrics.

    For each level it has mean with interval, median, and what nine of ten pictures reach.
    """
    head = ["metric"]
    for level in levels:
        head += [f"{level}: mean [95%]", f"{level}: median", f"{level}: 90th percentile"]
    rows = []
    for name in metrics:
        if not any(name in figures for figures in levels.values()):
            continue
        row = [label(name)]
        for figures in levels.values():
            summary = figures.get(name)
            metric = metric_of(name)
            row += (
                ["–"] * 3
                if summary is None
                else [
                    interval(metric, summary),
                    shown(metric, summary.median),
                    shown(metric, summary.worst_tenth),
                ]
            )
        rows.append(row)
    return {"title": title, "note": "", "head": head, "rows": rows, "narrow": False}


def groups_table(title: str, groups: dict[str, Figures], metrics: tuple[str, ...], note: str = "") -> Table:
    """Write a table of groups by metrics: means with intervals."""
    head = ["", "pictures", *(short_label(name) for name in metrics)]
    rows = []
    for group, figures in groups.items():
        counts = [summary.count for summary in figures.values()]
        cells = [interval(metric_of(n), figures[n]) if n in figures else "–" for n in metrics]
        rows.append([group, str(max(counts, default=0)), *cells])
    return {"title": title, "note": note, "head": head, "rows": rows, "narrow": True}


def tables(found: Overview) -> list[Table]:
    """List the tables at the head of the report, in reading order."""
    made = [
        figures_table(f"Meshes, {ALIGNED[alignment]}", levels, found.protocol.headline)
        for alignment, levels in found.figures.items()
    ]
    if found.maps:
        made.append(figures_table("Predicted maps, inside the true mask", {"maps": found.maps}, tuple(MAP_METRICS)))
    if found.detail:
        table = figures_table("Fine detail of the predicted maps", {"maps": found.detail}, tuple(DETAIL_METRICS))
        note = "Shares: length of the normals minus their blur of so many pixels, predicted over true. The truth has 1."
        made.append(table | {"note": note})
    if found.regions:
        table = figures_table("Regions", found.regions, tuple(REGION_METRICS))
        note = (
            "Where the prediction stands; aligned: each face, hand, foot and so on moved rigidly onto the prediction."
        )
        made.append(table | {"note": note})
    if found.body:
        table = figures_table("Fitted bodies", {"body": found.body}, tuple(BODY_METRICS))
        made.append(table | {"note": "After the pelvises were put onto each other."})
    if len(found.facing) > 1:
        groups = {}
        for way, levels in found.facing.items():
            for level in found.levels:
                groups[f"{way}, {level}"] = levels[level]
            if levels["maps"]:
                groups[f"{way}, {found.finest}"] = levels[found.finest] | levels["maps"]
        metrics = (*found.protocol.headline, *(name for name in MAP_METRICS if name in found.maps))
        first = ALIGNED[found.protocol.alignments[0]]
        note = f"Means [95%], {first}. Front: turned by at most 45° from the camera; back: by at least 135°."
        made.append(groups_table("By how the person stands", groups, metrics, note))
    # What everybody wears divides nobody.
    classes = {
        name: figures
        for name, figures in found.classes.items()
        if max((s.count for s in figures.values()), default=0) < found.pictures
    }
    if classes:
        note = f"Means [95%] of the {found.finest} level, {ALIGNED[found.protocol.alignments[0]]}."
        made.append(groups_table("By garment class", classes, found.protocol.headline, note))
    return made


def details_tables(found: Overview) -> list[Table]:
    """List the tables of what is not headline.

    Single sides, precision and recall, the signed normals.
    """
    rest = tuple(name for name in found.protocol.metrics if name not in found.protocol.headline)
    if not rest:
        return []
    return [
        figures_table(f"Details, {ALIGNED[alignment]}", levels, rest) for alignment, levels in found.figures.items()
    ]


def people_table(found: Overview) -> Table:
    """Write a table of every person, best first; what they wear if that is known."""
    names = [
        name for name in (*found.protocol.headline, *MAP_METRICS) if any(name in row.figures for row in found.people)
    ]
    dressed = any(row.classes for row in found.people)
    rows = []
    for row in found.people:
        wears = [", ".join(row.classes)] if dressed else []
        figures = (shown(metric_of(name), row.figures.get(name, float("nan"))) for name in names)
        rows.append([row.person, *wears, *figures])
    return {
        "title": "By person",
        "note": f"Means over the person's pictures, {found.finest} level, {ALIGNED[found.protocol.alignments[0]]}.",
        "head": ["person", *(["wears"] if dressed else []), *(short_label(name) for name in names)],
        "rows": rows,
        "narrow": True,
    }


def markdown_table(table: Table) -> str:
    """Write a table in GitHub's Markdown."""
    lines = [f"## {table['title']}", ""]
    if table["note"]:
        lines += [table["note"], ""]
    lines.append("| " + " | ".join(table["head"]) + " |")
    lines.append("|" + " --- |" * len(table["head"]))
    lines += ["| " + " | ".join(row) + " |" for row in table["rows"]]
    return "\n".join(lines) + "\n"


def markdown(found: Overview, title: str, facts: dict[str, str], items: Path) -> str:
    """Write the whole report as Markdown.

    Strips, in the folder `items`, are linked, not embedded.
    """
    parts = [f"# {title}\n", "\n".join(f"- {name}: {value}" for name, value in facts.items()) + "\n"]
    parts += [markdown_table(table) for table in tables(found)]
    if found.people:
        parts.append("## People\n")
        people = shown_people(found.people)
        drawn = [(items / f"{row.strip_of}.webp").is_file() for _, row in people]
        if any(drawn):
            shades = f"light 0, dark {ERROR_RANGE_CM:g} cm and more"
            parts.append(f"Each strip: {', '.join(PANELS)}. Error: {shades}.\n")
        for (rank, row), there in zip(people, drawn, strict=True):
            parts.append(f"### {rank}: {row.person}\n\n{captions(row)}\n")
            if there:
                parts.append(f"![{row.person}](items/{row.strip_of}.webp)\n")
        parts.append(markdown_table(people_table(found)))
    parts += [markdown_table(table) for table in details_tables(found)]
    if found.failed:
        parts.append(
            "## Pictures without a mesh\n\n" + "\n".join(f"- {n}: {reason}" for n, reason in found.failed) + "\n"
        )
    return "\n".join(parts)


def captions(row: PersonRow) -> str:
    """Write one person's figures in a line."""
    return ", ".join(
        f"{metric_of(name).short} {shown(metric_of(name), value)} {metric_of(name).unit}".strip()
        for name, value in row.figures.items()
    )


def embedded(picture: np.ndarray, quality: int = 85) -> str:
    """Write an RGB picture (H, W, 3) as a data URI."""
    good, data = cv2.imencode(".webp", np.ascontiguousarray(picture[..., ::-1]), [cv2.IMWRITE_WEBP_QUALITY, quality])
    if not good:
        raise OSError("a picture could not be encoded as WebP")
    return "data:image/webp;base64," + base64.b64encode(data.tobytes()).decode()


def strip_panels(path: Path) -> list[tuple[str, str]]:
    """Cut a stored strip into panels that show anything: (caption, data URI) of each."""
    stored = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if stored is None:
        return []
    parts = np.split(stored, len(PANELS), axis=1)
    return [(name, embedded(part)) for name, part in zip(PANELS, parts, strict=True) if part.min() < 250]


def html(
    found: Overview, title: str, facts: dict[str, str], values: dict[str, dict[str, list[float]]], items: Path
) -> str:
    """Write the whole report as one HTML page.

    values: metric, level, one number a picture, for the distributions. items: folder of the strips.
    """
    try:
        import jinja2
    except ImportError as error:
        raise MissingExtra("jinja2", "evaluation", "the HTML report") from error
    source = Path(__file__).with_name("report.html").read_text(encoding="utf-8")
    template = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(source)
    people = [
        {
            "rank": rank,
            "name": row.person,
            "caption": captions(row),
            "panels": strip_panels(items / f"{row.strip_of}.webp"),
        }
        for rank, row in shown_people(found.people)
    ]
    scale = np.tile(palette(np.linspace(0, 1, 160))[None], (10, 1, 1))
    page: str = template.render(
        title=title,
        facts=facts,
        tables=tables(found),
        svg=distributions_svg(values) if values else "",
        people=people,
        details=details_tables(found),
        people_table=people_table(found) if found.people else None,
        failed=found.failed,
        scale=embedded(scale),
        range_cm=f"{ERROR_RANGE_CM:g}",
    )
    return page


def headline_values(results: list[dict[str, Any]], found: Overview) -> dict[str, dict[str, list[float]]]:
    """List metric, level, and one number a picture for the distributions.

    They are those at the first alignment.
    """
    first = found.protocol.alignments[0]
    return {
        metric: {
            level: [r["levels"][level][first][metric] for r in results if level in r["levels"]]
            for level in found.levels
        }
        for metric in found.protocol.headline
        if found.levels
    }


def write_report(out: Path, found: Overview, results: list[dict[str, Any]], title: str, facts: dict[str, str]) -> None:
    """Write `report.md` and `report.html` into `out`."""
    write_text(out / "report.md", markdown(found, title, facts, out / "items"))
    write_text(out / "report.html", html(found, title, facts, headline_values(results, found), out / "items"))
