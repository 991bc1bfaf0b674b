"""Tops: a bodice with its neckline, sleeves, collar, hem and pockets; jackets, coats and straight dresses, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from lifecast.people.patterns.collars import (
    add_band,
    add_hood,
    add_lapels,
    add_shirt_collar,
    add_turtle,
    strip,
)
from lifecast.people.patterns.levels import level
from lifecast.people.patterns.measures import Measures
from lifecast.people.patterns.panel import Flat
from lifecast.people.patterns.sewing import Curve, Sewing
from lifecast.people.patterns.sleeves import Sleeve, add_sleeves
from lifecast.people.patterns.stitching import back_lines, front_lines, quilting
from lifecast.people.patterns.tube import Points
from lifecast.people.patterns.upper import Block, Bodice, add_bodice


@dataclass(frozen=True)
class Top:
    """How a top is cut. Eases are shares of the body's girth there; levels are those of `levels.level`."""

    chest: float
    """Ease at the chest: 0.02 tight, 0.1 usual, 0.35 oversized."""
    hem: float = 2.4
    """The level of the hem."""
    waist: float = 0.0
    """Shaping: 0 straight, 1 follows the waist."""
    hip: float = 0.05
    """Least ease at the hips."""
    flare: float = 0.0
    """Metres of girth gained by a metre below the hips; negative narrows."""
    neck: Literal["round", "v"] = "round"
    neck_depth: float = 0.3
    """Depth of the neckline in front, as a share of the way from the neck to the bust."""
    neck_back: float = 0.018
    """Depth behind, metres; negative runs up the neck."""
    neck_wide: float = 0.012
    """Metres beside the neck."""
    collar: Literal["none", "band", "stand", "shirt", "polo", "turtle", "mock", "hood", "lapel", "shawl"] = "none"
    collar_size: float = 1.0
    """1 is the usual size."""
    front: Literal["whole", "closed", "open"] = "whole"
    gap: float = 0.06
    """How wide an open front starts apart, metres."""
    sleeve: float = 0.0
    """The share of the arm that sleeves cover; 0: none."""
    sleeve_ease: float = 0.25
    sleeve_end: float = 0.25
    """Ease at the sleeve's end."""
    cuff: float = 0.0
    """Height of a cuff, metres, and"""
    cuff_ease: float = 0.12
    hem_band: float = 0.0
    """Height of a band at the hem, metres, and"""
    hem_band_ease: float = 0.0
    shoulder: float = 0.008
    """Metres beyond the tip of the shoulder."""
    armhole: float = 0.02
    scoop: float = 0.015
    tail: float = 0.0
    stitched: tuple[str, ...] = ()
    """Names for `stitching.front_lines` and `back_lines`."""
    quilt: float = 0.0
    """Distance of quilting lines, metres; 0: none."""


def girth_knots(m: Measures, cut: Top) -> tuple[tuple[float, float], ...]:
    """Compute the pattern's girths from the armhole to the hem."""
    trunk, hem = m.trunk, level(m, cut.hem)
    chest = max(float(trunk.girth(m.bust)), float(trunk.girth(m.armpit - 0.02))) * (1 + cut.chest)
    waist_body = float(trunk.girth(m.waist))
    least = waist_body * (1 + max(0.5 * cut.chest, 0.02))
    waist = max(chest * (1 - cut.waist) + waist_body * (1 + cut.chest) * cut.waist, least)
    hips = max(float(trunk.girth(max(m.hip, hem))) * (1 + cut.hip), chest * (1 - cut.waist))
    hip = max(m.hip, hem)
    knots = [(m.armpit, chest), (min(m.bust, m.armpit - 0.01), chest)]
    if hem < m.waist + 0.02:
        knots.append((m.waist, waist))
        if hip < m.waist - 0.02:
            knots.append((hip, max(hips, waist) if not cut.waist else hips))
    if hem < m.hip - 0.02:
        under = max(float(trunk.girth(hem)) * 0.97, knots[-1][1] + cut.flare * (m.hip - hem))
        knots.append((hem, under))
    return tuple(knots)


def sew_top(sewing: Sewing, m: Measures, cut: Top, clearance: float) -> tuple[Block, list[Curve]]:
    """Add a top's pieces but for the finish of its hem; give its block, and its hem from the front centre on."""
    hem = level(m, cut.hem)
    knots = girth_knots(m, cut)
    wide = knots[0][1] / 4
    depth = cut.neck_depth * (m.neck - m.bust)
    whole = cut.front == "whole"
    bodice = Bodice(
        girths=knots, hem=hem, neck_front=depth, neck_back=cut.neck_back, neck_wide=cut.neck_wide,
        v_neck=cut.neck == "v", shoulder=cut.shoulder, armhole=cut.armhole, scoop=cut.scoop,
        open=None if whole else 0.0 if cut.front == "closed" else cut.gap, tail=cut.tail,
    )  # fmt: skip
    low = m.neck + bodice.balance - depth
    front, left = front_lines(m, cut.stitched, whole, hem, low, wide)
    behind = back_lines(m, cut.stitched, hem, wide)
    if cut.quilt:
        rows = quilting(hem, m.armpit - 0.03, cut.quilt, 2 * wide)
        front, behind = front + rows, behind + rows
    block = add_bodice(sewing, m, bodice, clearance, tuple(front), tuple(behind), tuple(left))
    if cut.sleeve:
        biceps = float(m.arm.girth(m.arm.stations[0]))
        there = float(m.arm.girth(cut.sleeve * m.wrist_station))
        sleeve = Sleeve(
            length=cut.sleeve, ease=cut.sleeve_ease * biceps, end=cut.sleeve_end * there, cuff=cut.cuff,
            cuff_ease=cut.cuff_ease * there,
        )  # fmt: skip
        add_sleeves(sewing, block, sleeve, cut.quilt)
    else:
        sewing.hem_pair(("front", "armhole"), ("back", "armhole"))
    _add_collar(sewing, block, cut)
    if cut.front == "open":
        sewing.hem_pair(("front", "centre"))
    half = [sewing.sides(("front", "hem")), sewing.sides(("back", "hem"))]
    return block, [half[0][0], half[1][0], half[1][1], half[0][1]]


def _add_collar(sewing: Sewing, block: Block, cut: Top) -> None:
    size, whole = cut.collar_size, cut.front == "whole"
    if cut.collar == "none":
        sewing.hem_pair(("front", "neck"), ("back", "neck"))
    elif cut.collar == "band":
        add_band(sewing, block, 0.02 * size, 0.92, 0.4, closed=whole)
    elif cut.collar == "stand":
        add_band(sewing, block, 0.045 * size, 0.95, 0.2, closed=whole)
    elif cut.collar in ("mock", "turtle"):
        folded = cut.collar == "turtle"
        add_turtle(sewing, block, (0.06 if folded else 0.055) * size, 0.92, folded)
    elif cut.collar == "shirt":
        add_shirt_collar(sewing, block, 0.028 * size, 0.055 * size, 0.03 * size)
    elif cut.collar == "polo":
        add_shirt_collar(sewing, block, 0.022 * size, 0.052 * size, 0.015 * size)
    elif cut.collar == "hood":
        add_hood(sewing, block, 0.25 * size, 0.34 * size)
    else:
        add_lapels(sewing, block, 0.085 * size, 0.065 * size, 0.03 if cut.collar == "lapel" else 0.0)


def add_hem_band(sewing: Sewing, block: Block, hems: list[Curve], cut: Top) -> None:
    """Add a band below the hem that holds it to the body."""
    m, low = block.measures, level(block.measures, cut.hem)
    whole = [sewing.length(curve) for curve in hems]
    gap = cut.gap if cut.front == "open" else 0.0
    around = min(float(m.trunk.girth(low)) * (1 + cut.hem_band_ease) - gap, sum(whole))
    lengths = [around * length / sum(whole) for length in whole]

    def place(flat: Flat) -> Points:
        share = (gap / 2 + flat[:, 0]) / (around + gap)
        return m.trunk.place(low - cut.hem_band + flat[:, 1], share, block.clearance)

    sewing.piece("hem band", strip(lengths, cut.hem_band), place, attached=0.4)
    for k, curve in enumerate(hems):
        sewing.sew(("hem band", f"top {k}"), curve)
        sewing.hem(("hem band", f"low {k}"))
    if cut.front != "open":
        sewing.sew(("hem band", "start"), ("hem band", "end"))


def add_top(sewing: Sewing, m: Measures, cut: Top, clearance: float) -> None:
    """Add a whole top."""
    block, hems = sew_top(sewing, m, cut, clearance)
    if cut.hem_band:
        add_hem_band(sewing, block, hems, cut)
    else:
        sewing.hem(*hems)


def edge_for(m: Measures, cut: Top) -> float:
    """Choose the triangles' edge: 11 mm, a little more for what is long and wide."""
    area = float(np.mean([girth for _, girth in girth_knots(m, cut)])) * (m.neck - level(m, cut.hem))
    return 0.011 if area < 1.3 else 0.0118
