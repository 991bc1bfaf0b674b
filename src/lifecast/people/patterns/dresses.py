"""Dresses with a waist seam, and jumpsuits: a bodice sewn to gores or to legs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lifecast.people.patterns.bottoms import Legs, SkirtCut, skirt, trousers
from lifecast.people.patterns.lower import WAISTS, add_legs
from lifecast.people.patterns.measures import Measures
from lifecast.people.patterns.sewing import Sewing
from lifecast.people.patterns.skirts import add_gores
from lifecast.people.patterns.tops import Top, sew_top


@dataclass(frozen=True)
class Dress:
    """A bodice, whose hem is the waist seam, and what is sewn to it."""

    top: Top
    below: SkirtCut | Legs


def add_dress(sewing: Sewing, m: Measures, cut: Dress, clearance: float) -> None:
    """Add a bodice and a skirt of four gores, or legs; an open front is open to the hem of a skirt."""
    _, hems = sew_top(sewing, m, replace(cut.top, hem_band=0.0, tail=0.0), clearance)
    if isinstance(cut.below, Legs):
        legs = replace(trousers(m, replace(cut.below, waist=cut.top.hem)), band=0.0)
        add_legs(sewing, m, legs, clearance)
        waists = list(WAISTS)
    else:
        seam = sum(sewing.length(curve) for curve in hems)
        below = replace(cut.below, waist=cut.top.hem, gores=4)
        drawn = replace(skirt(m, below, seam), open=cut.top.front == "open")
        waists = add_gores(sewing, m, drawn, clearance)
        if drawn.open:
            sewing.hem(("gore 0", "left"), ("gore 3", "right"))
    for hem, waist in zip(hems, waists, strict=True):
        sewing.sew(hem, waist)
