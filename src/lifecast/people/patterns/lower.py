"""Trousers and shorts: two fronts and two backs that meet between the legs, under a waistband.

A leg's y is the height on the body; x of the left front is 0 at the front centre and grows to the outside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifecast.people.patterns.collars import strip
from lifecast.people.patterns.measures import Measures
from lifecast.people.patterns.panel import Flat, Outline, bezier, line
from lifecast.people.patterns.placement import Profile, profile, slack
from lifecast.people.patterns.sewing import FLIP, Curve, Place, Sewing
from lifecast.people.patterns.stitching import pocket
from lifecast.people.patterns.tube import Points

WAISTS: tuple[Curve, ...] = (
    ("leg front left", "waist"), ("leg back left", "waist"), ("leg back right", "waist"), ("leg front right", "waist"),
)  # fmt: skip
"""The legs' waist curves, from the front centre over the left side and the back."""


@dataclass(frozen=True)
class Trousers:
    """How trousers are cut; metres."""

    waist: float
    """The height of their waist seam on the body."""
    waist_ease: float
    """Girth of the waist seam less the body's there; elastic waists have much."""
    hip_ease: float
    thigh_ease: float
    knee: float
    """Girth at the knee, and"""
    hem: float
    """at the end of the leg."""
    end: float
    """The height at which the legs end."""
    rise: float = 0.015
    """How deep the crotch seam lies below the crotch."""
    band: float = 0.035
    """The waistband's height, and"""
    band_ease: float = 0.01
    """its girth less the body's."""
    cuff: float = 0.0
    """The height of elastic cuffs (0: none), and"""
    cuff_girth: float = 0.0
    """their girth."""
    stitched: tuple[str, ...] = ()
    """fly, slant pockets, patch pockets (behind), cargo pockets, creases."""


@dataclass(frozen=True, eq=False)
class _Leg:
    outline: Outline
    inner: Profile
    outer: Profile


def _draw_leg(m: Measures, cut: Trousers, back: bool) -> _Leg:
    """Draw the left front, or the left back as the front is seen (to be mirrored)."""
    sign = 1.0 if back else -1.0
    low = m.crotch - cut.rise
    hip = max(m.hip, low + 0.05)
    trunk = m.trunk
    hip_girth = float(trunk.girth(hip)) + cut.hip_ease
    waist_girth = float(trunk.girth(cut.waist)) + cut.waist_ease
    extension = (0.105 if back else 0.05) * hip_girth
    thigh = float(m.leg.girth(m.crotch - 0.04)) + cut.thigh_ease
    hip_wide = hip_girth / 4 + sign * 0.008
    thigh_wide = thigh / 2 + sign * 0.02
    waist_wide = waist_girth / 4 + sign * 0.004
    lean = 0.02 if back else 0.004  # the centre seam slants toward the waist
    middle = hip_wide / 2 - extension * 0.4
    outer_thigh = min(-extension + thigh_wide, hip_wide + 0.02)
    knee, end = m.knee, cut.end
    knee_half, hem_half = (girth / 4 + sign * 0.005 for girth in (cut.knee, cut.hem))
    rows = [(low, -extension, outer_thigh)]
    if end < knee - 0.03:
        rows += [(knee, middle - knee_half, middle + knee_half), (end, middle - hem_half, middle + hem_half)]
    else:
        rows += [(end, middle - hem_half, middle + hem_half)]
    crotch_y = low + 0.42 * (hip - low) + 0.03
    rise_back = 0.02 if back else 0.0
    inner = profile(*[(y, a) for y, a, _ in rows], (crotch_y, 0.0), (cut.waist, lean))
    outer = profile(*[(y, b) for y, _, b in rows], (hip, hip_wide), (cut.waist, lean + waist_wide))
    outside = np.linspace(end, cut.waist, 40)
    inside = np.linspace(low, end, 30)
    inseam = np.stack([inner(inside), inside], 1)
    bend = 0.03 * (inside - low) * (inside - knee) / max((low - knee) ** 2 / 4, 1e-4)  # hollow between crotch and knee
    inseam[:, 0] -= np.where(inside > knee, np.minimum(bend, 0) * 0.3, 0)
    crotch = bezier(
        (0.0 if not back else lean * 0.3, crotch_y + 0.02), (0, low + 0.3 * (crotch_y - low)),
        (-0.35 * extension, low + 0.002), (-extension, low),
    )  # fmt: skip
    outline: Outline = {
        "hem": line(tuple(inseam[-1]), (float(outer(np.array(end))), end)),
        "outseam": np.stack([outer(outside), outside], 1),
        "waist": line((lean + waist_wide, cut.waist), (lean, cut.waist + rise_back)),
        "crotch": np.concatenate([[[lean, cut.waist + rise_back]], crotch]),
        "inseam": inseam,
    }
    return _Leg(outline, inner, outer)


def leg_place(m: Measures, leg: _Leg, cut: Trousers, clearance: float, back: bool) -> Place:
    """Wrap a left leg's half around the trunk above the crotch, and around the leg below it."""
    low = m.crotch - cut.rise
    hip = max(m.hip, low + 0.05)
    hip_girth = float(m.trunk.girth(hip)) + cut.hip_ease

    def place(flat: Flat) -> Points:
        x, y = flat[:, 0] * (-1 if back else 1), flat[:, 1]
        a, b = leg.inner(y), leg.outer(y)
        t = np.clip((x - a) / np.maximum(b - a, 1e-6), 0, 1)
        trunk_share = 0.5 - t / 4 if back else t / 4
        leg_share = 0.75 - t / 2 if back else t / 2 - 0.25
        station = np.minimum(y, cut.waist + 0.03)
        above = m.trunk.place(station, trunk_share, slack(m.trunk, station, np.full(len(y), hip_girth), clearance))
        top = m.crotch - 0.03
        below = m.leg.place(y, leg_share, slack(m.leg, np.minimum(y, top), 2 * (b - a), clearance))
        below[:, 0] = np.maximum(below[:, 0], 0.002)
        share = np.clip((y - low) / max(0.75 * (hip - low), 0.06), 0, 1)[:, None]
        share = share * share * (3 - 2 * share)
        return below * (1 - share) + above * share

    return place


def add_legs(sewing: Sewing, m: Measures, cut: Trousers, clearance: float) -> None:
    """Add the four pieces of the legs, sewn together; their waists stay open."""
    for name, back in (("leg front", False), ("leg back", True)):
        leg = _draw_leg(m, cut, back)
        outline = leg.outline
        if back:
            outline = {key: curve[::-1] * FLIP for key, curve in reversed(list(outline.items()))}
        lines, left_lines = _leg_lines(m, leg, cut, back)
        sewing.pair(name, outline, leg_place(m, leg, cut, clearance, back), lines, left_lines=left_lines)
        sewing.sew((f"{name} left", "crotch"), (f"{name} right", "crotch"))
    for seam in ("outseam", "inseam"):
        sewing.sew_pair(("leg front", seam), ("leg back", seam))
    if not cut.cuff:
        sewing.hem_pair(("leg front", "hem"), ("leg back", "hem"))
        return
    lengths = [cut.cuff_girth / 2] * 2

    def place(flat: Flat) -> Points:
        station = cut.end - cut.cuff + flat[:, 1]
        return m.leg.place(station, flat[:, 0] / cut.cuff_girth - 0.25, clearance)

    sewing.pair("ankle cuff", strip(lengths, cut.cuff), place, attached=0.6)
    sewing.sew_pair(("ankle cuff", "start"), ("ankle cuff", "end"))
    for k, half in enumerate(("front", "back")):
        sewing.sew_pair(("ankle cuff", f"top {k}"), (f"leg {half}", "hem"))
        sewing.hem_pair(("ankle cuff", f"low {k}"))


def _leg_lines(m: Measures, leg: _Leg, cut: Trousers, back: bool) -> tuple[list[Flat], list[Flat]]:
    """Draw what is stitched onto a left leg's half, and what onto no right one; of the back, x is mirrored at last."""
    lines: list[Flat] = []
    single: list[Flat] = []
    top = cut.waist

    def edge(y: float) -> float:
        return float(leg.outer(np.array(y)))

    for name in cut.stitched:
        if name == "fly" and not back:
            low = top - 0.6 * (top - m.crotch) - 0.03
            single.append(line((0.04, top), (0.04, low + 0.03), (0.0, low)))
        elif name == "slant pockets" and not back:
            lines.append(line((edge(top) - 0.05, top), (edge(top - 0.15), top - 0.15)))
        elif name == "patch pockets" and back:
            middle, high = 0.5 * edge(top - 0.1) + 0.01, top - 0.07
            lines.append(pocket(middle, high, min(0.13, edge(high) - 0.05), 0.13, 0.02))
        elif name == "cargo pockets":
            high = 0.55 * m.crotch + 0.45 * m.knee
            if high - 0.18 > cut.end:
                lines.append(line((edge(high) - 0.1, high - 0.17), (edge(high) - 0.1, high), (edge(high), high)))
                lines.append(line((edge(high - 0.17) - 0.1, high - 0.17), (edge(high - 0.17), high - 0.17)))
        elif name == "creases":
            lines.append(line((0.5 * edge(m.crotch) - 0.02, m.crotch), (0.5 * edge(m.crotch) - 0.02, cut.end)))
    return [path * FLIP if back else path for path in lines], single


def add_waistband(
    sewing: Sewing, m: Measures, seams: list[Curve], height: float, low: float, girth: float,
    clearance: float, held: float = 1.0,
) -> None:  # fmt: skip
    """Add a waistband over waist curves, which are walked from the front centre over the left side and the back."""
    waists = [sewing.length(curve) for curve in seams]
    lengths = [girth * length / sum(waists) for length in waists]

    def place(flat: Flat) -> Points:
        return m.trunk.place(low + flat[:, 1], flat[:, 0] / girth, clearance)

    sewing.piece("waistband", strip(lengths, height), place, attached=held)
    for k, curve in enumerate(seams):
        sewing.sew(("waistband", f"low {k}"), curve)
        sewing.hem(("waistband", f"top {k}"))
    sewing.sew(("waistband", "start"), ("waistband", "end"))


def add_trousers(sewing: Sewing, m: Measures, cut: Trousers, clearance: float) -> None:
    """Add legs and a waistband."""
    add_legs(sewing, m, cut, clearance)
    girth = float(m.trunk.girth(cut.waist + cut.band / 2)) + cut.band_ease
    add_waistband(sewing, m, list(WAISTS), cut.band, cut.waist, girth, clearance)
