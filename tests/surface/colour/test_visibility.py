"""What the camera sees of two balls, one before the other."""

import numpy as np
import pytest
import trimesh

from lifecast.surface.colour.visibility import lines_of_sight, pixel_of


@pytest.fixture(scope="module")
def balls():
    """A ball of 0.6 and, 0.8 before it, one of 0.2; and which vertices are the small one's."""
    large, small = trimesh.creation.icosphere(5, 0.6), trimesh.creation.icosphere(4, 0.2)
    small.apply_translation([0, 0, 0.8])
    both = trimesh.util.concatenate([large, small])
    return both, np.arange(len(both.vertices)) >= len(large.vertices)


@pytest.fixture(scope="module")
def sight(balls):
    both, _ = balls
    return lines_of_sight(both.vertices.astype(np.float32), both.faces, both.vertex_normals, 512)


def test_seen_is_what_faces_the_camera_with_nothing_before_it(balls, sight):
    both, small = balls
    normals, radius = both.vertex_normals, np.linalg.norm(both.vertices[:, :2], axis=1)
    free = np.where(small, True, radius > 0.21)
    sure = np.abs(normals[:, 2]) > 0.17  # steeper faces rise more in a pixel than the tolerance covers
    sure &= small | (np.abs(radius - 0.2) > 0.01)
    assert np.array_equal(sight.visible[sure], ((normals[:, 2] > 0) & free)[sure])


def test_clear_keeps_away_from_the_contour(balls, sight):
    both, small = balls
    radius = np.linalg.norm(both.vertices[:, :2], axis=1)
    beside = ~small & (both.vertices[:, 2] > 0) & (radius > 0.2) & (radius < 0.2 + 3 * 2 / 512)
    assert beside.sum() > 0
    assert not sight.clear[beside].any()
    away = ~small & (both.vertex_normals[:, 2] > 0.3) & (radius > 0.25)
    assert sight.clear[away].all()
    assert not (sight.clear & ~sight.visible).any()


def test_what_is_before_another_part(sight):
    points = np.array(
        [
            [0.0, 0.0, 0.65],  # inside the small ball, before the large one
            [0.0, 0.0, -0.5],  # inside the large one, behind the small
            [0.4, 0.0, -0.3],  # beside the small one
            [0.9, 0.9, 0.0],  # beside everything
        ]
    )
    assert sight.in_front_layer(points, np.array([[0, 0, -1.0]] * 4)).tolist() == [True, False, False, False]


def test_pixels():
    column, row = pixel_of(np.array([[-1, 1], [0.999, -0.999], [0, 0], [5, -5]]), 4)
    assert column.tolist() == [0, 3, 2, 3]
    assert row.tolist() == [0, 3, 2, 3]
