"""Normals of triangle meshes."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Weights = Literal["area", "angle"]


def face_normals(vertices: NDArray[np.floating], faces: NDArray[np.integer]) -> NDArray[np.floating]:
    """Compute (F, 3) normals of faces (F, 3), as long as twice the triangle's area."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return np.asarray(np.cross(b - a, c - a))


def vertex_normals(
    vertices: NDArray[np.floating], faces: NDArray[np.integer], weights: Weights = "angle"
) -> NDArray[np.float32]:
    """Compute unit normals (V, 3) of vertices (V, 3).

    Each is the weighted mean of the faces (F, 3) around. weights: "angle", a face's angle at the vertex (Thürmer and
    Wüthrich, 1998), does not depend on how a flat piece is cut. "area" is cheaper, and suits extracted surfaces: their
    tiniest triangles face anywhere, and count for nothing. A vertex without faces has (0, 0, 0).
    """
    total = np.zeros((len(vertices), 3))
    at_corners = _angle_weighted(vertices, faces) if weights == "angle" else _area_weighted(vertices, faces)
    for axis in range(3):
        total[:, axis] = np.bincount(faces.reshape(-1), at_corners[..., axis].reshape(-1), len(vertices))
    normals: NDArray[np.float32] = (total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-20)).astype(
        np.float32
    )
    return normals


def _area_weighted(vertices: NDArray[np.floating], faces: NDArray[np.integer]) -> NDArray[np.floating]:
    """(F, 3, 3) what each face adds at each of its corners."""
    return np.broadcast_to(face_normals(vertices, faces)[:, None], (len(faces), 3, 3))


def _angle_weighted(vertices: NDArray[np.floating], faces: NDArray[np.integer]) -> NDArray[np.float64]:
    """(F, 3, 3) what each face adds at each of its corners."""
    corners = vertices[faces].astype(np.float64)  # (F, 3, 3)
    sides = np.roll(corners, -1, axis=1) - corners  # (F, 3, 3): corner k to corner k + 1
    across = np.cross(sides[:, 0], sides[:, 1])
    facing = across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-300)  # (F, 3)
    sides /= np.maximum(np.linalg.norm(sides, axis=2, keepdims=True), 1e-300)
    angles = np.arccos(np.clip(-(sides * np.roll(sides, 1, axis=1)).sum(axis=2), -1, 1))  # (F, 3)
    weighted: NDArray[np.float64] = angles[..., None] * facing[:, None]
    return weighted
