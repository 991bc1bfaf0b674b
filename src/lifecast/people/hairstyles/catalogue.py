"""The hairstyles: each a function of a generator, since no two heads wear one alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lifecast.people.hairstyles.flow import Flow
from lifecast.people.hairstyles.growth import Habit
from lifecast.people.hairstyles.locks import Section
from lifecast.people.hairstyles.skull import Hairline
from lifecast.people.hairstyles.style import Cap, LockSet, Style, Tied

Rng = np.random.Generator
THIN = Section(width=0.006, thickness=0.0014, strands=1, groove=0.0003, tip=0.1, taper=0.8)
FINE = Section(width=0.009, thickness=0.0028, strands=1, groove=0.0004, tip=0.08, taper=0.7, swell=0.4)
LOCK = Section(width=0.024, thickness=0.0034, strands=3, groove=0.0011, tip=0.15, taper=0.55)
BROAD = Section(width=0.042, thickness=0.0055, strands=4, groove=0.0016, tip=0.2, taper=0.3)
WISP = Section(width=0.011, thickness=0.0042, strands=1, groove=0.0005, tip=0.06, taper=0.6, swell=0.3)


def _edge(flow_habit: Habit | None = None, length: float = 0.03) -> LockSet:
    """Short fine hair along the hairline."""
    habit = flow_habit or Habit(lift=0.1, hug=0.9, hang=0.2, dive=0.8, wander=0.35, eared=False)
    return LockSet(100, length, rings=6, height=0.5, layers=0.0015, region="edge", section=THIN, habit=habit)


def _nape(rng: Rng) -> float:
    return float(rng.uniform(-0.082, -0.066))


def _short_line(rng: Rng, recession: float = 0.0) -> Hairline:
    return Hairline(
        forehead=float(rng.normal(0.6, 0.04)), recession=recession, nape=_nape(rng),
        sideburn=float(rng.uniform(-0.03, 0.0)),
    )  # fmt: skip


def buzzed(rng: Rng) -> Style:
    """Clipped to a few millimetres."""
    cap = Cap(
        top=rng.uniform(0.003, 0.006), side=0.0028, edge=0.012, groove=0.0, bumps=0.0005, tuft=0.007, frequency=48
    )
    return Style("buzzed", _short_line(rng, rng.choice([0.0, 0.0, 0.3])), cap, Flow(away=1.0))


def receding(rng: Rng) -> Style:
    """A receding hairline, short, sometimes with a bare crown."""
    line = replace(_short_line(rng, float(rng.uniform(0.5, 1.0))), bald_crown=float(rng.choice([0.0, 0.4, 0.9])))
    cap = Cap(top=0.006, side=0.005, edge=0.03, spacing=0.008, groove=0.0009, frequency=44)
    habit = Habit(lift=0.1, hug=0.9, hang=0.2, dive=0.8, wander=0.25, eared=False)
    locks = LockSet(300, 0.06, rings=8, sides=0.8, layers=0.0025, section=FINE, habit=habit)
    return Style("receding", line, cap, Flow(away=0.7, back=0.5), (locks, _edge()))


def crop(rng: Rng) -> Style:
    """Short, combed forward."""
    cap = Cap(top=0.014, side=0.004, edge=0.022, spacing=0.009, groove=0.0016, frequency=38)
    habit = Habit(lift=0.25, hug=0.8, hang=0.3, dive=0.5, wander=0.25, eared=False, face_free=False)
    top = LockSet(300, 0.055, rings=8, sides=0.7, layers=0.005, region="top", section=FINE, habit=habit)
    front = LockSet(70, 0.045, rings=8, layers=0.004, region="front", section=FINE, habit=habit)
    return Style("crop", _short_line(rng), cap, Flow(forward=1.0, away=0.6), (top, front, _edge(length=0.014)))


def side_part(rng: Rng) -> Style:
    """Short, combed to both sides of a parting."""
    side = float(rng.choice([-1.0, 1.0]))
    cap = Cap(top=0.017, side=0.005, edge=0.03, spacing=0.010, groove=0.0018, frequency=38)
    habit = Habit(lift=0.2, hug=0.9, fall=0.2, hang=0.25, dive=0.8, wander=0.12, eared=False)
    flow = Flow(part=1.0, back=0.35, parting=side * 0.035)
    top = LockSet(75, 0.11, rings=13, sides=0.4, layers=0.005, region="top", section=LOCK, habit=habit)
    lower = LockSet(240, 0.065, rings=8, layers=0.003, region="lower", section=FINE, habit=habit)
    return Style("side-part", _short_line(rng, rng.choice([0.0, 0.25])), cap, flow, (top, lower, _edge()))


def slicked_back(rng: Rng) -> Style:
    """Combed back from the forehead, flat."""
    cap = Cap(top=0.013, side=0.006, edge=0.034, spacing=0.009, groove=0.0018, frequency=42)
    habit = Habit(lift=0.2, hug=0.95, fall=0.06, hang=0.2, dive=0.8, wander=0.06, eared=False)
    fine = LockSet(150, 0.09, rings=11, sides=0.8, height=0.95, layers=0.003, section=FINE, habit=habit)
    top = LockSet(60, 0.13, rings=14, sides=0.7, layers=0.003, region="all", section=LOCK, habit=habit)
    return Style("slicked-back", _short_line(rng, 0.15), cap, Flow(back=1.0, away=0.15), (top, fine, _edge()))


def quiff(rng: Rng) -> Style:
    """Short sides; the front stands up and goes back."""
    cap = Cap(top=0.016, side=0.0035, edge=0.024, spacing=0.010, groove=0.0016, frequency=36)
    habit = Habit(lift=0.35, hug=0.7, fall=0.1, wander=0.14, eared=False)
    up = Habit(lift=0.6, hug=0.45, fall=0.25, stiff=1.8, wander=0.1, emerge=0.45, dive=0.6, eared=False)
    top = LockSet(70, 0.085, rings=12, sides=0.4, layers=0.005, region="top", section=LOCK, habit=habit)
    front = LockSet(110, 0.1, rings=12, height=1.5, layers=0.014, region="front", section=WISP, habit=up)
    return Style(
        "quiff", _short_line(rng), cap, Flow(back=1.0, side=0.3 * rng.choice([-1.0, 1.0])), (top, front, _edge())
    )


def tousled(rng: Rng) -> Style:
    """Short to medium, in all directions."""
    cap = Cap(top=0.018, side=0.009, edge=0.03, spacing=0.011, groove=0.0015, bumps=0.002, tuft=0.03, frequency=36)
    habit = Habit(lift=0.45, hug=0.5, fall=0.25, hang=0.3, dive=0.3, wander=0.55, eared=False, face_free=False)
    top = LockSet(
        290, 0.085, rings=11, sides=0.75, height=1.0, layers=0.009, section=WISP, habit=habit, wave=0.003, pitch=0.05
    )
    return Style("tousled", _short_line(rng), cap, Flow(away=1.0, forward=0.4), (top, _edge()))


def spiky(rng: Rng) -> Style:
    """Short, standing up."""
    cap = Cap(top=0.012, side=0.005, edge=0.024, spacing=0.010, groove=0.001, frequency=34)
    habit = Habit(lift=0.62, hug=0.1, stiff=2.0, fall=0.05, wander=0.35, eared=False)
    section = replace(FINE, width=0.015, thickness=0.0045, tip=0.03, taper=0.9)
    top = LockSet(330, 0.042, rings=7, sides=0.6, height=1.2, layers=0.016, region="all", section=section, habit=habit)
    return Style("spiky", _short_line(rng), cap, Flow(away=1.0, back=0.3), (top, _edge()))


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
    return Style("medium", Hairline(nape=-0.085), cap, flow, (locks, wisps, _edge()))


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
    sets: tuple[LockSet, ...] = (upper, lower, wisps, _edge())
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
    sets: tuple[LockSet, ...] = (upper, lower, wisps, _edge())
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
    return Style("curly-short", _short_line(rng), cap, base.flow, (locks, _edge(length=0.012)))


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
    return Style("cornrows", Hairline(nape=-0.078), cap, Flow(back=1.0), (front, rest, _edge(length=0.01)))


def _gathered(name: str, tied: tuple[Tied, ...], flow: Flow, fringe: LockSet | None, tight: float = 1.0) -> Style:
    cap = Cap(top=0.010 * tight, side=0.008 * tight, edge=0.034, spacing=0.009, groove=0.0018, frequency=40)
    habit = Habit(lift=0.1, hug=0.95, fall=0.0, hang=0.0, stiff=0.6, wander=0.04, eared=False, face_free=False)
    section = replace(LOCK, width=0.018, strands=2, tip=0.45, taper=0.5)
    locks = LockSet(80, 0.98, rings=13, spread=0.02, height=0.9, layers=0.003, section=section, habit=habit)
    sets: tuple[LockSet, ...] = (locks, _edge())
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


STYLES: dict[str, Callable[[Rng], Style]] = {
    "buzzed": buzzed, "receding": receding, "crop": crop, "side-part": side_part, "slicked-back": slicked_back,
    "quiff": quiff, "tousled": tousled, "spiky": spiky, "medium": medium, "bob": bob, "long-straight": long_straight,
    "long-wavy": long_wavy, "curly": curly, "curly-short": curly_short, "afro": afro, "dreadlocks": dreadlocks,
    "cornrows": cornrows, "ponytail": ponytail, "bun": bun, "two-braids": braids, "braid": braid,
}  # fmt: skip
