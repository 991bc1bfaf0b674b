"""The number of bodies in a scan.

A scan is one person: networks would learn a second one as a part of them. All lengths are shares of the scan's longest
side, so that children and any unit are judged alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from lifecast.errors import ScanError

CELLS = 90
"""Cells along the longest side: 2 cm of an adult who stands. Surfaces in neighbouring cells touch."""
SAMPLES = 150_000
LENGTH_SHARE = 0.5
"""A separate body is at least so long, against the whole scan: a child next to an adult, but no leg and no shoe."""
AREA_SHARE = 0.2
"""And has at least so much surface, against the largest: a child of half an adult's height has a quarter."""
PEELED = 3
"""Cells taken off the solid to find trunks: arms and hands, by which people touch, are thinner than twice that."""
TRUNK_SHARE = 0.3
"""A second trunk has at least so much volume, against the first. A head or a thigh that comes apart has a tenth."""
SOLID_SHARE = 0.03
"""And so much of the whole solid. With less of it in trunks, holes have let most of the inside out."""


@dataclass(frozen=True)
class Bodies:
    """What `find_bodies` finds."""

    lengths: list[float]
    """Longest sides of the bodies that do not touch, in the unit of the vertices, the one with most surface first."""
    gap: float
    """Shortest way between the first two; 0 where there is only one."""
    trunks: int
    """How many trunks there are; 0 where holes in the surface leave no solid."""


def surface_samples(vertices: NDArray[np.floating], faces: NDArray[np.integer], count: int) -> NDArray[np.float64]:
    """Draw points (count, 3) evenly from a surface.

    It has (V, 3) `vertices`, (F, 3) `faces`. The points are always the same ones.
    """
    corners = np.asarray(vertices, np.float64)[faces]  # (F, 3, 3)
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    rng = np.random.default_rng(0)
    along = (np.arange(count) + rng.random(count)) / count * area.sum()
    face = np.searchsorted(np.cumsum(area), along).clip(max=len(faces) - 1)
    first, second, third = np.moveaxis(corners[face], 1, 0)  # (count, 3) each
    a, b = rng.random((2, count, 1))
    outside = a + b > 1
    a, b = np.where(outside, 1 - a, a), np.where(outside, 1 - b, b)
    samples: NDArray[np.float64] = first + a * (second - first) + b * (third - first)
    return samples


def find_bodies(vertices: NDArray[np.floating], faces: NDArray[np.integer]) -> Bodies:
    """Find the bodies in the surface of (V, 3) `vertices`, in any unit, and (F, 3) `faces`."""
    points = surface_samples(vertices, faces, SAMPLES)
    longest = float(np.ptp(points, axis=0).max())
    cell = ((points - points.min(axis=0)) * (CELLS / longest)).astype(np.int64) + 2  # an empty margin around
    shell = np.zeros(cell.max(axis=0) + 3, bool)
    shell[tuple(cell.T)] = True
    touching = np.ones((3, 3, 3), bool)
    labels, count = ndimage.label(shell, touching)
    body = labels[tuple(cell.T)] - 1  # (N,) of each sample
    area = np.bincount(body, minlength=count)
    large = [points[body == i] for i in np.argsort(-area) if area[i] >= AREA_SHARE * area.max()]
    apart = [part for part in large if np.ptp(part, axis=0).max() >= LENGTH_SHARE * longest] or large[:1]
    gap = float(cKDTree(apart[0]).query(apart[1][::10])[0].min()) if len(apart) > 1 else 0.0
    solid = ndimage.binary_fill_holes(shell | ndimage.binary_closing(shell))
    trunk, _ = ndimage.label(ndimage.distance_transform_edt(solid) > PEELED, touching)
    volume = np.bincount(trunk.ravel())[1:]
    trunks = int((volume >= max(TRUNK_SHARE * volume.max(initial=0), SOLID_SHARE * solid.sum())).sum())
    return Bodies([float(np.ptp(part, axis=0).max()) for part in apart], gap, trunks)


def check_one_body(vertices: NDArray[np.floating], faces: NDArray[np.integer], source: str) -> str | None:
    """A note on what may be a second person in the scan `source`; None where there is one body.

    `vertices` (V, 3) are in metres. A person who holds something as thick as a trunk gets a note as well.

    Raises
    ------
    ScanError
        The scan holds several bodies that do not touch.
    """
    found = find_bodies(vertices, faces)
    if len(found.lengths) > 1:
        lengths = " and ".join(f"{length:.2f}" for length in found.lengths)
        raise ScanError(
            f"{source}: holds {len(found.lengths)} bodies that do not touch ({lengths} m long, {found.gap:.2f} m "
            "between them); a scan is one person: cut it into a file for each, and leave out what is not the person"
        )
    if found.trunks > 1:
        return f"looks like {found.trunks} bodies that touch; if {source} is more than one person, take it away"
    return None
