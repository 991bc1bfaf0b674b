"""Slivers: the needles and crumbs that marching cubes leaves where the surface passes close by a lattice point.

They face anywhere once something moves their vertices, and light shows them as specks. Their short edges are collapsed,
as in every mesh simplification (Hoppe et al. 1993), many at a time: those that are the shortest for some way around.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from lifecast.surface.extract.islands import compact
from lifecast.surface.extract.surface import Surface

SHORTEST = 0.25
"""Of a lattice's cell: edges below are slivers'."""
ROUNDS = 5
"""Passes over the mesh at most: in one, edges that are neighbours of a shorter one wait."""
FACING = 0.3
"""Least cosine between a triangle's normal after a collapse and those at its corners: below it, the edge stays, unless
the triangle faced that way before."""


def without_slivers(surface: Surface, shortest: float) -> Surface:
    """Remove the edges of a closed surface that are shorter than `shortest`, view units.

    They are collapsed to their middles.

    The mesh stays closed and manifold. An edge stays where its collapse would fold a triangle over or pinch the mesh.
    """
    vertices, faces, normals = surface.vertices, surface.faces, surface.normals
    refused: NDArray[np.int64] = np.zeros(0, np.int64)  # keys of edges that had to stay
    for _ in range(ROUNDS):
        edges = _edges(faces)
        length = np.linalg.norm(vertices[edges[:, 0]] - vertices[edges[:, 1]], axis=1)
        key = edges[:, 0] * len(vertices) + edges[:, 1]
        candidates = np.flatnonzero((length < shortest) & ~np.isin(key, refused))
        if not len(candidates):
            break
        chosen = candidates[_alone(edges, candidates, length[candidates], len(vertices))]
        allowed = _collapsible(vertices, faces, normals, edges, edges[chosen])
        refused = np.concatenate([refused, key[chosen[~allowed]]])
        kept, gone = edges[chosen[allowed]].T
        vertices, normals = vertices.copy(), normals.copy()
        vertices[kept] = (vertices[kept] + vertices[gone]) / 2
        normals[kept] += normals[gone]
        normals[kept] /= np.maximum(np.linalg.norm(normals[kept], axis=1, keepdims=True), 1e-12)
        renamed = np.arange(len(vertices))
        renamed[gone] = kept
        faces = renamed[faces]
        faces = faces[(faces != np.roll(faces, 1, axis=1)).all(1)]
    if faces is surface.faces:
        return surface
    faces, vertices, normals = compact(faces.astype(np.int32), vertices, normals)
    return surface._replace(vertices=vertices, faces=faces, normals=normals)


def _edges(faces: NDArray[np.integer]) -> NDArray[np.int64]:
    """List each edge (E, 2) of a closed mesh once, the lower vertex first."""
    first, last = faces.reshape(-1).astype(np.int64), np.roll(faces, -1, axis=1).reshape(-1).astype(np.int64)
    own = first < last  # each edge runs once either way
    return np.stack([first[own], last[own]], 1)


def _alone(
    edges: NDArray[np.int64], candidates: NDArray[np.int64], length: NDArray[np.floating], count: int
) -> NDArray[np.bool_]:
    """Decide which candidates (C,), rows of edges (E, 2), are shorter than all others that an edge joins them with."""
    order = np.empty(len(candidates), np.int64)
    order[np.argsort(length, kind="stable")] = np.arange(len(candidates))
    ends = edges[candidates]
    here = np.full(count, len(candidates))  # the first candidate in order at each vertex, ...
    np.minimum.at(here, ends.reshape(-1), np.repeat(order, 2))
    around = here.copy()  # ... and at its neighbours, too
    np.minimum.at(around, edges[:, 0], here[edges[:, 1]])
    np.minimum.at(around, edges[:, 1], here[edges[:, 0]])
    result: NDArray[np.bool_] = (around[ends] == order[:, None]).all(1)
    return result


def _collapsible(
    vertices: NDArray[np.floating],
    faces: NDArray[np.integer],
    normals: NDArray[np.floating],
    edges: NDArray[np.int64],
    chosen: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Decide which of the edges (C, 2), no two of them neighbours, may be collapsed to their middles."""
    count = len(vertices)
    ones = np.ones(2 * len(edges), np.int32)
    both = (np.concatenate([edges[:, 0], edges[:, 1]]), np.concatenate([edges[:, 1], edges[:, 0]]))
    neighbours = sparse.csr_matrix((ones, both), shape=(count, count))
    # The link condition: the two ends have two neighbours in common, those across the two triangles of the edge.
    common = np.asarray(neighbours[chosen[:, 0]].multiply(neighbours[chosen[:, 1]]).sum(1)).ravel()
    allowed: NDArray[np.bool_] = common == 2
    edge_of = np.full(count, -1)
    edge_of[chosen[:, 0]] = edge_of[chosen[:, 1]] = np.arange(len(chosen))
    touching = edge_of[faces]  # (F, 3) the edge that each corner is an end of
    rows = np.flatnonzero((touching >= 0).sum(1) == 1)  # with two corners the triangle vanishes
    own = touching[rows].max(1)
    middles = (vertices[chosen[:, 0]] + vertices[chosen[:, 1]]) / 2
    before = vertices[faces[rows]]
    after = np.where((touching[rows] >= 0)[..., None], middles[own][:, None], before)
    # A needle's own normal says nothing; the field's at its corners do.
    facing = normals[faces[rows]].sum(1)
    turned, was = _cosine(facing, _normals(after)), _cosine(facing, _normals(before))
    allowed[own[(turned < FACING) & (turned < was)]] = False
    return allowed


def _normals(corners: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])


def _cosine(one: NDArray[np.floating], other: NDArray[np.floating]) -> NDArray[np.floating]:
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    result: NDArray[np.floating] = (one * other).sum(1) / np.maximum(lengths, 1e-30)
    return result
