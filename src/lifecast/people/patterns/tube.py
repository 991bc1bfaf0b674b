"""The convex outline around the trunk or a limb, as a measuring tape lies: by station along an axis, and by share.

An outline is kept as its support function h(θ), the distance of the tangent line whose normal has the angle θ. Then
the girth is the integral of h (Cauchy), an outline that lies c outside has h + c, and its points are
h n + h' t with n = (cos θ, sin θ) and t its derivative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

Points = NDArray[np.float64]

DIRECTIONS = 128
"""Angles of the support function."""

SPACING = 0.1
"""Metres outside of an outline at which its samples lie evenly."""


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
    """(S, K + 1, 2) points of the outline from its centre, from the front centre once around."""
    walked: Points
    """(S, K + 1) metres walked along the outline there, and"""
    angles: Points
    """(S, K + 1) the angles of its normals, ascending by a full turn."""
    girths: Points
    """(S,) metres."""

    def girth(self, station: Points | float) -> Any:
        """Measure the outline's length at one or more stations, metres; the ends continue."""
        return np.interp(station, self.stations, self.girths)

    def place(self, station: Points, share: Points, offset: Points | float) -> Points:
        """Compute (N, 3) points `offset` metres outside of the outline.

        `share` is the part of the girth walked from the front centre toward the side: 0.5 lies at the back.
        """
        row = np.clip((station - self.stations[0]) / (self.stations[1] - self.stations[0]), 0, len(self.stations) - 1)
        low = np.minimum(row.astype(int), len(self.stations) - 2)
        up = row - low
        out = np.broadcast_to(np.asarray(offset, float), station.shape)

        def between(table: Points, column: NDArray[np.int64]) -> Points:
            weight = up if table.ndim == 2 else up[:, None]
            value: Points = table[low, column] * (1 - weight) + table[low + 1, column] * weight
            return value

        # A curve c outside of an outline of length P has the length P + 2 pi c, of which walked + c angle lie behind.
        whole = between(self.walked, np.full(len(low), -1)) + 2 * np.pi * out
        wanted = (share % 1.0) * whole
        first, last = np.zeros(len(low), int), np.full(len(low), self.walked.shape[1] - 1)
        while (last - first).max() > 1:
            middle = (first + last) // 2
            before = between(self.walked, middle) + out * between(self.angles, middle) <= wanted
            first, last = np.where(before, middle, first), np.where(before, last, middle)
        start, stop = (between(self.walked, k) + out * between(self.angles, k) for k in (first, last))
        along = np.clip((wanted - start) / np.maximum(stop - start, 1e-9), 0, 1)
        angle = between(self.angles, first) * (1 - along) + between(self.angles, last) * along
        flat = between(self.outline, first) * (1 - along)[:, None] + between(self.outline, last) * along[:, None]
        flat = flat + self.centres[low] * (1 - up)[:, None] + self.centres[low + 1] * up[:, None]
        flat = flat + np.stack([np.cos(angle), np.sin(angle)], 1) * out[:, None]
        place: Points = self.origin + station[:, None] * self.axis + flat[:, :1] * self.front + flat[:, 1:] * self.side
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
    outline, walked, angles = _evenly(polygon, angle)
    return Tube(stations, origin, axis, front, side, centres, outline, walked, angles, support.mean(1) * 2 * np.pi)


def _evenly(polygon: Points, angle: Points) -> tuple[Points, Points, Points]:
    """Resample closed polygons (S, K, 2), whose normals have angles (K,), evenly along the curve `SPACING` outside.

    That samples both straight sides and sharp corners. Returns points, metres walked, and angles of normals.
    """
    count = polygon.shape[1]
    closed = np.concatenate([polygon, polygon[:, :1]], 1)
    turned = np.append(angle, 2 * np.pi)
    walked = np.concatenate(
        [np.zeros((len(polygon), 1)), np.cumsum(np.linalg.norm(np.diff(closed, axis=1), axis=2), 1)], 1
    )
    out = np.empty((len(polygon), count + 1, 4))
    for k in range(len(polygon)):
        position = walked[k] + SPACING * turned
        wanted = np.linspace(0, position[-1], count + 1)
        for column, values in enumerate((closed[k, :, 0], closed[k, :, 1], walked[k], turned)):
            out[k, :, column] = np.interp(wanted, position, values)
    return out[:, :, :2], out[:, :, 2], out[:, :, 3]
