"""Shoes on both feet of a rest body: trainers, dress shoes, boots, sandals, flats and high heels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from lifecast.people.body import SKIN_VERTICES, BodyModel, RestBody
from lifecast.people.footwear.foot import Foot, measure
from lifecast.people.footwear.heel import BEND, Heel, Lift, heel_solid, lift, stance
from lifecast.people.footwear.shoe import UPPER, Last, across_top, beside, height, laces, places, shaft, sole, upper
from lifecast.people.rest_part import RestPart, Solid, Vector, rigid, union
from lifecast.people.rotation import Matrix
from lifecast.people.solids import hoop, resampled, tube

Rng = np.random.Generator
BENT = 0.04
"""Metres along a shoe over which it bends at the toes."""


@dataclass
class Pair:
    """Shoes, and how they change how a person stands."""

    part: RestPart
    raised: float
    """Metres by which the soles lift the feet off the ground."""
    stance: dict[int, Matrix]
    """Bone -> how far it turns in every pose (`heel.on_heels`): high heels lift the back of the foot."""


@dataclass
class _Made:
    """One shoe in the foot's frame."""

    leather: list[Solid]
    rubber: list[Solid]
    trim: list[Solid]
    last: Last
    covers: bool = True
    """The foot inside is left out."""
    heel: Heel | None = None
    """A high one."""


def _lines(foot: Foot, last: Last, count: int, around: int) -> tuple[Vector, Vector]:
    """Shares of the length (count, 1) and angles in degrees (1, around) of the upper's grid."""
    z = places(foot, last, count)[:, None] / foot.length
    return z, (np.arange(around) * 360 / around)[None]


def _groove(x: Vector, at: float, wide: float) -> Vector:
    return np.exp(-(((x - at) / wide) ** 2))


def trainers(foot: Foot, rng: Rng) -> _Made:
    """Thick soles, padded collars, overlays, a tongue and laces."""
    last = Last(
        sole=float(rng.uniform(0.022, 0.036)), lip=float(rng.uniform(0.003, 0.006)),
        wall=float(rng.uniform(0.008, 0.016)), collar=float(rng.uniform(0.078, 0.09)), ridges=1,
    )  # fmt: skip
    z, turn = _lines(foot, last, *UPPER)
    above = np.sin(np.radians(turn))
    relief = 0.0016 / (1 + np.exp((z - 0.9) / -0.008)) - 0.0012 * _groove(z, 0.9, 0.01)  # toe cap
    relief = relief + 0.0018 / (1 + np.exp((z - 0.28 - 0.1 * above) / 0.006))  # heel counter
    middle = np.abs(turn - 90)
    stay = (z > 0.42) * (z < 0.74)
    relief = relief + stay * (0.0018 * _groove(middle, 30, 8) - 0.0015 * _groove(middle, 18, 5))
    stripes = np.zeros_like(relief)
    for k in range(3):
        slant = z - 0.40 - 0.055 * k - 0.09 * (above - 0.4)
        stripes += 0.0013 / (1 + np.exp((np.abs(slant) - 0.011) / 0.002)) * (np.abs(middle - 70) < 26)
    relief = (relief + stripes * (rng.random() < 0.6)) * (above > -0.4)
    front = _opening(foot, last)
    line = np.array(
        [
            [0.0, last.collar - 0.014, front + 0.018],
            [0.0, last.collar + 0.004, front + 0.002],
            [0.0, last.collar + 0.02, front - 0.004],
        ]
    )
    near = foot.points[(np.abs(foot.points[:, 2] - front) < 0.015) & (foot.points[:, 1] < 0.13)]
    line[:, 0] = near[np.argsort(near[:, 1])[-6:], 0].mean()
    tongue = tube(resampled(line, 6), np.array([0.0, 0.5, 0.85]), 0.042, 0.008)
    return _Made(
        [upper(foot, last, relief), tongue, _padded_collar(foot, last, 0.011)], [sole(foot, last)],
        laces(foot, last, 4, 0.70, 0.46), last,
    )  # fmt: skip


def _padded_collar(foot: Foot, last: Last, thick: float) -> Solid:
    """A hoop around the opening."""
    back, front = -last.ease + 0.004, _opening(foot, last)
    turn = np.arange(36) * 2 * np.pi / 36
    z = back + (front - back) * (0.5 - 0.5 * np.cos(turn))
    top, _ = height(foot, last, z)
    x = beside(foot, last, z, top, 0.93 * np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** 0.6)
    return hoop(np.stack([x, top - 0.002, z], 1), np.array([0.0, 1.0, 0.0]), thick, thick)


def _opening(foot: Foot, last: Last) -> float:
    """Where along the foot the opening ends in front, in metres."""
    z = np.linspace(0.2, 0.7, 60) * foot.length
    open_ = foot.at(foot.top, z) > last.collar
    return float(z[open_].max()) + 0.004 if open_.any() else 0.45 * foot.length


def dress_shoes(foot: Foot, rng: Rng) -> _Made:
    """Leather, thin soles with a heel block, a cap over the toes."""
    last = Last(
        sole=0.017, lip=0.0045, wall=0.003, heel=0.010, collar=float(rng.uniform(0.068, 0.078)), ease=0.005,
        toe=float(rng.uniform(0.016, 0.03)), pointed=float(rng.uniform(0.2, 0.8)),
    )  # fmt: skip
    z, turn = _lines(foot, last, *UPPER)
    above = np.sin(np.radians(turn)) > -0.3
    relief = (0.0009 / (1 + np.exp((z - 0.82) / -0.006)) - 0.001 * _groove(z, 0.82, 0.008)) * above
    middle = np.abs(turn - 90)
    relief = relief + (0.0012 * _groove(middle, 26, 6) - 0.001 * _groove(middle, 16, 4)) * (z > 0.45) * (z < 0.68)
    creases = 0.0007 * np.cos(2 * np.pi * (z - 0.7) / 0.035) * np.exp(-(((z - 0.71) / 0.06) ** 2))
    return _Made(
        [upper(foot, last, relief + creases * above)], [sole(foot, last)], laces(foot, last, 3, 0.64, 0.48), last
    )


def flats(foot: Foot, rng: Rng) -> _Made:
    """Ballet flats: low all around, the instep bare."""
    last = Last(
        sole=0.008, lip=0.001, wall=0.002, collar=float(rng.uniform(0.034, 0.042)), dip=0.004, ease=0.003, toe=0.008
    )
    trim = [_padded_collar(foot, last, 0.004)]
    return _Made([upper(foot, last)], [sole(foot, last)], trim, last)


def _boots(foot: Foot, rng: Rng, high: float, wide: float, thin: bool = False) -> _Made:
    last = Last(
        sole=0.009 if thin else float(rng.uniform(0.018, 0.034)), lip=0.002 if thin else 0.005, wall=0.006,
        heel=0.0 if thin else float(rng.choice([0.0, 0.011])),
        collar=0.088, dip=0.0, ease=0.006, toe=0.014, pointed=float(rng.uniform(0, 0.5)),
        ridges=int(rng.random() < 0.5),
    )  # fmt: skip
    z, turn = _lines(foot, last, 44, 32)
    creases = 0.001 * np.cos(2 * np.pi * (z - 0.7) / 0.04) * np.exp(-(((z - 0.7) / 0.07) ** 2))
    relief = creases * (np.sin(np.radians(turn)) > -0.3)
    return _Made(
        [upper(foot, last, relief, 44, 32), shaft(foot, last, high, wide, rng)],
        [sole(foot, last)],
        [],
        replace(last, collar=high),
    )


def ankle_boots(foot: Foot, rng: Rng) -> _Made:
    """To above the ankle."""
    made = _boots(foot, rng, float(rng.uniform(0.14, 0.2)), 0.009)
    if rng.random() < 0.5:
        made.trim = laces(foot, replace(made.last, collar=0.088), 3, 0.66, 0.5)
    return made


def knee_boots(foot: Foot, rng: Rng) -> _Made:
    """To below the knee."""
    return _boots(foot, rng, float(rng.uniform(0.32, 0.37)), float(rng.uniform(0.008, 0.016)))


def sandals(foot: Foot, rng: Rng) -> _Made:
    """A sole and straps; the foot is bare."""
    last = Last(
        sole=float(rng.uniform(0.014, 0.03)), lip=0.003, wall=0.005, ease=0.002, toe=0.006, collar=0.08, dip=0.0
    )
    bare = replace(last, ease=0.001)
    straps = []
    for share, wide in ((0.72, 0.020), (0.60, 0.016), (0.44, 0.02))[: int(rng.integers(2, 4))]:
        line = across_top(foot, bare, share * foot.length, -28, 208, 0.0022, 26)
        line[:, 2] += 0.012 * np.linspace(1, -1, 26) * rng.uniform(-1, 1)
        straps.append(tube(line, line - line.mean(0), wide, 0.0035, 10))
    return _Made(straps, [sole(foot, last)], [], last, covers=False)


def _high_heel(rng: Rng, highest: float) -> Heel:
    """From a stiletto to a block."""
    wide = float(rng.choice([0.005, 0.011, 0.02]))
    taper = 0.35 if wide < 0.01 else 0.6 if wide < 0.015 else 1.0
    return Heel(float(rng.uniform(0.04, highest)), (wide, wide), taper=taper)


def heels(foot: Foot, rng: Rng) -> _Made:
    """Pumps: as low all around as flats, a pointed toe and a high heel."""
    last = Last(
        sole=0.007, lip=0.0008, wall=0.001, collar=float(rng.uniform(0.036, 0.046)), dip=0.004, ease=0.003,
        toe=float(rng.uniform(0.012, 0.026)), pointed=float(rng.uniform(0.3, 1.0)),
    )  # fmt: skip
    trim = [_padded_collar(foot, last, 0.003)]
    return _Made([upper(foot, last)], [sole(foot, last)], trim, last, heel=_high_heel(rng, 0.1))


def heeled_boots(foot: Foot, rng: Rng) -> _Made:
    """To above the ankle, with a high heel."""
    made = _boots(foot, rng, float(rng.uniform(0.14, 0.2)), 0.009, thin=True)
    made.heel = _high_heel(rng, 0.085)
    return made


OVER_THE_CALF = ("knee-boots",)
"""Kinds that nobody wears beneath trousers."""
HIGH_HEELED = ("heels", "heeled-boots")
"""Kinds that women alone wear here."""
KINDS: dict[str, Callable[[Foot, Rng], _Made]] = {
    "trainers": trainers, "dress": dress_shoes, "flats": flats, "ankle-boots": ankle_boots, "knee-boots": knee_boots,
    "sandals": sandals, "heels": heels, "heeled-boots": heeled_boots,
}  # fmt: skip


def shoes_for(female: bool, trousers: bool) -> list[str]:
    """List the kinds that go with a person and with trousers, if they wear any."""
    left_out = (*(() if female else HIGH_HEELED), *(OVER_THE_CALF if trousers else ()))
    return [kind for kind in KINDS if kind not in left_out]


def make_shoes(model: BodyModel, rest: RestBody, kind: str, rng: Rng) -> Pair:
    """Make a pair of one of `KINDS`; both shoes are drawn alike.

    They are made around feet that are flat, high heels too: these stand level in poses turned by the pair's `stance`.
    """
    seed = int(rng.integers(2**32))
    colours = _colours(kind, rng)
    solids, owners, hidden, raised = [], [], np.zeros(SKIN_VERTICES, bool), 0.0
    turns: dict[int, Matrix] = {}
    skin = rest.vertices[:SKIN_VERTICES].astype(np.float64)
    for side in "LR":
        foot = measure(model, rest, side)
        made = KINDS[kind](foot, np.random.default_rng(seed))
        raised, lifted = made.last.sole, None
        if made.heel is not None:
            lifted = lift(model, rest, foot, side, made.heel.high)
            made.rubber.append(heel_solid(lifted, made.heel, made.last.sole))
            turns |= stance(model, foot, side, lifted)
        for k, group in enumerate((made.leather, made.rubber, made.trim)):
            if not group:
                continue
            whole = union(group)
            whole.uv = np.stack([(k + 0.1 + 0.8 * (whole.uv[:, 0] % 1)) / 3, whole.uv[:, 1]], 1)
            placed = whole.moved(foot.turn, foot.origin)
            solids.append(placed)
            owners.append(_weights(model, skin, foot, placed.points, whole.points, side, lifted))
        if made.covers:
            hidden[foot.which[_inside(foot, made.last)]] = True
    whole = union(solids)
    part = RestPart(
        f"shoes:{kind}", whole.points.astype(np.float32), sp.vstack(owners).tocsr(), whole.faces,
        whole.uv.astype(np.float32), _texture(colours, rng), hidden, 0.6,
    )  # fmt: skip
    return Pair(part, raised, turns)


def _inside(foot: Foot, last: Last) -> NDArray[np.bool_]:
    """(N,) which skin of the foot lies deeper than 1 cm in the shoe."""
    low = last.collar - last.dip - 0.012
    return np.asarray((foot.points[:, 1] < low) & (foot.points[:, 2] > -0.03))


def _weights(
    model: BodyModel, skin: Vector, foot: Foot, points: Vector, own: Vector, side: str, lifted: Lift | None
) -> sp.csr_matrix:
    """The foot's bone low down; above the ankle what the leg's skin follows; before a lifted foot's ball the toes'.

    `points` (N, 3) in the body's frame are `own` in the foot's.
    """
    bones, level = len(model.bones), own[:, 1]
    stiff = rigid(len(points), model.bone("foot." + side), bones)
    if lifted is not None:
        before = np.clip((own[:, 2] - lifted.ball[2]) / BENT + 0.5, 0, 1)
        toes = rigid(len(points), model.bone(f"{BEND}.{side}"), bones)
        stiff = (sp.diags(1 - before) @ stiff + sp.diags(before) @ toes).tocsr()
    if level.max() < 0.11:
        return stiff
    near = foot.which
    _, which = cKDTree(skin[near]).query(points, k=6)
    rows = np.repeat(np.arange(len(points)), 6)
    mean = sp.csr_matrix((np.full(rows.size, 1 / 6), (rows, near[which].ravel())), (len(points), SKIN_VERTICES))
    leg = (mean @ model.weights[:SKIN_VERTICES]).tocsr()
    share = np.clip((level - 0.06) / 0.06, 0, 1)
    return (sp.diags(share) @ leg + sp.diags(1 - share) @ stiff).tocsr()


def _colours(kind: str, rng: Rng) -> list[Vector]:
    """Leather, sole and trim (3,) each, shares of sRGB."""
    tan, black, brown, white = (
        np.array(c) for c in ((0.55, 0.36, 0.2), (0.05, 0.05, 0.05), (0.22, 0.12, 0.07), (0.9, 0.9, 0.88))
    )
    bright = rng.dirichlet([1, 1, 1]) * rng.uniform(0.4, 1.6)
    if kind == "trainers":
        body = [white, white, black, np.full(3, 0.45), bright][int(rng.integers(5))]
        return [body, [white, white, black, tan][int(rng.integers(4))], [white, black, bright][int(rng.integers(3))]]
    body = [black, black, brown, tan, bright][int(rng.integers(5))] * rng.uniform(0.8, 1.2)
    return [body, [black, brown, tan][int(rng.integers(3))], body * 0.8]


def _texture(colours: list[Vector], rng: Rng) -> NDArray[np.uint8]:
    """(64, 192, 3): leather, sole and trim side by side, each a little uneven."""
    panels = [np.clip(c, 0.02, 0.97) * (1 + 0.04 * rng.normal(size=(64, 64, 1))) for c in colours]
    texture: NDArray[np.uint8] = (np.clip(np.concatenate(panels, 1), 0.01, 0.99) * 255).astype(np.uint8)
    return texture
