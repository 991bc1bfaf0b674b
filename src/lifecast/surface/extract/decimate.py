"""Fewer triangles by quadric edge collapse (Garland and Heckbert, 1997), kept closed."""

from __future__ import annotations

import fast_simplification
import numpy as np

from lifecast.errors import UsageError
from lifecast.space.mesh_normals import vertex_normals

AGGRESSIVENESS = (7.0, 5.0, 3.0, 1.0)
"""How fast the collapse threshold rises. Slower is tried where faster left the mesh open."""


def decimate(vertices: np.ndarray, faces: np.ndarray, target: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simplify a closed mesh to about `target` triangles.

    Parameters
    ----------
    vertices: (V, 3) float.
    faces: (F, 3) int.
    target: at least 4 triangles.

    Returns vertices (V', 3) float32, faces (F', 3) int32 and the mesh's normals (V', 3) float32. The mesh stays closed;
    where no collapse to the target keeps it so, the given mesh is returned as it was.
    """
    if target < 4:
        raise UsageError(f"a closed mesh has at least 4 faces: {target} asked for")
    if target >= len(faces):
        return vertices.astype(np.float32), faces.astype(np.int32), vertex_normals(vertices, faces, "area")
    # The library compares quadrics with an absolute epsilon; a mesh hundreds of units wide keeps clear of it.
    scale = 1000.0 / max(float(np.ptp(vertices, axis=0).max()), 1e-12)
    for aggressiveness in AGGRESSIVENESS:
        points, triangles = fast_simplification.simplify(
            np.ascontiguousarray(vertices, dtype=np.float64) * scale,
            np.ascontiguousarray(faces, dtype=np.int64),
            target_count=target,
            agg=aggressiveness,
        )
        if len(triangles) >= 4 and is_closed(triangles):
            simple = np.asarray(triangles, dtype=np.int32)
            placed = (np.asarray(points) / scale).astype(np.float32)
            return placed, simple, vertex_normals(placed, simple, "area")
    return vertices.astype(np.float32), faces.astype(np.int32), vertex_normals(vertices, faces, "area")


def is_closed(faces: np.ndarray) -> bool:
    """Check that every edge of faces (F, 3) is used once in each direction.

    Such a mesh is closed and consistently wound, with manifold edges.
    """
    wide = faces.astype(np.int64)
    start, end = wide.reshape(-1), np.roll(wide, -1, axis=1).reshape(-1)
    count = int(wide.max()) + 1 if len(wide) else 0
    forward, backward = np.sort(start * count + end), np.sort(end * count + start)
    return bool((np.diff(forward) > 0).all() and np.array_equal(forward, backward))
