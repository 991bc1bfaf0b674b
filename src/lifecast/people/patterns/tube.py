"""The convex outline around the trunk or a limb, as a measuring tape lies: by station along an axis, and by share.

An outline is kept as its support function h(θ), the distance of the tangent line whose normal has the angle θ. Then
the girth is the integral of h (Cauchy), an outline that lies c outside has h + c, and its points are
h n + h' t with n = (cos θ, sin θ) and t its derivative.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

Points = NDArray[np.float64]

DIRECTIONS = 128
"""Angles of the support function."""


@dataclass(frozen=True, eq=False)
class Tube:
    """Convex outlines around an axis; angle 0 points along `front`, a quarter turn along `side`."""

    stations: Points
    """(S,) metres along the axis, ascending, evenly spaced."""
    origin: Points
    """(3,) the point of station 0."""
    axis: Points
    front: Points
    side: Points
    """(3,) unit vectors, orthogonal; `axis` points toward greater stations."""
    centres: Points
    """(S, 2) along `front` and `side`: about where the angles turn."""
    outline: Points
    """(S, K, 2) points of the outline from its centre, evenly spaced along it, from the front centre on."""
    normals: Points
    """(S, K, 2) unit normals there."""
    girths: Points
    """(S,) metres."""

    def girth(self, station: Points | float) -> Points:
        """Measure the outline's length at stations, metres; the ends continue."""
        return np.interp(station, self.stations, self.girths)

    def place(self, station: Points, share: Points, offset: Points | float) -> Points:
        """Compute (N, 3) points `offset` metres outside of the outline.

        `share` is the part of the girth walked from the front centre toward the side: 0.5 lies at the back.
        """
        count = self.outline.shape[1]
        row = np.clip((station - self.stations[0]) / (self.stations[1] - self.stations[0]), 0, len(self.stations) - 1)
        low = np.minimum(row.astype(int), len(self.stations) - 2)
        up = (row - low)[:, None]
        column = (share % 1.0) * count
        left = column.astype(int) % count
        right, along = (left + 1) % count, (column - np.floor(column))[:, None]

        def blend(table: Points) -> Points:
            a = table[low, left] * (1 - along) + table[low, right] * along
            b = table[low + 1, left] * (1 - along) + table[low + 1, right] * along
            return a * (1 - up) + b * up

        flat = blend(self.outline) + self.centres[low] * (1 - up) + self.centres[low + 1] * up
        flat = flat + blend(self.normals) * np.broadcast_to(np.asarray(offset, float), station.shape)[:, None]
        place: Points = (
            self.origin + station[:, None] * self.axis + flat[:, :1] * self.front + flat[:, 1:] * self.side
        )
        return place


def measure_tube(
    points: Points, edges: NDArray[np.int64], origin: Points, axis: Points, front: Points,
    stations: Points, symmetric: bool = False,
) -> Tube:  # fmt: skip
    """Measure the outlines of the sections of a mesh by planes across an axis.

    Parameters
    ----------
    points, edges : (V, 3) metres, and (E, 2) the edges that belong to the limb.
    origin, axis, front : (3,) the point of station 0, the unit axis, and a unit vector across it.
    stations : (S,) evenly spaced, ascending.
    symmetric : the side's two halves are alike, and the centre lies at side 0.

    A station that no edge crosses takes the outline of the nearest one that is crossed.
    """
    side = np.cross(axis, front)
    local = (points - origin) @ np.stack([axis, front, side], 1)  # (V, 3) station, front, side
    a, b = local[edges[:, 0]], local[edges[:, 1]]
    swap = a[:, 0] > b[:, 0]
    a, b = np.where(swap[:, None], b, a), np.where(swap[:, None], a, b)
    step = stations[1] - stations[0]
    first = np.ceil((a[:, 0] - stations[0]) / step).astype(int)
    count = np.maximum(np.floor((b[:, 0] - stations[0]) / step).astype(int) - first + 1, 0)
    edge = np.repeat(np.arange(len(edges)), count)
    row = np.repeat(first, count) + np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    inside = (row >= 0) & (row < len(stations))
    edge, row = edge[inside], row[inside]
    share = (stations[row] - a[edge, 0]) / np.maximum(b[edge, 0] - a[edge, 0], 1e-12)
    cut = a[edge, 1:] + (b[edge, 1:] - a[edge, 1:]) * share[:, None]  # (N, 2)

    angle = np.arange(DIRECTIONS) / DIRECTIONS * 2 * np.pi
    direction = np.stack([np.cos(angle), np.sin(angle)], 1)
    support = np.full((len(stations), DIRECTIONS), -np.inf)
    order = np.argsort(row, kind="stable")
    filled, starts = np.unique(row[order], return_index=True)
    support[filled] = np.maximum.reduceat(cut[order] @ direction.T, starts, axis=0)
    nearest = filled[np.abs(np.arange(len(stations))[:, None] - filled).argmin(1)]
    support = support[nearest]
    if symmetric:
        support = (support + np.roll(support[:, ::-1], 1, axis=1)) / 2
    support = gaussian_filter1d(support, 1.0, axis=0, mode="nearest")
    half = DIRECTIONS // 2
    quarter = DIRECTIONS // 4
    centres = np.stack([support[:, 0] - support[:, half], support[:, quarter] - support[:, half + quarter]], 1) / 2
    support = support - centres @ direction.T
    slope = (np.roll(support, -1, 1) - np.roll(support, 1, 1)) / (2 * angle[1])
    tangent = np.stack([-direction[:, 1], direction[:, 0]], 1)
    polygon = support[..., None] * direction + slope[..., None] * tangent  # (S, K, 2)
    outline, normals = _evenly(polygon, direction)
    return Tube(stations, origin, axis, front, side, centres, outline, normals, support.mean(1) * 2 * np.pi)


def _evenly(polygon: Points, normals: Points) -> tuple[Points, Points]:
    """Resample closed polygons (S, K, 2) evenly along their length, and the normals (K, 2) with them."""
    count = polygon.shape[1]
    closed = np.concatenate([polygon, polygon[:, :1]], 1)
    length = np.linalg.norm(np.diff(closed, axis=1), axis=2) + 1e-9
    walked = np.concatenate([np.zeros((len(polygon), 1)), np.cumsum(length, 1)], 1)
    walked /= walked[:, -1:]
    wanted = np.arange(count) / count
    corner = np.concatenate([normals, normals[:1]])
    points, turned = np.empty_like(polygon), np.empty_like(polygon)
    for k, at in enumerate(walked):
        for axis in range(2):
            points[k, :, axis] = np.interp(wanted, at, closed[k, :, axis])
            turned[k, :, axis] = np.interp(wanted, at, corner[:, axis])
    return points, turned / np.maximum(np.linalg.norm(turned, axis=2, keepdims=True), 1e-9)
