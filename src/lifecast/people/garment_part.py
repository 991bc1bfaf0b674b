"""Draped garments as parts of a person: split at pattern pieces, stitched, hemmed and turned in at their borders."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from lifecast.people.cloth.mesh import ClothMesh
from lifecast.people.glb import Part
from lifecast.people.surface_mesh import averaging
from lifecast.people.tailor import border_edges
from lifecast.scans.regions import Regions
from lifecast.space.mesh_normals import vertex_normals

Points = NDArray[np.float32]


@dataclass(frozen=True)
class Stitching:
    """How deep stitches and hems show, metres."""

    groove: float = 0.0009
    """Depth of a seam."""
    swell: float = 0.0004
    """Height of the cloth on both sides of it."""
    hem_width: float = 0.018
    """How far cloth is turned up at a hem."""
    hem_height: float = 0.0008
    """How much thicker a hem is."""
    turn_in: float = 0.008
    """How far borders go on inside: an edge has a thickness."""
    edge: float = 0.0022
    """That thickness."""


class GarmentSurface:
    """What stays the same of a garment's surface from pose to pose: its texture coordinates, stitches and borders.

    Parameters
    ----------
    mesh
        Of all garments of a person.
    number
        Which of them.
    """

    def __init__(self, mesh: ClothMesh, number: int, stitching: Stitching = Stitching()) -> None:
        self.garment, self.stitching = mesh.garments[number], stitching
        own = np.flatnonzero(mesh.garment == number)
        self.particles = own
        """(V,) the particles of the mesh that are this garment's."""
        self._new = np.zeros(len(mesh.points), np.int32)
        self._new[own] = np.arange(len(own))
        rows = mesh.garment[mesh.faces[:, 0]] == number
        self.faces: NDArray[np.int32] = self._new[mesh.faces[rows]]
        piece = np.repeat(self.garment.piece, len(self.faces) // len(self.garment.faces))
        width = int(piece.max()) + 1
        key = self.faces.astype(np.int64) * width + piece[:, None]
        kept, first, inverse = np.unique(key.ravel(), return_index=True, return_inverse=True)
        self.split: NDArray[np.int32] = inverse.reshape(-1, 3).astype(np.int32)
        self.split_of: NDArray[np.int32] = (kept // width).astype(np.int32)
        self.metres: Points = mesh.flat[rows].reshape(-1, 2)[first]
        """(V', 2) texture coordinates in metres."""
        self.relief = self._relief(mesh, number)
        self._borders(border_edges(self.faces))
        self.regions: Regions | None = None
        """(F',) of `all_faces`, once `set_regions` was called."""

    @cached_property
    def average(self) -> sp.csr_matrix:
        """(V, V) that averages the particles' neighbours."""
        return averaging(self.faces, len(self.particles))

    def _relief(self, mesh: ClothMesh, number: int) -> Points:
        """(V,) metres that stitches and hems stand out."""
        s, count = self.stitching, len(self.particles)
        inside = mesh.garment[mesh.edges[:, 0]] == number
        a, b = self._new[mesh.edges[inside]].T
        graph = sp.csr_matrix((mesh.length[inside], (a, b)), (count, count))

        def far(lines: NDArray[np.int32]) -> NDArray[np.float64]:
            ends = np.unique(self._new[lines[mesh.garment[lines[:, 0]] == number]])
            if not len(ends):
                return np.full(count, np.inf)
            limit = s.hem_width + 0.01
            away: NDArray[np.float64] = dijkstra(graph, directed=False, indices=ends, min_only=True, limit=limit)
            return away

        seam, hem = far(mesh.seams), far(mesh.hems)
        height = np.where(seam < 0.002, -s.groove, np.where(seam < 0.008, s.swell, 0))
        height = height + np.where(hem < s.hem_width, s.hem_height, 0)
        return height.astype(np.float32)

    def _borders(self, edges: NDArray[np.int32]) -> None:
        """Prepare the strips that go on inside of the borders."""
        self._edges = edges
        self._rim, local = np.unique(edges, return_inverse=True)
        self._ends = local.reshape(-1, 2)
        copy = np.zeros(int(self.split_of.max()) + 1, np.int64)
        copy[self.split_of] = np.arange(len(self.split_of))
        self._rim_copy = copy[self._rim]
        count = len(self.split_of)
        a, b = self._ends.T
        one, two = (self._rim_copy[k] for k in (a, b))
        under, deep = count + a, count + len(self._rim) + a
        under_b, deep_b = count + b, count + len(self._rim) + b
        turned = ((two, one, under), (two, under, under_b), (under_b, under, deep), (under_b, deep, deep_b))
        strips = [np.stack(corners, 1) for corners in turned]
        self.all_faces: NDArray[np.int32] = np.concatenate([self.split, *strips]).astype(np.int32)
        self.all_metres: Points = np.concatenate([self.metres, *[self.metres[self._rim_copy]] * 2])

    def set_regions(self, regions: Regions) -> None:
        """Give the faces of the surface the regions (F,) of the garment's faces; borders are their cloth's."""
        fine = np.repeat(regions, len(self.faces) // len(self.garment.faces))
        at = np.zeros(len(self.particles), np.uint8)
        at[self.faces] = fine[:, None]
        self.regions = np.concatenate([fine, np.tile(at[self._edges[:, 0]], 4)])

    def part(self, points: NDArray[np.floating], texture: NDArray[np.uint8], repeats: float) -> Part:
        """Make the part of a pose.

        Parameters
        ----------
        points
            (V, 3) the garment's particles.
        texture
            (H, W, 3), repeated `repeats` times a metre.
        """
        s = self.stitching
        smooth = np.asarray(points, np.float32)
        smooth = smooth + vertex_normals(smooth, self.faces, "area") * self.relief[:, None]
        normals = vertex_normals(smooth, self.faces, "area")
        rim = normals[self._rim]
        along = smooth[self._edges[:, 1]] - smooth[self._edges[:, 0]]
        into = np.cross(normals[self._edges[:, 0]], along)  # from the border into the cloth
        inward = np.zeros((len(self._rim), 3), np.float32)
        for k in range(2):
            np.add.at(inward, self._ends[:, k], into)
        inward /= np.maximum(np.linalg.norm(inward, axis=1, keepdims=True), 1e-9)
        under = smooth[self._rim] - rim * np.float32(s.edge)
        deep = under + inward * np.float32(s.turn_in) - rim * np.float32(0.0005)
        return Part(
            f"{self.garment.part}:{self.garment.name}",
            np.concatenate([smooth[self.split_of], under, deep]).astype(np.float32), self.all_faces,
            (self.all_metres * np.float32(repeats)).astype(np.float32),
            np.concatenate([normals[self.split_of], -inward, -rim]).astype(np.float32), texture, regions=self.regions,
        )  # fmt: skip
