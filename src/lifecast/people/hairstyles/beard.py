"""Beards and brows: hair of the face as closed, grooved solids; and stubble, which is colour only."""

from __future__ import annotations

import cv2
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from lifecast.people.body import SKIN_VERTICES, BodyModel, RestBody
from lifecast.people.hairstyles.face import face_hair
from lifecast.people.hairstyles.growth import Guides
from lifecast.people.hairstyles.locks import Section, sweep
from lifecast.people.noise import smooth_noise
from lifecast.people.rest_part import Faces, RestPart, Solid, Vector, nothing_hidden, union
from lifecast.people.solids import unit
from lifecast.space.mesh_normals import vertex_normals

UNDER = 0.002
"""Metres below the skin where a beard's inner side runs."""


def make_beard(
    model: BodyModel, rest: RestBody, kind: str, length: float, texture: NDArray[np.uint8], rng: np.random.Generator
) -> RestPart:
    """Grow a beard: `full`, `goatee` or `moustache`, of a length in metres (3 mm to 10 cm)."""
    place = face_hair(model)
    skin = rest.vertices[:SKIN_VERTICES].astype(np.float64)
    points = place.matrix @ skin
    normals = vertex_normals(points, place.faces, "area").astype(np.float64)
    inside = place.matrix @ place.distance[kind] + 0.0015 * smooth_noise(points, 0.012, rng)
    reach = np.clip(inside / 0.016, 0, 1)
    thick = min(length, 0.011) * np.sqrt(reach * (2 - reach))
    strands = smooth_noise(points, np.array([0.0055, 0.03, 0.0075]), rng, 48)
    thick = np.where(inside > 0, thick * (1 + 0.22 * np.clip(strands, -2, 2)), -0.5 * UNDER)
    shell, kept = _shell(points, normals, thick, place.faces, inside)
    solids, owners = [shell], [place.weights[np.concatenate([kept, kept])]]
    if length > 0.004:
        locks, roots = _beard_locks(points, normals, inside, length, rng)
        solids.append(locks)
        owners.append(place.weights[roots])
    whole = union(solids)
    return RestPart(
        f"beard:{kind}", whole.points.astype(np.float32), sp.vstack(owners).tocsr(), whole.faces,
        whole.uv.astype(np.float32), texture, nothing_hidden(), 0.6,
    )  # fmt: skip


def _shell(
    points: Vector, normals: Vector, thick: Vector, faces: Faces, inside: Vector
) -> tuple[Solid, NDArray[np.int64]]:
    """The region's surface lifted by `thick`, closed by a copy below the skin; and the vertices it is made of."""
    chosen = faces[(inside[faces] > 0).any(1)]
    kept, renamed = np.unique(chosen, return_inverse=True)
    outer = renamed.reshape(-1, 3)
    count = len(kept)
    edges = np.concatenate([outer[:, [0, 1]], outer[:, [1, 2]], outer[:, [2, 0]]]).astype(np.int64)
    border = edges[~np.isin(edges[:, 0] * count + edges[:, 1], edges[:, 1] * count + edges[:, 0])]
    a, b = border.T
    rim = np.concatenate([np.stack([b, a, a + count], 1), np.stack([b, a + count, b + count], 1)])
    every = np.concatenate([outer, outer[:, ::-1] + count, rim]).astype(np.int32)
    lifted = points[kept] + normals[kept] * thick[kept, None]
    below = points[kept] - normals[kept] * UNDER
    uv = np.stack([points[kept, 0] * 8, 0.9 - np.clip(thick[kept], 0, 0.01) * 40], 1)
    return Solid(np.concatenate([lifted, below]), every, np.concatenate([uv, uv])), kept.astype(np.int64)


def _beard_locks(
    points: Vector, normals: Vector, inside: Vector, length: float, rng: np.random.Generator
) -> tuple[Solid, NDArray[np.int64]]:
    """Locks that hang from the beard's skin, and for each of their vertices the skin vertex it follows."""
    found = np.flatnonzero(inside > 0.003)
    order = rng.permutation(found)
    # As far apart as half of a lock is wide.
    tree = cKDTree(points[order])
    taken = np.ones(len(order), bool)
    for k, near in enumerate(tree.query_ball_point(points[order], 0.0042)):
        if taken[k]:
            taken[[n for n in near if n > k]] = False
    roots = order[taken][:420]
    rings = 8 if length > 0.02 else 6
    count = len(roots)
    down = np.array([0.0, -1.0, 0.12])
    sideways = np.stack(
        [np.sign(points[roots, 0]) * 0.35 * (points[roots, 1] > points[:, 1].mean()), *np.zeros((2, count))], 1
    )
    way = unit(0.4 * normals[roots] + down + sideways + 0.12 * rng.normal(size=(count, 3)))
    # Longest at the chin.
    low = np.clip((points[:, 1].max() - points[roots, 1]) / np.ptp(points[:, 1]), 0, 1) ** 2
    grown = min(length, 0.018) + max(0.0, length - 0.018) * low
    reach = np.clip(inside[roots] / 0.02, 0.25, 1) * grown * np.exp(0.15 * rng.normal(size=count)) + 0.006
    along = np.linspace(0, 1, rings)[None, :, None]
    sag = np.array([0.0, -0.25, -0.1]) * along**2
    start = points[roots] + normals[roots] * min(0.004, 0.3 * length)
    line = start[:, None] + reach[:, None, None] * (along * way[:, None] + sag)
    facing = unit(np.repeat(normals[roots][:, None], rings, 1) + 0.3 * along * np.array([0.0, 0.0, 1.0]))
    section = Section(width=0.008, thickness=0.003, strands=1, groove=0.0004, tip=0.08, taper=0.75, swell=0.35)
    solid = sweep(Guides(line, facing, reach), section, rng)
    each = len(solid.points) // count
    return solid, np.repeat(roots, each)


def make_brows(
    model: BodyModel, rest: RestBody, texture: NDArray[np.uint8], rng: np.random.Generator, thickness: float = 1.0
) -> RestPart:
    """Brows of short hairs that lie along the brow's ridge; `thickness` 0.6 thin to 1.5 bushy."""
    place = face_hair(model)
    skin = rest.vertices[:SKIN_VERTICES].astype(np.float64)
    whole_weights = model.weights[:SKIN_VERTICES]
    normal = unit(skin - np.array([0.0, skin[place.brow].mean((0, 1, 2))[1], rest.heads[model.bone("head")][2]]))
    count, rings = 46, 4
    solids, owners = [], []
    for side in (0, 1):
        line = (skin[place.brow[side]] * place.brow_share[side][..., None]).sum(1)
        out = unit((normal[place.brow[side]] * place.brow_share[side][..., None]).sum(1))
        share = np.sort(rng.uniform(0, 1, count))
        knots = np.linspace(0, 1, len(line))

        def at(values: Vector, s: Vector, knots: Vector = knots) -> Vector:
            return np.stack([np.interp(s, knots, values[:, c]) for c in range(3)], -1)

        across = rng.uniform(-1, 1, count) * 0.0034 * thickness * (1 - 0.6 * share)
        up = np.array([0.0, 1.0, 0.0])
        start = at(line, share) + up * across[:, None]
        along = unit(at(line, share + 0.1) - at(line, share - 0.1))
        facing = at(out, share)
        way = unit(along + up * (0.75 * (1 - share) - 0.25 * np.sign(across) * share)[:, None])
        length = rng.uniform(0.006, 0.01, count)
        step = np.linspace(0, 1, rings)[None, :, None]
        rise = 0.0012 * thickness * np.sin(np.pi * (0.15 + 0.7 * step)) - 0.0004
        points = start[:, None] + length[:, None, None] * step * way[:, None] + rise * facing[:, None]
        section = Section(width=0.0026, thickness=0.0009, strands=1, groove=0.0002, tip=0.1, taper=0.7)
        solid = sweep(Guides(points, np.repeat(facing[:, None], rings, 1), length), section, rng)
        each = len(solid.points) // count
        nearest = place.brow[side][np.clip((share * len(line)).astype(int), 0, len(line) - 1), 0]
        solids.append(solid)
        owners.append(whole_weights[np.repeat(nearest, each)])
    whole = union(solids)
    return RestPart(
        "brows", whole.points.astype(np.float32), sp.vstack(owners).tocsr(), whole.faces, whole.uv.astype(np.float32),
        texture, nothing_hidden(), 0.7,
    )  # fmt: skip


def shade_skin(
    texture: NDArray[np.uint8], model: BodyModel, share: NDArray[np.floating], colour: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.uint8]:  # fmt: skip
    """Darken a skin's texture (H, W, 3) by hair that is colour only.

    `share` (13380,) 0..1 says how densely hair of `colour` (3,) covers each skin vertex: stubble, a shaved scalp.
    """
    height, width = texture.shape[:2]
    rows = model.mesh.groups["body"]
    quads, quad_uv = model.mesh.faces[rows], model.mesh.face_uv[rows]
    hit = (share[quads] > 0).any(1)
    density: NDArray[np.floating] = np.zeros((height, width), np.float32)
    corner = model.mesh.uv[quad_uv[hit]] * [width, -height] + [0, height]
    for place, value in zip(corner, share[quads[hit]].mean(1), strict=True):
        cv2.fillConvexPoly(density, np.round(place).astype(np.int32), float(value))
    wide = max(1, width // 170) | 1
    density = np.asarray(cv2.GaussianBlur(np.asarray(density), (0, 0), wide), np.float32)
    grain = np.clip(density * (1 + 0.5 * rng.normal(size=density.shape)), 0, 1)[..., None]
    mixed = texture[..., :3] * (1 - grain) + (colour * 255) * grain
    return np.clip(mixed, 0, 255).astype(np.uint8)


def stubble(model: BodyModel, kind: str = "full", strength: float = 0.35) -> Vector:
    """(13380,) how densely stubble covers the skin."""
    inside = face_hair(model).distance[kind]
    return strength * np.clip(inside / 0.012, 0, 1)
