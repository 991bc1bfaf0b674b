"""Scarves, capes, aprons and belts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifecast.people.patterns.collars import strip
from lifecast.people.patterns.levels import level
from lifecast.people.patterns.measures import Measures
from lifecast.people.patterns.panel import Flat, bezier, line
from lifecast.people.patterns.placement import profile
from lifecast.people.patterns.sewing import Sewing
from lifecast.people.patterns.stitching import pocket
from lifecast.people.patterns.tube import Points


@dataclass(frozen=True)
class Scarf:
    """A long strip, wound around the neck; metres."""

    wide: float = 0.22
    turns: int = 1
    """How often it is wound: 0 lies over the shoulders with both ends in front."""
    ends: tuple[float, float] = (0.45, 0.4)
    """How far its two ends hang down."""


@dataclass(frozen=True)
class Cape:
    """A ring's sector around the neck that covers the arms; metres."""

    length: float = 0.55
    fullness: float = 0.8
    """Share of a full circle."""
    open: bool = False
    wide: float = 0.03
    """How far its neckline lies outside of the neck."""


@dataclass(frozen=True)
class Apron:
    """A front over the lap, with or without a bib; metres."""

    bib: bool = True
    hem: float = 3.9
    """The level of its hem."""
    wide: float = 0.62
    """The share of the hips' girth that it covers."""


@dataclass(frozen=True)
class Belt:
    """A strip around the waist; metres."""

    at: float = 1.2
    """The level of its middle."""
    high: float = 0.035


def add_scarf(sewing: Sewing, m: Measures, cut: Scarf, clearance: float) -> None:
    """Add a scarf: both ends hang in front, and each turn lies outside of the one before."""
    round_ = float(m.trunk.girth(m.neck + 0.01)) + 2 * np.pi * (clearance + 0.02)
    wound = (cut.turns + 0.6) * round_
    first, last = cut.ends
    total = first + wound + last
    height = m.neck + 0.012

    def place(flat: Flat) -> Points:
        way = flat[:, 0] - first  # along the wound part
        inside = np.clip(way, 0, wound)
        share = 0.2 + inside / round_  # begins before the left shoulder
        layer = np.clip(way, -0.1, wound + 0.1) / round_
        out = clearance + 0.015 + 0.014 * np.maximum(layer, 0)
        across = flat[:, 1] - cut.wide / 2
        # Around the neck the strip is crumpled to a third of its width; its ends hang flat.
        away = np.maximum(-way, way - wound)
        open_ = np.clip(away / 0.25, 0, 1)
        points = m.trunk.place(np.full(len(flat), height) + across * 0.3 * (1 - open_), share, out + 0.03 * (1 - open_))
        points[:, 1] += 0.006 * np.sin(across / cut.wide * 18)
        down = np.maximum(away, 0)
        side = np.where(way < wound / 2, 1.0, -1.0)
        ahead = _hanging(m, height - down, clearance + 0.012)
        hanging = np.stack([side * 0.07 + across * 0.6, height - down, ahead + 0.012 * (side < 0)], 1)
        share_ = np.clip(away / 0.12, 0, 1)[:, None]
        return points * (1 - share_) + hanging * share_

    outline = strip([total], cut.wide)
    sewing.piece("scarf", outline, place)
    sewing.hem(*[("scarf", name) for name in outline])


def _hanging(m: Measures, height: Points, clearance: float) -> Points:
    """How far ahead the trunk's front lies at a height, and above, since what hangs does not swing in."""
    stations = np.arange(m.ankle, m.neck, 0.02)
    front = m.trunk.place(stations, np.zeros(len(stations)), clearance)[:, 2]
    front = np.maximum.accumulate(front[::-1])[::-1]
    ahead: Points = np.interp(height, stations, front)
    return ahead


def add_cape(sewing: Sewing, m: Measures, cut: Cape, clearance: float) -> None:
    """Add a cape of two halves that begin in front; it slopes down over the arms."""
    ring = float(m.trunk.girth(m.neck)) + 2 * np.pi * cut.wide
    radius = ring / (2 * np.pi * cut.fullness)
    half = np.pi * cut.fullness
    angle = np.linspace(-half / 2, half / 2, 81)
    direction = np.stack([np.sin(angle), -np.cos(angle)], 1)
    inner, outer = radius * direction, (radius + cut.length) * direction
    outline = {
        "hem": outer, "right": line(tuple(outer[-1]), tuple(inner[-1])), "neck": inner[::-1],
        "left": line(tuple(inner[0]), tuple(outer[0])),
    }  # fmt: skip

    def place(flat: Flat) -> Points:
        along = np.arctan2(flat[:, 0], -flat[:, 1]) / half + 0.5  # 0 in front, 1 behind
        down = np.linalg.norm(flat, axis=1) - radius
        share = along / 2
        base = m.trunk.place(np.full(len(flat), m.neck), share, cut.wide)
        turn = 2 * np.pi * share
        slope = np.radians(18) + np.radians(34) * np.sin(turn) ** 2
        slope = np.where(down > 0, slope, 0)
        outward = np.stack([np.sin(turn), np.zeros(len(turn)), np.cos(turn)], 1)
        rise = clearance + 0.01
        shoulder = np.minimum(down, 0.12)  # nearly level over the shoulder, then down the slope
        flat_way = shoulder * np.cos(np.radians(25)) + (down - shoulder) * np.sin(slope)
        fall = shoulder * np.sin(np.radians(25)) + (down - shoulder) * np.cos(slope)
        points = base + outward * flat_way[:, None]
        points[:, 1] += rise - fall
        if cut.open:
            points[:, 0] = np.maximum(points[:, 0], 0.02)
        sloped: Points = points
        return sloped

    sewing.pair("cape", outline, place)
    sewing.sew(("cape left", "right"), ("cape right", "right"))
    sewing.hem_pair(("cape", "hem"), ("cape", "neck"))
    if cut.open:
        sewing.hem_pair(("cape", "left"))
    else:
        sewing.sew(("cape left", "left"), ("cape right", "left"))


def add_apron(sewing: Sewing, m: Measures, cut: Apron, clearance: float) -> None:
    """Add an apron: its front, a strap around the waist, and one around the neck."""
    low, waist = level(m, cut.hem), m.waist
    hips = float(m.trunk.girth(m.hip))
    half = cut.wide * hips / 2
    around = float(m.trunk.girth(waist)) + 0.04
    top = m.bust + 0.35 * (m.pit - m.bust) if cut.bib else waist + 0.02
    bib = min(0.12, 0.6 * half)
    side_waist = min(half, 0.36 * around)
    right = [
        line((half, low), (side_waist, waist - 0.02)),
        line((side_waist, waist - 0.02), (side_waist, waist + 0.02)),
    ]
    outline = {"hem": line((-half, low), (half, low)), "edge left": right[0], "tie left": right[1]}
    if cut.bib:
        rounded = bezier((side_waist, waist + 0.02), (0.75 * side_waist, waist + 0.06), (bib, top - 0.1), (bib, top))
        outline["bib left"] = rounded
        inner = bib - 0.025
        outline["strap left"] = line((bib, top), (inner, top))
        outline["top"] = line((inner, top), (-inner, top))
        outline["strap right"] = line((-inner, top), (-bib, top))
        outline["bib right"] = rounded[::-1] * [-1, 1]
    else:
        outline["top"] = line((side_waist, waist + 0.02), (-side_waist, waist + 0.02))
    outline["tie right"] = right[1][::-1] * [-1, 1]
    outline["edge right"] = right[0][::-1] * [-1, 1]
    girth = profile(
        (low, hips * 1.08), (m.hip, hips * 1.05), (waist, around), (m.bust, float(m.trunk.girth(m.bust)) + 0.03)
    )

    def place(flat: Flat) -> Points:
        return m.trunk.place(flat[:, 1], flat[:, 0] / girth(flat[:, 1]), clearance)

    lines = [pocket(0, m.hip + 0.02, 0.3, 0.16)]
    sewing.piece("apron", outline, place, lines)
    behind = around - 2 * side_waist
    tie = {
        "low": line((0, 0), (behind, 0)), "end": line((behind, 0), (behind, 0.04)),
        "top": line((behind, 0.04), (0, 0.04)), "start": line((0, 0.04), (0, 0)),
    }  # fmt: skip

    def place_tie(flat: Flat) -> Points:
        return m.trunk.place(waist - 0.02 + flat[:, 1], (side_waist + flat[:, 0]) / around, clearance)

    sewing.piece("tie", tie, place_tie, attached=1.0)
    sewing.sew(("tie", "start"), ("apron", "tie left"))
    sewing.sew(("tie", "end"), ("apron", "tie right"))
    sewing.hem(("apron", "hem"), ("apron", "edge left"), ("apron", "edge right"), ("apron", "top"))
    if not cut.bib:
        return
    sewing.hem(("apron", "bib left"), ("apron", "bib right"))
    start = place(np.array([[bib - 0.0125, top]]))[0]
    path = bezier(
        start[:2], (start[0], m.neck), (m.neck_half + 0.02, m.neck + 0.03), (m.neck_half + 0.02, m.neck + 0.01)
    )
    depth = np.linspace(start[2], m.trunk.place(np.array([m.neck]), np.array([0.25]), 0.0)[0, 2], len(path))
    left = np.column_stack([path, depth])
    turn = np.linspace(0.25, 0.75, 30)
    nape = m.trunk.place(np.full(30, m.neck + 0.005), turn, clearance)
    route = np.concatenate([left, nape[1:-1], left[::-1] * [-1, 1, 1]])
    step = np.linalg.norm(np.diff(route, axis=0), axis=1)
    walked = np.concatenate([[0.0], np.cumsum(step)])
    strap = {
        "low": line((0, 0), (walked[-1], 0)), "end": line((walked[-1], 0), (walked[-1], 0.025)),
        "top": line((walked[-1], 0.025), (0, 0.025)), "start": line((0, 0.025), (0, 0)),
    }  # fmt: skip

    def place_strap(flat: Flat) -> Points:
        base = np.stack([np.interp(flat[:, 0], walked, route[:, k]) for k in range(3)], 1)
        front = np.clip(1 - np.minimum(flat[:, 0], walked[-1] - flat[:, 0]) / 0.2, 0, 1)
        side = np.where(flat[:, 0] < walked[-1] / 2, 1.0, -1.0)
        across = flat[:, 1] - 0.0125
        base[:, 0] -= side * across * front
        base[:, 1] += across * (1 - front)
        return base

    sewing.piece("strap", strap, place_strap)
    sewing.sew(("strap", "start"), ("apron", "strap left"))
    sewing.sew(("strap", "end"), ("apron", "strap right"))


def add_belt(sewing: Sewing, m: Measures, cut: Belt, clearance: float) -> None:
    """Add a closed belt, held to what it lies on."""
    low = level(m, cut.at) - cut.high / 2
    girth = float(m.trunk.girth(low + cut.high / 2)) + 2 * np.pi * clearance

    def place(flat: Flat) -> Points:
        return m.trunk.place(low + flat[:, 1], flat[:, 0] / girth, clearance)

    sewing.piece("belt", strip([girth], cut.high), place, attached=1.0)
    sewing.sew(("belt", "start"), ("belt", "end"))
    sewing.hem(("belt", "low 0"), ("belt", "top 0"))
