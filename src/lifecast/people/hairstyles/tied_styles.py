"""Hairstyles that are tied: ponytails, buns and braids."""

from __future__ import annotations

from dataclasses import replace

from lifecast.people.hairstyles.flow import Flow
from lifecast.people.hairstyles.growth import Habit
from lifecast.people.hairstyles.loose_styles import fringe_locks
from lifecast.people.hairstyles.sections import (
    LOCK,
    Rng,
    edge_locks,
)
from lifecast.people.hairstyles.skull import Hairline
from lifecast.people.hairstyles.style import Cap, LockSet, Style, Tied


def _gathered(name: str, tied: tuple[Tied, ...], flow: Flow, fringe: LockSet | None, tight: float = 1.0) -> Style:
    cap = Cap(top=0.010 * tight, side=0.008 * tight, edge=0.034, spacing=0.009, groove=0.0018, frequency=40)
    habit = Habit(lift=0.1, hug=0.95, fall=0.0, hang=0.0, stiff=0.6, wander=0.04, eared=False, face_free=False)
    section = replace(LOCK, width=0.018, strands=2, tip=0.45, taper=0.5)
    locks = LockSet(80, 0.98, rings=13, spread=0.02, height=0.9, layers=0.003, section=section, habit=habit)
    sets: tuple[LockSet, ...] = (locks, edge_locks())
    return Style(name, Hairline(nape=-0.08), cap, flow, (*sets, fringe) if fringe else sets, tied)


def ponytail(rng: Rng) -> Style:
    """Gathered high or low at the back."""
    high = bool(rng.random() < 0.55)
    at = (180.0, float(rng.uniform(30, 48)) if high else float(rng.uniform(-22, 2)))
    length, size = float(rng.uniform(0.2, 0.46)), float(rng.uniform(0.019, 0.028))
    fringe = fringe_locks(rng) if rng.random() < 0.25 else None
    return _gathered(
        "ponytail-high" if high else "ponytail-low",
        (Tied("ponytail", at, length, size),),
        Flow(tie=1.0, tied=at),
        fringe,
    )


def bun(rng: Rng) -> Style:
    """Coiled on the top, or low at the back."""
    top = bool(rng.random() < 0.5)
    at = (180.0, float(rng.uniform(52, 75)) if top else float(rng.uniform(-20, 8)))
    size = float(rng.uniform(0.017, 0.023))
    return _gathered("bun-top" if top else "bun-low", (Tied("bun", at, 0.3, size),), Flow(tie=1.0, tied=at), None)


def braids(rng: Rng) -> Style:
    """Two braids behind the ears."""
    length, size = float(rng.uniform(0.26, 0.42)), float(rng.uniform(0.013, 0.017))
    before = float(rng.choice([1.0, 0.6]))
    ties = tuple(Tied("braid", (a, -24.0), length, size, before) for a in (128.0, -128.0))
    return _gathered("two-braids", ties, Flow(tie=1.0, tied=(128.0, -24.0), both=True), None)


def braid(rng: Rng) -> Style:
    """One braid down the back."""
    at = (180.0, float(rng.uniform(-25, 10)))
    ties = (Tied("braid", at, float(rng.uniform(0.3, 0.48)), float(rng.uniform(0.016, 0.021))),)
    return _gathered("braid", ties, Flow(tie=1.0, tied=at), None)
