"""Neckbands and collars: strips sewn around the neckline."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lifecast.people.patterns.panel import Flat, Outline, curve_length, line
from lifecast.people.patterns.sewing import Curve, Place, Sewing
from lifecast.people.patterns.tube import Points
from lifecast.people.patterns.upper import Block


def strip(lengths: Sequence[float], height: float) -> Outline:
    """Draw a strip whose lower edge has segments `low 0`, `low 1`, ..., and whose upper edge `top 0`, ... above them."""
    at = np.concatenate([[0.0], np.cumsum(lengths)])
    low = {f"low {k}": line((at[k], 0), (at[k + 1], 0)) for k in range(len(lengths))}
    top = {f"top {k}": line((at[k + 1], height), (at[k], height)) for k in reversed(range(len(lengths)))}
    end = {"end": line((at[-1], 0), (at[-1], height))}
    return {**low, **end, **top, "start": line((0, height), (0, 0))}


def along(path: Points, length: float) -> tuple[Points, Points]:
    """Resample a 3D path (n, 3) by share: 200 points, and their outward horizontal directions."""
    step = np.linalg.norm(np.diff(path, axis=0), axis=1)
    walked = np.concatenate([[0.0], np.cumsum(step)])
    wanted = np.linspace(0, walked[-1], 200)
    points = np.stack([np.interp(wanted, walked, path[:, k]) for k in range(3)], 1)
    outward = points - points.mean(0)
    outward[:, 1] = 0
    return points, outward / np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-9)


def strip_place(path: Points, length: float, rise: Sequence[tuple[float, float, float]]) -> Place:
    """Stand a strip on a path.

    `rise` holds (y of the strip, metres up, metres outward) knots.
    """
    points, outward = along(path, length)
    y, up, out = np.array(rise).T

    def place(flat: Flat) -> Points:
        at = np.clip(flat[:, 0] / length, 0, 1) * (len(points) - 1)
        low = np.minimum(at.astype(int), len(points) - 2)
        share = (at - low)[:, None]
        base = points[low] * (1 - share) + points[low + 1] * share
        way = outward[low] * (1 - share) + outward[low + 1] * share
        base = base + way * np.interp(flat[:, 1], y, out)[:, None]
        base[:, 1] += np.interp(flat[:, 1], y, up)
        return base

    return place


def around_neck(block: Block, closed_behind: bool) -> list[tuple[Curve, Points]]:
    """The neckline's curves from the front centre on, or from the middle of the back on."""
    half = len(block.neck) // 2
    return block.neck[half:] + block.neck[:half] if closed_behind else block.neck


def add_band(sewing: Sewing, block: Block, height: float, ratio: float, held: float, closed: bool = True) -> None:
    """Add a neckband.

    Its length is `ratio` of the neckline's; a band shorter than the neckline keeps it from gaping. A closed band is
    sewn together behind; an open one ends at the front's edges.
    """
    curves = around_neck(block, closed)
    lengths = [sewing.length(curve) * ratio for curve, _ in curves]
    path = np.concatenate([way if k == 0 else way[1:] for k, (_, way) in enumerate(curves)])
    total = sum(lengths)
    place = strip_place(path, total, [(0, 0, 0), (height, 0.85 * height, -0.4 * height)])
    sewing.piece("neckband", strip(lengths, height), place, attached=held)
    for k, (curve, _) in enumerate(curves):
        sewing.sew(("neckband", f"low {k}"), curve)
        sewing.hem(("neckband", f"top {k}"))
    if closed:
        sewing.sew(("neckband", "start"), ("neckband", "end"))


def neckline_length(sewing: Sewing, block: Block) -> float:
    """Measure the whole neckline, metres."""
    return sum(sewing.length(curve) for curve, _ in block.neck)


__all__ = ["add_band", "along", "around_neck", "curve_length", "neckline_length", "strip", "strip_place"]
