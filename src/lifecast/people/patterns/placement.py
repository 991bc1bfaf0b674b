"""Placement: pattern pieces wrapped around the body's tubes, and relaxed a little toward their flat lengths."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from lifecast.people.patterns.measures import Measures
from lifecast.people.patterns.tube import Points, Tube
from lifecast.people.surface_mesh import averaging

Faces = NDArray[np.int64]
Profile = Callable[[Points], Points]
"""Takes heights (N,) to metres (N,)."""

FARTHEST = 0.08
"""Metres outside of the outline at which even the widest garment starts."""


def profile(*knots: tuple[float, float]) -> Profile:
    """A piecewise linear function through (position, value) knots in any order; its ends continue."""
    x, y = np.array(sorted(knots)).T

    def at(position: Points) -> Points:
        value: Points = np.interp(position, x, y)
        return value

    return at


def slack(tube: Tube, station: Points, girth: Points, clearance: float) -> Points:
    """How far outside of a tube cloth of a girth lies when it is a tube as well, at least `clearance`, metres."""
    off: Points = np.clip((girth - tube.girth(station)) / (2 * np.pi), clearance, FARTHEST)
    return off


def fair(points: Points, faces: Faces, seam: NDArray[np.int64], rings: int = 8, rounds: int = 14) -> Points:
    """Smooth (V, 3) points around a seam whose two sides were placed by different tubes.

    `seam` holds its vertices; `rings` of triangles around it are averaged with their neighbours.
    """
    if not len(seam):
        return points
    mean = averaging(faces.astype(np.int32), len(points))
    near = np.zeros(len(points))
    near[seam] = 1.0
    for _ in range(rings):
        near = ((near > 0) | (mean @ near > 0)).astype(float)
    share = (0.7 * near)[:, None]
    for _ in range(rounds):
        points = points * (1 - share) + (mean @ points) * share
    return points


def settle(
    points: Points, faces: Faces, flat: NDArray[np.float64], measures: Measures, clearance: Points, rounds: int
) -> Points:
    """Relax (V, 3) points toward the flat lengths of their edges, `clearance` (V,) metres outside of the skin.

    Each round moves every vertex by the mean of what its edges want; every fourth moves it out of the skin.
    """
    count = len(points)
    pairs = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    lengths = np.linalg.norm(flat - np.roll(flat, -1, 1), axis=2).ravel()
    pairs = np.sort(pairs, 1)
    _, chosen, where = np.unique(pairs[:, 0] * count + pairs[:, 1], return_index=True, return_inverse=True)
    ends = pairs[chosen]
    rest = np.bincount(where.ravel(), lengths) / np.bincount(where.ravel())
    rows = np.repeat(np.arange(len(ends)), 2)
    signs = np.tile([1.0, -1.0], len(ends))
    difference = sp.csr_matrix((signs, (rows, ends.ravel())), (len(ends), count))
    degree = np.bincount(ends.ravel(), minlength=count)
    spread = (sp.diags(0.5 / np.maximum(degree, 1)) @ difference.T).tocsr()
    points = measures.outside(points, clearance)
    for turn in range(rounds):
        way = difference @ points
        length = np.maximum(np.linalg.norm(way, axis=1), 1e-9)
        points = points + spread @ (way * (1.4 * (rest / length - 1))[:, None])
        if turn % 4 == 3 or turn == rounds - 1:
            points = measures.outside(points, clearance)
    return points
