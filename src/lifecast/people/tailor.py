"""Sheets of cloth as combinations of the base mesh's vertices: refined, split at texture seams, taken apart.

Everything here is worked out on one reference body and holds for every other, because a refined vertex is a fixed
combination of the garment's coarse vertices, and those are fixed combinations of the base mesh's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from lifecast.people.body import SKIN_VERTICES, BodyModel
from lifecast.people.mhclo import Fit
from lifecast.people.subdivide import refine
from lifecast.people.surface_mesh import adjacency
from lifecast.people.wavefront import triangles
from lifecast.space.mesh_normals import vertex_normals

FINE = 0.009
"""Metres: garments are refined until their median edge is at most this."""


@dataclass
class Sheet:
    """A mesh whose vertices are combinations of those of a coarser one."""

    matrix: sp.csr_matrix
    """(V, C) combinations of the coarse garment vertices."""
    faces: NDArray[np.int32]
    """(F, 3)"""
    corner_uv: NDArray[np.float32]
    """(F, 3, 2) texture coordinates of each face's corners."""

    def compact(self) -> Sheet:
        """Drop vertices without faces, and faces that have collapsed."""
        f = self.faces
        keep = (f[:, 0] != f[:, 1]) & (f[:, 1] != f[:, 2]) & (f[:, 0] != f[:, 2])
        used, faces = np.unique(f[keep].ravel(), return_inverse=True)
        return Sheet(self.matrix[used], faces.reshape(-1, 3).astype(np.int32), self.corner_uv[keep])


class Tailor:
    """Prepares garments on the reference body."""

    def __init__(self, model: BodyModel) -> None:
        self.model = model
        self.rest = model.rest(
            {"gender": 0.5, "age": 2 / 3, "muscle": 0.5, "weight": 0.5, "height": 0.5, "proportions": 0.5,
             "african": 1 / 3, "asian": 1 / 3, "caucasian": 1 / 3, "cupsize": 0.5, "firmness": 0.5}, {}, {},
        )  # fmt: skip
        self.skin_faces = triangles(model.mesh.faces[model.mesh.groups["body"]])
        self.skin = self.rest.vertices[:SKIN_VERTICES]
        self.normals = vertex_normals(self.skin, self.skin_faces, "area")
        self.tree = cKDTree(self.skin)
        names = np.array(model.bones)
        stem = np.char.partition(names, ".")[:, 0]
        arm = np.char.startswith(stem, ("upperarm",)) | np.char.startswith(stem, "lowerarm")
        for word in ("wrist", "finger", "metacarpal"):
            arm |= np.char.startswith(stem, word)
        self.arm = {1: arm & np.char.endswith(names, ".L"), -1: arm & np.char.endswith(names, ".R")}

    def sheet(self, fit: Fit, faces: NDArray[np.int32], face_uv: NDArray[np.int32], uv: NDArray[np.float32],
              fine: float = FINE, most: int = 3) -> Sheet:  # fmt: skip
        """Refine a garment's coarse polygons until the median edge is at most `fine` metres."""
        placed = fit.place(self.rest.vertices)
        edge = np.median(np.linalg.norm(placed[faces[:, 0]] - placed[faces[:, 1]], axis=1))
        steps = int(np.clip(np.ceil(np.log2(edge / fine)), 0, most))
        refined, uv_matrix, uv_faces = refine(faces, face_uv, len(placed), len(uv), steps)
        quad = refined.faces.astype(np.int64)
        fine_uv = (uv_matrix @ uv).astype(np.float32)[uv_faces]  # (F, 4, 2)
        halves = ([0, 1, 2], [0, 2, 3])
        tri = np.stack([quad[:, h] for h in halves], 1).reshape(-1, 3)
        tri_uv = np.stack([fine_uv[:, h] for h in halves], 1).reshape(-1, 3, 2)
        return Sheet(refined.matrix, tri.astype(np.int32), tri_uv).compact()


def weld(
    faces: NDArray[np.int32], corner_uv: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
    """Make one vertex for each (vertex, texel) pair of corners.

    Returns faces, the old vertex, and uv of each.
    """
    key = np.concatenate([faces.reshape(-1, 1), np.round(corner_uv.reshape(-1, 2) * 16384).astype(np.int64)], 1)
    packed = key[:, 0] * (1 << 34) + (key[:, 1] + (1 << 16)) * (1 << 17) + (key[:, 2] + (1 << 16))
    _, first, inverse = np.unique(packed, return_index=True, return_inverse=True)
    return (
        inverse.reshape(faces.shape).astype(np.int32),
        key[first, 0].astype(np.int32),
        corner_uv.reshape(-1, 2)[first],
    )


def border_edges(faces: NDArray[np.int32]) -> NDArray[np.int32]:
    """(E, 2) directed edges that only one face has, in that face's order."""
    directed = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    size = int(faces.max()) + 1
    key = directed.min(1) * size + directed.max(1)
    _, inverse, count = np.unique(key, return_inverse=True, return_counts=True)
    edges: NDArray[np.int32] = directed[count[inverse] == 1].astype(np.int32)
    return edges


def components(faces: NDArray[np.int32], count: int) -> NDArray[np.int32]:
    """(V,) the number of each vertex's connected component."""
    tri = triangles(faces) if faces.shape[1] == 4 else faces
    result: NDArray[np.int32] = connected_components(adjacency(tri, count))[1]
    return result


def sub_fit(fit: Fit, keep: NDArray[np.int64], name: str) -> Fit:
    """The fit of some of a garment's vertices."""
    return Fit(
        name,
        fit.obj,
        fit.base[keep],
        fit.weights[keep],
        fit.offsets[keep],
        fit.scales,
        fit.tags,
    )
