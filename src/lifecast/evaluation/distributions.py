"""Distributions of the headline figures as inline SVG."""

from __future__ import annotations

import io
import math
import re
from typing import Any, cast

import numpy as np

from lifecast.errors import MissingExtra
from lifecast.evaluation.protocol import METRICS

COLOURS = {"coarse": "#8fa3b8", "fine": "#c2410c", "mesh": "#c2410c"}
"""Light against dark as well as blue against orange: different in grey, too."""


def distributions_svg(values: dict[str, dict[str, list[float]]], bins: int = 24) -> str:
    """Draw one histogram a metric as an `<svg>` element.

    Levels are drawn over each other, their medians marked. values: metric, level, one number a picture.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("matplotlib", "evaluation", "the report's distributions") from error
    columns = 3
    rows = max(1, math.ceil(len(values) / columns))
    style: dict[str, Any] = {
        "svg.fonttype": "none",
        "font.size": 8,
        "font.family": "sans-serif",
        "svg.hashsalt": "0",
    }
    with matplotlib.rc_context(cast(Any, style)):
        figure = Figure(figsize=(9.6, 1.9 * rows), layout="constrained")
        for place, (metric, levels) in enumerate(values.items()):
            axes = figure.add_subplot(rows, columns, place + 1)
            finite = {level: np.array([v for v in own if math.isfinite(v)]) for level, own in levels.items()}
            everything = np.concatenate(list(finite.values()))
            if len(everything) == 0:
                continue
            # The far tail would flatten all the rest: the last bin takes what lies beyond.
            low, high = float(everything.min()), float(np.percentile(everything, 99))
            edges = np.linspace(low, max(high, low + 1e-6), bins + 1)
            for level, own in finite.items():
                if len(own) == 0:
                    continue
                colour = COLOURS.get(level, "#444444")
                axes.hist(np.clip(own, low, edges[-1]), edges.tolist(), color=colour, alpha=0.55, label=level)
                axes.axvline(float(np.median(own)), color=colour, linewidth=1.6)
            metric_shown = METRICS[metric]
            unit = f" ({metric_shown.unit})" if metric_shown.unit else ""
            axes.set_title(metric_shown.label + unit, fontsize=8)
            axes.spines[["top", "right"]].set_visible(False)
            axes.set_yticks([])
            if place == 0 and len(finite) > 1:
                axes.legend(frameon=False, fontsize=7)
        written = io.BytesIO()
        figure.savefig(written, format="svg", metadata={"Date": None})
    svg = written.getvalue().decode()
    svg = svg[svg.index("<svg") :]
    # Sized by the page, not by matplotlib's points.
    return re.sub(
        r'(<svg[^>]*?) width="[^"]*"',
        r"\1",
        re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1),
        count=1,
    )
