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
    normals = smooth_normals(points, faces, average)
    covered = np.arange(len(points)) if rows is None else rows
    inward = np.zeros(len(points))
    far, outward = Cover(outer, outer_faces).seen(points[covered], normals[covered], lengths.above)
    met = outward & (far < lengths.above + lengths.deepest)
    sticks_out = np.where(met, far - lengths.above, -np.inf)
    inward[covered] = np.maximum(sticks_out + lengths.clear, 0)
    stays = np.ones(len(points), bool)
    stays[covered] = False
    inward = spread(inward, average)
    inward[stays] = 0
    moved: Points = (points - normals * inward[:, None]).astype(np.float32)
    return moved


class Cover:
    """A mesh (W, 3) that lies above others, seen from outside of it."""

    def __init__(self, points: Points, faces: NDArray[np.int32]) -> None:
        self._side = np.cross(points[faces[:, 1]] - points[faces[:, 0]], points[faces[:, 2]] - points[faces[:, 0]])
        self._scene = build_scene(points, faces)

    def seen(self, points: Points, normals: Points, start: float) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Look at points (V, 3) against their normals, from `start` metres above them.

        Returns how far away the mesh is seen (V,), infinite where it is not, and whether its outside is seen: from
        within the cloth of another limb it is the inside.
        """
        origin = np.ascontiguousarray(points + normals * start, np.float32)
        hit = self._scene.run(origin, np.ascontiguousarray(-normals), output=True)
        face = hit["primID"]
        met = face >= 0
        outward = met & (np.einsum("vx,vx->v", self._side[np.maximum(face, 0)], normals) > 0)
        return np.where(met, np.asarray(hit["tfar"], np.float64), np.inf), outward


def smooth_normals(points: Points, faces: NDArray[np.int32], average: sp.csr_matrix) -> Points:
    """Compute unit normals (V, 3) that are averaged three times over a vertex's neighbours."""
    normals = vertex_normals(points, faces, "area")
    for _ in range(3):
        normals = np.asarray(average @ normals, np.float32)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    return normals


def spread(moves: NDArray[np.float64], average: sp.csr_matrix) -> NDArray[np.float64]:
    """Let neighbours give way to the moves (V,) of vertices: a step from one to the next would be a fold."""
    for _ in range(2):
        moves = np.maximum(moves, average @ moves)
    return moves
