"""A garment as a part of the person's GLB, its hems turned in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifecast.people.glb import Part
from lifecast.people.tailor import Cloth, border_edges

Points = NDArray[np.float32]

HEM = 0.008
"""Metres that a hem is turned in: enough to give the edge of a sleeve its thickness."""


def cloth_part(
    name: str, cloth: Cloth, points: Points, normals: Points, texture: NDArray[np.uint8], scale: float, hems: bool
) -> Part:
    """Make a part of a garment's points and normals (V, 3).

    Its texture repeats `scale` times over its coordinates. With `hems`, its borders are turned in.
    """
    vertices, split_normals, uv, faces = (
        points[cloth.split_of],
        normals[cloth.split_of],
        cloth.uv * np.float32(scale),
        cloth.split,
    )
    if hems:
        edges = border_edges(cloth.split)
        # Texture seams are borders of the split mesh, not of the cloth: keep those that are borders of both.
        true_border = {(int(a), int(b)) for a, b in border_edges(cloth.sheet.faces)}
        ends = cloth.split_of[edges]
        edges = edges[[(int(a), int(b)) in true_border for a, b in ends]]
        if len(edges):
            rim, local = np.unique(edges, return_inverse=True)
            a, b = local.reshape(-1, 2).T
            along = vertices[edges[:, 1]] - vertices[edges[:, 0]]
            inward = np.zeros((len(rim), 3))
            side = np.cross(split_normals[edges[:, 0]], along)  # into the cloth
            for k in (a, b):
                np.add.at(inward, k, side)
            inward /= np.maximum(np.linalg.norm(inward, axis=1, keepdims=True), 1e-9)
            base = vertices[rim]
            under = base - split_normals[rim] * 0.0025
            deep = under + inward * HEM - split_normals[rim] * 0.0005
            first = len(vertices)
            second = first + len(rim)
            vertices = np.concatenate([vertices, under, deep]).astype(np.float32)
            outward = (-inward).astype(np.float32)
            split_normals = np.concatenate([split_normals, outward, -split_normals[rim]])
            uv = np.concatenate([uv, uv[rim], uv[rim]])
            e0, e1 = edges.T
            strip = [
                np.stack([e1, e0, first + a], 1), np.stack([e1, first + a, first + b], 1),
                np.stack([first + b, first + a, second + a], 1), np.stack([first + b, second + a, second + b], 1),
            ]  # fmt: skip
            faces = np.concatenate([faces, *strip]).astype(np.int32)
    return Part(name, vertices, faces, uv.astype(np.float32), split_normals.astype(np.float32), texture)
