"""Turning shells the right way round.

The winding number and the normals need faces that point outward.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from lifecast.scans.grouping import merged_by_place, unit_length
from lifecast.scans.lighting import sphere_directions
from lifecast.scans.rays import build_scene

RAYS = 4
"""Lines of sight from each side of a face of an open shell."""


def shells(faces: NDArray[np.integer], vertex_count: int) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Consistently wound shells of a soup whose vertices are merged.

    Faces belong together where two of them run along a common edge in opposite directions. Where they run along it in
    the same direction one of them is inside out, and the shell ends.

    Returns
    -------
    number (F,) int32 of each face's shell, closed (S,) bool: the shell has no rim.
    """
    starts = faces.ravel().astype(np.int64)
    ends = np.roll(faces, -1, axis=1).ravel().astype(np.int64)
    undirected = np.minimum(starts, ends) * vertex_count + np.maximum(starts, ends)
    order = np.argsort(undirected, kind="stable")
    sorted_edges = undirected[order]
    first = np.flatnonzero(np.r_[True, sorted_edges[1:] != sorted_edges[:-1]])
    uses = np.diff(np.r_[first, len(order)])
    pair = first[uses == 2]
    a, b = order[pair], order[pair + 1]
    opposite = starts[a] == ends[b]
    a, b = a[opposite], b[opposite]
    graph = coo_matrix((np.ones(len(a), np.int8), (a // 3, b // 3)), (len(faces), len(faces)))
    count, number = connected_components(graph, directed=False)
    joined = np.zeros(len(starts), bool)
    joined[a] = joined[b] = True
    rims = np.bincount(number, weights=(~joined).reshape(-1, 3).sum(axis=1), minlength=count)
    return number, rims == 0


def orient_outward(vertices: NDArray[np.float32], faces: NDArray[np.int32]) -> int:
    """Reverse, in place, the faces of every shell that is inside out.

    A closed shell is, when its signed volume is negative. An open one (garment, hair card, half of a mirrored mesh) has
    no volume; it is, when from its back more lines of sight reach the open than from its front.

    Returns
    -------
    int
        How many faces were reversed.
    """
    merged = merged_by_place(vertices)[faces]  # (F, 3)
    number, closed = shells(merged, int(merged.max()) + 1)
    corners = vertices[faces].astype(np.float64)
    volume = np.einsum("ni,ni->n", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6
    inside_out = closed & (np.bincount(number, weights=volume, minlength=len(closed)) < 0)
    doubtful = np.flatnonzero(~closed[number])
    if len(doubtful):
        openness = _openness(vertices, faces, doubtful)
        inside_out |= np.bincount(number[doubtful], weights=openness, minlength=len(closed)) < 0
    flipped = inside_out[number]
    faces[flipped] = faces[flipped][:, ::-1]
    return int(flipped.sum())


def _openness(
    vertices: NDArray[np.float32], faces: NDArray[np.int32], chosen: NDArray[np.integer]
) -> NDArray[np.float64]:
    """(n,) area of each chosen face times how much more of the open its front sees than its back, -1..1."""
    scene = build_scene(vertices, faces)
    corners = vertices[faces[chosen]]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal = unit_length(across)
    centre = corners.mean(axis=1)
    step = np.float32(1e-4 * np.ptp(vertices, axis=0).max())
    spread = sphere_directions(64)
    rng = np.random.default_rng(0)
    more = np.zeros(len(chosen))
    for side in (np.float32(1), np.float32(-1)):
        for _ in range(RAYS):
            # The normal plus a point of the unit sphere is cosine-weighted about the normal.
            lobe = unit_length(side * normal * np.float32(1.001) + spread[rng.integers(len(spread), size=len(chosen))])
            free = scene.run(centre + side * step * normal, lobe, query="OCCLUDED") == -1
            more += side * free
    result: NDArray[np.float64] = more * np.linalg.norm(across, axis=1) / (2 * RAYS)
    return result
