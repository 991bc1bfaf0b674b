"""Skirts: gores around the waist, from pencil to full circle; gathered and pleated ones.

A gore's y is minus the way down its middle from the waist seam, x the way across.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifecast.people.patterns.lower import add_waistband
from lifecast.people.patterns.measures import Measures
from lifecast.people.patterns.panel import Flat, Outline, line
from lifecast.people.patterns.placement import FARTHEST, Profile, profile
from lifecast.people.patterns.sewing import Place, Sewing
from lifecast.people.patterns.tube import Points


@dataclass(frozen=True)
class Skirt:
    """How a skirt is cut; metres."""

    waist: float
    """The height of its waist seam on the body."""
    length: float
    """From the waist seam to the hem."""
    girths: tuple[tuple[float, float], ...]
    """(way down from the waist seam, girth of the pattern) knots."""
    gores: int = 4
    folds: int = 0
    """How many waves its start has where it is wider than its tube (0: chosen by its girth)."""
    band: float = 0.035
    """The waistband's height (0: none)."""
    band_ease: float = 0.01
    slit: float = 0.0
    """How long the slits are, and"""
    slits: tuple[int, ...] = ()
    """the gores after which they are."""
    open: bool = False
    """The front centre stays open."""
    pleats: bool = False
    """Lines along the folds are pressed."""


def draw_gore(girth: Profile, length: float, gores: int) -> Outline:
    """Draw one gore.

    Its edges are as long as its middle: waist and hem bend upward at the sides of a flared gore, as those of a ring's
    sector do.
    """
    down = np.linspace(0, length, 60)
    half = girth(down) / gores / 2
    # The edge leans out by the angle a; a ring's sector of the same opening turns by it from the middle to the edge.
    angle = np.arcsin(np.clip(np.gradient(half, down), -0.9, 0.9))
    radius = half / np.maximum(np.sin(np.abs(angle)), 1e-4)
    lift = np.where(np.abs(angle) > 1e-3, radius * (1 - np.cos(angle)) * np.sign(angle), 0.0)
    x, y = half, -down + lift
    right = np.stack([x, y], 1)

    def bow(k: int) -> Flat:
        across = np.linspace(-1, 1, 41)
        return np.stack([across * x[k], -down[k] + lift[k] * across**2], 1)

    return {"hem": bow(-1), "right": right[::-1], "waist": bow(0)[::-1], "left": right * [-1, 1]}


def _pleats(girth: Profile, cut: Skirt) -> list[Flat]:
    """Draw the ridges of a gore's folds, from near the waist to near the hem."""
    per_gore = max(1, round(cut.folds / cut.gores))
    ends = np.array([0.0, cut.length])
    half = girth(ends) / cut.gores / 2
    shares = (np.arange(per_gore) + 0.5) / per_gore * 2 - 1
    return [line((share * half[0], 0.0), (share * half[1], -cut.length)) for share in shares]


def _slit(outline: Outline, length: float, right: bool, left: bool) -> Outline:
    """Part the lower end of a gore's edges from them."""
    pieces: Outline = {}
    for name, curve in outline.items():
        if (name == "right" and right) or (name == "left" and left):
            walked = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
            at = length if name == "right" else walked[-1] - length
            point = np.array([[np.interp(at, walked, curve[:, k]) for k in range(2)]])
            before = np.concatenate([curve[walked < at - 1e-4], point])
            after = np.concatenate([point, curve[walked > at + 1e-4]])
            first, second = (f"{name} slit", name) if name == "right" else (name, f"{name} slit")
            pieces[first], pieces[second] = before, after
        else:
            pieces[name] = curve
    return pieces


def skirt_place(m: Measures, cut: Skirt, girth: Profile, number: int, clearance: float) -> Place:
    """Hang a gore around the hips; what is wider than the tube there starts in waves."""
    down = np.linspace(0, cut.length, 80)
    wanted = girth(down)
    spread = np.gradient(wanted, down) / (2 * np.pi)
    fall = np.sqrt(np.maximum(1 - np.minimum(np.abs(spread), 0.7) ** 2, 0.3))
    drop = np.concatenate([[0.0], np.cumsum((fall[1:] + fall[:-1]) / 2 * np.diff(down))])
    stations = cut.waist - drop
    tube = m.trunk.girth(stations)
    offset = np.clip((wanted - tube) / (2 * np.pi), clearance, None)
    # The hull of the hips holds the cloth out further down; wide skirts stand out at most so far.
    hull = np.maximum.accumulate(tube)
    offset = np.maximum(offset, (hull - tube) / (2 * np.pi) * 0.9)
    limit = np.minimum(clearance + 0.02 + 0.7 * down, FARTHEST + 0.75 * down)
    offset = np.minimum(offset, np.maximum(limit, clearance))
    around = tube + 2 * np.pi * offset
    surplus = np.clip(wanted / around, 1, 2.6) - 1
    folds = cut.folds or max(6, round(float(around[-1]) / 0.16))
    if cut.pleats:
        folds = cut.gores * max(1, round(folds / cut.gores))
    wave = 2 * np.sqrt(surplus) * around / (2 * np.pi * folds)
    wave = np.minimum(wave, 0.8 * around / folds) * np.clip(down / 0.08, 0.15, 1)

    phase = -1.0 if cut.pleats else 1.0  # ridges lie in the middle of a gore's shares

    def place(flat: Flat) -> Points:
        y = -flat[:, 1]
        share = (number + 0.5) / cut.gores + flat[:, 0] / np.maximum(girth(y), 1e-3)
        out = (
            np.interp(y, down, offset) + np.interp(y, down, wave) * (1 + phase * np.cos(2 * np.pi * folds * share)) / 2
        )
        return m.trunk.place(np.interp(y, down, stations), share, out)

    return place


def add_gores(sewing: Sewing, m: Measures, cut: Skirt, clearance: float) -> list[tuple[str, str]]:
    """Add the gores, sewn side by side; give their waist curves, from the front centre over the left."""
    girth = profile(*cut.girths)
    whole = draw_gore(girth, cut.length, cut.gores)
    lines = _pleats(girth, cut) if cut.pleats else []
    for k in range(cut.gores):
        outline = whole
        if cut.slit:
            outline = _slit(whole, cut.slit, k in cut.slits, (k - 1) % cut.gores in cut.slits)
        sewing.piece(f"gore {k}", outline, skirt_place(m, cut, girth, k, clearance), lines)
    for k in range(cut.gores):
        after = f"gore {(k + 1) % cut.gores}"
        if not (cut.open and k == cut.gores - 1):
            sewing.sew((f"gore {k}", "right"), (after, "left"))
        if cut.slit and k in cut.slits:
            sewing.hem((f"gore {k}", "right slit"), (after, "left slit"))
        sewing.hem((f"gore {k}", "hem"))
    return [(f"gore {k}", "waist") for k in range(cut.gores)]


def add_skirt(sewing: Sewing, m: Measures, cut: Skirt, clearance: float) -> None:
    """Add gores and a waistband."""
    waists = add_gores(sewing, m, cut, clearance)
    girth = float(m.trunk.girth(cut.waist + cut.band / 2)) + cut.band_ease
    add_waistband(sewing, m, waists, cut.band, cut.waist, girth, clearance)
