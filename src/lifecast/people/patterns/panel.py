"""A flat pattern piece: a polygon with named boundary curves, filled with nearly equilateral triangles.

Boundary curves and stitched lines are sampled evenly; hexagonal points fill the inside at some distance from them, so
that Delaunay's triangles keep their edges (the circle over such an edge is empty).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay, cKDTree

from lifecast.errors import LifecastError

Flat = NDArray[np.float64]
Outline = dict[str, Flat]
"""Boundary curves (n, 2), counter-clockwise, each beginning where the one before ends."""

CLEAR = 0.62
"""Share of the edge length that inner points keep from the boundary's points; from its edges' middles, 0.52."""


@dataclass(frozen=True, eq=False)
class Panel:
    """A triangulated piece, metres."""

    name: str
    points: Flat
    """(V, 2)"""
    faces: NDArray[np.int64]
    """(F, 3) counter-clockwise."""
    curves: dict[str, NDArray[np.int64]]
    """The vertices of each boundary curve, counter-clockwise, both ends included."""
    lines: list[NDArray[np.int64]]
    """The edges (n, 2) of each stitched line; where two lines run too close, one may miss some."""

    def mirrored(self, name: str, lines: int) -> Panel:
        """Mirror the piece in the y axis, with its first `lines` stitched lines."""
        curves = {key: curve[::-1] for key, curve in self.curves.items()}
        return Panel(name, self.points * [-1, 1], self.faces[:, ::-1], curves, self.lines[:lines])


def curve_length(curve: Flat) -> float:
    """Measure a polyline (n, 2), metres."""
    return float(np.linalg.norm(np.diff(curve, axis=0), axis=1).sum())


def resample(curve: Flat, count: int) -> Flat:
    """Sample a polyline (n, 2) at `count` points evenly along its length, ends included."""
    step = np.linalg.norm(np.diff(curve, axis=0), axis=1)
    walked = np.concatenate([[0.0], np.cumsum(step)])
    wanted = np.linspace(0, walked[-1], count)
    return np.stack([np.interp(wanted, walked, curve[:, k]) for k in range(2)], 1)


def bezier(a: Sequence[float], b: Sequence[float], c: Sequence[float], d: Sequence[float], count: int = 24) -> Flat:
    """Sample a cubic Bézier curve from `a` to `d` with the handles `b` and `c` -> (count, 2)."""
    t = np.linspace(0, 1, count)[:, None]
    points = [np.asarray(p, float) for p in (a, b, c, d)]
    return sum(  # type: ignore[no-any-return]
        w * p for w, p in zip(((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3), points, strict=True)
    )


def line(*points: Sequence[float]) -> Flat:
    """A polyline through (x, y) points -> (n, 2)."""
    return np.array(points, float)


def mirrored(outline: Mapping[str, Flat]) -> Outline:
    """Mirror an outline in the y axis; the curves keep their names, and run counter-clockwise again."""
    return {name: curve[::-1] * [-1, 1] for name, curve in reversed(list(outline.items()))}


def inside(points: Flat, polygon: Flat) -> NDArray[np.bool_]:
    """Say which points (N, 2) lie inside a closed polygon (M, 2), by crossings of a ray."""
    x, y = points[:, :1], points[:, 1:]
    a, b = polygon, np.roll(polygon, -1, 0)
    spans = (a[:, 1] > y) != (b[:, 1] > y)
    rise = np.where(a[:, 1] == b[:, 1], 1.0, b[:, 1] - a[:, 1])
    crossing = a[:, 0] + (y - a[:, 1]) / rise * (b[:, 0] - a[:, 0])
    odd: NDArray[np.bool_] = ((spans & (crossing > x)).sum(1) % 2).astype(bool)
    return odd


def cut(
    name: str, outline: Mapping[str, Flat], edge: float, counts: Mapping[str, int] | None = None,
    lines: Sequence[Flat] = (),
) -> Panel:  # fmt: skip
    """Cut a piece.

    Parameters
    ----------
    outline : boundary curves, counter-clockwise.
    edge : metres, the length of a triangle's edge.
    counts : how many points a curve gets, ends included; the others get one every `edge`.
    lines : polylines inside the piece, along which triangles' edges are to run; their ends may lie on the boundary.

    Raises
    ------
    LifecastError
        The curves do not close, run clockwise, or a curve's edges are lost because the piece is too narrow.
    """
    counts = counts or {}
    names = list(outline)
    ring: list[Flat] = []
    starts: dict[str, tuple[int, int]] = {}
    total = 0
    for k, key in enumerate(names):
        curve, after = outline[key], outline[names[(k + 1) % len(names)]]
        if np.abs(curve[-1] - after[0]).max() > 1e-6:
            raise LifecastError(f"piece {name!r}: curve {key!r} ends at {curve[-1]}, the next begins at {after[0]}")
        count = counts.get(key) or max(2, round(curve_length(curve) / edge) + 1)
        ring.append(resample(curve, count)[:-1])
        starts[key] = (total, count)
        total += count - 1
    boundary = np.concatenate(ring)
    following = np.roll(boundary, -1, 0)
    if (boundary[:, 0] * following[:, 1] - boundary[:, 1] * following[:, 0]).sum() <= 0:
        raise LifecastError(f"piece {name!r} runs clockwise")
    stitched, line_points = _lines(boundary, lines, edge)
    fixed = np.concatenate([boundary, *line_points])

    low, high = boundary.min(0), boundary.max(0)
    height = edge * np.sqrt(3) / 2
    half_rows = int((high[1] - low[1]) / 2 / height) + 1
    rows = np.arange(-half_rows, half_rows + 1)  # one row lies in the middle, so that narrow strips get one
    columns = np.arange(int((high[0] - low[0]) / edge) + 2)
    centre = (low[0] + high[0]) / 2
    offset = (len(columns) // 2) * edge
    grid_x = centre - offset + columns[None] * edge + (rows[:, None] % 2) * edge / 2
    grid = np.stack(
        [grid_x, np.broadcast_to((low[1] + high[1]) / 2 + rows[:, None] * height, grid_x.shape)], -1
    ).reshape(-1, 2)
    distance, _ = cKDTree(fixed).query(grid)
    grid = grid[distance > CLEAR * edge]
    middles = [(boundary + following) / 2] + [(fixed[walk[:-1]] + fixed[walk[1:]]) / 2 for walk in stitched]
    distance, _ = cKDTree(np.concatenate(middles)).query(grid)
    grid = grid[distance > 0.52 * edge]
    grid = grid[inside(grid, boundary)]
    points = np.concatenate([fixed, grid])
    faces = _triangles(points, boundary, edge)
    relaxed = points
    for _ in range(2):
        relaxed = _relaxed(relaxed, faces, len(fixed))
    if (_areas(relaxed, faces) > 0.1 * edge**2).all():  # no triangle was turned over or flattened
        points = relaxed
    curves = {key: (np.arange(count) + first) % total for key, (first, count) in starts.items()}
    pairs = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), 1)
    known = np.unique(pairs[:, 0] * len(points) + pairs[:, 1])
    seams = []
    for walk in stitched:
        steps = np.sort(np.stack([walk[:-1], walk[1:]], 1), 1)
        seams.append(steps[np.isin(steps[:, 0] * len(points) + steps[:, 1], known)])
    panel = Panel(name, points, faces, curves, seams)
    _check(panel)
    return panel


def _lines(boundary: Flat, lines: Sequence[Flat], edge: float) -> tuple[list[NDArray[np.int64]], list[Flat]]:
    """Sample the stitched lines; points near the boundary or an earlier line become its points."""
    stitched, added = [], []
    known = boundary
    for path in lines:
        parts = []
        for corner, end in itertools.pairwise(path):
            leg = np.stack([corner, end])
            sample = resample(leg, max(2, round(curve_length(leg) / edge) + 1))
            distance, near = cKDTree(known).query(sample)
            merged = distance < 0.55 * edge
            new = inside(sample, boundary) & ~merged
            index = np.where(merged, near, -1)
            index[new] = len(known) + np.arange(new.sum())
            known = np.concatenate([known, sample[new]])
            added.append(sample[new])
            parts.append(index[index >= 0])
        walk = np.concatenate(parts)
        stitched.append(walk[np.concatenate([[True], np.diff(walk) != 0])] if len(walk) else walk)
    return stitched, added


def _triangles(points: Flat, boundary: Flat, edge: float) -> NDArray[np.int64]:
    """Triangulate by Delaunay; what lies outside of the boundary, and slivers along it, are dropped."""
    faces = Delaunay(points).simplices.astype(np.int64)
    area = _areas(points, faces)
    faces[area < 0] = faces[area < 0][:, ::-1]
    on_edge = (faces < len(boundary)).all(1)  # only those can lie outside
    keep = np.abs(area) > 0.01 * edge**2
    keep[on_edge] &= inside(points[faces[on_edge]].mean(1), boundary)
    kept: NDArray[np.int64] = faces[keep]
    return kept


def _areas(points: Flat, faces: NDArray[np.int64]) -> Flat:
    """Signed areas (F,), square metres."""
    a, b, c = points[faces[:, 0]], points[faces[:, 1]], points[faces[:, 2]]
    areas: Flat = ((b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])) / 2
    return areas


def _relaxed(points: Flat, faces: NDArray[np.int64], fixed: int) -> Flat:
    """Move the inner points half way to the mean of their neighbours."""
    pairs = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    degree = np.maximum(np.bincount(pairs[:, 0], minlength=len(points)), 1)
    mean = np.stack(
        [np.bincount(pairs[:, 0], points[pairs[:, 1], k], minlength=len(points)) / degree for k in range(2)], 1
    )
    moved = points.copy()
    moved[fixed:] = (points[fixed:] + mean[fixed:]) / 2
    return moved


def _check(panel: Panel) -> None:
    """Raise if a boundary curve's edges are not those of triangles."""
    count = len(panel.points)
    pairs = panel.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    key = np.unique(pairs[:, 0] * count + pairs[:, 1])  # counter-clockwise, as the boundary runs
    ends = np.concatenate([np.stack([curve[:-1], curve[1:]], 1) for curve in panel.curves.values()])
    lost = ~np.isin(ends[:, 0] * count + ends[:, 1], key)
    if lost.any():
        place = panel.points[ends[lost][0, 0]].round(3)
        raise LifecastError(f"piece {panel.name!r} is too narrow at {place}: it loses an edge of its boundary")
