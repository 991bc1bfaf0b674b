"""Locks' middle lines: they leave the scalp, follow the flow, fall, and lie on what is below."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifecast.people.hairstyles.flow import Flow
from lifecast.people.hairstyles.obstacle import Obstacle
from lifecast.people.noise import smooth_noise
from lifecast.people.rest_part import Vector
from lifecast.people.solids import unit

DOWN = np.array([0.0, -1.0, 0.0])


@dataclass(frozen=True)
class Habit:
    """How a set of locks grows."""

    lift: float = 0.3
    """0 the root lies flat along the flow, 1 it stands straight up."""
    hug: float = 0.6
    """How fast a lock that is too high above the skin comes down to its height, 0 to 1 a step."""
    stiff: float = 1.2
    """How strongly a lock keeps its direction against flow (1) and gravity."""
    fall: float = 0.15
    """Gravity against the flow on the head."""
    hang: float = 1.0
    """Gravity once a lock has left the head; below 1 it keeps to the head and the nape."""
    wander: float = 0.25
    """Radians by which neighbouring locks together leave the flow; half of it each for itself."""
    face_free: bool = True
    """Keep the face free."""
    eared: bool = True
    """Lie over the ears; otherwise pass where they are."""
    emerge: float = 0.3
    """The share of the length over which a lock rises to its height."""
    dive: float = 0.0
    """1: the tips sink to the skin."""
    before: float = -0.5
    """-1 behind the shoulders, 1 before them."""


@dataclass
class Guides:
    """Middle lines of L locks of R points, and which way their flat sides face."""

    points: Vector
    """(L, R, 3)"""
    normals: Vector
    """(L, R, 3)"""
    length: NDArray[np.float64]
    """(L,) metres."""


def grow(
    obstacle: Obstacle, flow: Flow, habit: Habit, roots: Vector, length: Vector, height: Vector, rings: int,
    rng: np.random.Generator, below: Callable[[Vector], Vector] | None = None,
) -> Guides:  # fmt: skip
    """Grow locks from the skin.

    Parameters
    ----------
    roots : (L, 3) unit directions from the middle of the head.
    length : (L,) metres.
    height : (L,) metres above what lies below at which the lock lies.
    rings : points along each lock.
    below : thickness (N,) in metres of the hair below, in unit directions (N, 3); None: bare skin.
    """
    skull = obstacle.skull
    place = skull.skin(roots)
    normal = skull.normals(roots)
    turn = habit.wander * (smooth_noise(place, 0.05, rng) + 0.5 * rng.normal(size=len(roots)))
    step = (length / (rings - 1))[:, None]
    heading = unit(normal * habit.lift + flow.at(skull, roots, normal) * (1 - habit.lift))
    points, normals = [place - 0.002 * normal], [normal]
    outward = normal
    # Before the shoulders only what grows at the sides and in front; the rest falls on the back.
    ahead = np.where(roots[:, 2] > -0.25, habit.before, -1.0)
    goal = obstacle.neck + np.where(ahead > 0, 0.085, -0.075) * np.abs(ahead)
    for k in range(1, rings):
        here = points[-1]
        ways, _ = skull.directions(here)
        comb = flow.at(skull, ways, outward)
        comb = comb * np.cos(turn)[:, None] + np.cross(outward, comb) * np.sin(turn)[:, None]
        off = np.clip((-ways[:, 1] - 0.15) / 0.35, 0, 1)[:, None]  # 1 below the ears
        off = off * min(1.0, habit.hang)
        pull = DOWN * (habit.fall * (1 - off) + max(1.0, habit.hang) * off)
        way = habit.stiff * heading + comb * (1 - off) + pull
        sign = np.sign(here[:, 0] + 1e-9)
        narrow = np.clip((skull.eye[1] - 0.02 - here[:, 1]) / 0.08, 0, 1) * min(1.0, habit.hang)
        way[:, 0] -= narrow * sign * np.clip((np.abs(here[:, 0]) - 0.065) / 0.04, 0, 1) * 1.2
        way[:, 2] += narrow * 1.2 * np.clip((goal - here[:, 2]) / 0.03, -1, 1)
        if habit.face_free:
            face = np.clip((ways[:, 2] - 0.62) / 0.2, 0, 1) * np.clip((0.42 - ways[:, 1]) / 0.2, 0, 1)
            way[:, 0] += 2.2 * face * sign
            way[:, 2] -= 1.2 * face
        after = here + step * unit(way)
        distance, outward = obstacle.nearest(after, habit.eared)
        along = k / (rings - 1)
        ground = 0.0 if below is None else below(ways)
        rise = (ground + height) * _smooth(along / habit.emerge) * (1 - habit.dive * max(0.0, along - 0.5) ** 2 * 4)
        lack = np.clip(rise - distance, -0.05, 0.05)
        near = 1 - off[:, 0]
        after = after + outward * np.where(lack > 0, lack, habit.hug * near * lack)[:, None]
        after = here + step * unit(after - here)
        heading = unit(after - here)
        points.append(after)
        normals.append(outward)
    line, side = np.stack(points, 1), np.stack(normals, 1)
    # Where a lock hangs free the nearest skin may jump; its flat side turns slowly.
    for k in range(1, rings):
        side[:, k] = unit(0.6 * side[:, k - 1] + 0.4 * side[:, k])
    return Guides(line, side, length)


def _smooth(share: float) -> float:
    share = min(1.0, share)
    return share * share * (3 - 2 * share)


def wave(guides: Guides, depth: float, pitch: float, coiled: float, rng: np.random.Generator) -> Guides:
    """Wave locks sideways by `depth` metres with `pitch` metres a wave, or coil them (`coiled` 1)."""
    count, rings = guides.points.shape[:2]
    along = guides.length[:, None] * np.linspace(0, 1, rings)
    pitch_each = pitch * np.exp(0.15 * rng.normal(size=(count, 1)))
    start = 2.2 * smooth_noise(guides.points[:, 0], 0.06, rng)[:, None] + 0.4 * rng.normal(size=(count, 1))
    if coiled > 0.5:
        start = rng.uniform(0, 2 * np.pi, (count, 1))
    phase = 2 * np.pi * along / pitch_each + start
    tangent = unit(np.gradient(guides.points, axis=1))
    across = unit(np.cross(tangent, guides.normals))
    grown = depth * np.clip(along / (0.6 * pitch), 0, 1)
    offset = across * (grown * np.cos(phase))[..., None]
    offset = offset + guides.normals * (grown * (0.35 + 0.65 * coiled) * (np.sin(phase) + 0.6))[..., None]
    return Guides(guides.points + offset, guides.normals, guides.length)
