"""The face's points lie on the body's face, where their names say, and alike on both sides."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lifecast.body.components import SKIN_VERTICES
from lifecast.body.face_vertices import FACE_VERTICES
from lifecast.body.model import Body
from lifecast.photo.face_points import LEFT_CHEEK, POINTS, RIGHT_CHEEK, SAME_PLACES
from lifecast.space.skeleton import Joint


@pytest.fixture(scope="module")
def places() -> tuple[np.ndarray, np.ndarray]:
    """The points (468, 3) on the mean body at rest, and its left eye's middle."""
    body = Body()
    rest = body.rest(torch.zeros(1, 24), torch.zeros(1, len(body.actions)))
    eye = rest.joints[0, body.joints.index("eye.L")]
    return rest.vertices[0, list(FACE_VERTICES)].numpy(), eye.numpy()


def test_every_point_has_a_vertex_of_the_skin() -> None:
    assert len(FACE_VERTICES) == POINTS
    assert 0 <= min(FACE_VERTICES) <= max(FACE_VERTICES) < SKIN_VERTICES
    assert len(set(FACE_VERTICES)) > 0.9 * POINTS


def test_points_lie_where_they_are_called(places: tuple[np.ndarray, np.ndarray]) -> None:
    points, eye = places
    assert points[:, 2].argmax() in np.flatnonzero(np.linalg.norm(points - points[1], axis=1) < 0.01)  # the nose's tip
    outer, inner = points[SAME_PLACES[Joint.LEFT_EYE_OUTER]], points[SAME_PLACES[Joint.LEFT_EYE_INNER]]
    assert inner[0] + 0.02 < outer[0]
    assert inner[0] < eye[0] < outer[0]
    assert np.abs([inner[1] - eye[1], outer[1] - eye[1]]).max() < 0.006
    assert points[SAME_PLACES[Joint.MOUTH_LEFT], 1] < points[1, 1] < eye[1]


def test_sides_mirror_each_other(places: tuple[np.ndarray, np.ndarray]) -> None:
    points, _ = places
    for left, right in ((263, 33), (362, 133), (291, 61), (LEFT_CHEEK, RIGHT_CHEEK)):
        np.testing.assert_allclose(points[left], points[right] * (-1, 1, 1), atol=0.003)
    for middle in (1, 10, 152):
        assert abs(points[middle, 0]) < 0.002
