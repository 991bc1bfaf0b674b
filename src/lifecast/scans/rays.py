"""Where lines of sight meet a person, by Embree.

Rays pass through the transparent texels of hair cards and lashes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene
from numpy.typing import NDArray

from lifecast.scans.grouping import thin_product
from lifecast.scans.scan import Scan
from lifecast.scans.texels import TexelPool

NEAR = 4.0
"""View rays start this far from the middle; a person spans about 1.5."""
LAYERS = 12
"""Transparent texels that one ray may pass before it counts as a miss."""
PAST = np.float32(2e-5)
"""A ray goes on this far behind a transparent texel."""


def build_scene(vertices: NDArray[np.floating], faces: NDArray[np.integer]) -> EmbreeScene:
    """An Embree scene of one mesh."""
    scene = EmbreeScene(robust=True)
    TriangleMesh(scene, np.ascontiguousarray(vertices, np.float32), np.ascontiguousarray(faces, np.int32))
    return scene


@dataclass
class Hits:
    """Where rays met the surface; arrays are over all rays cast."""

    face: NDArray[np.int32]
    """(N,) -1 where the ray met nothing."""
    u: NDArray[np.float32]
    """(N,) barycentric weight of the face's second corner."""
    v: NDArray[np.float32]
    """(N,) of its third."""
    depth: NDArray[np.float32]
    """(N,) view z of the hit; nan where none."""
    outside: NDArray[np.bool_]
    """(N,) the ray met the face's front side."""

    def spread(self, which: NDArray[np.integer], count: int) -> Hits:
        """These hits at the places `which` among `count` rays of which the others met nothing."""
        face, depth = np.full(count, -1, np.int32), np.full(count, np.nan, np.float32)
        u, v, outside = np.zeros(count, np.float32), np.zeros(count, np.float32), np.zeros(count, bool)
        face[which], u[which], v[which] = self.face, self.u, self.v
        depth[which], outside[which] = self.depth, self.outside
        return Hits(face, u, v, depth, outside)

    def weights(self, chosen: NDArray[np.integer]) -> NDArray[np.float32]:
        """(n, 3) barycentric weights at the chosen hits."""
        weights = np.empty((len(chosen), 3), np.float32)
        weights[:, 1], weights[:, 2] = self.u[chosen], self.v[chosen]
        weights[:, 0] = 1 - weights[:, 1] - weights[:, 2]
        return weights


class LineOfSight:
    """Orthographic rays through one scan (normalised space)."""

    def __init__(self, scan: Scan, texels: TexelPool) -> None:
        self.scan, self.texels = scan, texels
        self.scene = build_scene(scan.vertices, scan.faces)
        self.holed = bool(texels.masked.any())

    def cast(
        self, xy: NDArray[np.float32], rotation: NDArray[np.float64], shift: NDArray[np.float64], from_back: bool
    ) -> Hits:
        """Find the first hits along the lines at view positions `xy` (N, 2).

        They lead toward -z, or toward +z if `from_back`. The view is p_view = rotation @ p + (shift, 0); both
        directions run along the same lines.
        """
        sign = -1.0 if from_back else 1.0
        # R^T (x - shift, sign * NEAR), written so that no array of N rows is made twice.
        origins = thin_product(xy, rotation[:2])
        origins += (rotation.T @ [-shift[0], -shift[1], sign * NEAR]).astype(np.float32)
        direction = np.ascontiguousarray((rotation.T @ [0, 0, -sign])[None].astype(np.float32))  # (1, 3) for all
        raw = self.scene.run(origins, direction, query="INTERSECT", output=1)
        face, u, v, t = raw["primID"], raw["u"], raw["v"], raw["tfar"]
        facing = thin_product(raw["Ng"], direction.T)[:, 0]
        if self.holed:
            self._pass_holes(origins, direction, face, u, v, t, facing)
        depth = np.float32(sign) * (np.float32(NEAR) - t)
        depth[face < 0] = np.nan
        return Hits(face, u, v, depth, facing < 0)

    def _pass_holes(
        self,
        origins: NDArray[np.float32],
        direction: NDArray[np.float32],
        face: NDArray[np.int32],
        u: NDArray[np.float32],
        v: NDArray[np.float32],
        t: NDArray[np.float32],
        facing: NDArray[np.float32],
    ) -> None:
        """Let rays that met a transparent texel go on to what lies behind it; the arrays change in place."""
        live = np.flatnonzero(face >= 0)
        for _ in range(LAYERS):
            live = live[self.texels.masked[self.scan.material[face[live]]]]
            if len(live) == 0:
                return
            weights = np.stack([1 - u[live] - v[live], u[live], v[live]], axis=1)
            live = live[~self.texels.solid(face[live], weights)]
            if len(live) == 0:
                return
            travelled = t[live] + PAST
            onward = np.ascontiguousarray(origins[live] + travelled[:, None] * direction)
            raw = self.scene.run(onward, direction, query="INTERSECT", output=1)
            face[live], u[live], v[live] = raw["primID"], raw["u"], raw["v"]
            t[live], facing[live] = raw["tfar"] + travelled, raw["Ng"] @ direction[0]
            live = live[face[live] >= 0]
        face[live] = -1
