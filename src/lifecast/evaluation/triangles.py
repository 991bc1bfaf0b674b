"""A triangle mesh as the metrics need it: exact closest points, area-weighted samples, inside or outside.

Vertices are in view space (x right, y up, z toward the camera); one unit is 128 cm for a person normalised to
180 cm.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from lifecast.errors import MissingExtra, ScanError
from lifecast.scans.morton import morton_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lifecast.scans.occupancy import Solid

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


def _igl() -> Any:
    try:
        import igl
    except ImportError as error:
        raise MissingExtra("libigl", "evaluation", "measuring surfaces") from error
    return igl


@dataclass(frozen=True)
class Triangles:
    """A triangle mesh (or soup) with what is derived from it computed once.

    vertices: (V, 3) float64. faces: (F, 3) int64, counter-clockwise from outside.
    Raises `ScanError` for an empty mesh, non-finite vertices or indices out of range.
    """

    vertices: Floats
    faces: Integers

    def __post_init__(self) -> None:
        vertices = np.ascontiguousarray(self.vertices, dtype=np.float64)
        faces = np.ascontiguousarray(self.faces, dtype=np.int64)
        if vertices.ndim != 2 or vertices.shape[1] != 3 or faces.ndim != 2 or faces.shape[1] != 3:
            raise ScanError(f"a mesh needs (V, 3) vertices and (F, 3) faces, got {vertices.shape}, {faces.shape}")
        if len(faces) == 0:
            raise ScanError("the mesh has no triangles: nothing can be measured on it")
        if faces.min() < 0 or faces.max() >= len(vertices):
            raise ScanError(f"a face names vertex {faces.max()} of a mesh with {len(vertices)} vertices")
        if not np.isfinite(vertices).all():
            raise ScanError("the mesh has vertices that are not finite numbers")
        object.__setattr__(self, "vertices", vertices)
        object.__setattr__(self, "faces", faces)
        if not self.face_areas.sum() > 0:
            raise ScanError("the mesh has no area: all of its triangles are degenerate")

    @cached_property
    def _cross(self) -> Floats:
        a, b, c = (self.vertices[self.faces[:, i]] for i in range(3))
        return np.asarray(np.cross(b - a, c - a))

    @cached_property
    def face_areas(self) -> Floats:
        """(F,) areas in square units."""
        return np.asarray(0.5 * np.linalg.norm(self._cross, axis=1))

    @cached_property
    def face_normals(self) -> Floats:
        """(F, 3) unit normals; zero for degenerate triangles."""
        length = np.linalg.norm(self._cross, axis=1, keepdims=True)
        return np.asarray(np.divide(self._cross, length, out=np.zeros_like(self._cross), where=length > 0))

    @cached_property
    def vertex_normals(self) -> Floats:
        """(V, 3) area-weighted unit normals; zero for vertices of no triangle."""
        total = np.zeros_like(self.vertices)
        for corner in range(3):
            np.add.at(total, self.faces[:, corner], self._cross)
        length = np.linalg.norm(total, axis=1, keepdims=True)
        return np.asarray(np.divide(total, length, out=np.zeros_like(total), where=length > 0))

    @cached_property
    def _tree(self) -> Any:
        tree = _igl().AABB()
        tree.init(self.vertices, self.faces)
        return tree

    @cached_property
    def solid(self) -> Solid:
        """The solid that the triangles bound, as for the training labels."""
        _igl()
        from lifecast.scans.occupancy import Solid

        return Solid(self.vertices, self.faces)

    @cached_property
    def bounds(self) -> Floats:
        """(2, 3) lowest and highest corner over the vertices that triangles use."""
        used = self.vertices[self.faces.reshape(-1)]
        return np.stack([used.min(0), used.max(0)])

    def closest(self, points: Floats) -> tuple[Floats, Integers, Floats]:
        """Find the exact closest points on the triangles.

        Distances (N,), faces (N,), points (N, 3).
        """
        order = morton_order(points)  # neighbours in turn find the tree's branch in the cache: half the time
        queries = np.ascontiguousarray(np.asarray(points, np.float64)[order])
        squared, face, closest = np.empty(len(points)), np.empty(len(points), np.int64), np.empty((len(points), 3))
        squared[order], face[order], closest[order] = self._tree.squared_distance(self.vertices, self.faces, queries)
        return np.sqrt(np.maximum(squared, 0.0)), face, closest

    def winding(self, points: Floats) -> Floats:
        """Compute the generalised winding number (N,), by the fast hierarchical form.

        It is 1 inside a closed outward mesh and 0 outside.
        """
        return self.solid.winding_number(points)

    def inside(self, points: Floats) -> NDArray[np.bool_]:
        """Decide whether each point is inside, (N,), as for the training labels.

        It is if its generalised winding number is above 0.5, or if it lies in a pocket that is not visible from
        outside.
        """
        return self.solid.occupied(np.asarray(points, dtype=np.float64))

    def sample(self, count: int, seed: int) -> tuple[Floats, Integers]:
        """Sample `count` points uniformly over the area: (count, 3), and their faces (count,).

        The seed decides all of it.
        """
        rng = np.random.default_rng(seed)
        ends = np.cumsum(self.face_areas)
        face = np.searchsorted(ends, rng.random(count) * ends[-1], side="right").clip(max=len(self.faces) - 1)
        root, along = np.sqrt(rng.random(count))[:, None], rng.random(count)[:, None]
        a, b, c = (self.vertices[self.faces[face, i]] for i in range(3))
        return a * (1 - root) + b * (root * (1 - along)) + c * (root * along), face  # (count, 3), (count,)

    def moved(self, rotation: Floats, shift: Floats, scale: float = 1.0) -> Triangles:
        """Move the mesh by `scale * rotation @ p + shift` of every vertex."""
        return Triangles(scale * self.vertices @ np.asarray(rotation).T + shift, self.faces)
