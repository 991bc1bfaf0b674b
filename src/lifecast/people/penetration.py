"""How deep limbs run through the body or each other: what decides whether a pose is redrawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from lifecast.people.body import SKIN_VERTICES, BodyModel
from lifecast.people.wavefront import triangles
from lifecast.space.mesh_normals import vertex_normals

LIMIT = 0.02
"""Metres that a limb may run into another part of the body before the pose is redrawn (soft flesh gives that much)."""

REACH = 0.12
"""Beyond this distance from the nearest skin vertex its normal says nothing about inside and outside."""


class SelfContact:
    """Measures how deep one part of a posed body is inside another.

    It does so on a thinned set of skin vertices.
    """

    def __init__(self, model: BodyModel) -> None:
        owner = np.asarray(model.weights[:SKIN_VERTICES].argmax(1)).ravel()
        names = np.array(model.bones)[owner]
        self.faces = triangles(model.mesh.faces[model.mesh.groups["body"]])

        def of(*stems: str) -> NDArray[np.bool_]:
            return np.array([name.startswith(stems) for name in names])

        left, right = np.char.endswith(names, ".L"), np.char.endswith(names, ".R")
        arm = of("lowerarm", "wrist", "finger", "metacarpal")
        shin = of("lowerleg", "foot", "toe")
        trunk = of("root", "pelvis", "spine", "breast", "upperleg", "lowerleg", "neck", "head", "jaw", "special",
                   "oris", "levator", "temporalis", "risorius", "oculi", "orbicularis")  # fmt: skip
        thin = np.zeros(SKIN_VERTICES, bool)
        thin[::2] = True
        pairs = [
            (arm & left, trunk | (right & (arm | of("upperarm")))),
            (arm & right, trunk | (left & (arm | of("upperarm")))),
            (shin & left, right & (shin | of("upperleg02"))),
            (shin & right, left & (shin | of("upperleg02"))),
        ]
        self.pairs = [(np.flatnonzero(a & thin), np.flatnonzero(b)) for a, b in pairs]

    def depth(self, posed: NDArray[np.float32]) -> float:
        """Compute a posed body's deepest penetration in metres; 0 if free.

        The body is given by its first 13,380 vertices.
        """
        normals = vertex_normals(posed[:SKIN_VERTICES], self.faces, "area")
        worst = 0.0
        for moving, still in self.pairs:
            distance, near = cKDTree(posed[still]).query(posed[moving], distance_upper_bound=REACH)
            met = np.isfinite(distance)
            other = still[near[met]]
            height = np.einsum("vx,vx->v", posed[moving[met]] - posed[other], normals[other])
            # A true inside point is roughly behind its nearest vertex, not next to it.
            behind = -height > 0.5 * distance[met]
            if behind.any():
                worst = max(worst, float(-height[behind].min()))
        return worst
