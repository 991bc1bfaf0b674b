"""Making the edges of a garment's triangles about equally long: split, collapse, flip.

Botsch, Kobbelt: A remeshing approach to multiresolution modeling, 2004, without its moving of vertices: every vertex
stays a fixed combination of the old ones, so one remeshing serves every body. Borders and seams of the texture keep
their course.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from lifecast.people.surface_mesh import adjacency
from lifecast.people.tailor import Sheet, weld

Index = NDArray[np.int64]
Points = NDArray[np.float64]


@dataclass
class _Wedges:
    """Triangles of wedges: a vertex has one for each place that it has in the texture."""

    place: Points
    """(V, 3)"""
    matrix: sp.csr_matrix
    """(V, C)"""
    faces: Index
    """(F, 3) wedges."""
    vertex: Index
    """(W,)"""
    uv: Points
    """(W, 2)"""

    def points(self) -> Points:
        """(W, 3)"""
        return np.asarray(self.place[self.vertex])

    def sheet(self) -> Sheet:
        faces, corner_uv = self.vertex[self.faces].astype(np.int32), self.uv[self.faces].astype(np.float32)
        return Sheet(self.matrix, faces, corner_uv).compact()


@dataclass(frozen=True)
class _Edges:
    """The edges between wedges."""

    ends: Index
    """(E, 2), lower first."""
    of: Index
    """(F, 3) the edge of side k, from corner k to k + 1."""
    faces: Index
    """(E, 2) its faces; -1 where there is none."""
    opposite: Index
    """(E, 2) the corner of each face that is not on it."""


def even_edges(sheet: Sheet, placed: NDArray[np.floating], shortest: float, longest: float, rounds: int = 4) -> Sheet:
    """Remesh a sheet until its edges are between `shortest` and `longest` metres, but for a few.

    `placed` (V, 3) are its vertices on the reference body.
    """
    faces, vertex, uv = weld(sheet.faces, sheet.corner_uv)
    mesh = _Wedges(placed.astype(np.float64), sheet.matrix, faces.astype(np.int64), vertex.astype(np.int64),
                   uv.astype(np.float64))  # fmt: skip
    for _ in range(rounds):
        for _ in range(4):
            if not _split(mesh, longest):
                break
        for _ in range(6):
            if not _collapse(mesh, shortest, longest):
                break
        for _ in range(3):
            if not _flip(mesh):
                break
    return mesh.sheet()


def _edges(faces: Index, count: int) -> _Edges:
    ends = np.stack([faces, np.roll(faces, -1, axis=1)], -1).reshape(-1, 2)
    low, high = ends.min(1), ends.max(1)
    key, of = np.unique(low * count + high, return_inverse=True)
    order = np.argsort(of, kind="stable")
    begin = np.searchsorted(of[order], np.arange(len(key)))
    second = np.minimum(begin + 1, len(order) - 1)
    twice = (of[order[second]] == np.arange(len(key))) & (second != begin)
    half = np.stack([order[begin], np.where(twice, order[second], -1)], 1)
    opposite = np.where(half >= 0, np.roll(faces, 1, axis=1).reshape(-1)[half], -1)
    return _Edges(
        np.stack([key // count, key % count], 1), of.reshape(-1, 3), np.where(half >= 0, half // 3, -1), opposite
    )


def _length(points: Points, ends: Index) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(points[ends[:, 0]] - points[ends[:, 1]], axis=1))


def _split(mesh: _Wedges, longest: float) -> int:
    """Halve edges longer than `longest`; returns how many."""
    edges = _edges(mesh.faces, len(mesh.vertex))
    long = _length(mesh.points(), edges.ends) > longest
    if not long.any():
        return 0
    chosen = np.flatnonzero(long)
    ends = edges.ends[chosen]
    # Both sides of a seam share the new vertex, though not the new wedge.
    pair = np.sort(mesh.vertex[ends], axis=1)
    pairs, new_vertex = np.unique(pair, axis=0, return_inverse=True)
    new_vertex = new_vertex.ravel() + len(mesh.place)
    wedge = np.full(len(long), -1)
    wedge[chosen] = len(mesh.vertex) + np.arange(len(chosen))
    mesh.matrix = sp.vstack([mesh.matrix, 0.5 * (mesh.matrix[pairs[:, 0]] + mesh.matrix[pairs[:, 1]])]).tocsr()
    mesh.place = np.concatenate([mesh.place, mesh.place[pairs].mean(1)])
    mesh.vertex = np.concatenate([mesh.vertex, new_vertex])
    mesh.uv = np.concatenate([mesh.uv, mesh.uv[ends].mean(1)])
    points = mesh.points()
    middle = wedge[edges.of]  # (F, 3)
    count = (middle >= 0).sum(1)
    out = [mesh.faces[count == 0]]
    for wanted in (1, 2, 3):
        rows = np.flatnonzero(count == wanted)
        if not len(rows):
            continue
        is_split = middle[rows] >= 0
        # one: the split side first; two: the whole side last
        lead = np.zeros(len(rows), int) if wanted == 3 else (
            is_split.argmax(1) if wanted == 1 else (~is_split).argmax(1) + 1
        )  # fmt: skip
        turn = (lead[:, None] + np.arange(3)) % 3
        a, b, c = np.take_along_axis(mesh.faces[rows], turn, 1).T
        ab, bc, ca = np.take_along_axis(middle[rows], turn, 1).T
        if wanted == 1:
            out += [np.stack([a, ab, c], 1), np.stack([ab, b, c], 1)]
        elif wanted == 3:
            out += [np.stack(t, 1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
        else:
            out.append(np.stack([ab, b, bc], 1))
            one, two = (np.linalg.norm(points[p] - points[q], axis=1) for p, q in ((a, bc), (ab, c)))
            short = (one < two)[:, None]
            out.append(np.where(short, np.stack([a, ab, bc], 1), np.stack([a, ab, c], 1)))
            out.append(np.where(short, np.stack([a, bc, c], 1), np.stack([ab, bc, c], 1)))
    mesh.faces = np.concatenate(out)
    return len(chosen)


def _normals(points: Points, faces: Index) -> Points:
    corner = points[faces]
    return np.asarray(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]))


def _collapse(mesh: _Wedges, shortest: float, longest: float) -> int:
    """Draw vertices on short edges over to the other end; returns how many."""
    corner_vertex = mesh.vertex[mesh.faces]
    count = len(mesh.place)
    edges = _edges(corner_vertex, count)
    length = _length(mesh.place, edges.ends)
    short = np.flatnonzero(length < shortest)
    if not len(short):
        return 0
    short = short[np.argsort(length[short], kind="stable")]
    wedge_edges = _edges(mesh.faces, len(mesh.vertex))
    on_curve = np.sort(mesh.vertex[wedge_edges.ends[wedge_edges.faces[:, 1] < 0]], axis=1)  # borders and seams
    on_curve = np.unique(on_curve, axis=0)
    curve_key = on_curve[:, 0] * count + on_curve[:, 1]
    curves = np.bincount(on_curve.ravel(), minlength=count)
    is_curve = np.isin(edges.ends[:, 0] * count + edges.ends[:, 1], curve_key)
    neighbours = adjacency(corner_vertex.astype(np.int32), count)
    goes, stays = _ends_that_may_go(mesh, edges, short, is_curve, curves, on_curve, length, shortest / 3)
    index, keeps = short[goes >= 0], stays[goes >= 0]
    goes = goes[goes >= 0]
    common = np.asarray(neighbours[goes].multiply(neighbours[keeps]).sum(1)).ravel()
    fine = common == (edges.faces[index] >= 0).sum(1)  # else the surface would pinch
    goes, keeps = goes[fine], keeps[fine]
    # No two at once whose triangles touch.
    taken = np.zeros(count, bool)
    chosen = np.zeros(len(goes), bool)
    start, near = neighbours.indptr, neighbours.indices
    for k, (a, b) in enumerate(zip(goes.tolist(), keeps.tolist(), strict=True)):
        ring = near[start[a] : start[a + 1]]
        if not (taken[a] or taken[b] or taken[ring].any()):
            chosen[k] = True
            taken[a] = True
            taken[ring] = True
    goes, keeps = goes[chosen], keeps[chosen]
    if not len(goes):
        return 0
    number = np.full(count, -1)
    number[goes] = np.arange(len(goes))
    return _draw_over(mesh, corner_vertex, number, keeps, longest)


def _ends_that_may_go(
    mesh: _Wedges, edges: _Edges, short: Index, is_curve: NDArray[np.bool_], curves: Index, on_curve: Index,
    length: NDArray[np.float64], tiny: float,
) -> tuple[Index, Index]:  # fmt: skip
    """Of each short edge the end that may go (-1: none) and the other one.

    A vertex inside may go anywhere, one on a border or seam only along it, and only where it runs straight on.
    """
    ends = edges.ends[short]
    straight = np.zeros(len(curves), bool)
    if len(on_curve):
        both = np.concatenate([on_curve, on_curve[:, ::-1]])
        both = both[np.argsort(both[:, 0], kind="stable")]
        begin = np.searchsorted(both[:, 0], np.arange(len(curves)))
        two = np.flatnonzero(curves == 2)
        legs = mesh.place[both[begin[two][:, None] + [0, 1], 1]] - mesh.place[two][:, None]
        legs /= np.maximum(np.linalg.norm(legs, axis=2, keepdims=True), 1e-12)
        straight[two] = np.einsum("nx,nx->n", legs[:, 0], legs[:, 1]) < -0.8
    # Of edges that are far too short the bend does not count: there would be slivers.
    bends = straight[ends] | ((curves[ends] == 2) & (length[short] < tiny)[:, None])
    may = (curves[ends] == 0) | (bends & is_curve[short][:, None])
    # Of two that may, the one inside goes; else the higher number, which is newer.
    worth = np.where(may, 1 + (curves[ends] == 0), 0)
    which = np.where(worth[:, 1] >= worth[:, 0], 1, 0)
    rows = np.arange(len(short))
    goes = np.where(may[rows, which], ends[rows, which], -1)
    return goes, ends[rows, 1 - which]


def _draw_over(mesh: _Wedges, corner_vertex: Index, number: Index, keeps: Index, longest: float) -> int:
    """Rename the corners of vertices that go (`number` >= 0) where no triangle turns over; returns how many went."""
    of_corner = number[corner_vertex]  # (F, 3), which collapse touches this corner
    of_face = of_corner.max(1)
    touched = np.flatnonzero(of_face >= 0)
    which = of_face[touched]
    there = of_corner[touched] >= 0
    # A wedge of the vertex that goes becomes the wedge of the one that stays in the same chart of the texture.
    meets = corner_vertex[touched] == keeps[which][:, None]
    gone = meets.any(1)  # triangles between both ends vanish
    becomes = np.full(len(mesh.vertex), -1)
    becomes[mesh.faces[touched[gone]][there[gone]]] = mesh.faces[touched[gone]][meets[gone]]
    rest, rest_which = touched[~gone], which[~gone]
    renamed = mesh.faces[rest].copy()
    renamed[there[~gone]] = becomes[renamed[there[~gone]]]
    known = (renamed >= 0).all(1)
    points = mesh.points()
    before, after = _normals(points, mesh.faces[rest]), _normals(points, np.where(renamed < 0, 0, renamed))
    size = np.linalg.norm(before, axis=1), np.linalg.norm(after, axis=1)
    turn = np.einsum("fx,fx->f", before, after) / np.maximum(size[0] * size[1], 1e-20)
    corner = points[np.where(renamed < 0, 0, renamed)]
    side = np.linalg.norm(corner - np.roll(corner, -1, axis=1), axis=2)
    height = size[1] / np.maximum(side.max(1), 1e-12)
    bad = ~known | ((turn < 0.8) & (size[0] > 1e-9)) | (side.max(1) > longest) | (height < 0.15 * side.max(1))
    refused = np.zeros(len(keeps), bool)
    refused[rest_which[bad]] = True
    apply = ~refused[rest_which]
    faces = mesh.faces.copy()
    faces[rest[apply]] = renamed[apply]
    keep = np.ones(len(faces), bool)
    keep[touched[gone][~refused[which[gone]]]] = False
    mesh.faces = faces[keep]
    return int((~refused).sum())


def _flip(mesh: _Wedges) -> int:
    """Turn edges whose opposite angles are together above 180 degrees (Delaunay); returns how many."""
    edges = _edges(mesh.faces, len(mesh.vertex))
    inner = np.flatnonzero(edges.faces[:, 1] >= 0)
    points = mesh.points()
    a, b = edges.ends[inner].T
    c, d = edges.opposite[inner].T

    def angle(tip: Index) -> NDArray[np.float64]:
        u, v = points[a] - points[tip], points[b] - points[tip]
        return np.asarray(np.arctan2(np.linalg.norm(np.cross(u, v), axis=1), np.einsum("nx,nx->n", u, v)))

    excess = angle(c) + angle(d) - np.pi
    normal = _normals(points, mesh.faces)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-15)
    f, g = edges.faces[inner].T
    flat = np.einsum("nx,nx->n", normal[f], normal[g]) > 0.9
    count = len(mesh.place)
    vertex_edges = _edges(mesh.vertex[mesh.faces], count).ends
    pair = np.sort(mesh.vertex[np.stack([c, d], 1)], axis=1)
    free = ~np.isin(pair[:, 0] * count + pair[:, 1], vertex_edges[:, 0] * count + vertex_edges[:, 1])
    wanted = np.flatnonzero((excess > 0.02) & flat & free & (pair[:, 0] != pair[:, 1]))
    wanted = wanted[np.argsort(-excess[wanted], kind="stable")]
    taken = np.zeros(len(mesh.faces), bool)
    new_edge: set[tuple[int, int]] = set()
    done = []
    for k in wanted.tolist():
        key = (int(pair[k, 0]), int(pair[k, 1]))
        if not (taken[f[k]] or taken[g[k]]) and key not in new_edge:
            taken[f[k]] = taken[g[k]] = True
            new_edge.add(key)
            done.append(k)
    rows = np.array(done, int)
    if not len(rows):
        return 0
    # In face f the edge runs from one end to the other; the new faces keep its sense.
    face = mesh.faces[f[rows]]
    after_tip = (face == c[rows][:, None]).argmax(1)
    p, q = (np.take_along_axis(face, ((after_tip + k) % 3)[:, None], 1)[:, 0] for k in (1, 2))
    # f = (c, p, q), g = (d, q, p): turned, (c, p, d) and (c, d, q)
    one, two = np.stack([c[rows], p, d[rows]], 1), np.stack([c[rows], d[rows], q], 1)
    old = normal[f[rows]] + normal[g[rows]]
    keeps = [np.einsum("nx,nx->n", _normals(points, t), old) > 1e-12 for t in (one, two)]
    fine = keeps[0] & keeps[1]
    mesh.faces[f[rows[fine]]] = one[fine]
    mesh.faces[g[rows[fine]]] = two[fine]
    return int(fine.sum())
