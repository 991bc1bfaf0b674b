"""Normals of a triangle mesh's vertices."""

from __future__ import annotations

import numpy as np


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals (V, 3) float32: the mean of the faces around, weighted by their angle at the vertex.

    Angles rather than areas (Thürmer and Wüthrich, 1998): marching cubes makes slivers beside large triangles, and
    angle weights do not depend on how a flat piece happened to be cut. A vertex without faces has (0, 0, 0).
    """
    corners = vertices[faces].astype(np.float64)  # (F, 3, 3)
    sides = np.roll(corners, -1, axis=1) - corners  # (F, 3, 3): corner k to corner k + 1
    across = np.cross(sides[:, 0], sides[:, 1])
    facing = across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-300)  # (F, 3)
    sides /= np.maximum(np.linalg.norm(sides, axis=2, keepdims=True), 1e-300)
    angles = np.arccos(np.clip(-(sides * np.roll(sides, 1, axis=1)).sum(axis=2), -1, 1))  # (F, 3)
    normals = np.stack(
        [
            np.bincount(faces.reshape(-1), (angles * facing[:, axis, None]).reshape(-1), len(vertices))
            for axis in range(3)
        ],
        axis=1,
    )
    result: np.ndarray = (normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)).astype(
        np.float32
    )
    return result
