"""Sleeves: set in at the armhole with a cap, wrapped around the arm; with cuffs, hems or rolled up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifecast.people.patterns.panel import Flat, bezier, curve_length, line
from lifecast.people.patterns.placement import profile, slack
from lifecast.people.patterns.sewing import Sewing
from lifecast.people.patterns.tube import Points
from lifecast.people.patterns.upper import Block


@dataclass(frozen=True)
class Sleeve:
    """How a sleeve is cut; metres."""

    length: float
    """The share of the arm that it covers, from the shoulder joint: 1 ends at the wrist."""
    ease: float
    """Its girth at the armpit less the upper arm's."""
    end: float
    """Its girth at the end less the arm's there."""
    cuff: float = 0.0
    """The height of a cuff, or"""
    cuff_ease: float = 0.02
    """its girth less the arm's."""
    cuff_held: float = 0.6
    """How firmly the cuff is held to the arm."""


def cap_height(width: float, seam: float) -> float:
    """Find the height of a cap `width` wide whose curve is `seam` long, by bisection; metres."""
    low, high = 0.02, 0.3
    for _ in range(30):
        middle = (low + high) / 2
        if 2 * curve_length(_cap(width, middle)) < seam:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _cap(width: float, height: float) -> Flat:
    """The cap's half from the armpit, at x > 0, to its top."""
    return bezier((width / 2, 0), (0.30 * width, 0.02 * height), (0.26 * width, height), (0, height))


def add_sleeves(sewing: Sewing, block: Block, cut: Sleeve, quilt: float = 0.0) -> None:
    """Add both sleeves, and sew them into the armholes; `quilt` is the distance of lines stitched around them."""
    m, clearance = block.measures, block.clearance
    seam = sum(block.armholes) * 1.02
    arm = m.arm
    biceps = float(arm.girth(arm.stations[0]))
    width = min(biceps + cut.ease, 0.93 * seam)
    height = cap_height(width, seam)
    top = m.armpit_station
    ratio = m.arm_length / m.wrist_station
    end_station = max(cut.length * m.wrist_station, top + 0.04)
    length = (end_station - top) * ratio - cut.cuff
    end = min(float(arm.girth(end_station)) + cut.end, width * 1.6)
    tip = min(0.0, top - 0.05) - 0.01 + block.beyond
    spare = 0.8 * max(height - (top - tip), 0.0)
    stations = profile((-1.0, top + 1 / ratio), (0, top))
    girth = profile((-length, end), (0, width), (height, width))
    taper = profile((-length, end), (-0.45 * length, 0.45 * end + 0.55 * width), (0, width)) if length > 0.25 else girth

    def place(flat: Flat) -> Points:
        x, y = flat[:, 0], flat[:, 1]
        share = -x / taper(y)
        # The body's arms are half raised: the cap is higher than its way to the armpit, and moves the outer side down.
        shift = spare * np.cos(np.pi * share) ** 2
        cap_station = tip + (height - y) / height * (top + shift - tip)
        station = np.where(y > 0, cap_station, top - y / ratio + shift * np.exp(np.minimum(y, 0) / 0.3))
        return arm.place(station, share, slack(arm, station, taper(y), clearance))

    heights = np.linspace(-length, 0, max(int(length / 0.03), 2) + 1)
    back = np.stack([taper(heights) / 2, heights], 1)
    cap = _cap(width, height)
    outline = {
        "end": line((-end / 2, -length), (end / 2, -length)), "seam back": back, "cap back": cap,
        "cap front": cap[::-1] * [-1, 1], "seam front": back[::-1] * [-1, 1],
    }  # fmt: skip
    rows = np.arange(quilt, length + 0.3 * height, quilt) - 0.3 * height if quilt else ()
    rings = [line((-width, -y), (width, -y)) for y in rows if y < length - 0.5 * quilt]
    sewing.pair("sleeve", outline, place, rings)
    sewing.sew_pair(("sleeve", "seam back"), ("sleeve", "seam front"))
    for half in ("front", "back"):
        sewing.sew_pair(("sleeve", f"cap {half}"), (half, "armhole"), fair=True)
    if not cut.cuff:
        sewing.hem(("sleeve left", "end"), ("sleeve right", "end"))
        return
    around = float(arm.girth(end_station)) + cut.cuff_ease
    band = {
        "end": line((-around / 2, -cut.cuff), (around / 2, -cut.cuff)),
        "back": line((around / 2, -cut.cuff), (around / 2, 0)),
        "top": line((around / 2, 0), (-around / 2, 0)), "front": line((-around / 2, 0), (-around / 2, -cut.cuff)),
    }  # fmt: skip
    low = stations(np.array(-length))

    def place_cuff(flat: Flat) -> Points:
        station = low + flat[:, 1] * -1 / ratio
        return arm.place(station, -flat[:, 0] / around, clearance)

    sewing.pair("cuff", band, place_cuff, attached=cut.cuff_held)
    sewing.sew_pair(("cuff", "back"), ("cuff", "front"))
    sewing.sew_pair(("cuff", "top"), ("sleeve", "end"))
    sewing.hem(("cuff left", "end"), ("cuff right", "end"))
