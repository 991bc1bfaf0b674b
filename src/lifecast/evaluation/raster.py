"""Depth and normal maps of a bare mesh, from a camera before any of its sides.

A view is orthographic over x, y in [-1, 1], from a camera at +z before the turned mesh; row 0 is the top and the
normals are in the camera's own frame. (`lifecast.scans.render` makes training pictures: textures, light, soft edges.
Here predictions without any of that are compared with the truth, both by the same plain rays. `surface.raster` gives
the same masks, but a few pixels on shared edges take the other face, and a tree of rays serves four sides in less
time.)
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from lifecast.errors import MissingExtra
from lifecast.evaluation.triangles import Triangles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

SIDES: dict[str, float] = {"front": 0.0, "left": 270.0, "back": 180.0, "right": 90.0}
"""The person's visible side, and by how many degrees about +y it is turned to face the camera. A person
who faces the camera has the left hand at +x; turning by 270 degrees takes +x to +z, toward the camera."""


def turn(degrees: float) -> Floats:
    """Rotate about +y: (3, 3); +z goes toward +x for positive angles."""
    angle = np.radians(degrees)
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


@dataclass(frozen=True)
class Raster:
    """What each pixel's ray meets first.

    face: (S, S) int64, -1 where nothing. barycentric: (S, S, 3). depth: (S, S) view units, nan where nothing.
    """

    face: NDArray[np.int64]
    barycentric: Floats
    depth: Floats

    @property
    def mask(self) -> Mask:
        """(S, S) whether the ray meets the mesh."""
        return np.asarray(self.face >= 0)

    def interpolate(self, faces: NDArray[np.int64], values: Floats) -> Floats:
        """Interpolate per-vertex values (V, C) at pixels (S, S, C), zero outside."""
        picture = np.zeros((*self.face.shape, values.shape[-1]))
        picture[self.mask] = self.at_hits(faces, values)
        return picture

    def at_hits(self, faces: NDArray[np.int64], values: Floats) -> Floats:
        """Interpolate per-vertex values (V, C) at the N pixels of the mask, (N, C)."""
        corners = values[faces[self.face[self.mask]]]  # (N, 3, C)
        return np.asarray(np.einsum("nk,nkc->nc", self.barycentric[self.mask], corners))


def raster(mesh: Triangles, size: int, degrees: float = 0.0) -> Raster:
    """Cast one orthographic ray through each pixel centre, from +z, with Embree.

    The image is size x size. The mesh is turned by `degrees` about +y first: in fact the rays are, so that one tree
    serves all sides.
    """
    try:
        scene = mesh.solid.scene
    except ImportError as error:
        raise MissingExtra("embreex", "evaluation", "rendering normal maps of meshes") from error
    rotation = turn(degrees)
    box = np.array(list(product(*mesh.bounds.T))) @ rotation.T  # (8, 3): the corners, turned
    low, high = box.min(0), box.max(0)
    centres = (2 * np.arange(size) + 1) / size - 1
    x, y = np.meshgrid(centres, -centres)  # (S, S): row 0 is y = +1
    wanted = (x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1])
    start = float(high[2]) + 0.1
    origins = np.stack([x[wanted], y[wanted], np.full(int(wanted.sum()), start)], -1) @ rotation
    face = np.full((size, size), -1, np.int64)
    barycentric, depth = np.zeros((size, size, 3)), np.full((size, size), np.nan)
    if len(origins):
        hit = scene.run(origins.astype(np.float32), -rotation[2:].astype(np.float32), output=1)
        met = hit["primID"] >= 0
        face[wanted] = np.where(met, hit["primID"], -1)
        u, v = hit["u"], hit["v"]
        barycentric[wanted] = np.where(met[:, None], np.stack([1 - u - v, u, v], -1), 0)
        depth[wanted] = np.where(met, start - hit["tfar"], np.nan)
    return Raster(face, barycentric, depth)


def normals_at_hits(mesh: Triangles, hits: Raster, degrees: float) -> Floats:
    """Interpolate the turned mesh's normals at the N pixels that it covers, (N, 3).

    They are of unit length or zero.
    """
    normals = hits.at_hits(mesh.faces, mesh.vertex_normals) @ turn(degrees).T
    length = np.linalg.norm(normals, axis=-1, keepdims=True)
    unit: Floats = np.divide(normals, length, out=np.zeros_like(normals), where=length > 1e-12)
    return unit


def render_normals(mesh: Triangles, degrees: float = 0.0, size: int = 512) -> tuple[Floats, Mask]:
    """Render the smooth normals of `mesh` turned by `degrees` about +y.

    (S, S, 3) unit vectors, zero outside; and the mask (S, S). Normals come from area-weighted vertex normals. Where the
    first triangle met shows its back (open sheets, hair), its normal is turned to the camera, since that is the visible
    side.
    """
    hits = raster(mesh, size, degrees)
    normals = normals_at_hits(mesh, hits, degrees)
    away = mesh.face_normals[hits.face[hits.mask]] @ turn(degrees)[2] < 0
    picture = np.zeros((size, size, 3))
    picture[hits.mask] = np.where(away[:, None], -normals, normals)
    return picture, hits.mask


def render_sides(mesh: Triangles, size: int = 512) -> dict[str, tuple[Floats, Mask]]:
    """Render normal map and mask of each of the four `SIDES`."""
    return {side: render_normals(mesh, degrees, size) for side, degrees in SIDES.items()}
