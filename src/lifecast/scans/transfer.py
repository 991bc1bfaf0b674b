"""Precomputed radiance transfer.

How much of each spherical harmonic of distant light leaves a vertex.

Diffuse shadowed transfer (Sloan, Kautz, Snyder 2002; the paper's reference [38]):
    T_k(v) = 1/pi * integral over the hemisphere of V(w) Y_k(w) max(n.w, 0) dw
so that a vertex of linear albedo a under light L (9, 3) sends a * sum_k T_k L_k to the camera. Visibility V comes from
Embree; the unshadowed part is known in closed form, so the rays only have to estimate what is blocked, and a vertex
that nothing shadows is exact.
"""

from __future__ import annotations

import numpy as np
from embreex.rtcore_scene import EmbreeScene
from numpy.typing import NDArray
from scipy.sparse import coo_matrix

from lifecast.scans.grouping import sums_by_group, unit_length
from lifecast.scans.lighting import DIFFUSE, harmonics


def stratified_hemisphere(count: int, rng: np.random.Generator, sets: int) -> NDArray[np.float32]:
    """Draw cosine-weighted directions about +z, (sets, count, 3).

    They are jittered in a grid of strata per set.
    """
    rows = max(1, int(np.sqrt(count)))
    while count % rows:
        rows -= 1
    columns = count // rows
    i, j = np.divmod(np.arange(count), columns)
    u = (i + rng.random((sets, count))) / rows
    angle = 2 * np.pi * (j + rng.random((sets, count))) / columns
    radius = np.sqrt(u)  # Malley: uniform on the disc, lifted to the hemisphere
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), np.sqrt(1 - u)], axis=-1).astype(np.float32)


def tangent_frames(normals: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Make two unit vectors (N, 3) that complete each normal.

    Duff et al. 2017, without a branch at the pole.
    """
    x, y, z = normals.T
    sign = np.where(z >= 0, 1.0, -1.0).astype(np.float32)
    a = -1 / (sign + z)
    b = x * y * a
    return (
        np.stack([1 + sign * x * x * a, sign * b, -sign * x], axis=1),
        np.stack([b, sign + y * y * a, -y], axis=1),
    )


def transfer_at(
    scene: EmbreeScene,
    points: NDArray[np.float32],
    normals: NDArray[np.float32],
    rays: int,
    seed: int,
    offset: float,
    chunk: int = 8192,
) -> NDArray[np.float32]:
    """(N, 9) transfer of points whose hemispheres `scene` blocks.

    Parameters
    ----------
    rays
        Directions per point.
    offset
        How far a ray starts above the surface (units of the scene), against hitting its own triangle.
    """
    rng = np.random.default_rng([seed, 0x9E7])
    result = harmonics(normals) * DIFFUSE  # (N, 9) unshadowed
    patterns = stratified_hemisphere(rays, rng, 64)
    for start in range(0, len(points), chunk):
        n = normals[start : start + chunk]
        tangent, bitangent = tangent_frames(n)
        local = patterns[rng.integers(len(patterns), size=len(n))]  # (n, rays, 3)
        spin = rng.uniform(0, 2 * np.pi, len(n)).astype(np.float32)
        cosine, sine = np.cos(spin)[:, None], np.sin(spin)[:, None]
        turned_t, turned_b = cosine * tangent + sine * bitangent, cosine * bitangent - sine * tangent
        directions = local @ np.stack([turned_t, turned_b, n], axis=1)  # (n, rays, 3)
        origins = np.repeat(points[start : start + chunk] + offset * n, rays, axis=0)
        flat = directions.reshape(-1, 3)
        blocked = scene.run(origins, flat, query="OCCLUDED") != -1
        which = np.flatnonzero(blocked)
        if len(which) == 0:
            continue
        basis = harmonics(flat[which])  # (hits, 9)
        row = which // rays
        for k in range(9):
            result[start : start + len(n), k] -= np.bincount(row, weights=basis[:, k], minlength=len(n)) / rays
    return result.astype(np.float32)


def vertex_transfer(
    scene: EmbreeScene,
    vertices: NDArray[np.float32],
    faces: NDArray[np.int32],
    normals: NDArray[np.float32],
    rays: int = 64,
    cell: float = 0.003,
    seed: int = 0,
) -> NDArray[np.float32]:
    """(V, 9) transfer of all vertices.

    Vertices within one `cell` (view units; 0.003 is 4 mm) that face alike share their rays, and the blocked part is
    then averaged twice with the neighbours that face alike, which takes the grain of few rays out. The unshadowed part
    stays each vertex's own: shading keeps the detail of the normals, only the soft shadow is shared.
    """
    key = np.floor(vertices / cell).astype(np.int64)
    facing = np.round(normals * 1.5).astype(np.int64) + 2  # 4 steps an axis
    key -= key.min(axis=0)
    span = key.max(axis=0) + 1
    index = (key[:, 0] * span[1] + key[:, 1]) * span[2] + key[:, 2]
    index = ((index * 5 + facing[:, 0]) * 5 + facing[:, 1]) * 5 + facing[:, 2]
    _, first, group = np.unique(index, return_index=True, return_inverse=True)
    mean = unit_length(sums_by_group(normals, group, len(first)))  # (G, 3)
    blocked = harmonics(mean) * DIFFUSE - transfer_at(scene, vertices[first], mean, rays, seed, offset=1e-3)
    blocked = _averaged(blocked, mean, group[faces])
    return harmonics(normals) * DIFFUSE - blocked[group]


def _averaged(
    values: NDArray[np.float32], normals: NDArray[np.float32], faces: NDArray[np.integer], passes: int = 2
) -> NDArray[np.float32]:
    """(G, 9) values averaged over mesh neighbours, weighted by how alike they face."""
    count = len(values)
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    ends = ends[ends[:, 0] != ends[:, 1]]
    alike = np.einsum("ni,ni->n", normals[ends[:, 0]], normals[ends[:, 1]])
    weight = (np.maximum(alike, 0) ** 4).astype(np.float32)
    pairs = coo_matrix((weight, (ends[:, 0], ends[:, 1])), (count, count)).tocsr()
    pairs = pairs + pairs.T
    # A vertex counts as much as half its neighbours together, and alone where it has none.
    own = np.asarray(pairs.sum(axis=1)).ravel() * np.float32(0.5) + np.float32(1e-3)
    total = np.asarray(pairs.sum(axis=1)).ravel()
    for _ in range(passes):
        values = (pairs @ values + own[:, None] * values) / (total + own)[:, None]
    return values.astype(np.float32)
