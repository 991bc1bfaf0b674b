"""Short hairstyles: each a function of a generator, since no two heads wear one alike."""

from __future__ import annotations

from dataclasses import replace

from lifecast.people.hairstyles.flow import Flow
from lifecast.people.hairstyles.growth import Habit
from lifecast.people.hairstyles.sections import (
    FINE,
    LOCK,
    WISP,
    Rng,
    edge_locks,
    short_hairline,
)
from lifecast.people.hairstyles.style import Cap, LockSet, Style


def buzzed(rng: Rng) -> Style:
    """Clipped to a few millimetres."""
    cap = Cap(
        top=rng.uniform(0.003, 0.006), side=0.0028, edge=0.012, groove=0.0, bumps=0.0005, tuft=0.007, frequency=48
    )
    return Style("buzzed", short_hairline(rng, rng.choice([0.0, 0.0, 0.3])), cap, Flow(away=1.0))


def receding(rng: Rng) -> Style:
    """A receding hairline, short, sometimes with a bare crown."""
    line = replace(short_hairline(rng, float(rng.uniform(0.5, 1.0))), bald_crown=float(rng.choice([0.0, 0.4, 0.9])))
    cap = Cap(top=0.006, side=0.005, edge=0.03, spacing=0.008, groove=0.0009, frequency=44)
    habit = Habit(lift=0.1, hug=0.9, hang=0.2, dive=0.8, wander=0.25, eared=False)
    locks = LockSet(300, 0.06, rings=8, sides=0.8, layers=0.0025, section=FINE, habit=habit)
    return Style("receding", line, cap, Flow(away=0.7, back=0.5), (locks, edge_locks()))


def crop(rng: Rng) -> Style:
    """Short, combed forward."""
    cap = Cap(top=0.014, side=0.004, edge=0.022, spacing=0.009, groove=0.0016, frequency=38)
    habit = Habit(lift=0.25, hug=0.8, hang=0.3, dive=0.5, wander=0.25, eared=False, face_free=False)
    top = LockSet(300, 0.055, rings=8, sides=0.7, layers=0.005, region="top", section=FINE, habit=habit)
    front = LockSet(70, 0.045, rings=8, layers=0.004, region="front", section=FINE, habit=habit)
    return Style("crop", short_hairline(rng), cap, Flow(forward=1.0, away=0.6), (top, front, edge_locks(length=0.014)))


def side_part(rng: Rng) -> Style:
    """Short, combed to both sides of a parting."""
    side = float(rng.choice([-1.0, 1.0]))
    cap = Cap(top=0.017, side=0.005, edge=0.03, spacing=0.010, groove=0.0018, frequency=38)
    habit = Habit(lift=0.2, hug=0.9, fall=0.2, hang=0.25, dive=0.8, wander=0.12, eared=False)
    flow = Flow(part=1.0, back=0.35, parting=side * 0.035)
    top = LockSet(75, 0.11, rings=13, sides=0.4, layers=0.005, region="top", section=LOCK, habit=habit)
    lower = LockSet(240, 0.065, rings=8, layers=0.003, region="lower", section=FINE, habit=habit)
    return Style("side-part", short_hairline(rng, rng.choice([0.0, 0.25])), cap, flow, (top, lower, edge_locks()))


def slicked_back(rng: Rng) -> Style:
    """Combed back from the forehead, flat."""
    cap = Cap(top=0.013, side=0.006, edge=0.034, spacing=0.009, groove=0.0018, frequency=42)
    habit = Habit(lift=0.2, hug=0.95, fall=0.06, hang=0.2, dive=0.8, wander=0.06, eared=False)
    fine = LockSet(150, 0.09, rings=11, sides=0.8, height=0.95, layers=0.003, section=FINE, habit=habit)
    top = LockSet(60, 0.13, rings=14, sides=0.7, layers=0.003, region="all", section=LOCK, habit=habit)
    return Style("slicked-back", short_hairline(rng, 0.15), cap, Flow(back=1.0, away=0.15), (top, fine, edge_locks()))


def quiff(rng: Rng) -> Style:
    """Short sides; the front stands up and goes back."""
    cap = Cap(top=0.016, side=0.0035, edge=0.024, spacing=0.010, groove=0.0016, frequency=36)
    habit = Habit(lift=0.35, hug=0.7, fall=0.1, wander=0.14, eared=False)
    up = Habit(lift=0.6, hug=0.45, fall=0.25, stiff=1.8, wander=0.1, emerge=0.45, dive=0.6, eared=False)
    top = LockSet(70, 0.085, rings=12, sides=0.4, layers=0.005, region="top", section=LOCK, habit=habit)
    front = LockSet(110, 0.1, rings=12, height=1.5, layers=0.014, region="front", section=WISP, habit=up)
    return Style(
        "quiff",
        short_hairline(rng),
        cap,
        Flow(back=1.0, side=0.3 * rng.choice([-1.0, 1.0])),
        (top, front, edge_locks()),
    )


def tousled(rng: Rng) -> Style:
    """Short to medium, in all directions."""
    cap = Cap(top=0.018, side=0.009, edge=0.03, spacing=0.011, groove=0.0015, bumps=0.002, tuft=0.03, frequency=36)
    habit = Habit(lift=0.45, hug=0.5, fall=0.25, hang=0.3, dive=0.3, wander=0.55, eared=False, face_free=False)
    top = LockSet(
        290, 0.085, rings=11, sides=0.75, height=1.0, layers=0.009, section=WISP, habit=habit, wave=0.003, pitch=0.05
    )
    return Style("tousled", short_hairline(rng), cap, Flow(away=1.0, forward=0.4), (top, edge_locks()))


def spiky(rng: Rng) -> Style:
    """Short, standing up."""
    cap = Cap(top=0.012, side=0.005, edge=0.024, spacing=0.010, groove=0.001, frequency=34)
    habit = Habit(lift=0.62, hug=0.1, stiff=2.0, fall=0.05, wander=0.35, eared=False)
    section = replace(FINE, width=0.015, thickness=0.0045, tip=0.03, taper=0.9)
    top = LockSet(330, 0.042, rings=7, sides=0.6, height=1.2, layers=0.016, region="all", section=section, habit=habit)
    return Style("spiky", short_hairline(rng), cap, Flow(away=1.0, back=0.3), (top, edge_locks()))
