"""View space to metres and back."""

import numpy as np
import pytest
import trimesh

from lifecast.errors import UsageError
from lifecast.surface.output.metres import metric_frame


@pytest.fixture
def body():
    box = trimesh.creation.box((0.4, 1.4, 0.2))
    box.apply_translation([0.1, -0.05, 0.3])
    return box


def test_feet_on_the_floor_and_over_the_origin(body):
    frame = metric_frame(body.vertices, body.faces, height=1.8)
    points = frame.to_metres(body.vertices)
    assert points.dtype == np.float32
    assert np.allclose(points.min(0), [-0.4 / 1.4 * 0.9, 0, -0.2 / 1.4 * 0.9], atol=1e-6)
    assert np.isclose(points[:, 1].max(), 1.8)
    assert np.allclose(frame.to_view(points), body.vertices, atol=1e-6)


def test_a_crouching_person_is_not_stretched(body):
    frame = metric_frame(body.vertices, body.faces, height=1.8, units=2.8)
    assert np.isclose(frame.to_metres(body.vertices)[:, 1].max(), 0.9)


def test_dense_parts_do_not_pull_the_centre(body):
    dense = trimesh.creation.icosphere(4, 0.001)
    dense.apply_translation([0.9, 0, 0.3])
    both = trimesh.util.concatenate([body, dense])
    origin = metric_frame(both.vertices, both.faces).origin
    assert np.allclose([origin[0], origin[2]], [0.1, 0.3], atol=1e-3)


@pytest.mark.parametrize("height", [0, -1, float("nan"), 1e9])
def test_impossible_heights(body, height):
    with pytest.raises(UsageError, match="height"):
        metric_frame(body.vertices, body.faces, height=height)


def test_nothing_to_scale(body):
    with pytest.raises(UsageError, match="no vertices"):
        metric_frame(np.zeros((0, 3)), np.zeros((0, 3), int))
    with pytest.raises(UsageError, match="units high"):
        metric_frame(np.zeros((3, 3)), np.array([[0, 1, 2]]))
