"""Hairstyles that fall or stand freely: medium and long, straight, wavy and curled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lifecast.people.hairstyles.flow import Flow
from lifecast.people.hairstyles.growth import Habit
from lifecast.people.hairstyles.locks import Section
from lifecast.people.hairstyles.sections import (
    BROAD,
    LOCK,
    WISP,
    Rng,
    edge_locks,
    short_hairline,
)
from lifecast.people.hairstyles.skull import Hairline
from lifecast.people.hairstyles.style import Cap, LockSet, Style


def medium(rng: Rng) -> Style:
    """Over the ears, to the nape."""
    cap = Cap(top=0.016, side=0.013, edge=0.034, spacing=0.011, groove=0.0018, frequency=34)
    habit = Habit(lift=0.3, hug=0.7, fall=0.35, wander=0.22, before=-0.8)
    flow = Flow(part=1.0, back=0.35, parting=float(rng.uniform(-0.035, 0.035)))
    wisps = LockSet(90, 0.18, rings=14, sides=0.6, height=1.0, layers=0.006, section=WISP, habit=habit)
    locks = LockSet(
        80,
        0.19,
        rings=16,
        sides=0.6,
        layers=0.006,
        section=replace(LOCK, width=0.03, tip=0.1, taper=0.5),
        habit=habit,
        wave=0.003,
        pitch=0.09,
    )
    return Style("medium", Hairline(nape=-0.085), cap, flow, (locks, wisps, edge_locks()))


def bob(rng: Rng) -> Style:
    """To the jaw, ends in one line, with or without a fringe."""
    fringe = bool(rng.random() < 0.5)
    cap = Cap(top=0.016, side=0.016, edge=0.036, spacing=0.012, groove=0.0018, frequency=28)
    habit = Habit(lift=0.25, hug=0.75, fall=0.45, stiff=1.6, wander=0.09, before=-0.3)
    flow = Flow(part=1.0, back=0.2, parting=float(rng.uniform(-0.03, 0.03)))
    blunt = replace(BROAD, width=0.046, strands=4, tip=0.6, taper=0.1)
    ends = float(rng.uniform(-0.025, 0.035))
    upper = LockSet(52, 0.01, ends=ends, rings=15, spread=0.04, layers=0.006, section=blunt, habit=habit)
    lower = LockSet(44, 0.0, ends=ends, rings=10, spread=0.04, layers=0.004, region="lower", section=blunt, habit=habit)
    wisps = LockSet(
        45,
        0.01,
        ends=ends,
        rings=16,
        spread=0.05,
        height=1.0,
        layers=0.006,
        section=replace(WISP, tip=0.5, taper=0.12),
        habit=habit,
    )
    sets: tuple[LockSet, ...] = (upper, lower, wisps, edge_locks())
    return Style(
        "bob-fringe" if fringe else "bob",
        Hairline(nape=-0.085),
        cap,
        flow,
        (*sets, fringe_locks(rng)) if fringe else sets,
    )


def fringe_locks(rng: Rng) -> LockSet:
    """Hair that falls over the forehead."""
    habit = Habit(lift=0.3, hug=0.9, fall=0.5, stiff=1.2, wander=0.1, face_free=False, eared=False)
    flow = Flow(forward=1.0, side=float(rng.choice([0.0, 0.0, 0.35, -0.35])))
    section = replace(LOCK, width=0.015, tip=0.5, taper=0.15)
    return LockSet(
        36,
        float(rng.uniform(0.06, 0.078)),
        rings=9,
        spread=0.06,
        height=0.5,
        layers=0.004,
        region="front",
        section=section,
        habit=habit,
        flow=flow,
    )


def _long(rng: Rng, name: str, before: float, length: float, wave: float, pitch: float, fringe: bool) -> Style:
    cap = Cap(top=0.014, side=0.014, edge=0.034, spacing=0.012, groove=0.0018, frequency=28)
    habit = Habit(lift=0.22, hug=0.75, fall=0.4, stiff=1.6, wander=0.08 + 12 * wave, before=before)
    flow = Flow(part=1.0, back=0.3, parting=float(rng.choice([0.0, 0.0, rng.uniform(-0.04, 0.04)])))
    section = replace(BROAD, tip=0.12, taper=0.35)
    rings = 22 if wave else 19
    upper = LockSet(
        44,
        0.04,
        ends=-length,
        rings=rings,
        spread=0.06,
        layers=0.008,
        section=section,
        habit=habit,
        wave=wave,
        pitch=pitch,
    )
    lower = LockSet(
        22,
        0.0,
        ends=-length,
        rings=rings - 4,
        spread=0.1,
        layers=0.006,
        region="lower",
        section=section,
        habit=habit,
        wave=wave,
        pitch=pitch,
    )
    wisps = LockSet(
        40,
        0.04,
        ends=-length,
        rings=rings,
        spread=0.12,
        height=1.0,
        layers=0.009,
        section=WISP,
        habit=habit,
        wave=wave,
        pitch=pitch,
    )
    sets: tuple[LockSet, ...] = (upper, lower, wisps, edge_locks())
    return Style(name, Hairline(nape=-0.09), cap, flow, (*sets, fringe_locks(rng)) if fringe else sets)


def long_straight(rng: Rng) -> Style:
    """Long and loose, behind or before the shoulders."""
    before = float(rng.choice([-1.0, 1.0]))
    return _long(rng, "long-straight", before, float(rng.uniform(0.13, 0.33)), 0.0, 0.1, bool(rng.random() < 0.3))


def long_wavy(rng: Rng) -> Style:
    """Long and loose, in waves."""
    before = float(rng.choice([-1.0, 1.0]))
    return _long(
        rng,
        "long-wavy",
        before,
        float(rng.uniform(0.12, 0.3)),
        float(rng.uniform(0.006, 0.011)),
        float(rng.uniform(0.07, 0.11)),
        bool(rng.random() < 0.15),
    )


def curly(rng: Rng, length: float | None = None, name: str = "curly") -> Style:
    """A volume of coils."""
    size = float(rng.uniform(0.09, 0.2)) if length is None else length
    cap = Cap(top=0.02, side=0.014, edge=0.034, groove=0.0, bumps=0.003, tuft=0.022, frequency=32)
    habit = Habit(lift=0.6, hug=0.25, stiff=1.5, fall=0.5, wander=0.45, before=-0.2, face_free=size > 0.12)
    section = Section(width=0.011, thickness=0.0055, strands=1, groove=0.0006, tip=0.35, taper=0.3)
    rings = int(np.clip(size / 0.0055, 18, 36))
    locks = LockSet(
        int(48000 / (2 * 6 * rings)),
        size,
        rings=rings,
        sides=0.75,
        height=1.15,
        layers=0.014,
        section=section,
        habit=habit,
        wave=float(rng.uniform(0.006, 0.009)),
        pitch=float(rng.uniform(0.028, 0.04)),
        coiled=1.0,
    )
    crown = replace(
        locks,
        count=locks.count // 3,
        region="crown",
        length=0.9 * size,
        flow=Flow(back=1.0, side=float(rng.choice([-0.5, 0.5]))),
    )
    return Style(
        name,
        Hairline(nape=-0.085, ragged=0.004),
        cap,
        Flow(away=1.0),
        (replace(locks, count=locks.count * 2 // 3), crown),
    )


def curly_short(rng: Rng) -> Style:
    """Short sides, coils on top."""
    base = curly(rng, 0.06, "curly-short")
    cap = Cap(top=0.018, side=0.005, edge=0.022, groove=0.0, bumps=0.002, tuft=0.014, frequency=34)
    locks = replace(
        base.locks[0], region="top", count=150, rings=18, sides=0.4, habit=replace(base.locks[0].habit, eared=False)
    )
    return Style("curly-short", short_hairline(rng), cap, base.flow, (locks, edge_locks(length=0.012)))


def afro(rng: Rng) -> Style:
    """A ball of tight curls."""
    size = float(rng.uniform(0.04, 0.085))
    cap = Cap(top=size, side=0.6 * size, edge=0.9 * size, groove=0.0, bumps=0.0022, tuft=0.0085, ball=0.8, frequency=62)
    return Style("afro", Hairline(nape=-0.075, ragged=0.003), cap)


def dreadlocks(rng: Rng) -> Style:
    """Ropes of hair."""
    cap = Cap(top=0.012, side=0.009, edge=0.024, groove=0.0, bumps=0.002, tuft=0.014, frequency=30)
    habit = Habit(lift=0.35, hug=0.5, fall=0.5, stiff=1.3, wander=0.35, before=float(rng.choice([-0.8, 0.5])))
    section = Section(width=0.0105, thickness=0.0052, strands=2, groove=0.0009, tip=0.6, taper=0.1, round=True)
    length = float(rng.uniform(0.18, 0.42))
    rings = int(np.clip(length / 0.013, 14, 28))
    locks = LockSet(
        int(44000 / (2 * 12 * rings)),
        length,
        rings=rings,
        sides=0.75,
        layers=0.014,
        section=section,
        habit=habit,
        wave=0.0025,
        pitch=0.05,
    )
    return Style("dreadlocks", Hairline(nape=-0.08), cap, Flow(away=0.8, back=0.5), (locks,))


def cornrows(rng: Rng) -> Style:
    """Ridges braided flat on the scalp, from the forehead to the nape."""
    cap = Cap(top=0.005, side=0.004, edge=0.008, groove=0.0, frequency=40)
    habit = Habit(lift=0.1, hug=0.95, fall=0.12, stiff=1.0, wander=0.02, eared=False)
    section = Section(width=0.0105, thickness=0.005, strands=2, groove=0.0012, tip=0.4, taper=0.15)
    front = LockSet(
        26,
        0.24,
        rings=44,
        spread=0.03,
        layers=0.001,
        region="front",
        section=section,
        habit=habit,
        wave=0.0012,
        pitch=0.012,
    )
    rest = LockSet(60, 0.14, rings=30, spread=0.1, layers=0.001, section=section, habit=habit, wave=0.0012, pitch=0.012)
    return Style("cornrows", Hairline(nape=-0.078), cap, Flow(back=1.0), (front, rest, edge_locks(length=0.01)))
