"""Catmull-Clark subdivision as matrices.

One refinement serves every body and every pose. Catmull, Clark: Recursively generated B-spline surfaces on arbitrary
topological meshes, 1978. Boundary curves follow the cubic B-spline rule (1/8, 3/4, 1/8), so hems stay smooth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray


@dataclass(frozen=True)
class Refined:
    """A finer mesh whose vertices are fixed combinations of the coarse ones."""

    matrix: sp.csr_matrix
    """(fine, coarse); rows sum to 1."""
    faces: NDArray[np.int32]
    """(F, 4) quads."""


Entries = tuple[NDArray[np.integer], NDArray[np.integer], NDArray[np.floating] | float]
"""Rows, columns and values of a sparse matrix, each as an array (or one value for all)."""


def _rows(pairs: list[Entries], shape: tuple[int, int]) -> sp.csr_matrix:
    rows = np.concatenate([r.ravel() for r, _, _ in pairs])
    columns = np.concatenate([c.ravel() for _, c, _ in pairs])
    values = np.concatenate([np.broadcast_to(v, r.shape).ravel() for r, _, v in pairs])
    return sp.csr_matrix((values, (rows, columns)), shape)


def catmull_clark(faces: NDArray[np.int32], count: int, smooth: bool = True) -> Refined:
    """One step: each polygon of (F, 4) (a triangle repeats its last vertex) becomes quads.

    With `smooth=False` the old vertices stay where they are (for texture coordinates).
    """
    corners = faces.astype(np.int64)
    is_quad = corners[:, 2] != corners[:, 3]
    n_faces = len(corners)
    sides = [(0, 1), (1, 2), (2, 3), (3, 0)]
    # (F, 4, 2) directed edges; the degenerate side of a triangle is dropped
    directed = np.stack([corners[:, list(s)] for s in sides], axis=1)
    valid = directed[..., 0] != directed[..., 1]
    low, high = directed.min(-1), directed.max(-1)
    key = np.where(valid, low * count + high, -1)
    edges, edge_of = np.unique(key.ravel(), return_inverse=True)
    edge_of = edge_of.reshape(key.shape)
    if edges[0] == -1:
        edges, edge_of = edges[1:], edge_of - 1
    ends = np.stack([edges // count, edges % count], 1)
    uses = np.bincount(edge_of[valid], minlength=len(edges))
    border = uses == 1

    first_edge, first_face = count, count + len(edges)
    entries: list[Entries] = []
    face_index = np.arange(n_faces)
    # face points
    share = np.where(is_quad, 0.25, 1 / 3)
    for k in range(4):
        use = np.ones(n_faces, bool) if k < 3 else is_quad
        entries.append((first_face + face_index[use], corners[use, k], share[use]))
    face_matrix = _rows([(r - first_face, c, v) for r, c, v in entries], (n_faces, count))

    edge_index = np.arange(len(edges))
    edge_faces = sp.csr_matrix(
        (np.ones(valid.sum()), (edge_of[valid], np.repeat(face_index, 4).reshape(-1, 4)[valid])), (len(edges), n_faces)
    )
    middle = _rows([(edge_index, ends[:, 0], 0.5), (edge_index, ends[:, 1], 0.5)], (len(edges), count))
    if smooth:
        inner = sp.diags((~border).astype(float) * 0.5)
        edge_matrix = middle - inner @ middle + inner @ (sp.diags(1 / np.maximum(uses, 1)) @ edge_faces @ face_matrix)
    else:
        edge_matrix = middle

    if smooth:
        degree = np.bincount(ends.ravel(), minlength=count).astype(float)
        on_border = np.zeros(count, bool)
        on_border[ends[border].ravel()] = True
        border_degree = np.bincount(ends[border].ravel(), minlength=count)
        corner = on_border & (border_degree != 2)
        vertex_faces = sp.csr_matrix(
            (np.ones(int(is_quad.sum() * 4 + (~is_quad).sum() * 3)),
             (np.concatenate([corners[is_quad].ravel(), corners[~is_quad, :3].ravel()]),
              np.concatenate([np.repeat(face_index[is_quad], 4), np.repeat(face_index[~is_quad], 3)]))),
            (count, n_faces),
        )  # fmt: skip
        face_count = np.maximum(np.asarray(vertex_faces.sum(1)).ravel(), 1)
        vertex_edges = sp.csr_matrix(
            (np.ones(2 * len(edges)), (ends.ravel(), np.repeat(edge_index, 2))), (count, len(edges))
        )
        n = np.maximum(degree, 1)
        inside = (~on_border & (degree > 0)).astype(float)
        vertex_matrix = (
            sp.diags(inside / n) @ (sp.diags(1 / face_count) @ vertex_faces @ face_matrix)
            + sp.diags(inside * 2 / n / n) @ (vertex_edges @ middle)
            + sp.diags(inside * (n - 3) / n + (~on_border & (degree == 0)) + corner)
        )
        curve = on_border & ~corner
        b = ends[border]
        use = curve[b]
        neighbours = _rows(
            [(b[use[:, 0], 0], b[use[:, 0], 1], 0.125), (b[use[:, 1], 1], b[use[:, 1], 0], 0.125)], (count, count)
        )
        vertex_matrix = vertex_matrix + neighbours + sp.diags(curve * 0.75)
    else:
        vertex_matrix = sp.identity(count, format="csr")

    matrix = sp.vstack([vertex_matrix, edge_matrix, face_matrix]).tocsr()
    quads = []
    for k in range(4):
        use = valid[:, k] if k == 3 else np.ones(n_faces, bool)
        use = use & (is_quad if k == 3 else True)
        before = np.where(is_quad, 3, 2) if k == 0 else np.full(n_faces, k - 1)
        # the edge before corner 0 of a triangle is its side 2-0, stored as side (3, 0) = (2, 0)
        before = np.where((k == 0) & ~is_quad, 3, before)
        quad = np.stack([
            corners[:, k],
            first_edge + edge_of[face_index, np.where((k == 2) & ~is_quad, 3, k)],
            first_face + face_index,
            first_edge + edge_of[face_index, before],
        ], 1)  # fmt: skip
        quads.append(quad[use])
    order = np.argsort(
        np.concatenate([face_index[(is_quad if k == 3 else np.ones(n_faces, bool))] for k in range(4)]), kind="stable"
    )
    return Refined(matrix, np.concatenate(quads)[order].astype(np.int32))


def refine(
    faces: NDArray[np.int32], face_uv: NDArray[np.int32], count: int, uv_count: int, steps: int
) -> tuple[Refined, sp.csr_matrix, NDArray[np.int32]]:
    """Apply `steps` of Catmull-Clark to the surface.

    The texture coordinates are refined linearly alongside. Returns the surface, the (fine, coarse) matrix of the uv
    rows, and the (F, 4) uv rows of the fine faces, in the same face order.
    """
    matrix, uv_matrix = sp.identity(count, format="csr"), sp.identity(uv_count, format="csr")
    for _ in range(steps):
        # A triangle must be one in both: repeat the last uv where the face repeats its last vertex.
        triangle = faces[:, 2] == faces[:, 3]
        uv_faces = face_uv.copy()
        uv_faces[triangle, 3] = uv_faces[triangle, 2]
        surface = catmull_clark(faces, matrix.shape[0])
        texture = _uv_step(uv_faces, ~triangle, uv_matrix.shape[0])
        matrix, uv_matrix = surface.matrix @ matrix, texture.matrix @ uv_matrix
        faces, face_uv = surface.faces, texture.faces
    return Refined(matrix, faces), uv_matrix, face_uv


def _uv_step(face_uv: NDArray[np.int32], is_quad: NDArray[np.bool_], count: int) -> Refined:
    """Like `catmull_clark(smooth=False)`, but polygons keep their kind even where two uv rows coincide."""
    n_faces = len(face_uv)
    index = np.arange(n_faces)
    corners = face_uv.astype(np.int64)
    after = np.stack([corners[:, 1], corners[:, 2], np.where(is_quad, corners[:, 3], corners[:, 0]), corners[:, 0]], 1)
    # every face gets its own edge and centre rows: seams need no sharing
    centre, edge = count + 4 * n_faces + index, count + 4 * index[:, None] + np.arange(4)
    share = np.where(is_quad, 0.25, 1 / 3)
    entries: list[Entries] = [
        (np.arange(count), np.arange(count), 1.0),
        (edge, corners, 0.5),
        (edge, after, 0.5),
    ]
    for k in range(4):
        use = np.ones(n_faces, bool) if k < 3 else is_quad
        entries.append((centre[use], corners[use, k], share[use]))
    matrix = _rows(entries, (count + 5 * n_faces, count))
    quads, order = [], []
    for k in range(4):
        use = is_quad if k == 3 else np.ones(n_faces, bool)
        before = np.where(is_quad, 3, 2) if k == 0 else np.full(n_faces, k - 1)
        quads.append(np.stack([corners[:, k], edge[:, k], centre, edge[index, before]], 1)[use])
        order.append(index[use])
    by_face = np.argsort(np.concatenate(order), kind="stable")
    return Refined(matrix, np.concatenate(quads)[by_face].astype(np.int32))
