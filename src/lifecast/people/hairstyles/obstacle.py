"""What hair lies on: the head, and the neck, shoulders, chest and back under a garment."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from lifecast.people.body import SKIN_VERTICES, BodyModel, RestBody
from lifecast.people.hairstyles.skull import LOWEST, Skull
from lifecast.people.hairstyles.sphere import sample
from lifecast.people.rest_part import Vector
from lifecast.people.wavefront import triangles
from lifecast.space.mesh_normals import vertex_normals

REACH = 0.07
"""Metres from the torso beyond which it is not looked for."""


class Obstacle:
    """Distances to the head and to the torso of one rest body.

    Parameters
    ----------
    garment
        Metres that a garment stands off the torso.
    """

    def __init__(self, model: BodyModel, rest: RestBody, skull: Skull, garment: float) -> None:
        self.skull, self.garment = skull, garment
        points = rest.vertices[:SKIN_VERTICES].astype(np.float64)
        neck = rest.heads[model.bone("neck01")]
        chin = float(rest.tails[model.bone("jaw")][1])
        torso = (points[:, 1] < chin + 0.02) & (points[:, 1] > neck[1] - 0.62) & (np.abs(points[:, 0]) < 0.3)
        self.chin, self.shoulder, self.neck = chin, float(neck[1] - 0.035), float(neck[2])
        faces = triangles(model.mesh.faces[model.mesh.groups["body"]])
        normals = vertex_normals(points, faces, "area").astype(np.float64)
        self._points, self._normals = points[torso], normals[torso]
        self._tree = cKDTree(self._points)

    def nearest(self, points: Vector, eared: bool) -> tuple[Vector, Vector]:
        """Signed distances (N,) of points from what lies below them, and its outward normals (N, 3)."""
        ways, away = self.skull.directions(points)
        normal = self.skull.normals(ways)
        radius = sample(self.skull.eared if eared else self.skull.radius, ways)
        slope = np.clip((normal * ways).sum(1), 0.35, 1)
        distance = np.where(ways[:, 1] > LOWEST, (away - radius) * slope, np.inf)
        low = np.flatnonzero(points[:, 1] < self.chin + 0.05)
        if len(low):
            gap, which = self._tree.query(points[low], k=4, distance_upper_bound=REACH)
            found = np.isfinite(gap[:, 0])
            low, gap, which = low[found], gap[found], which[found]
            share = np.where(np.isfinite(gap), 1 / (gap + 0.004) ** 2, 0.0)
            which = np.where(np.isfinite(gap), which, 0)
            share /= share.sum(1, keepdims=True)
            surface = (self._points[which] * share[..., None]).sum(1)
            facing = (self._normals[which] * share[..., None]).sum(1)
            facing /= np.maximum(np.linalg.norm(facing, axis=1, keepdims=True), 1e-9)
            # The garment begins at the root of the neck.
            bare = np.clip((points[low, 1] - self.shoulder) / 0.05, 0, 1)
            clear = ((points[low] - surface) * facing).sum(1) - self.garment * (1 - bare)
            nearer = clear < distance[low]
            distance[low[nearer]] = clear[nearer]
            normal[low[nearer]] = facing[nearer]
        return distance, normal
