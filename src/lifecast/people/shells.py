"""Which triangles of a garment lie on its outside: linings, inner pockets and turned-in hems do not.

All of it is judged on the reference body, whose nearest skin says where outside is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from lifecast.people.tailor import Tailor, border_edges, components

DEEP = (0.002, 0.004, 0.007, 0.011, 0.016, 0.022, 0.03, 0.04, 0.05, 0.06)
"""Metres above a triangle where something that covers it is looked for."""
ASIDE = 0.009
"""Metres that what covers it may lie aside of it: about the edge of a garment's triangles."""
LINING = 0.01
"""Square metres: larger patches that look inward are linings."""
HIDDEN = 0.93
"""A part of which this share is covered by other parts is not seen."""


class Outside:
    """The triangles (F, 3) of a garment with points (V, 3) on the reference body, and where outside is for each."""

    def __init__(self, tailor: Tailor, points: NDArray[np.float32], faces: NDArray[np.int32]) -> None:
        corner = points[faces].astype(np.float64)
        cross = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
        length = np.linalg.norm(cross, axis=1)
        self.faces = faces
        self.part = components(faces, len(points))[faces[:, 0]]
        """(F,) the number of the connected part."""
        self.middle = corner.mean(1)
        self.area = length / 2
        self.normal = cross / np.maximum(length, 1e-15)[:, None]
        near = tailor.tree.query(self.middle)[1]
        self.out = tailor.normals[near].astype(np.float64)
        """(F, 3) the direction away from the skin."""
        self.height = np.einsum("fx,fx->f", self.middle - tailor.skin[near], self.out)
        """(F,) metres above the skin."""

    def inside_out(self) -> NDArray[np.bool_]:
        """(F,) the faces of parts whose winding looks inward.

        The outer layer of a part that is double all over counts more than the inner: it is farther from the skin.
        """
        looks = np.einsum("fx,fx->f", self.normal, self.out) * self.area * (self.height + 0.01)
        total = np.bincount(self.part, looks)
        return np.asarray(total[self.part] < 0)

    def hidden(self) -> NDArray[np.bool_]:
        """(F,) the faces that no one sees: parts beneath other parts, and what looks inward beneath what looks out."""
        looks_out = np.einsum("fx,fx->f", self.normal, self.out)
        tree = cKDTree(self.middle)
        under_other = np.zeros(len(self.faces), bool)
        under_any = np.zeros(len(self.faces), bool)
        for deep in DEEP:
            _, near = tree.query(self.middle + self.out * deep, k=4, distance_upper_bound=ASIDE + deep / 4)
            for column in near.T:
                there = np.flatnonzero(column < len(self.faces))
                other = column[there]
                offset = self.middle[other] - self.middle[there]
                above = np.einsum("fx,fx->f", offset, self.out[there])
                same_way = np.einsum("fx,fx->f", self.normal[other], self.out[there])
                covers = (above > 0.0008) & (same_way > 0.2)
                under_any[there] |= covers
                under_other[there] |= covers & (self.part[other] != self.part[there])
        share = np.bincount(self.part, self.area * under_other) / np.maximum(np.bincount(self.part, self.area), 1e-12)
        self.covered = share
        """(P,) the share of each part that other parts cover."""
        return np.asarray((share[self.part] > HIDDEN) | self._without_holes(under_any & (looks_out < -0.2)))

    def _without_holes(self, hidden: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Leave small patches alone that no border touches: taking them out would leave a hole in the cloth."""
        rows = np.flatnonzero(hidden)
        if not len(rows):
            return hidden
        sub = self.faces[rows]
        patch = components(sub, int(sub.max()) + 1)[sub[:, 0]]
        size = np.bincount(patch, self.area[rows])
        on_border = np.isin(sub, border_edges(self.faces)).any(1)
        take = (np.bincount(patch, on_border) > 0) | (size > LINING)
        out = hidden.copy()
        out[rows] = take[patch]
        return out
