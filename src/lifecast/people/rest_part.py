"""A piece that a person wears, on the rest body: a closed mesh with skinning weights and a texture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from lifecast.people.body import SKIN_VERTICES
from lifecast.people.glb import Part
from lifecast.people.regions import part_regions
from lifecast.people.rig import skin
from lifecast.space.mesh_normals import vertex_normals

Points = NDArray[np.float32]
Faces = NDArray[np.int32]
Vector = NDArray[np.float64]


@dataclass
class RestPart:
    """A piece at rest: hair, a shoe, a hat. Its mesh is closed, or a union of closed meshes."""

    name: str
    """`hair:...`, `beard:...`, `shoes:...`, `hat:...`, `glasses:...`, `bag:...`."""
    points: Points
    """(V, 3) metres, on the rest body."""
    weights: sp.csr_matrix
    """(V, B) skinning weights; rows sum to 1."""
    faces: Faces
    """(F, 3), counter-clockwise from outside."""
    uv: NDArray[np.float32]
    """(V, 2), v up."""
    texture: NDArray[np.uint8]
    """(H, W, 3) sRGB."""
    hidden: NDArray[np.bool_]
    """(13380,) skin vertices that lie under the piece and are left out."""
    roughness: float = 0.9

    @property
    def solid(self) -> Solid:
        """The mesh alone."""
        return Solid(self.points.astype(np.float64), self.faces, self.uv.astype(np.float64))

    def posed(self, transforms: NDArray[np.float64]) -> Part:
        """The piece on a posed body, by (B, 3, 4) bone transforms."""
        points = skin(self.points, self.weights, transforms)
        normals = vertex_normals(points, self.faces, "area")
        regions = part_regions(self.name, self.points, self.faces)
        return Part(self.name, points, self.faces, self.uv, normals, self.texture, self.roughness, regions)


@dataclass
class Solid:
    """A closed mesh, or a union of closed meshes, with texture coordinates."""

    points: NDArray[np.float64]
    """(V, 3) metres."""
    faces: Faces
    """(F, 3), counter-clockwise from outside."""
    uv: NDArray[np.float64]
    """(V, 2)"""

    def volume(self) -> float:
        """Cubic metres inside; what lies inside of several of the meshes counts as often."""
        a, b, c = (self.points[self.faces[:, k]].astype(np.float64) for k in range(3))
        return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)

    def unmatched_edges(self) -> int:
        """The directed edges without one of the opposite direction; 0 for closed, consistently wound meshes."""
        f = self.faces.astype(np.int64)
        edges = np.concatenate([f[:, [0, 1]], f[:, [1, 2]], f[:, [2, 0]]])
        count = int(f.max(initial=-1)) + 1
        low, high = edges.min(1), edges.max(1)
        sign = np.where(edges[:, 0] == low, 1, -1)
        _, which = np.unique(low * count + high, return_inverse=True)
        return int(np.abs(np.bincount(which.ravel(), sign)).sum())

    def moved(self, turn: NDArray[np.float64], shift: NDArray[np.float64]) -> Solid:
        """The mesh under p -> turn @ p + shift; a mirror image keeps its outside."""
        faces = self.faces if np.linalg.det(turn) > 0 else self.faces[:, ::-1]
        return Solid(self.points @ turn.T + shift, faces.astype(np.int32), self.uv)


def union(solids: Sequence[Solid]) -> Solid:
    """Put solids into one mesh; where they overlap, all of them stay."""
    if not solids:
        return Solid(np.zeros((0, 3)), np.zeros((0, 3), np.int32), np.zeros((0, 2)))
    starts = np.cumsum([0, *(len(solid.points) for solid in solids[:-1])])
    faces = np.concatenate([solid.faces + start for solid, start in zip(solids, starts, strict=True)])
    return Solid(
        np.concatenate([solid.points for solid in solids]),
        faces.astype(np.int32),
        np.concatenate([solid.uv for solid in solids]),
    )


def nothing_hidden() -> NDArray[np.bool_]:
    """(13380,) of False."""
    return np.zeros(SKIN_VERTICES, bool)


def rigid(count: int, bone: int, bones: int) -> sp.csr_matrix:
    """(count, bones) weights of a piece that follows one bone."""
    rows = np.arange(count)
    return sp.csr_matrix((np.ones(count), (rows, np.full(count, bone))), (count, bones))


def along_chain(
    position: NDArray[np.float64], knots: Sequence[float], chain: Sequence[int], bones: int
) -> sp.csr_matrix:
    """(V, bones) weights blended linearly along a chain of bones; `knots` ascend, one a bone."""
    place = np.interp(position, knots, np.arange(len(chain)))
    low = np.minimum(place.astype(np.int64), len(chain) - 2)
    share = place - low
    rows = np.arange(len(position))
    owner = np.asarray(chain)
    return sp.csr_matrix(
        (
            np.concatenate([1 - share, share]),
            (np.concatenate([rows, rows]), np.concatenate([owner[low], owner[low + 1]])),
        ),
        (len(position), bones),
    )
