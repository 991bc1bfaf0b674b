"""A hairstyle on a head: cap, locks and tresses as one closed piece with skinning weights."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from lifecast.people.body import BodyModel, RestBody
from lifecast.people.hairstyles.cap import make_cap
from lifecast.people.hairstyles.growth import Habit, grow, wave
from lifecast.people.hairstyles.locks import sweep, triangles_each
from lifecast.people.hairstyles.obstacle import Obstacle
from lifecast.people.hairstyles.skull import Skull
from lifecast.people.hairstyles.sphere import geodesic
from lifecast.people.hairstyles.style import LockSet, Style, cap_height, topness
from lifecast.people.hairstyles.tresses import make_tress
from lifecast.people.rest_part import RestPart, Solid, Vector, along_chain, nothing_hidden, union

CHAIN = ("spine02", "spine01", "neck02", "head")
"""What hair follows, from far below the shoulders up to the head."""

TRIANGLES = 60_000
"""The most that a hairstyle is made of; a style that asks for more gets fewer locks."""
LINE = 20
"""Points of a combed line on the cap."""


def scatter(skull: Skull, style: Style, region: str, count: int, rng: np.random.Generator) -> tuple[Vector, Vector]:
    """Roots (L, 3) spread evenly over a region of the scalp, and how far inside the hairline (L,) they are."""
    low = {"front": 0.05, "top": 0.2, "crown": 0.12, "edge": 0.2, "lower": 0.3, "all": 0.5}[region]
    frequency = int(np.clip(np.sqrt(1.6 * count / (10 * low)), 5, 40))
    ways, _ = geodesic(frequency)
    ways = ways + rng.normal(size=ways.shape) * 0.28 / frequency
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    inside = style.hairline.inside(skull, skull.skin(ways), rng)
    high = topness(ways)
    chosen = {
        "all": inside > 0.004,
        "top": (inside > 0.004) & (high > 0.25),
        "crown": (inside > 0.01) & (high > 0.6),
        "front": (inside > 0.003) & (inside < 0.05) & (ways[:, 2] > 0.42) & (np.abs(ways[:, 0]) < 0.48),
        "edge": (inside > 0.0005) & (inside < 0.009),
        "lower": (inside > 0.004) & (high < 0.5),
    }[region]
    found = np.flatnonzero(chosen)
    if len(found) > count:
        found = np.sort(rng.permutation(found)[:count])
    return ways[found], inside[found]


def make_locks(
    skull: Skull, obstacle: Obstacle, style: Style, locks: LockSet, share: float, rng: np.random.Generator
) -> list[Solid]:
    """A share of the locks of one set, as one solid (none where the hairline leaves no room)."""
    roots, inside = scatter(skull, style, locks.region, int(locks.count * share), rng)
    if not len(roots):
        return []
    high = topness(roots)
    base = np.full(len(roots), locks.length)
    if locks.ends is not None:  # down to one level, by way of the head's side
        base = skull.skin(roots)[:, 1] - obstacle.chin - locks.ends + locks.length + 0.05 * high
    flow = locks.flow or style.flow
    if flow.tie:  # as far as the tie
        angle = np.arccos(np.clip((flow.knot(roots) * roots).sum(1), -1, 1))
        base = np.linalg.norm(skull.skin(roots) - skull.centre, axis=1) * np.maximum(angle * locks.length, 0.15)
    length = base * (locks.sides + (1 - locks.sides) * high) * np.exp(locks.spread * rng.normal(size=len(roots)))
    if locks.habit.hang < 1 and not flow.tie:  # short hair is cut shorter toward the nape and above the ears
        rim = np.clip(0.2 + inside / 0.08, 0, 1)
        length *= rim + (1 - rim) * np.clip((roots[:, 1] - 0.1) / 0.25, 0, 1)
    cap = style.cap

    def below(ways: Vector) -> Vector:
        return np.zeros(len(ways)) if cap is None else locks.height * cap_height(cap, ways, np.full(len(ways), 1.0))

    rim = np.clip(inside / (cap.edge if cap else 0.02), 0.15, 1)
    height = locks.layers * rng.uniform(0, 1, len(roots)) + 0.001 - (1 - rim) * below(roots)
    guides = grow(obstacle, flow, locks.habit, roots, length, height, locks.rings, rng, below)
    if locks.wave:
        guides = wave(guides, locks.wave, locks.pitch, locks.coiled, rng)
    return [sweep(guides, locks.section, rng)]


def combed_lines(skull: Skull, obstacle: Obstacle, style: Style, rng: np.random.Generator) -> Vector:
    """Points (N, 3) of lines along the flow, from roots as far apart as the cap's ridges."""
    cap = style.cap
    if cap is None or not cap.groove:
        return np.zeros((0, 3))
    count = int(0.06 / (cap.spacing * 0.025))
    roots, _ = scatter(skull, style, "all", count, rng)
    if not len(roots):
        return np.zeros((0, 3))
    habit = Habit(lift=0, hug=1, fall=0.05, wander=0.12, face_free=False, eared=False)
    guides = grow(obstacle, style.flow, habit, roots, np.full(len(roots), 0.06), np.zeros(len(roots)), LINE, rng)
    return guides.points.reshape(-1, 3)


def make_hair(
    model: BodyModel, rest: RestBody, style: Style, texture: np.ndarray, rng: np.random.Generator,
    garment: float = 0.008,
) -> RestPart | None:  # fmt: skip
    """Dress a head in a style; None when it leaves no hair at all.

    `garment` is how many metres a garment stands off neck and torso.
    """
    skull = Skull(model, rest)
    obstacle = Obstacle(model, rest, skull, garment)
    solids: list[Solid] = []
    if style.cap is not None:
        solids.append(make_cap(skull, style.cap, style.hairline, combed_lines(skull, obstacle, style, rng), LINE, rng))
    for tied in style.ties:
        solids += make_tress(skull, obstacle, tied, rng)
    spent = sum(len(solid.faces) for solid in solids)
    wanted = sum(locks.count * triangles_each(locks.section, locks.rings) for locks in style.locks)
    share = min(1.0, (TRIANGLES - spent) / max(wanted, 1))
    for locks in style.locks:
        solids += make_locks(skull, obstacle, style, locks, share, rng)
    if not solids:
        return None
    whole = union(solids)
    weights = head_weights(model, rest, obstacle, whole.points)
    return RestPart(
        f"hair:{style.name}", whole.points.astype(np.float32), weights, whole.faces, whole.uv.astype(np.float32),
        texture, nothing_hidden(), 0.55,
    )  # fmt: skip


def head_weights(model: BodyModel, rest: RestBody, obstacle: Obstacle, points: Vector) -> sp.csr_matrix:
    """(V, B) weights of hair: the head down to the chin, then neck and back."""
    chain = [model.bone(name) for name in CHAIN]
    low = obstacle.shoulder
    knots = [low - 0.25, low - 0.03, (low + obstacle.chin) / 2, obstacle.chin]
    return along_chain(points[:, 1], knots, chain, len(model.bones))
