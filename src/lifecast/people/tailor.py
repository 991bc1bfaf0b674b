"""A garment made ready once for all bodies.

It is refined, cut, and has skinning weights and a place on the skin. Everything here is worked out on one reference
body and holds for every other, because a refined vertex is a fixed combination of the garment's coarse vertices, and
those are fixed combinations of the base mesh's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from lifecast.people.body import SKIN_VERTICES, BodyModel, RestBody
from lifecast.people.mhclo import Fit
from lifecast.people.subdivide import refine
from lifecast.people.surface_mesh import adjacency
from lifecast.people.wavefront import triangles
from lifecast.space.mesh_normals import vertex_normals

FINE = 0.009
"""Metres: garments are refined until their median edge is at most this."""


@dataclass
class Sheet:
    """A mesh as combinations of base vertices and offsets, while it is refined and cut."""

    matrix: sp.csr_matrix
    """(V, C) combinations of the coarse garment vertices."""
    faces: NDArray[np.int32]
    """(F, 3)"""
    corner_uv: NDArray[np.float32]
    """(F, 3, 2) texture coordinates of each face's corners."""

    def cut(self, values: NDArray[np.float64]) -> Sheet:
        """Cut away where `values` (V,), linear on each edge, is not positive.

        New vertices lie on the cut.
        """
        above = values > 0
        count = above[self.faces].sum(1)
        whole = self.faces[count == 3], self.corner_uv[count == 3]
        new_faces, new_uv = [whole[0].astype(np.int64)], [whole[1]]
        edge_ends: list[NDArray[np.int64]] = []
        total = len(values)
        offset = 0
        for wanted in (1, 2):  # one corner kept: a triangle; two: a quad
            rows = np.flatnonzero(count == wanted)
            if not len(rows):
                continue
            faces, uv = self.faces[rows].astype(np.int64), self.corner_uv[rows]
            lone = np.argmax(above[faces] if wanted == 1 else ~above[faces], axis=1)
            turn = (lone[:, None] + np.arange(3)) % 3
            faces = np.take_along_axis(faces, turn, 1)
            uv = np.take_along_axis(uv, turn[..., None], 1)
            a, b, c = faces.T
            points = []
            for other, k in ((b, 1), (c, 2)):
                t = values[a] / (values[a] - values[other])
                edge_ends.append(np.stack([a, other], 1))
                points.append(
                    (total + offset + np.arange(len(rows)), uv[:, 0] * (1 - t[:, None]) + uv[:, k] * t[:, None])
                )
                offset += len(rows)
            (ab, uv_ab), (ac, uv_ac) = points
            if wanted == 1:
                new_faces.append(np.stack([a, ab, ac], 1))
                new_uv.append(np.stack([uv[:, 0], uv_ab, uv_ac], 1))
            else:
                new_faces += [np.stack([ab, b, c], 1), np.stack([ab, c, ac], 1)]
                new_uv += [np.stack([uv_ab, uv[:, 1], uv[:, 2]], 1), np.stack([uv_ab, uv[:, 2], uv_ac], 1)]
        faces = np.concatenate(new_faces)
        matrix = self.matrix
        if edge_ends:
            ends = np.concatenate(edge_ends)
            ordered = np.sort(ends, axis=1)  # both faces at an edge share the new vertex
            _, first, same = np.unique(ordered[:, 0] * total + ordered[:, 1], return_index=True, return_inverse=True)
            low, high = ordered[first].T
            t = values[low] / (values[low] - values[high])
            rows = np.arange(len(first))
            weights = sp.csr_matrix(
                (np.concatenate([1 - t, t]), (np.concatenate([rows, rows]), np.concatenate([low, high]))),
                (len(first), total),
            )
            matrix = sp.vstack([matrix, weights @ matrix]).tocsr()
            renamed = np.concatenate([np.arange(total), total + same])
            faces = renamed[faces]
        return Sheet(matrix, faces.astype(np.int32), np.concatenate(new_uv).astype(np.float32)).compact()

    def compact(self) -> Sheet:
        """Drop vertices without faces, and faces that have collapsed."""
        f = self.faces
        keep = (f[:, 0] != f[:, 1]) & (f[:, 1] != f[:, 2]) & (f[:, 0] != f[:, 2])
        used, faces = np.unique(f[keep].ravel(), return_inverse=True)
        return Sheet(self.matrix[used], faces.reshape(-1, 3).astype(np.int32), self.corner_uv[keep])


@dataclass
class Cloth:
    """A refined garment with all that posing and draping need."""

    name: str
    kind: str
    """top, bottom, dress, coat, shoes, hat, hair, brows, lashes"""
    fit: Fit
    sheet: Sheet
    weights: sp.csr_matrix
    """(V, B)"""
    anchor: NDArray[np.int32]
    """(V,) the skin triangle under each vertex (a row of the body's triangles)."""
    share: NDArray[np.float32]
    """(V, 3) where in that triangle."""
    hem: NDArray[np.float32]
    """(V,) metres along the cloth to its nearest border, on the reference body; at most 0.3."""
    reference: NDArray[np.float32]
    """(V, 3) on the reference body."""
    region: NDArray[np.int8]
    """(V,) 1 left arm, -1 right arm, 0 elsewhere: what the cloth may collide with."""
    off_skin: NDArray[np.float32]
    """(V,) metres from the skin on the reference body."""
    split: NDArray[np.int32] = field(default_factory=lambda: np.zeros((0, 3), np.int32))
    """(F, 3) faces with vertices split at texture seams."""
    split_of: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    uv: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 2), np.float32))
    seam: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    """(V,) vertices on a texture seam inside the cloth."""

    def place(self, rest: RestBody) -> NDArray[np.float32]:
        """(V, 3) on a rest body, metres."""
        result: NDArray[np.float32] = (self.sheet.matrix @ self.fit.place(rest.vertices)).astype(np.float32)
        return result


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
        incident = sp.coo_matrix(
            (np.ones(self.skin_faces.size), (self.skin_faces.ravel(), np.repeat(np.arange(len(self.skin_faces)), 3))),
            (SKIN_VERTICES, len(self.skin_faces)),
        ).tocsr()
        width = int(np.diff(incident.indptr).max())
        self.incident = np.full((SKIN_VERTICES, width), -1)
        for column in range(width):
            has = np.diff(incident.indptr) > column
            self.incident[has, column] = incident.indices[incident.indptr[:-1][has] + column]
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

    def finish(self, name: str, kind: str, fit: Fit, sheet: Sheet) -> Cloth:
        """Weights, anchors on the skin, borders and seams of a refined and cut sheet."""
        reference = (sheet.matrix @ fit.place(self.rest.vertices)).astype(np.float32)
        weights = (sheet.matrix @ fit.skin_weights(self.model.weights)).tocsr()
        weights.data = np.clip(weights.data, 0, None)
        weights = (sp.diags(1 / np.maximum(np.asarray(weights.sum(1)).ravel(), 1e-9)) @ weights).tocsr()
        anchor, share = self.nearest(reference)
        foot = np.einsum("vk,vkx->vx", share, self.skin[self.skin_faces[anchor]])
        off = np.linalg.norm(reference - foot, axis=1).astype(np.float32)
        total = {side: np.asarray(weights[:, self.arm[side]].sum(1)).ravel() for side in (1, -1)}
        region = np.where(total[1] > 0.6, 1, np.where(total[-1] > 0.6, -1, 0)).astype(np.int8)
        split, split_of, uv = weld(sheet.faces, sheet.corner_uv)
        border = border_vertices(sheet.faces)
        seam = np.zeros(len(reference), bool)
        copies = np.bincount(split_of, minlength=len(reference))
        seam[copies > 1] = True
        seam[border] = False
        return Cloth(
            name, kind, fit, sheet, weights.astype(np.float32), anchor, share,
            border_distance(reference, sheet.faces), reference, region, off, split, split_of, uv, seam,
        )  # fmt: skip

    def nearest(
        self, points: NDArray[np.float32], candidates: int = 3
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The nearest skin triangle of each point and the barycentric place in it (reference body)."""
        _, near = self.tree.query(points, k=candidates)
        best = np.full(len(points), np.inf)
        anchor = np.zeros(len(points), np.int32)
        share = np.zeros((len(points), 3), np.float32)
        for column in range(candidates):
            for k in range(self.incident.shape[1]):
                face = self.incident[near[:, column], k]
                rows = np.flatnonzero(face >= 0)
                place = closest_in_triangle(
                    points[rows], *(self.skin[self.skin_faces[face[rows], c]] for c in range(3))
                )
                foot = np.einsum("vk,vkx->vx", place, self.skin[self.skin_faces[face[rows]]])
                distance = np.linalg.norm(points[rows] - foot, axis=1)
                better = distance < best[rows]
                chosen = rows[better]
                best[chosen] = distance[better]
                anchor[chosen] = face[chosen]
                share[chosen] = place[better]
        return anchor, share


def closest_in_triangle(
    p: NDArray[np.floating], a: NDArray[np.floating], b: NDArray[np.floating], c: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Find the point of each triangle that is closest to `p`, as barycentric coordinates (N, 3).

    Ericson, "Real-Time Collision Detection", 5.1.5.
    """
    ab, ac, ap = b - a, c - a, p - a
    d1, d2 = np.einsum("nx,nx->n", ab, ap), np.einsum("nx,nx->n", ac, ap)
    bp, cp = p - b, p - c
    d3, d4 = np.einsum("nx,nx->n", ab, bp), np.einsum("nx,nx->n", ac, bp)
    d5, d6 = np.einsum("nx,nx->n", ab, cp), np.einsum("nx,nx->n", ac, cp)
    va, vb, vc = d3 * d6 - d5 * d4, d5 * d2 - d1 * d6, d1 * d4 - d3 * d2

    def ratio(x: NDArray[np.floating], y: NDArray[np.floating]) -> NDArray[np.floating]:
        return np.asarray(x / np.where(np.abs(y) < 1e-20, 1e-20, y))

    total = va + vb + vc
    v, w = ratio(vb, total), ratio(vc, total)
    out = np.stack([1 - v - w, v, w], 1)
    zero = np.zeros_like(d1)
    t = ratio(d4 - d3, (d4 - d3) + (d5 - d6))
    out = np.where(((va <= 0) & (d4 - d3 >= 0) & (d5 - d6 >= 0))[:, None], np.stack([zero, 1 - t, t], 1), out)
    t = ratio(d2, d2 - d6)
    out = np.where(((vb <= 0) & (d2 >= 0) & (d6 <= 0))[:, None], np.stack([1 - t, zero, t], 1), out)
    t = ratio(d1, d1 - d3)
    out = np.where(((vc <= 0) & (d1 >= 0) & (d3 <= 0))[:, None], np.stack([1 - t, t, zero], 1), out)
    one = np.ones_like(zero)
    out = np.where(((d6 >= 0) & (d5 <= d6))[:, None], np.stack([zero, zero, one], 1), out)
    out = np.where(((d3 >= 0) & (d4 <= d3))[:, None], np.stack([zero, one, zero], 1), out)
    out = np.where(((d1 <= 0) & (d2 <= 0))[:, None], np.stack([one, zero, zero], 1), out)
    shares: NDArray[np.float32] = np.clip(out, 0, 1).astype(np.float32)
    return shares


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


def border_vertices(faces: NDArray[np.int32]) -> NDArray[np.int32]:
    """The vertices on any border."""
    return np.unique(border_edges(faces))


def border_distance(vertices: NDArray[np.float32], faces: NDArray[np.int32], most: float = 0.3) -> NDArray[np.float32]:
    """(V,) distance along edges to the nearest border, at most `most`."""
    border = border_vertices(faces)
    if not len(border):
        return np.full(len(vertices), most, np.float32)
    graph = adjacency(faces, len(vertices)).tocoo()
    graph.data = np.linalg.norm(vertices[graph.row] - vertices[graph.col], axis=1) + 1e-9
    distance = dijkstra(graph.tocsr(), indices=border, min_only=True, limit=most)
    result: NDArray[np.float32] = np.minimum(distance, most).astype(np.float32)
    return result


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
        fit.material,
        fit.base[keep],
        fit.weights[keep],
        fit.offsets[keep],
        fit.scales,
        fit.delete,
        fit.tags,
    )


def helper_fit(name: str, vertices: NDArray[np.int64]) -> Fit:
    """A fit for vertices of the base mesh itself (the helper garments)."""
    from pathlib import Path

    count = len(vertices)
    return Fit(
        name, Path(), None, np.repeat(vertices[:, None], 3, 1).astype(np.int32),
        np.tile(np.array([1.0, 0, 0], np.float32), (count, 1)), np.zeros((count, 3), np.float32),
        (None, None, None), np.zeros(0, np.int32),
    )  # fmt: skip


Field = Callable[[NDArray[np.float32]], NDArray[np.float64]]
