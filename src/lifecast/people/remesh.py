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

    Where cloth is far finer than wanted some become up to a quarter longer.

    `placed` (V, 3) are its vertices on the reference body.
    """
    faces, vertex, uv = weld(sheet.faces, sheet.corner_uv)
    mesh = _Wedges(placed.astype(np.float64), sheet.matrix, faces.astype(np.int64), vertex.astype(np.int64),
                   uv.astype(np.float64))  # fmt: skip
    for _ in range(rounds):
        for _ in range(4):
            if not _split(mesh, longest):
                break
        for _ in range(10):
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
    goes, keeps, index = _ends_that_may_go(mesh, edges, short, is_curve, curves, on_curve, length, shortest / 3)
    common = np.asarray(neighbours[goes].multiply(neighbours[keeps]).sum(1)).ravel()
    fine = common == (edges.faces[index] >= 0).sum(1)  # else the surface would pinch
    goes, keeps, index = goes[fine], keeps[fine], index[fine]
    most = np.where(length[index] < shortest / 2, 1.25, 1.0) * longest  # better too long than far too short
    trial = _draw_over(mesh, corner_vertex, goes, keeps, most)
    # No two at once whose triangles touch.
    taken = np.zeros(count, bool)
    chosen = np.zeros(len(goes), bool)
    start, near = neighbours.indptr, neighbours.indices
    for k in np.flatnonzero(trial.fine).tolist():
        a, ring = goes[k], near[start[goes[k]] : start[goes[k] + 1]]
        if not (taken[a] or taken[ring].any()):
            chosen[k] = True
            taken[a] = True
            taken[ring] = True
    faces = mesh.faces.copy()
    apply = chosen[trial.of]
    faces[trial.rows[apply]] = trial.renamed[apply]
    keep = np.ones(len(faces), bool)
    keep[trial.gone[chosen[trial.gone_of]]] = False
    mesh.faces = faces[keep]
    return int(chosen.sum())


def _ends_that_may_go(
    mesh: _Wedges, edges: _Edges, short: Index, is_curve: NDArray[np.bool_], curves: Index, on_curve: Index,
    length: NDArray[np.float64], tiny: float,
) -> tuple[Index, Index, Index]:  # fmt: skip
    """List vertices that may go, the other end of the edge that they go along, and that edge.

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
    row, end = np.nonzero(may)
    return ends[row, end], ends[row, 1 - end], short[row]


def _height_ratio(points: Points, faces: Index, doubled: Points) -> tuple[Points, Points]:
    """The height of each triangle over its longest side, and that side; `doubled` is twice its area."""
    corner = points[faces]
    side = np.linalg.norm(corner - np.roll(corner, -1, axis=1), axis=2).max(1)
    return doubled / np.maximum(side, 1e-12) ** 2, side


@dataclass(frozen=True)
class _Trial:
    """What drawing vertices over would do, each for itself."""

    fine: NDArray[np.bool_]
    """(K,) no triangle turns over, or becomes a sliver or too long."""
    rows: Index
    """(N,) triangles that would change."""
    of: Index
    """(N,) for which vertex."""
    renamed: Index
    """(N, 3) their wedges then."""
    gone: Index
    """(M,) triangles that would go."""
    gone_of: Index
    """(M,)"""


def _draw_over(mesh: _Wedges, corner_vertex: Index, goes: Index, keeps: Index, most: Points) -> _Trial:
    """Try to draw each vertex `goes` (K,) over to `keeps` (K,); no edge may become longer than `most` (K,) metres."""
    order = np.argsort(corner_vertex.ravel(), kind="stable")
    begin = np.searchsorted(corner_vertex.ravel()[order], np.arange(len(mesh.place) + 1))
    number = begin[goes + 1] - begin[goes]
    of = np.repeat(np.arange(len(goes)), number)
    step = np.arange(len(of)) - np.repeat(np.cumsum(number) - number, number)
    corner = order[begin[goes][of] + step]
    face, slot = corner // 3, corner % 3
    # A wedge of the vertex that goes becomes the wedge of the one that stays in the same chart of the texture.
    meets = corner_vertex[face] == keeps[of][:, None]
    gone = meets.any(1)  # triangles between both ends vanish
    wedges = len(mesh.vertex)
    own = of * wedges + mesh.faces[face, slot]
    known = np.unique(own[gone], return_index=True)
    becomes = mesh.faces[face[gone]][meets[gone]][known[1]]
    rows, rest_of = face[~gone], of[~gone]
    place = np.searchsorted(known[0], own[~gone]).clip(0, max(len(known[0]) - 1, 0))
    found = known[0][place] == own[~gone] if len(known[0]) else np.zeros(len(rows), bool)
    renamed = mesh.faces[rows].copy()
    renamed[np.arange(len(rows)), slot[~gone]] = np.where(found, becomes[place] if len(becomes) else 0, slot[~gone])
    points = mesh.points()
    before, after = _normals(points, mesh.faces[rows]), _normals(points, renamed)
    size = np.linalg.norm(before, axis=1), np.linalg.norm(after, axis=1)
    turn = np.einsum("fx,fx->f", before, after) / np.maximum(size[0] * size[1], 1e-20)
    old_ratio, _ = _height_ratio(points, mesh.faces[rows], size[0])
    ratio, side = _height_ratio(points, renamed, size[1])
    # A sliver may be drawn over into a lesser sliver, but a good triangle into none.
    bad = ~found | ((turn < 0.6) & (old_ratio > 0.02)) | (side > most[rest_of])
    bad |= ratio < np.minimum(0.15, old_ratio + 1e-6)
    fine = np.ones(len(goes), bool)
    fine[rest_of[bad]] = False
    return _Trial(fine, rows, rest_of, renamed, face[gone], of[gone])


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
