"""What a fit may change, and where the body's points are in view space then, with derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lifecast.body.components import SKIN_VERTICES
from lifecast.body.face_vertices import FACE_VERTICES
from lifecast.body.fit.landmark_points import FINGERTIPS, LANDMARK_JOINTS, LANDMARK_VERTICES, SOLES
from lifecast.body.fit.pose_groups import PoseGroup
from lifecast.body.fit.reduced_body import Floats, ReducedBody
from lifecast.body.fitted_body import shipped_body
from lifecast.space.mesh_normals import vertex_normals
from lifecast.space.skeleton import LANDMARKS

SKIN_POINTS = 420
"""Points of the skin, evenly spread, that masks and depths are compared with."""
SCALE, OFFSET, POSE = 0, slice(1, 4), 4
"""Places of the numbers that are fitted: the logarithm of the scale, the offset, then the pose's."""
EVERY_FACE_POINT = 4


@dataclass(frozen=True, eq=False)
class FitPoints:
    """The points that a fit looks at: a reduced body, and which of its points are what.

    The numbers that are fitted are the scale's logarithm, the offset (3), a rotation vector of each group of joints (3
    G), and what shapes the body (S).
    """

    body: ReducedBody
    landmarks: Floats
    """(33, N) points -> landmarks."""
    skin: NDArray[np.int64]
    """(K,) the points that are spread over the skin."""
    normals: Floats
    """(K, 3) of these at rest."""
    soles: dict[str, NDArray[np.int64]]
    tips: dict[str, NDArray[np.int64]]
    face: NDArray[np.int64]
    """Of every fourth point of a face, by `FACE_VERTICES`."""
    components: int

    @classmethod
    @cache
    def load(cls, expression: bool) -> FitPoints:
        """Make the points of the shipped body, once a process.

        With `expression` the facial actions shape the body too.
        """
        body = shipped_body()
        rest = body.mean.reshape(-1, 3).numpy()[: len(body.vertex_rows)]
        spread = evenly_spread(rest[:SKIN_VERTICES], SKIN_POINTS)
        numbers: list[int] = []

        def placed(vertices: Sequence[int]) -> NDArray[np.int64]:
            start = len(body.joints) + len(numbers)
            numbers.extend(int(v) for v in vertices)
            return np.arange(start, start + len(vertices))

        skin = placed(spread.tolist())
        soles = {side: placed(rows) for side, rows in SOLES.items()}
        tips = {side: placed(rows) for side, rows in FINGERTIPS.items()}
        face = placed(FACE_VERTICES[::EVERY_FACE_POINT]) if expression else np.zeros(0, np.int64)
        marked = {landmark: placed(rows) for landmark, rows in LANDMARK_VERTICES.items()}
        reduced = ReducedBody.of(body, np.array(numbers), expression)
        landmarks = np.zeros((LANDMARKS, len(reduced.rest)))
        for landmark, name in LANDMARK_JOINTS.items():
            landmarks[landmark, body.joints.index(name)] = 1
        for landmark, points in marked.items():
            landmarks[landmark, points] = 1 / len(points)
        faces = body.faces[body.parts["skin"]].numpy()
        normals = vertex_normals(rest, faces, "area")[spread].astype(np.float64)
        return cls(reduced, landmarks, skin, normals, soles, tips, face, body.components)

    def count(self, groups: Sequence[PoseGroup]) -> int:
        """Count the numbers that are fitted."""
        return POSE + 3 * len(groups) + int(self.body.directions.shape[2])


@dataclass(frozen=True, eq=False)
class ViewPoints:
    """The points of one body in view space, and their derivatives by P numbers."""

    points: Floats
    """(N, 3)"""
    derivatives: Floats
    """(N, 3, P)"""
    normals: Floats
    """(K, 3) of the skin's points; about unit length."""
    numbers: Floats
    """(P,)"""

    @classmethod
    def at(cls, fit: FitPoints, groups: Sequence[PoseGroup], fixed: Floats, numbers: Floats) -> ViewPoints:
        """Place the points by the numbers (P,).

        fixed: (J, 3) rotation vectors, in radians; they count for the joints that are in no group.
        """
        vectors = fixed.copy()
        pose = numbers[POSE : POSE + 3 * len(groups)].reshape(-1, 3)
        for group, vector in zip(groups, pose, strict=True):
            vectors[list(group.joints)] = vector
        posed = fit.body.posed(numbers[POSE + 3 * len(groups) :], vectors)
        scale = float(np.exp(numbers[SCALE]))
        points = scale * posed.points
        derivatives = np.zeros((len(points), 3, len(numbers)))
        derivatives[:, :, SCALE] = points
        derivatives[:, :, OFFSET] = np.eye(3)
        for k, group in enumerate(groups):
            turned = posed.by_rotation[:, :, list(group.joints)].sum(2)
            derivatives[:, :, POSE + 3 * k : POSE + 3 * k + 3] = scale * turned
        derivatives[:, :, POSE + 3 * len(groups) :] = scale * posed.by_shape
        normals = (posed.turns[fit.skin] @ fit.normals[..., None])[..., 0]
        return cls(points + numbers[OFFSET], derivatives, normals, numbers)


def evenly_spread(points: NDArray[np.floating], count: int) -> NDArray[np.int64]:
    """Choose `count` of points (V, 3), each the farthest from those chosen before it."""
    chosen = np.zeros(count, np.int64)
    chosen[0] = int(points[:, 1].argmax())
    distance = np.full(len(points), np.inf)
    for k in range(1, count):
        distance = np.minimum(distance, ((points - points[chosen[k - 1]]) ** 2).sum(1))
        chosen[k] = int(distance.argmax())
    return chosen


def vectors_of(rotations: NDArray[np.floating]) -> Floats:
    """Convert rotation matrices (..., 3, 3) to rotation vectors (..., 3)."""
    from scipy.spatial.transform import Rotation

    flat = np.asarray(rotations, np.float64).reshape(-1, 3, 3)
    found: Floats = Rotation.from_matrix(flat).as_rotvec().reshape(*rotations.shape[:-1])
    return found
