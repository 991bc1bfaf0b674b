"""Signed distances to a closed mesh on a grid of points, read between them by trilinear interpolation.

    grid = DistanceGrid.of_mesh(vertices, faces, spacing=0.0025, margin=0.03)
    grid(points)                                 # (N,) negative inside

Small parts of a body join an occupancy field this way: the grid is made once, and a point then costs eight look-ups.
The sign is the winding number along the line of sight, so that parts that run into each other count as one solid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree
from torch import Tensor

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

EXACT = 1.5
"""Steps from the surface's nearest grid points within which distances are exact; beyond they are to these points."""
NEAREST = 5
"""So many triangles, nearest by their centres, are measured for each point."""
LONGEST = 2.5
"""Steps of the grid that a triangle's edges have at most before their centres are compared."""
ASIDE = (0.137, 0.291, 0.083)
"""Share of a step by which the grid is moved, so that its lines of sight hardly ever meet an edge."""


@dataclass(frozen=True)
class DistanceGrid:
    """Signed distances to a mesh around it, view units."""

    origin: Tensor
    """(3,) the first point."""
    spacing: float
    values: Tensor
    """(X, Y, Z) float32, negative inside."""

    @classmethod
    def of_mesh(
        cls,
        vertices: NDArray[np.floating],
        faces: NDArray[np.integer],
        spacing: float,
        margin: float,
        box: tuple[Floats, Floats] | None = None,
    ) -> DistanceGrid:
        """Measure the distances of the points of a grid.

        vertices (V, 3); faces (F, 3), counter-clockwise seen from outside, closed. The grid fills `box`, its lowest and
        its highest corner, by default all within `margin` of the mesh. The box may cut the mesh.
        """
        corners = np.asarray(vertices, np.float64)[faces]  # (F, 3, 3)
        low, high = box if box is not None else (corners.min((0, 1)) - margin, corners.max((0, 1)) + margin)
        # Triangles that are far from the box count for the sign alone.
        close = ((corners.max(1) > low - margin) & (corners.min(1) < high + margin)).all(1)
        origin = low - spacing * np.array(ASIDE)
        shape = np.ceil((high - origin) / spacing).astype(int) + 1
        inside = _winding((corners - origin) / spacing, shape) > 0
        away = ndimage.distance_transform_edt(~_beside_a_change(inside))
        near = np.argwhere(away < EXACT)  # (N, 3)
        values = away + 0.5
        values[tuple(near.T)] = _distances(near.astype(np.float64), _split((corners[close] - origin) / spacing))
        values = np.where(inside, -values, values)
        return cls(
            torch.tensor(origin, dtype=torch.float32), spacing, torch.tensor(values * spacing, dtype=torch.float32)
        )

    @property
    def box(self) -> tuple[Tensor, Tensor]:
        """The lowest and the highest corner, (3,) each."""
        return self.origin, self.origin + self.spacing * (torch.tensor(self.values.shape) - 1)

    def __call__(self, points: Tensor) -> Tensor:
        """Read the distances (N,) at points (N, 3); beyond the grid those of its nearest point."""
        shape = torch.tensor(self.values.shape, device=points.device)
        place = ((points - self.origin.to(points)) / self.spacing).clamp_min(0)
        place = torch.minimum(place, (shape - 1).to(place) - 1e-4)
        base = place.long()
        share = place - base  # (N, 3)
        flat, (_, across, along) = self.values.to(points.device).view(-1), self.values.shape
        start = (base[:, 0] * across + base[:, 1]) * along + base[:, 2]
        found = torch.zeros_like(share[:, 0])
        for corner in range(8):
            steps = [corner >> 2, corner >> 1 & 1, corner & 1]
            weight = torch.ones_like(found)
            for axis, step in enumerate(steps):
                weight = weight * (share[:, axis] if step else 1 - share[:, axis])
            found += weight * flat[start + (steps[0] * across + steps[1]) * along + steps[2]]
        return found


def _beside_a_change(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Find the grid points with a neighbour on the other side of the surface."""
    found = np.zeros_like(inside)
    for axis in range(3):
        values, marked = inside.swapaxes(0, axis), found.swapaxes(0, axis)
        change = values[1:] != values[:-1]
        marked[1:] |= change
        marked[:-1] |= change
    return found


def _winding(corners: Floats, shape: NDArray[np.integer]) -> NDArray[np.int32]:
    """Count how often the mesh winds around each grid point: what faces the camera before it less what is turned away.

    corners (F, 3, 3) in steps of the grid.
    """
    flat = corners[:, :, :2]
    first = np.ceil(flat.min(1)).astype(int).clip(0)  # (F, 2)
    count = (np.floor(flat.max(1)).astype(int) - first + 1).clip(0)  # (F, 2)
    pairs = count.prod(1)
    face = np.repeat(np.arange(len(corners)), pairs)
    at = np.arange(pairs.sum()) - np.repeat(np.cumsum(pairs) - pairs, pairs)
    x = first[face, 0] + at // np.maximum(count[face, 1], 1)
    y = first[face, 1] + at % np.maximum(count[face, 1], 1)
    a, b, c = (flat[face, k] for k in range(3))
    point = np.stack([x, y], 1)
    area = _cross(b - a, c - a)
    safe = np.where(area == 0, 1, area)
    weights = np.stack([_cross(b - point, c - point), _cross(c - point, a - point), _cross(a - point, b - point)], 1)
    weights /= safe[:, None]
    hit = (weights >= 0).all(1) & (area != 0)
    x, y, face, area = x[hit], y[hit], face[hit], area[hit]
    z = (weights[hit] * corners[face, :, 2]).sum(1)
    changes = np.zeros(tuple(shape), np.int32)
    under = np.ceil(z).astype(int) - 1  # the last grid point behind the face
    kept = (under >= 0) & (x < shape[0]) & (y < shape[1])
    np.add.at(
        changes,
        (x[kept], y[kept], np.minimum(under[kept], shape[2] - 1)),
        np.where(area[kept] > 0, 1, -1).astype(np.int32),
    )
    result: NDArray[np.int32] = changes[:, :, ::-1].cumsum(2)[:, :, ::-1]
    return result


def _cross(a: Floats, b: Floats) -> Floats:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _split(corners: Floats) -> Floats:
    """Halve the edges of triangles (F, 3, 3) until none is longer than `LONGEST`."""
    done = []
    while len(corners):
        long = np.linalg.norm(np.roll(corners, -1, 1) - corners, axis=2).max(1) > LONGEST
        done.append(corners[~long])
        a, b, c = (corners[long, k] for k in range(3))
        ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
        corners = np.concatenate([np.stack(one, 1) for one in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])
    return np.concatenate(done)


def _distances(points: Floats, corners: Floats) -> Floats:
    """Distance (N,) of points (N, 3) to the nearest of small triangles (F, 3, 3)."""
    near = cKDTree(corners.mean(1)).query(points, k=min(NEAREST, len(corners)))[1].reshape(len(points), -1)  # (N, k)
    found = np.full(len(points), np.inf)
    for k in range(near.shape[1]):
        found = np.minimum(found, _to_triangles(points, corners[near[:, k]]))
    return found


def _to_triangles(points: Floats, corners: Floats) -> Floats:
    """Distance (N,) of each point (N, 3) to its own triangle (N, 3, 3)."""
    a, b, c = (corners[:, k] for k in range(3))
    ab, ac, ap = b - a, c - a, points - a
    d11, d12, d22 = _dot(ab, ab), _dot(ab, ac), _dot(ac, ac)
    p1, p2 = _dot(ap, ab), _dot(ap, ac)
    whole = np.maximum(d11 * d22 - d12 * d12, 1e-30)
    v, w = (d22 * p1 - d12 * p2) / whole, (d11 * p2 - d12 * p1) / whole
    off = ap - v[:, None] * ab - w[:, None] * ac
    over = (v < 0) | (w < 0) | (v + w > 1)
    edges = np.full(len(points), np.inf)
    for start, way in ((a, ab), (a, ac), (b, c - b)):
        from_start = points - start
        share = _dot(from_start, way) / np.maximum(_dot(way, way), 1e-30)
        from_start -= share.clip(0, 1)[:, None] * way
        edges = np.minimum(edges, _dot(from_start, from_start))
    result: Floats = np.sqrt(np.where(over, edges, _dot(off, off)))
    return result


def _dot(a: Floats, b: Floats) -> Floats:
    result: Floats = np.einsum("ij,ij->i", a, b)
    return result
