"""One person from start to end: draw everything, build the meshes, and give parts and a card.

Person i of seed S draws from `np.random.default_rng([S, i])` only, so it is the same person on any machine and with
any number of workers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lifecast.people.body import SKIN_VERTICES, BodyModel
from lifecast.people.figure import Figure
from lifecast.people.glb import Part
from lifecast.people.rig import skin
from lifecast.people.rotation import euler
from lifecast.people.surface_mesh import split_seams, vertex_normals
from lifecast.people.wardrobe import Garment, Wardrobe
from lifecast.people.wavefront import triangles


@dataclass
class Person:
    """What is written to disk for one person."""

    parts: list[Part]
    card: dict[str, Any]


def draw_body(rng: np.random.Generator) -> dict[str, Any]:
    female = bool(rng.random() < 0.5)
    years = float(np.clip(rng.normal(36, 17), 12, 80))
    age = float(np.interp(years, [1, 12, 25, 90], [0.0, 1 / 3, 2 / 3, 1.0]))
    race = rng.dirichlet([0.5, 0.5, 0.5])
    phenotype = {
        "gender": float(np.clip(rng.normal(0.92, 0.08) if female else rng.normal(0.08, 0.08), 0, 1)),
        "age": age,
        "muscle": float(np.clip(rng.normal(0.5, 0.17), 0.1, 1)),
        "weight": float(np.clip(rng.normal(0.5, 0.2), 0.05, 1)),
        "height": float(np.clip(rng.normal(0.5, 0.15), 0.1, 0.9)),
        "proportions": float(rng.uniform(0.3, 0.9)),
        "cupsize": float(rng.uniform(0.1, 0.8)), "firmness": float(rng.uniform(0.3, 0.8)),
        "african": float(race[0]), "asian": float(race[1]), "caucasian": float(race[2]),
    }  # fmt: skip
    return {"female": female, "years": years, "phenotype": phenotype}


def relaxed(figure: Figure, rng: np.random.Generator) -> None:
    """Standing with hanging arms."""
    figure.pelvis(euler("YXZ", [rng.normal(0, 8), rng.normal(0, 2), rng.normal(0, 2)]))
    figure.spine(rng.normal(1, 4), rng.normal(0, 3), rng.normal(0, 5))
    figure.look(rng.normal(0, 18), rng.normal(2, 7), rng.normal(0, 4))
    for side in (1, -1):
        out, ahead, flex = np.radians([rng.uniform(9, 30), rng.normal(2, 8), rng.uniform(5, 45)])
        along = np.array([side * np.sin(out), -np.cos(out) * np.cos(ahead), np.sin(ahead)])
        turn = rng.normal(15, 15)
        then = euler("YX", [-side * turn, -np.degrees(flex)]) @ along
        figure.arm(side, along, then)
        figure.fingers(side, rng.uniform(10, 35, 4), rng.uniform(0, 20))
        apart, lift = np.radians([rng.uniform(1, 9), rng.normal(0, 5)])
        thigh = np.array([side * np.sin(apart), -1, np.sin(lift)])
        bend = np.radians(rng.uniform(1, 10))
        yaw = rng.uniform(0, 20)
        figure.leg(side, thigh, [thigh[0], -1, thigh[2] - bend], euler("Y", [side * yaw]) @ [0, 0, 1.0])
        figure.foot(side, euler("Y", [side * yaw]))


def recolour(texture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A fabric's picture in another colour: lightness kept in contrast, hue and saturation drawn."""
    light = np.asarray(Image.fromarray(texture[..., :3]).convert("L"), np.float32) / 255
    kind = rng.random()
    if kind < 0.45:
        grey = rng.choice([0.06, 0.12, 0.25, 0.5, 0.75, 0.92])
        colour = np.full(3, grey) + rng.normal(0, 0.01, 3)
    elif kind < 0.6:
        colour = np.array([0.1, 0.14, 0.27]) * rng.uniform(0.6, 1.8)
    else:
        colour = rng.dirichlet([1, 1, 1]) * rng.uniform(0.3, 1.8)
    shade = 1 + (light - np.median(light)) * rng.uniform(0.6, 1.3)
    out = np.clip(np.clip(colour, 0.02, 0.97) * shade[..., None], 0, 1)
    return (out * 255).astype(np.uint8)


def _part(
    name: str, vertices: NDArray[np.float32], faces: NDArray[np.int32], uv: NDArray[np.float32],
    face_uv: NDArray[np.int32], texture: NDArray[np.uint8],
) -> Part:  # fmt: skip
    normals = vertex_normals(vertices, faces)
    split, old, texel = split_seams(faces, face_uv)
    return Part(name, vertices[old], split, uv[texel], normals[old], texture)


def make_person(model: BodyModel, wardrobe: Wardrobe, seed: int, number: int) -> Person:
    """Person `number` of `seed`."""
    rng = np.random.default_rng([seed, number])
    drawn = draw_body(rng)
    rest = model.rest(drawn["phenotype"], {}, {})
    figure = Figure(model.bones, model.parents, rest)
    relaxed(figure, rng)
    transforms = figure.transforms()
    posed = skin(rest.vertices, model.weights, transforms)

    worn: list[Garment] = wardrobe.draw(drawn["female"], drawn["years"], rng)
    parts: list[Part] = []
    hidden = np.zeros(len(posed), bool)
    body_faces = triangles(model.mesh.faces[model.mesh.groups["body"]])
    body_uv = triangles_uv(model.mesh.faces[model.mesh.groups["body"]], model.mesh.face_uv[model.mesh.groups["body"]])
    normals = vertex_normals(posed, body_faces)
    for garment in worn:
        fitted = garment.fit.place(rest.vertices)
        weights = garment.fit.skin_weights(model.weights)
        cloth = skin(fitted, weights, transforms)
        if garment.kind in ("suit", "shoes"):
            cloth = push_out(cloth, posed[:SKIN_VERTICES], normals[:SKIN_VERTICES], 0.004)
        hidden[garment.fit.delete] = True
        faces = triangles(garment.mesh.faces)
        face_uv = triangles_uv(garment.mesh.faces, garment.mesh.face_uv)
        texture = garment.texture()
        if garment.kind != "hair" and garment.kind != "brows" and garment.kind != "lashes":
            texture = recolour(texture, rng)
        parts.append(_part(f"{garment.part}:{garment.fit.name}", cloth, faces, garment.mesh.uv, face_uv, texture))
    shown = ~hidden[body_faces].all(1)
    skin_texture = wardrobe.skin(drawn["female"], drawn["years"], drawn["phenotype"], rng)
    parts.insert(0, _part("body", posed, body_faces[shown], model.mesh.uv, body_uv[shown], skin_texture))
    for name in ("helper-l-eye", "helper-r-eye"):
        rows = model.mesh.groups[name]
        white = np.full((8, 8, 3), 235, np.uint8)
        parts.append(_part("eyes:" + name, posed, triangles(model.mesh.faces[rows]), model.mesh.uv,
                           triangles_uv(model.mesh.faces[rows], model.mesh.face_uv[rows]), white))  # fmt: skip
    floor = min(float(part.vertices[:, 1].min()) for part in parts)
    pelvis = figure.place("root")
    shift = np.array([-pelvis[0], -floor, -pelvis[2]], np.float32)
    for part in parts:
        part.vertices = part.vertices + shift
    height = max(float(part.vertices[:, 1].max()) for part in parts)
    card = {
        "seed": seed, "number": number, **drawn, "pose": "relaxed",
        "garments": [g.fit.name for g in worn], "classes": sorted({g.kind for g in worn}),
        "pelvis": (pelvis + shift).tolist(), "height_m": height,
    }  # fmt: skip
    return Person(parts, card)


def triangles_uv(quads: NDArray[np.int32], quad_uv: NDArray[np.int32]) -> NDArray[np.int32]:
    """The uv rows that go with `triangles(quads)`."""
    pairs = np.stack([quads, quad_uv], -1)
    both = np.stack([pairs[:, [0, 1, 2]], pairs[:, [0, 2, 3]]], axis=1).reshape(-1, 3, 2)
    v = both[..., 0]
    keep = (v[:, 0] != v[:, 1]) & (v[:, 1] != v[:, 2]) & (v[:, 0] != v[:, 2])
    return both[keep][..., 1]


def push_out(
    cloth: NDArray[np.float32], body: NDArray[np.float32], normals: NDArray[np.float32], gap: float
) -> NDArray[np.float32]:
    """Move vertices that are under (or closer than `gap` metres to) the skin out along its normal."""
    from scipy.spatial import cKDTree

    distance, near = cKDTree(body).query(cloth, distance_upper_bound=0.06)
    found = np.isfinite(distance)
    height = np.full(len(cloth), 1.0)
    height[found] = np.einsum("vx,vx->v", cloth[found] - body[near[found]], normals[near[found]])
    move = np.where(height < gap, gap - height, 0.0)
    safe = np.where(found, near, 0)
    return (cloth + normals[safe] * np.clip(move, 0, 0.05)[:, None]).astype(np.float32)
