"""The head that hair grows on: its surface as a radius over directions, and where hair may grow.

Ears are no part of the surface: it runs beneath them.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from lifecast.people.body import SKIN_VERTICES, BodyModel, RestBody
from lifecast.people.hairstyles.sphere import COLUMNS, ROWS, grid_directions, sample
from lifecast.people.rest_part import Faces, Vector
from lifecast.people.wavefront import triangles
from lifecast.scans.rays import build_scene

FAR = 0.25
"""Metres from the middle of the head beyond which nothing is the head."""


@dataclass(frozen=True)
class HeadTopology:
    """Which vertices and faces of the base mesh make up the head."""

    faces: Faces
    """(F, 3) of head and upper neck, without the ears."""
    all_faces: Faces
    """(F, 3) the same with the ears."""
    ears: NDArray[np.int64]
    """The vertices of both ears."""
    eye: int
    """The bone of the left eye."""
    head: int
    """The bone of the head."""


@functools.lru_cache(maxsize=2)
def head_topology(model: BodyModel) -> HeadTopology:
    """Find the head's faces; an ear is what moves where MakeHuman makes the ears stand out."""
    plain = model.rest({}, {}, {})
    grown = model.rest({}, {"l-ear-wing-incr": 1.0, "r-ear-wing-incr": 1.0}, {})
    moved = np.linalg.norm(grown.vertices - plain.vertices, axis=1)[:SKIN_VERTICES]
    ears = np.flatnonzero(moved > 0.05 * moved.max())
    faces = triangles(model.mesh.faces[model.mesh.groups["body"]]).astype(np.int32)
    middle = plain.heads[model.bone("eye.L")] * (0, 1, 1) - (0, 0, 0.05)
    near = np.linalg.norm(plain.vertices[:SKIN_VERTICES] - middle, axis=1) < FAR
    near &= np.isin(np.asarray(model.weights[:SKIN_VERTICES].argmax(1)).ravel(), _above(model, "neck02"))
    faces = faces[near[faces].all(1)]
    return HeadTopology(faces[~np.isin(faces, ears).any(1)], faces, ears, model.bone("eye.L"), model.bone("head"))


LOWEST = -0.82
"""The sine of the elevation, seen from the middle of the head, below which there is no head."""


def _above(model: BodyModel, name: str) -> list[int]:
    """A bone and all that hang on it."""
    bones = [model.bone(name)]
    for bone, parent in enumerate(model.parents):
        if parent in bones:
            bones.append(bone)
    return bones


class Skull:
    """The head of one rest body."""

    def __init__(self, model: BodyModel, rest: RestBody) -> None:
        topology = head_topology(model)
        points = rest.vertices[:SKIN_VERTICES].astype(np.float64)
        self.eye: Vector = rest.heads[topology.eye]
        used = np.unique(topology.faces)
        head = points[used]
        self.top = float(head[:, 1].max())
        above = head[head[:, 1] > self.eye[1]]
        self.centre: Vector = np.array([0.0, self.eye[1] + 0.008, (above[:, 2].min() + above[:, 2].max()) / 2])
        self.ears: Vector = points[topology.ears]
        self.unit = (self.top - self.eye[1]) / 0.112
        """1 for a grown-up's head of usual size."""
        self.radius = self._radius(points, topology.faces, topology.ears)
        """(ROWS, COLUMNS) metres from the centre to the skin, ears left out."""
        self.normal = self._normals()
        """(ROWS, COLUMNS, 3)"""
        covered = self._distance_grid(points, topology.all_faces)
        eared = np.where(np.isfinite(covered), np.maximum(covered, self.radius), self.radius)
        # Hair slides over the ears: the slope up to them is made gentle.
        self.eared = np.maximum(eared, gaussian_filter(eared, 3.0, mode=("nearest", "wrap")))
        """(ROWS, COLUMNS) the same with the ears."""
        self.ear_tree = cKDTree(self.ears)

    def _distance_grid(self, points: Vector, faces: Faces) -> Vector:
        """(ROWS, COLUMNS) of where rays from outside meet the head first; nan where they miss it."""
        directions = grid_directions().reshape(-1, 3)
        scene = build_scene(points, faces)
        origins = (self.centre + FAR * directions).astype(np.float32)
        hit = scene.run(origins, (-directions).astype(np.float32), query="DISTANCE")
        distance = FAR - np.asarray(hit, np.float64)
        # The shoulders are no part of the head: what is low, far off the neck and not the chin.
        flat = np.hypot(directions[:, 0], directions[:, 2]) * distance
        shoulder = (directions[:, 1] < -0.3) & (flat > 0.085 * self.unit) & (directions[:, 2] < 0.3)
        good = (distance > 0.03) & (distance < 0.2) & ~shoulder & (directions[:, 1] > LOWEST)
        return np.where(good, distance, np.nan).reshape(ROWS, COLUMNS)

    def _radius(self, points: Vector, faces: Faces, ears: NDArray[np.int64]) -> Vector:
        grid = self._distance_grid(points, faces)
        known = np.isfinite(grid)
        # Where the head has no surface (under the ears, down the neck) it is carried on smoothly.
        filled = np.where(known, grid, 0.0)
        for wide in (1.0, 2.0, 4.0, 8.0, 24.0):
            mode = ("nearest", "wrap")
            share = gaussian_filter(known.astype(np.float64), wide, mode=mode, truncate=3)
            mean = gaussian_filter(np.where(known, filled, 0.0), wide, mode=mode, truncate=3)
            fresh = ~known & (share > 0.02)
            filled[fresh] = mean[fresh] / share[fresh]
            known = known | fresh
        filled[~known] = np.median(filled[known])
        smooth = gaussian_filter(filled, 1.0, mode=("nearest", "wrap"))
        return np.where(np.isfinite(grid), grid, smooth)

    def _normals(self) -> Vector:
        smooth = gaussian_filter(self.radius, 2.0, mode=("nearest", "wrap"))
        surface = grid_directions() * smooth[..., None]
        down = np.gradient(surface, axis=0)
        across = (np.roll(surface, -1, 1) - np.roll(surface, 1, 1)) / 2
        normal = np.cross(across, down)
        length = np.linalg.norm(normal, axis=-1, keepdims=True)
        return np.where(length > 1e-9, normal / np.maximum(length, 1e-12), grid_directions())

    def directions(self, points: Vector) -> tuple[Vector, Vector]:
        """Unit directions (N, 3) from the head's centre to points, and their distances (N,)."""
        offset = points - self.centre
        distance = np.linalg.norm(offset, axis=1)
        return offset / np.maximum(distance, 1e-9)[:, None], distance

    def skin(self, directions: Vector, eared: bool = False) -> Vector:
        """Points (N, 3) of the skin in unit directions."""
        radius = sample(self.eared if eared else self.radius, directions)
        return np.asarray(self.centre + directions * radius[:, None])

    def normals(self, directions: Vector) -> Vector:
        """Unit normals (N, 3) of the smoothed skin in unit directions."""
        normal = sample(self.normal, directions)
        return np.asarray(normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9))


@dataclass(frozen=True)
class Hairline:
    """Where hair grows: above a line around the head, given at azimuths, and away from the ears."""

    forehead: float = 0.60
    """Height of the line above the eyes at the middle of the forehead, as a share of the eyes-to-top height."""
    recession: float = 0.0
    """0 a full hairline, 1 temples bare to the crown."""
    bald_crown: float = 0.0
    """0 none, 1 a horseshoe of hair only."""
    nape: float = -0.072
    """Metres below the eyes at the back."""
    sideburn: float = -0.015
    """Metres below the eyes before the ears."""
    ragged: float = 0.003
    """Metres by which the line wanders."""

    def inside(self, skull: Skull, points: Vector, rng: np.random.Generator) -> Vector:
        """Signed distance (N,) in metres of skin points from the hairline, positive where hair grows."""
        unit, height = skull.unit, skull.top - skull.eye[1]
        front = self.forehead + 0.10 * self.recession
        temple = min(front - 0.04 + 0.32 * self.recession, 1.02)
        low = 0.16 + 0.14 * self.recession
        ear = (np.arctan2(np.abs(skull.ears[:, 0]), skull.ears[:, 2] - skull.centre[2])) * 180 / np.pi
        begin, end = np.percentile(ear, [6, 90])
        knots = np.array([0, 16, 36, begin - 24, begin - 9, begin - 2, begin + 12, end + 4, 150, 180])
        level = np.array([
            front * height, (front - 0.005) * height, temple * height, (low + 0.16) * height, low * height,
            self.sideburn * unit, self.sideburn * unit, -0.05 * unit, (self.nape + 0.004) * unit, self.nape * unit,
        ])  # fmt: skip
        knots = np.maximum.accumulate(knots) + np.arange(len(knots)) * 1e-3
        azimuth = np.linspace(-180, 180, 361)
        line = PchipInterpolator(knots, level)(np.abs(azimuth))
        waves = sum(
            rng.normal() / k**0.5 * np.cos(np.radians(azimuth) * k + rng.uniform(0, 6.3)) for k in range(5, 40, 3)
        )
        line = line + skull.eye[1] + self.ragged * 0.6 * np.asarray(waves)
        # The line's points on the skin: in each azimuth, the elevation whose skin is as high as the line.
        turn = np.radians(azimuth)
        rise = np.zeros(len(turn))
        for _ in range(8):
            ways = np.stack([np.cos(rise) * np.sin(turn), np.sin(rise), np.cos(rise) * np.cos(turn)], -1)
            radius = sample(skull.radius, ways)
            aim = np.clip((line - skull.centre[1]) / radius, -0.95, 0.995)
            rise = 0.5 * rise + 0.5 * np.arcsin(aim)
        ways = np.stack([np.cos(rise) * np.sin(turn), np.sin(rise), np.cos(rise) * np.cos(turn)], -1)
        border = skull.skin(ways)
        distance, _ = cKDTree(border).query(points)
        towards, _ = skull.directions(points)
        own = np.interp(np.degrees(np.arctan2(towards[:, 0], towards[:, 2])), azimuth, rise)
        signed = np.where(np.arcsin(np.clip(towards[:, 1], -1, 1)) > own, distance, -distance)
        ear_gap, _ = skull.ear_tree.query(points, distance_upper_bound=0.05)
        signed = np.minimum(signed, np.where(np.isfinite(ear_gap), ear_gap, 0.05) - 0.007)
        if self.bald_crown > 0:
            tilt = np.array([0.0, 0.93, 0.0 if self.recession > 0.5 else -0.36])
            middle = skull.skin((tilt / np.linalg.norm(tilt))[None])[0]
            bare = np.linalg.norm((points - middle) * [1, 0.6, 1], axis=1) - (0.02 + 0.065 * self.bald_crown) * unit
            signed = np.minimum(signed, bare + self.ragged * np.sin(40 * points[:, 0] / 0.1))
        return np.asarray(signed)
