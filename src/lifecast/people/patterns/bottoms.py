"""Trousers and skirts by shares of the body, so that one cut fits everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from lifecast.people.patterns.levels import level
from lifecast.people.patterns.lower import Trousers, add_trousers
from lifecast.people.patterns.measures import Measures
from lifecast.people.patterns.sewing import Sewing
from lifecast.people.patterns.skirts import Skirt, add_skirt


@dataclass(frozen=True)
class Legs:
    """How trousers are cut. Eases are shares of the body's girth there; levels are those of `levels.level`."""

    waist: float = 1.35
    """The level of the waist seam."""
    end: float = 5.4
    """The level at which the legs end."""
    hip: float = 0.06
    thigh: float = 0.1
    knee: float = 0.18
    hem: float = 0.6
    gathered: float = 0.02
    """Ease of the waist seam, which an elastic waistband gathers."""
    rise: float = 0.015
    """How deep the crotch seam lies, metres."""
    band: float = 0.035
    cuff: float = 0.0
    """Height of elastic cuffs at the ankles, metres."""
    stitched: tuple[str, ...] = ()


def trousers(m: Measures, cut: Legs) -> Trousers:
    """Compute the cut in metres for one body."""
    waist, end = level(m, cut.waist), min(level(m, cut.end), m.crotch - 0.06)
    knee = max(m.knee, end)
    ankle = float(m.leg.girth(max(end, m.ankle + 0.05)))
    if end < m.knee:  # the foot must pass
        ankle = max(ankle, 0.66 * float(m.leg.girth(m.knee)))
    return Trousers(
        waist=waist, waist_ease=cut.gathered * float(m.trunk.girth(waist)),
        hip_ease=cut.hip * float(m.trunk.girth(m.hip)),
        thigh_ease=cut.thigh * float(m.leg.girth(m.crotch - 0.04)), knee=float(m.leg.girth(knee)) * (1 + cut.knee),
        hem=ankle * (1 + cut.hem), end=end, rise=cut.rise, band=cut.band, cuff=cut.cuff, cuff_girth=1.03 * ankle,
        stitched=cut.stitched,
    )  # fmt: skip


@dataclass(frozen=True)
class SkirtCut:
    """How a skirt is cut. Eases are shares of the body's girth there; levels are those of `levels.level`."""

    shape: Literal["shaped", "conical", "gathered"] = "shaped"
    """Shaped to the hips and flared below; a cone from the waist on; or as wide above as below, and gathered."""
    waist: float = 1.05
    hem: float = 4.0
    hip: float = 0.05
    flare: float = 0.4
    """Metres of girth gained by a metre below the hips, or below the waist of a cone (6.28: a full circle)."""
    fullness: float = 1.8
    """Girth of a gathered skirt over the waist's."""
    gores: int = 4
    folds: int = 0
    pleats: bool = False
    slit: float = 0.0
    """Length of the slits, metres."""
    slits: tuple[int, ...] = ()
    band: float = 0.03


def skirt(m: Measures, cut: SkirtCut, seam: float | None = None) -> Skirt:
    """Compute the cut in metres for one body.

    `seam` is the girth of a bodice's hem that the skirt is sewn to; without one it fits its waistband.
    """
    waist = level(m, cut.waist)
    length = max(waist - level(m, cut.hem), 0.2)
    around = seam or float(m.trunk.girth(waist)) * 1.02
    down = max(waist - m.hip, 0.03)
    hips = max(float(m.trunk.girth(m.hip)) * (1 + cut.hip), around)
    if cut.shape == "conical":
        knots = [(0.0, around), (length, around + cut.flare * length)]
        # The cone covers the hips.
        need = max(hips, around + cut.flare * down)
        if down < length:
            knots = [(0.0, around), (down, need), (length, max(need, need + cut.flare * (length - down)))]
    elif cut.shape == "gathered":
        wide = max(around * cut.fullness, hips)
        knots = [(0.0, wide), (length, wide + cut.flare * length)]
    else:
        below = max(length - down, 0.0)
        end = max(hips + cut.flare * below, 0.75 * hips)
        knots = [(0.0, around), (min(down, 0.8 * length), hips), (length, end)]
    return Skirt(
        waist=waist, length=length, girths=tuple(knots), gores=cut.gores, folds=cut.folds, band=cut.band,
        slit=min(cut.slit, 0.6 * length), slits=cut.slits, pleats=cut.pleats,
    )  # fmt: skip


def add_bottom(sewing: Sewing, m: Measures, cut: Legs | SkirtCut, clearance: float) -> None:
    """Add trousers or a skirt, with a waistband."""
    if isinstance(cut, Legs):
        add_trousers(sewing, m, trousers(m, cut), clearance)
    else:
        add_skirt(sewing, m, skirt(m, cut), clearance)


def skirt_edge(m: Measures, cut: SkirtCut) -> float:
    """Choose the triangles' edge by the skirt's area: 11 to 12 mm."""
    drawn = skirt(m, cut)
    area = float(np.mean([girth for _, girth in drawn.girths])) * drawn.length
    return float(np.clip(0.011 + (area - 1.2) * 0.001, 0.011, 0.012))
