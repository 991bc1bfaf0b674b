"""Tied hair: ponytails, buns and braids, from a tie on the head."""

from __future__ import annotations

import numpy as np

from lifecast.people.hairstyles.flow import Flow, direction
from lifecast.people.hairstyles.growth import Guides, Habit, grow
from lifecast.people.hairstyles.locks import Section, sweep
from lifecast.people.hairstyles.obstacle import Obstacle
from lifecast.people.hairstyles.skull import Skull
from lifecast.people.hairstyles.style import Tied
from lifecast.people.noise import smooth_noise
from lifecast.people.rest_part import Solid, Vector
from lifecast.people.solids import unit


def make_tress(skull: Skull, obstacle: Obstacle, tied: Tied, rng: np.random.Generator) -> list[Solid]:
    """The tail, bun or braid at a tie, and the tie itself."""
    if tied.kind == "bun":
        return _bun(skull, tied, rng)
    line = _falling_line(skull, obstacle, tied, 30 if tied.kind == "braid" else 24, rng)
    if tied.kind == "braid":
        return _braid(line, tied, rng)
    return _tail(line, tied, rng)


def _falling_line(skull: Skull, obstacle: Obstacle, tied: Tied, rings: int, rng: np.random.Generator) -> Guides:
    """One middle line (1, R, 3) from the tie down."""
    root = direction(*tied.at)[None]
    habit = Habit(
        lift=0.85 if tied.kind == "ponytail" else 0.5, hug=0.0, stiff=2.4, fall=1.6, hang=1.6, wander=0.06,
        face_free=True, eared=True, before=tied.before,
    )  # fmt: skip
    height = np.array([1.15 * tied.size + 0.006])
    return grow(obstacle, Flow(away=0.3), habit, root, np.array([tied.length]), height, rings, rng)


def _frames(line: Guides) -> tuple[Vector, Vector, Vector]:
    """Tangent, side and outward unit vectors (R, 3) along a single line."""
    tangent = unit(np.gradient(line.points[0], axis=0))
    side = unit(np.cross(line.normals[0], tangent))
    for k in range(1, len(side)):  # turns slowly, whatever the skin does
        side[k] = unit(0.7 * side[k - 1] + 0.3 * side[k])
    side = unit(side - (side * tangent).sum(1, keepdims=True) * tangent)
    return tangent, side, np.cross(tangent, side)


def _tail(line: Guides, tied: Tied, rng: np.random.Generator, count: int = 26) -> list[Solid]:
    """Locks side by side around the line, narrow at the tie, pointed at the end."""
    rings = line.points.shape[1]
    along = np.linspace(0, 1, rings)
    _, side, out = _frames(line)
    angle = np.arange(count) * 2.39996 + rng.uniform(0, 6.3)
    away = np.sqrt((np.arange(count) + 0.5) / count)
    swell = tied.size * (0.5 + 0.75 * np.clip(along / 0.25, 0, 1)) * np.sqrt(np.clip(1.15 - along, 0, 1))
    reach = rng.uniform(0.8, 1.0, count)
    points = np.empty((count, rings, 3))
    normals = np.empty_like(points)
    for k in range(count):
        own = np.clip(along * reach[k], 0, 1)
        turn = angle[k] + 0.45 * smooth_noise(own[:, None] + k, 1.3, rng, 6)
        spoke = side * np.cos(turn)[:, None] + out * 0.8 * np.sin(turn)[:, None]
        middle = np.stack([np.interp(own, along, line.points[0, :, c]) for c in range(3)], 1)
        points[k] = middle + spoke * (away[k] * np.interp(own, along, swell))[:, None]
        normals[k] = unit(spoke)
    section = Section(width=1.1 * tied.size, thickness=0.22 * tied.size, strands=3, groove=0.0013, tip=0.12, taper=0.6)
    return [sweep(Guides(points, normals, line.length * reach), section, rng), _ring(line, 0, 0.62 * tied.size, rng)]


def _braid(line: Guides, tied: Tied, rng: np.random.Generator) -> list[Solid]:
    """Three strands that cross over one another, a ring, and a brush of loose ends."""
    rings = line.points.shape[1]
    fine = np.linspace(0, 1, 3 * rings)
    rough = np.linspace(0, 1, rings)

    def finer(values: Vector) -> Vector:
        return np.stack([np.interp(fine, rough, values[:, c]) for c in range(3)], 1)

    _, side, out = (finer(v) for v in _frames(line))
    middle = finer(line.points[0])
    phase = 2 * np.pi * fine * tied.length / (5.2 * tied.size)
    narrow = tied.size * (1 - 0.45 * fine) * np.clip(0.5 + fine * 8, 0, 1)
    points, normals = [], []
    for k in range(3):
        turn = phase + k * 2 * np.pi / 3
        offset = side * (0.95 * narrow * np.cos(turn))[:, None] + out * (0.48 * narrow * np.sin(2 * turn))[:, None]
        points.append(middle + offset)
        normals.append(unit(out + side * (0.5 * np.cos(turn))[:, None]))
    strands = Guides(np.stack(points), np.stack(normals), np.repeat(line.length, 3))
    section = Section(
        width=1.35 * tied.size, thickness=0.55 * tied.size, strands=3, groove=0.0012, tip=0.5, taper=0.8, round=True
    )
    end = rings - 4
    brush = Guides(line.points[:, end:], line.normals[:, end:], line.length * 0.1)
    tail = Tied("ponytail", tied.at, 0.05, 0.75 * tied.size)
    return [sweep(strands, section, rng), *_tail(brush, tail, rng, 8)]


def _bun(skull: Skull, tied: Tied, rng: np.random.Generator) -> list[Solid]:
    """Tresses coiled around the tie, each turn lying on the one before."""
    way = direction(*tied.at)[None]
    outward = skull.normals(way)[0]
    place = skull.skin(way)[0] + outward * 0.004
    first = unit(np.cross([0.0, 1.0, 0.1], outward))
    second = np.cross(outward, first)
    size, rings = tied.size, 70
    along = np.linspace(0, 1, rings)
    points, normals, turns = [], [], 2.4
    count = 3
    for k in range(count):
        turn = 2 * np.pi * (turns * along + k / count) + 0.15 * rng.normal()
        wide = size * (1.55 - 1.3 * along**1.3) * (1 + 0.05 * np.sin(turn * 2 + rng.uniform(0, 6)))
        rise = size * (0.35 + 1.15 * np.sqrt(along))
        spoke = first * np.cos(turn)[:, None] + second * np.sin(turn)[:, None]
        points.append(place + spoke * wide[:, None] + outward * rise[:, None])
        normals.append(unit(spoke * (1 - 0.6 * along)[:, None] + outward * (0.35 + 0.8 * along)[:, None]))
    guides = Guides(np.stack(points), np.stack(normals), np.full(count, 0.3))
    section = Section(
        width=1.25 * size, thickness=0.5 * size, strands=4, groove=0.0013, tip=0.35, taper=0.3, round=True
    )
    # What the coils enclose is filled.
    core_line = place + outward * np.linspace(-0.2, 0.9, 10)[:, None] * size
    core = Guides(core_line[None], np.repeat(first[None, None], 10, 1), np.array([size]))
    body = Section(width=1.5 * size, thickness=0.7 * size, strands=3, groove=0.0, tip=0.5, taper=0.3, round=True)
    return [sweep(core, body, rng), sweep(guides, section, rng)]


def _ring(line: Guides, at: int, radius: float, rng: np.random.Generator) -> Solid:
    """The tie: a closed ring around the line."""
    tangent, side, out = _frames(line)
    at = min(at + 1, len(tangent) - 1)
    major, minor = 24, 8
    turn = np.arange(major) * 2 * np.pi / major
    small = np.arange(minor) * 2 * np.pi / minor
    spoke = side[at] * np.cos(turn)[:, None] + out[at] * np.sin(turn)[:, None]
    tube = 0.004
    points = (
        line.points[0, at] + spoke[:, None] * (radius + tube * np.cos(small))[None, :, None]
        + tangent[at] * (tube * 1.4 * np.sin(small))[None, :, None]
    )  # fmt: skip
    i, j = np.meshgrid(np.arange(major), np.arange(minor), indexing="ij")
    a, b = i * minor + j, (i + 1) % major * minor + j
    c, d = i * minor + (j + 1) % minor, (i + 1) % major * minor + (j + 1) % minor
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([b, d, c], -1).reshape(-1, 3)])
    uv = np.broadcast_to([0.02, 0.002], (major * minor, 2)).copy()
    return Solid(points.reshape(-1, 3), faces.astype(np.int32), uv)
