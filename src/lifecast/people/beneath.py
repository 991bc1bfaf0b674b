"""Skin and inner garments drawn in beneath what is worn above them, so that nothing of them shows through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from lifecast.scans.rays import build_scene
from lifecast.space.mesh_normals import vertex_normals

Points = NDArray[np.float32]


@dataclass(frozen=True)
class DrawnIn:
    """Lengths in metres."""

    clear: float = 0.0015
    """What is covered stays so far beneath."""
    deepest: float = 0.025
    """What sticks out farther is left: it lies beside the cloth, not in it."""
    above: float = 0.03
    """Cloth is looked for from so far above what it covers."""


def draw_beneath(
    points: Points, faces: NDArray[np.int32], average: sp.csr_matrix, outer: Points, outer_faces: NDArray[np.int32],
    rows: NDArray[np.integer] | None = None, lengths: DrawnIn = DrawnIn(),
) -> Points:  # fmt: skip
    """Move the points (V, 3) of one mesh inward to where they lie beneath another one (W, 3).

    Each is looked at along its own normal, smoothed: of the outer mesh the first side that faces outward counts.
    Neighbours give way as well, so that no triangle in between sticks out.

    Parameters
    ----------
    average
        (V, V) from `surface_mesh.averaging`.
    rows
        The points that are covered; all of them by default. The others stay.
    """
    normals = vertex_normals(points, faces, "area")
    for _ in range(3):
        normals = np.asarray(average @ normals, np.float32)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    covered = np.arange(len(points)) if rows is None else rows
    inward = np.zeros(len(points))
    inward[covered] = _needed(points[covered], normals[covered], outer, outer_faces, lengths)
    stays = np.ones(len(points), bool)
    stays[covered] = False
    for _ in range(2):
        inward = np.maximum(inward, average @ inward)
    inward[stays] = 0
    moved: Points = (points - normals * inward[:, None]).astype(np.float32)
    return moved


def _needed(
    points: Points, normals: Points, outer: Points, outer_faces: NDArray[np.int32], lengths: DrawnIn
) -> NDArray[np.float64]:
    """How far points (V, 3) must go against their normals until they lie `clear` beneath the outer mesh."""
    side = np.cross(
        outer[outer_faces[:, 1]] - outer[outer_faces[:, 0]], outer[outer_faces[:, 2]] - outer[outer_faces[:, 0]]
    )
    start = np.ascontiguousarray(points + normals * lengths.above, np.float32)
    hit = build_scene(outer, outer_faces).run(start, np.ascontiguousarray(-normals), output=True)
    face, far = hit["primID"], np.asarray(hit["tfar"], np.float64)
    met = (face >= 0) & (far < lengths.above + lengths.deepest)
    met &= np.einsum("vx,vx->v", side[np.maximum(face, 0)], normals) > 0  # not the inside of another limb's cloth
    sticks_out = far - lengths.above
    return np.where(met, np.maximum(sticks_out + lengths.clear, 0), 0)
