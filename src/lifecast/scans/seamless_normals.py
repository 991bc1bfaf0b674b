"""Vertex normals of a scan, which do not show its texture seams.

In single precision, unlike `space.mesh_normals`: a scan has millions of vertices, and prepared data holds these bits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifecast.scans.grouping import merged_by_place, sums_by_group, unit_length


def seamless_normals(vertices: NDArray[np.float32], faces: NDArray[np.int32]) -> NDArray[np.float32]:
    """Compute (V, 3) unit normals, angle-weighted over all faces whose corners coincide.

    Vertices at the same place (split at texture seams) share their normal unless it would be turned by more than a
    right angle (two sheets back to back keep their own).
    """
    corners = vertices[faces]  # (F, 3, 3)
    face_normal = unit_length(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]))
    normals = np.zeros((len(vertices), 3), np.float32)
    for i in range(3):
        ahead = unit_length(corners[:, (i + 1) % 3] - corners[:, i])
        behind = unit_length(corners[:, (i + 2) % 3] - corners[:, i])
        angle = np.arccos(np.clip(np.einsum("fi,fi->f", ahead, behind), -1, 1))
        normals += sums_by_group(angle[:, None] * face_normal, faces[:, i], len(vertices))
    own = unit_length(normals)
    same = merged_by_place(vertices)
    shared = unit_length(sums_by_group(normals, same, int(same.max()) + 1))[same]
    agree = np.einsum("vi,vi->v", shared, own) > 0
    return np.where(agree[:, None], shared, own)
