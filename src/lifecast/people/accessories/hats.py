"""Hats: beanies, caps with a peak, hats with a brim; hair under a hat is pressed flat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifecast.people.body import BodyModel, RestBody
from lifecast.people.hairstyles.cap import close
from lifecast.people.hairstyles.skull import Skull
from lifecast.people.hairstyles.sphere import geodesic, sample
from lifecast.people.noise import smooth_noise
from lifecast.people.rest_part import RestPart, Solid, Vector, nothing_hidden, rigid, union
from lifecast.people.solids import loft, ring_faces, tube, unit

KINDS = ("beanie", "cap", "brimmed")
PRESSED = 0.006
"""Metres to which hair under a hat is pressed flat."""
LOOSE = 0.001
"""Metres between that hair and the hat."""


@dataclass(frozen=True)
class HatLine:
    """The plane of a hat's edge, in metres above the eyes in front and at the back."""

    front: float = 0.052
    back: float = -0.004

    def above(self, skull: Skull, points: Vector) -> Vector:
        """Metres (N,) by which points lie above the edge."""
        front, back = skull.centre[2] + 0.1 * skull.unit, skull.centre[2] - 0.09 * skull.unit
        share = np.clip((points[:, 2] - back) / (front - back), -0.5, 1.5)
        level = skull.eye[1] + (self.back + (self.front - self.back) * share) * skull.unit
        return np.asarray(points[:, 1] - level)


def hat_line(kind: str) -> HatLine:
    """Where a kind of hat ends; a beanie covers half of the ears."""
    return {"beanie": HatLine(0.045, -0.03), "cap": HatLine(0.05, -0.012), "brimmed": HatLine(0.052, -0.002)}[kind]


def pressed(hair: RestPart, skull: Skull, line: HatLine) -> RestPart:
    """The same hair under a hat: nothing above the hat's edge lies higher than `PRESSED` above the head."""
    points = hair.points.astype(np.float64)
    ways, away = skull.directions(points)
    above = line.above(skull, points)
    limit = sample(skull.eared, ways) + PRESSED
    # What hangs out below the edge is let go over two centimetres.
    limit = limit + np.clip((-0.004 - above) / 0.02, 0, 1) ** 2 * 0.4
    held = np.minimum(away, limit)
    moved = skull.centre + ways * held[:, None]
    return RestPart(
        hair.name, moved.astype(np.float32), hair.weights, hair.faces, hair.uv, hair.texture, hair.hidden,
        hair.roughness,
    )  # fmt: skip


def make_hat(
    model: BodyModel, rest: RestBody, kind: str, texture: NDArray[np.uint8], rng: np.random.Generator
) -> RestPart:
    """Make a hat of one of `KINDS` for a head; it follows the head."""
    skull = Skull(model, rest)
    line = hat_line(kind)
    solids = {"beanie": _beanie, "cap": _peaked_cap, "brimmed": _brimmed}[kind](skull, line, rng)
    whole = union(solids)
    bones = len(model.bones)
    return RestPart(
        f"hat:{kind}", whole.points.astype(np.float32), rigid(len(whole.points), model.bone("head"), bones),
        whole.faces, whole.uv.astype(np.float32), texture, nothing_hidden(), 0.85,
    )  # fmt: skip


def _crown(skull: Skull, line: HatLine, lift: Vector, ways: Vector, faces: NDArray[np.int32]) -> Solid:
    """The part above the edge, lifted off the pressed hair by `lift` (N,) metres along rays; closed."""
    radius = sample(skull.eared, ways) + PRESSED + LOOSE
    base = skull.centre + ways * radius[:, None]
    above = line.above(skull, base)
    kept = faces[(above[faces] > 0).any(1)]
    used, renamed = np.unique(kept, return_inverse=True)
    base[:, 1] -= np.minimum(above, 0)  # the edge is even
    outer = base + ways * lift[:, None]
    points, closed = close(outer[used], renamed.reshape(-1, 3).astype(np.int32), skull.centre)
    turn = np.arctan2(ways[used, 0], ways[used, 2]) / np.pi
    uv = np.concatenate([np.stack([turn, ways[used, 1]], 1), [[0.5, 0.5]]])
    return Solid(points, closed, uv)


def _azimuth(ways: Vector) -> Vector:
    return np.arctan2(ways[:, 0], ways[:, 2])


def _beanie(skull: Skull, line: HatLine, rng: np.random.Generator) -> list[Solid]:
    ways, faces = geodesic(52)
    base = skull.centre + ways * (sample(skull.eared, ways) + PRESSED)[:, None]
    above = line.above(skull, base)
    fold = float(rng.uniform(0.045, 0.065))
    band = 1 / (1 + np.exp((above - fold) / 0.0018))
    ribs = np.cos(_azimuth(ways) * int(rng.integers(34, 46))) * np.clip(1.15 - ways[:, 1], 0, 1)
    slouch = float(rng.uniform(0.0, 0.045))
    tip = unit(np.array([0.0, 1.0, -0.55]))
    lift = 0.004 + 0.0045 * band + 0.0013 * (ribs + 1)
    lift = lift + slouch * np.clip((ways @ tip - 0.45) / 0.55, 0, 1) ** 1.5
    folds = smooth_noise(base * [1, 2.2, 1], 0.06, rng)
    lift = lift + np.maximum(0, 0.002 + 0.05 * slouch * folds * np.clip((above - fold) / 0.03, 0, 1))
    return [_crown(skull, line, lift, ways, faces)]


def _peaked_cap(skull: Skull, line: HatLine, rng: np.random.Generator) -> list[Solid]:
    ways, faces = geodesic(46)
    turn = _azimuth(ways)
    flat = np.sqrt(np.maximum(1 - ways[:, 1] ** 2, 0))
    base = skull.centre + ways * (sample(skull.eared, ways) + PRESSED)[:, None]
    above = line.above(skull, base)
    # Six panels; their seams are stitched down on both sides.
    seam = np.abs((turn / (np.pi / 3)) % 1 - 0.5) * (np.pi / 3) * flat * 0.1
    stitched = np.exp(-((seam / 0.0022) ** 2)) * -0.0014 + 0.0009 * np.exp(-(((seam - 0.005) / 0.002) ** 2))
    hem = 0.0014 * np.exp(-(((above - 0.022) / 0.002) ** 2))
    front = np.clip(np.cos(turn), 0, 1) ** 2
    stand = 0.012 * front * np.clip((ways[:, 1] - 0.25) / 0.3, 0, 1) * np.clip((0.98 - ways[:, 1]) / 0.3, 0, 1)
    dents = smooth_noise(base, 0.07, rng)
    lift = 0.004 + stand + stitched - hem + 0.0012 * (dents + 1.5)
    crown = _crown(skull, line, np.maximum(lift, 0.0005), ways, faces)
    top = unit(np.array([[0.0, 1.0, 0.05]]))
    knob = skull.centre + top[0] * (sample(skull.eared, top)[0] + PRESSED + 0.010)
    button = tube(knob + np.linspace(-0.004, 0.003, 4)[:, None] * top, np.array([1.0, 0, 0]), 0.014, 0.014, 12)
    back = rng.random() < 0.12
    return [crown, button, _peak(skull, line, rng, -1.0 if back else 1.0)]


def _peak(skull: Skull, line: HatLine, rng: np.random.Generator, front: float) -> Solid:
    """The peak: a bent plate with rows of stitches, thick enough to be seen edge-on."""
    across = np.radians(np.linspace(-62, 62, 40))
    edge = _edge_points(skull, line, across if front > 0 else across + np.pi)
    long = float(rng.uniform(0.062, 0.075)) * skull.unit
    bend = float(rng.uniform(0.25, 0.5))
    share = np.linspace(-0.15, 1, 16)
    middle = edge.mean(0)
    out = np.array([0.0, -0.22, front])
    shape = np.sqrt(np.clip(1 - (across / across[-1]) ** 2, 0, 1)) ** 0.8
    top = edge[None] + share[:, None, None] * long * shape[None, :, None] * out
    top[..., 1] -= bend * np.maximum(share, 0)[:, None] * np.abs(top[..., 0] - middle[0]) ** 2 / 0.12
    top[..., 1] -= 0.25 * np.maximum(share, 0)[:, None] * np.abs(edge[None, :, 0]) * 0.35
    rows = 0.0005 * np.cos(share * 2 * np.pi * 7)[:, None, None] * np.array([0, 1.0, 0])
    plate = np.concatenate([top + rows, (top - [0, 0.0035, 0])[:, ::-1]], 1)
    return loft(plate)


def _edge_points(skull: Skull, line: HatLine, azimuth: Vector) -> Vector:
    """(N, 3) points of the hat's edge on the pressed hair at azimuths in radians."""
    low, high = np.full(len(azimuth), -0.9), np.full(len(azimuth), 1.3)
    for _ in range(24):
        rise = (low + high) / 2
        ways = np.stack([np.cos(rise) * np.sin(azimuth), np.sin(rise), np.cos(rise) * np.cos(azimuth)], -1)
        points = skull.centre + ways * (sample(skull.eared, ways) + PRESSED + LOOSE)[:, None]
        over = line.above(skull, points) > 0
        high, low = np.where(over, rise, high), np.where(over, low, rise)
    return points


def _brimmed(skull: Skull, line: HatLine, rng: np.random.Generator) -> list[Solid]:
    count = 96
    azimuth = np.arange(count) * 2 * np.pi / count
    edge = _edge_points(skull, line, azimuth)
    middle = edge.mean(0)
    spoke = edge - middle
    radius = np.linalg.norm(spoke[:, [0, 2]], axis=1)
    # An even oval around the uneven head.
    oval = np.maximum(radius, 0.5 * (radius + np.convolve(np.tile(radius, 3), np.ones(15) / 15, "same")[count:-count]))
    flat = spoke * [1, 0, 1] / radius[:, None]
    height = skull.top + 0.022 - middle[1]
    dent = float(rng.uniform(0.012, 0.03))
    shape = np.array([  # share of the height, share of the radius
        (-0.04, 0.98), (0.0, 1.0), (0.06, 1.012), (0.1, 1.03), (0.25, 1.03), (0.27, 1.012), (0.5, 0.99),
        (0.72, 0.95), (0.88, 0.89), (0.96, 0.80), (1.0, 0.68), (0.995, 0.5), (0.985, 0.3), (0.98, 0.12),
    ])  # fmt: skip
    rings = np.empty((len(shape), count, 3))
    pinch = np.clip(np.cos(azimuth), 0, 1) ** 2
    for k, (up, wide) in enumerate(shape):
        narrow = wide * (1 - 0.10 * pinch * np.clip(up - 0.4, 0, 1) * np.abs(np.sin(2 * azimuth)) * 2)
        rings[k] = middle + flat * (oval * narrow)[:, None]
        rings[k, :, 1] = (
            edge[:, 1] * (1 - np.clip(up, 0, 1)) + (middle[1] + height) * np.clip(up, 0, 1) + min(up, 0) * height
        )
    crease = np.exp(-((rings[..., 0] / 0.02) ** 2)) * np.clip((np.arange(len(shape)) - 8) / 3, 0, 1)[:, None]
    rings[..., 1] -= dent * crease
    solid = loft(rings)
    ways, away = skull.directions(solid.points)
    least = sample(skull.eared, ways) + PRESSED + LOOSE + 0.003
    covered = (line.above(skull, solid.points) > 0.002) & (np.arange(len(away)) < len(away) - 2)
    solid.points = np.where((covered & (away < least))[:, None], skull.centre + ways * least[:, None], solid.points)
    return [solid, _brim(edge, oval, flat, middle, rng)]


def _brim(edge: Vector, oval: Vector, flat: Vector, middle: Vector, rng: np.random.Generator) -> Solid:
    """A ring of felt or straw with a rolled rim, a little wavy."""
    wide = float(rng.uniform(0.05, 0.085))
    turn = np.arange(len(edge)) * 2 * np.pi / len(edge)
    curl = float(rng.uniform(0.0, 0.018)) * np.abs(np.sin(turn)) - 0.012 * np.abs(np.cos(turn))
    wave = 0.004 * np.cos(3 * turn + rng.uniform(0, 6))
    share = np.linspace(-0.2, 1, 9)
    upper, lower = [], []
    for s in share:
        ring = middle + flat * (oval + s * wide)[:, None]
        ring[:, 1] = edge[:, 1] + (curl + wave) * max(s, 0) ** 2
        upper.append(ring + np.array([0, 0.0017, 0]))
        lower.append(ring - np.array([0, 0.0017, 0]))
    around = np.stack([*upper, *lower[::-1]], 1)  # (count, 2 * 9, 3)
    points = around.reshape(-1, 3)
    faces = ring_faces(*around.shape[:2])
    a, b, c = (points[faces[:, k]] - middle for k in range(3))
    if np.einsum("ij,ij->", a, np.cross(b, c)) < 0:
        faces = faces[:, ::-1].copy()
    i, j = np.meshgrid(turn / (2 * np.pi), np.linspace(0, 1, around.shape[1]), indexing="ij")
    return Solid(points, faces, np.stack([i.ravel(), j.ravel()], 1))
