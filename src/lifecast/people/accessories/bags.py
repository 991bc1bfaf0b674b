"""Bags: a rucksack on the back with straps over both shoulders, and a bag at the hip on a strap across the chest."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.spatial import cKDTree

from lifecast.people.body import SKIN_VERTICES, BodyModel, RestBody
from lifecast.people.noise import smooth_noise
from lifecast.people.rest_part import RestPart, Solid, Vector, nothing_hidden, rigid, union
from lifecast.people.solids import cushion, resampled, tube, unit
from lifecast.people.wavefront import triangles
from lifecast.space.mesh_normals import vertex_normals

KINDS = ("rucksack", "shoulder-bag")
Rng = np.random.Generator


class Torso:
    """The skin that straps lie on, without the arms."""

    def __init__(self, model: BodyModel, rest: RestBody, clearance: float) -> None:
        skin = rest.vertices[:SKIN_VERTICES].astype(np.float64)
        owner = np.asarray(model.weights[:SKIN_VERTICES].argmax(1)).ravel()
        trunk = ("spine", "clavicle", "shoulder", "neck", "breast", "pelvis", "root", "upperleg01")
        bones = [k for k, name in enumerate(model.bones) if name.startswith(trunk)]
        self.which = np.flatnonzero(np.isin(owner, bones))
        faces = triangles(model.mesh.faces[model.mesh.groups["body"]])
        self.points = skin[self.which]
        self.normals = vertex_normals(skin, faces, "area").astype(np.float64)[self.which]
        self.clearance = clearance
        self._tree = cKDTree(self.points)
        self.weights = model.weights[:SKIN_VERTICES][self.which]

    def outside(self, points: Vector, gap: float = 0.0, pull: float | Vector = 0.0) -> tuple[Vector, Vector]:
        """Points moved out of the body to a clearance, and the outward directions there; (N, 3) both.

        Those that are too far out come back by the share `pull`, as long as they are near.
        """
        away, which = self._tree.query(points, k=5)
        share = 1 / (away + 0.004) ** 2
        share /= share.sum(1, keepdims=True)
        facing = unit((self.normals[which] * share[..., None]).sum(1))
        surface = (self.points[which] * share[..., None]).sum(1)
        height = ((points - surface) * facing).sum(1)
        lack = self.clearance + gap - height
        near = np.clip((0.12 - away[:, 0]) / 0.04, 0, 1)
        lack = np.where(lack > 0, lack, pull * near * lack)
        return points + facing * lack[:, None], facing

    def follow(self, points: Vector, count: int = 12) -> sp.csr_matrix:
        """(N, B) the mean weights of the nearest skin."""
        _, which = self._tree.query(points, k=count)
        rows = np.repeat(np.arange(len(points)), count)
        mean = sp.csr_matrix((np.full(rows.size, 1 / count), (rows, which.ravel())), (len(points), len(self.points)))
        return (mean @ self.weights).tocsr()

    def reach(self, direction: Vector, low: float, high: float, wide: float) -> float:
        """How far the trunk extends along a direction between two heights, within `wide` metres of the middle."""
        near = (self.points[:, 1] > low) & (self.points[:, 1] < high) & (np.abs(self.points[:, 0]) < wide)
        return float((self.points[near] @ direction).max())


def _strap(torso: Torso, way: Vector, wide: float, thick: float, free_ends: bool = True) -> Solid:
    """A flat strap through waypoints (N, 3), laid on the body."""
    knots = np.linspace(0, 1, len(way))
    line = np.asarray(PchipInterpolator(knots, way, axis=0)(np.linspace(0, 1, 70)))
    ends = np.minimum(np.linspace(0, 1, 70), np.linspace(1, 0, 70))
    hold = np.clip((ends - 0.1) / 0.12, 0, 1)
    for _ in range(5):
        held, _ = torso.outside(line, thick / 2, 0.7 * hold)
        if free_ends:
            held[[0, -1]] = line[[0, -1]]
        line = resampled(held, 70)
        line[1:-1] = 0.5 * line[1:-1] + 0.25 * (line[:-2] + line[2:])
    line, facing = torso.outside(line, thick / 2, 0.7 * hold)
    for _ in range(4):
        facing[1:-1] = unit(facing[1:-1] + facing[:-2] + facing[2:])
    return tube(line, facing, wide, thick, 10)


def rucksack(model: BodyModel, rest: RestBody, rng: Rng, clearance: float) -> tuple[list[Solid], sp.csr_matrix]:
    """A rucksack with a front pocket, a lid's seam, a handle and two straps."""
    torso = Torso(model, rest, clearance)
    bone = {name: rest.heads[model.bone(name)] for name in ("spine01", "spine03", "neck01", "spine05")}
    size = np.array([rng.uniform(0.26, 0.32), rng.uniform(0.38, 0.48), rng.uniform(0.12, 0.19)])
    size *= min(1.0, (bone["neck01"][1] - bone["spine05"][1]) / 0.42)
    top = bone["neck01"][1] - 0.03
    low = top - size[1]
    back = torso.reach(np.array([0.0, 0.0, -1.0]), low, top, 0.13)
    middle = np.array([0.0, (top + low) / 2, -back - clearance - size[2] / 2 + 0.008])
    main = cushion((size[0], size[1], size[2]), 5.0, 36)
    sag = smooth_noise(main.points, 0.09, rng) * 0.004 + smooth_noise(main.points, 0.03, rng) * 0.0012
    seam = -0.0035 * np.exp(-(((main.points[:, 1] - 0.28 * size[1]) / 0.004) ** 2))
    rear = np.clip(-main.points[:, 2] / size[2] * 2, 0, 1)
    normals = vertex_normals(main.points, main.faces, "area")
    main.points = main.points + normals * ((sag + seam) * (0.3 + 0.7 * rear))[:, None]
    main = main.moved(np.eye(3), middle)
    pocket = cushion((0.78 * size[0], 0.44 * size[1], 0.07), 5.0, 20)
    pocket = pocket.moved(np.eye(3), middle - [0, 0.2 * size[1], size[2] / 2 + 0.008])
    x = np.linspace(-0.36, 0.36, 24) * size[0]
    zip_line = np.stack([x, np.full(24, middle[1] - 0.02 * size[1]), np.full(24, middle[2] - size[2] / 2 - 0.028)], 1)
    zip_ = tube(zip_line, np.array([0.0, 1.0, 0.0]), 0.006, 0.006)
    arch = np.linspace(0, np.pi, 14)
    handle = np.stack(
        [
            0.035 * np.cos(arch),
            middle[1] + size[1] / 2 - 0.006 + 0.03 * np.sin(arch),
            np.full(14, middle[2] + 0.3 * size[2]),
        ],
        1,
    )
    solids = [main, pocket, zip_, tube(handle, np.array([0.0, 0.0, 1.0]), 0.02, 0.006)]
    shoulder = bone["neck01"]
    for side in (1.0, -1.0):
        way = np.array([
            [side * 0.06, middle[1] + 0.46 * size[1], middle[2] + 0.42 * size[2]],
            [side * 0.075, shoulder[1] + 0.02, shoulder[2] - 0.06],
            [side * 0.085, shoulder[1] + 0.03, shoulder[2] + 0.0],
            [side * 0.095, shoulder[1] - 0.05, shoulder[2] + 0.12],
            [side * 0.115, shoulder[1] - 0.17, shoulder[2] + 0.14],
            [side * 0.16, shoulder[1] - 0.27, shoulder[2] + 0.04],
            [side * 0.40 * size[0], middle[1] - 0.4 * size[1], middle[2] + 0.35 * size[2]],
        ])  # fmt: skip
        solids.append(_strap(torso, way, 0.052, 0.011))
    body = sum(len(s.points) for s in solids[:4])
    upper, lower = (rigid(body, model.bone(name), len(model.bones)) for name in ("spine01", "spine02"))
    trunk = 0.6 * upper + 0.4 * lower
    return solids, sp.vstack([trunk, torso.follow(np.concatenate([s.points for s in solids[4:]]))]).tocsr()


def shoulder_bag(model: BodyModel, rest: RestBody, rng: Rng, clearance: float) -> tuple[list[Solid], sp.csr_matrix]:
    """A bag at the hip with a flap, on a strap from the other shoulder."""
    torso = Torso(model, rest, clearance)
    side = float(rng.choice([-1.0, 1.0]))
    neck, hip = rest.heads[model.bone("neck01")], rest.heads[model.bone("upperleg01.L")]
    size = np.array([rng.uniform(0.07, 0.11), rng.uniform(0.2, 0.28), rng.uniform(0.24, 0.34)])
    out = torso.reach(np.array([side, 0.0, 0.0]), hip[1] - 0.1, hip[1] + 0.08, 1.0)
    middle = np.array([side * (out + clearance + size[0] / 2 - 0.004), hip[1] - 0.02, hip[2] - 0.01])
    main = cushion((size[0], size[1], size[2]), 6.0, 30)
    main.points += 0.003 * unit(main.points) * smooth_noise(main.points, 0.06, rng)[:, None]
    flap = cushion((0.014, 0.6 * size[1], 1.02 * size[2]), 7.0, 18)
    flap = flap.moved(np.eye(3), np.array([side * (size[0] / 2), 0.21 * size[1], 0.0]))
    shape = [s.moved(np.eye(3), middle) for s in (main, flap)]
    top = middle[1] + 0.42 * size[1]
    front = np.array([
        [middle[0], top, middle[2] + 0.42 * size[2]], [side * 0.5 * out, top + 0.16, neck[2] + 0.16],
        [-side * 0.02, neck[1] - 0.16, neck[2] + 0.16], [-side * 0.085, neck[1] - 0.02, neck[2] + 0.08],
        [-side * 0.09, neck[1] + 0.03, neck[2] + 0.0], [-side * 0.08, neck[1] - 0.04, neck[2] - 0.10],
        [side * 0.02, neck[1] - 0.2, neck[2] - 0.16], [side * 0.6 * out, top + 0.14, middle[2] - 0.13],
        [middle[0], top, middle[2] - 0.42 * size[2]],
    ])  # fmt: skip
    strap = _strap(torso, front, 0.032, 0.006)
    body = sum(len(s.points) for s in shape)
    hips = rigid(body, model.bone("root"), len(model.bones))
    return [*shape, strap], sp.vstack([hips, torso.follow(strap.points)]).tocsr()


def make_bag(
    model: BodyModel, rest: RestBody, kind: str, texture: NDArray[np.uint8], rng: Rng, clearance: float = 0.012
) -> RestPart:
    """Make a bag of one of `KINDS`; it stands `clearance` metres off the skin, for the clothes below."""
    solids, weights = {"rucksack": rucksack, "shoulder-bag": shoulder_bag}[kind](model, rest, rng, clearance)
    whole = union(solids)
    return RestPart(
        f"bag:{kind}", whole.points.astype(np.float32), weights, whole.faces, whole.uv.astype(np.float32), texture,
        nothing_hidden(), 0.8,
    )  # fmt: skip
