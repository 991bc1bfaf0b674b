"""The solids of a shoe in the foot's frame: the upper, the sole, laces, straps and a boot's shaft."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from lifecast.people.footwear.foot import LEVELS, Foot
from lifecast.people.noise import smooth_noise
from lifecast.people.rest_part import Solid, Vector
from lifecast.people.solids import loft, resampled, tube

UPPER = 52, 36
"""Stations along the upper and points around it."""


@dataclass(frozen=True)
class Last:
    """How a shoe is shaped; lengths in metres."""

    sole: float = 0.025
    """The height of the sole below the foot."""
    lip: float = 0.004
    """How far the sole stands out beyond the upper."""
    wall: float = 0.010
    """How far the sole's side rises above the foot's underside."""
    heel: float = 0.0
    """The depth of the notch between heel and ball."""
    collar: float = 0.085
    """The height of the opening above the foot's underside."""
    dip: float = 0.012
    """How much lower it is below the ankle bones."""
    ease: float = 0.006
    """Leather and air around the foot."""
    toe: float = 0.012
    """Room before the toes."""
    pointed: float = 0.0
    """0 a round toe, 1 a pointed one."""
    ridges: int = 0
    """Ribs around the sole's side."""


def outline(foot: Foot, last: Last, z: Vector) -> tuple[Vector, Vector]:
    """The shoe's plan at places z: x of its left and right side."""
    end = foot.length + last.toe
    inner = np.clip(z, 0.004, foot.length - 0.012)
    left, right = foot.at(foot.left, inner) - last.ease, foot.at(foot.right, inner) + last.ease
    # Both ends close in a rounded way.
    back = np.clip((z + last.ease + 0.0031) / 0.04, 0, 1)
    front = np.clip((end - z) / (0.062 + 0.03 * last.pointed), 0, 1)
    share = np.sqrt(back * (2 - back)) * (front * (2 - front)) ** (0.5 + 0.2 * last.pointed)
    aim = foot.at(foot.left, np.full(1, 0.72 * foot.length))[0], foot.at(foot.right, np.full(1, 0.72 * foot.length))[0]
    tip = (0.5 + 0.09 * np.sign(aim[0] + aim[1])) * aim[0] + (0.5 - 0.09 * np.sign(aim[0] + aim[1])) * aim[1]
    lead = np.where(z > foot.length / 2, tip, (left + right) / 2)
    blend = np.clip((z - 0.6 * foot.length) / (0.4 * foot.length), 0, 1)
    middle = (left + right) / 2 * (1 - blend) + lead * blend
    half = (right - left) / 2 * share
    return middle - half, middle + half


def height(foot: Foot, last: Last, z: Vector) -> tuple[Vector, Vector]:
    """The upper's height at places z, and how much of it (0..1) is open at the top, where the leg comes out."""
    inner = np.clip(z, 0.012, foot.length - 0.006)
    covered = foot.at(foot.top, inner) + 0.7 * last.ease
    covered = np.where(z < 0.22 * foot.length, np.maximum(covered, last.collar + 0.02), covered)  # the heel's back
    ankle = 0.24 * foot.length
    collar = last.collar - last.dip * np.exp(-(((z - ankle) / 0.028) ** 2)) - 0.0006 * last.dip
    top = np.minimum(covered, collar)
    opened = np.clip((covered - collar) / 0.006, 0, 1)
    end = foot.length + last.toe
    front = np.clip((end - z) / 0.05, 0, 1)
    round_ = 0.35 + 0.65 * np.sqrt(front * (2 - front))
    return top * round_, opened


def beside(foot: Foot, last: Last, z: Vector, y: Vector, across: Vector) -> Vector:
    """x of the upper at places z and heights y, `across` -1..1 from one side to the other."""
    left, right = outline(foot, last, z.ravel())
    low = LEVELS[0]
    inner = np.clip(z, 0.004, foot.length - 0.012)
    wide = np.subtract(*foot.width(inner, np.full_like(z, low))[::-1])
    at_left, at_right = foot.width(inner, np.maximum(y, low))
    # As the foot grows narrower upward, so does the shoe.
    share = np.clip((at_right - at_left + 2 * last.ease) / (wide + 2 * last.ease), 0.35, 1.08)
    shift = (at_left + at_right) / 2 - sum(foot.width(inner, np.full_like(z, low))) / 2
    half = (right - left).reshape(z.shape) / 2
    fade = np.clip(half / (0.5 * wide + 1e-6), 0, 1)
    return np.asarray((left + right).reshape(z.shape) / 2 + shift * fade + half * share * across)


def places(foot: Foot, last: Last, count: int) -> Vector:
    """(count,) stations from behind the heel to before the toes, closer together at both ends."""
    share = (1 - np.cos(np.linspace(0.06, np.pi - 0.06, count))) / 2
    start = -last.ease - 0.003
    return start + share * (foot.length + last.toe - start)


def upper(foot: Foot, last: Last, relief: Vector | None = None, count: int = UPPER[0], around: int = UPPER[1]) -> Solid:
    """The upper as a closed solid; `relief` (count, around) metres is added outward."""
    z = places(foot, last, count)
    top, opened = height(foot, last, z)
    turn = np.arange(around) * 2 * np.pi / around
    cos, sin = np.cos(turn), np.sin(turn)
    low = sin < 0
    power = np.where(low[None], 5.0, 3.0 + 3.0 * opened[:, None])
    across = np.sign(cos) * np.abs(cos) ** (2 / power)
    up = np.sign(sin) * np.abs(sin) ** (2 / power)
    belly = 0.42 * top
    y = belly[:, None] + np.where(low, up * (belly[:, None] + 0.004), up * (top - belly)[:, None])
    x = beside(foot, last, np.broadcast_to(z[:, None], y.shape), y, across)
    if relief is not None:
        x, y = x + relief * cos, y + relief * np.maximum(sin, 0)
    rings = np.stack([x, y, np.broadcast_to(z[:, None], x.shape)], -1)
    return loft(rings)


def sole(foot: Foot, last: Last, count: int = 40, around: int = 24) -> Solid:
    """The sole: from the ground up to the foot and a little around it."""
    wide = Last(**{**last.__dict__, "ease": last.ease + last.lip, "toe": last.toe + last.lip})
    z = places(foot, wide, count)
    left, right = outline(foot, wide, z)
    turn = np.arange(around) * 2 * np.pi / around
    cos, sin = np.cos(turn), np.sin(turn)
    across = np.sign(cos) * np.abs(cos) ** (2 / 7)
    up = np.sign(sin) * np.abs(sin) ** (2 / 7)
    share = z / foot.length
    # Toes spring up a little; before the heel block the sole is notched.
    spring = 0.012 * np.clip((share - 0.8) / 0.25, 0, 1) ** 2
    notch = last.heel * np.clip((share - 0.27) / 0.02, 0, 1) * np.clip((0.62 - share) / 0.16, 0, 1)
    bottom = -last.sole + spring + notch
    upper_edge = np.full(count, last.wall)
    middle, half = (bottom + upper_edge) / 2, (upper_edge - bottom) / 2
    y = middle[:, None] + half[:, None] * up
    ribs = 0.0009 * np.cos(np.arange(count) * np.pi)[:, None] * (last.ridges > 0) * (np.abs(sin) < 0.8)
    x = (left + right)[:, None] / 2 + ((right - left)[:, None] / 2 + ribs) * across
    # A groove runs along the side.
    x -= 0.0014 * cos * np.exp(-(((y - middle[:, None]) / (0.16 * half[:, None] + 1e-4)) ** 2)) * (last.ridges > 0)
    return loft(np.stack([x, y, np.broadcast_to(z[:, None], x.shape)], -1))


def across_top(foot: Foot, last: Last, z: float, low: float, high: float, lift: float, count: int = 16) -> Vector:
    """(count, 3) a line over the upper at z, from one side to the other; angles 0..180 degrees from +x."""
    at = np.array([z])
    (top,), _ = height(foot, last, at)
    turn = np.radians(np.linspace(low, high, count))
    belly = 0.42 * top
    sin, cos = np.sin(turn), np.cos(turn)
    y = belly + np.where(sin > 0, top - belly, belly) * np.sign(sin) * np.abs(sin) ** (2 / 3)
    x = beside(foot, last, np.full(count, z), y, np.sign(cos) * np.abs(cos) ** (2 / 3))
    return np.stack([x + lift * cos, y + lift * np.maximum(sin, 0), np.full(count, z)], 1)


def laces(foot: Foot, last: Last, rows: int, first: float, final: float) -> list[Solid]:
    """Crossed laces between two shares of the foot's length, and a bow of two loops."""
    solids = []
    share = np.linspace(first, final, rows + 1)
    facing = np.array([0.0, 1.0, 0.35])
    for k in range(rows):
        a = across_top(foot, last, share[k] * foot.length, 62, 118, 0.0028, 12)
        b = across_top(foot, last, share[k + 1] * foot.length, 62, 118, 0.0028, 12)
        blend = np.linspace(0, 1, 12)[:, None]
        for one, two in ((a, b), (b, a)):
            solids.append(tube(one * (1 - blend) + two * blend, facing, 0.0055, 0.003, 6))
    knot = across_top(foot, last, share[-1] * foot.length, 88, 92, 0.005, 3)[1]
    for side in (1, -1):
        loop = knot + np.array([[0, 0, 0], [side * 0.012, 0.006, 0.006], [side * 0.026, 0.0, 0.010],
                                [side * 0.022, -0.006, 0.018], [side * 0.008, -0.001, 0.006]])  # fmt: skip
        solids.append(tube(resampled(loop, 12), facing, 0.005, 0.0035, 6))
    return solids


def shaft(foot: Foot, last: Last, high: float, wide: float, rng: np.random.Generator) -> Solid:
    """A boot's shaft around the leg, from inside the upper to `high` metres above the foot's underside."""
    levels = np.linspace(0.035, high, int(np.clip((high - 0.035) / 0.008, 12, 44)))
    around = 32
    turn = np.arange(around) * 2 * np.pi / around
    leg = foot.points[foot.points[:, 2] < 0.62 * foot.length]
    rings = []
    for level in levels:
        near = leg[np.argsort(np.abs(leg[:, 1] - max(level, 0.07)), kind="stable")[:36]]
        low, most = near[:, [0, 2]].min(0), near[:, [0, 2]].max(0)
        if level < 0.1:  # the heel and the instep go on below
            most[1] = min(most[1], 0.5 * foot.length)
        middle, half = (low + most) / 2, (most - low) / 2
        reach = half + wide
        x = middle[0] + reach[0] * np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** (2 / 2.2)
        z = middle[1] + reach[1] * np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** (2 / 2.2)
        rings.append(np.stack([x, np.full(around, level), z], 1))
    grid = np.stack(rings)
    grid = gaussian_filter1d(grid, 2.5, axis=0, mode="nearest")
    spoke = grid - grid.mean(1, keepdims=True)
    spoke /= np.maximum(np.linalg.norm(spoke, axis=2, keepdims=True), 1e-9)
    creases = smooth_noise(grid.reshape(-1, 3), np.array([0.07, 0.016, 0.07]), rng).reshape(grid.shape[:2])
    bend = np.exp(-(((grid[..., 1] - 0.105) / 0.035) ** 2)) + 0.18
    rim = np.exp(-(((grid[..., 1] - high + 0.006) / 0.004) ** 2))
    return loft(grid + spoke * (0.0022 * creases * bend + 0.0016 * rim)[..., None])
