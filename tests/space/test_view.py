"""The camera between view space and pixels of the photograph."""

from __future__ import annotations

import numpy as np

from lifecast.space.view import Camera

CAMERA = Camera(-30.5, 12.25, 411.0, 512, (600, 400))


def test_the_square_spans_view_space_with_y_up() -> None:
    corners = np.array([[-1.0, 1.0, 0.3], [1.0, -1.0, 0.0], [0.0, 0.0, -1.0]])
    wanted = [[-30.5, 12.25], [380.5, 423.25], [175.0, 217.75]]
    np.testing.assert_allclose(CAMERA.to_photo(corners), wanted)
    np.testing.assert_allclose(CAMERA.to_view(np.array(wanted)), corners[:, :2], atol=1e-12)


def test_pixels_of_the_crop_lie_where_the_affine_map_says() -> None:
    """An edge of the crop's pixel (i, j) is at view x = 2 i / S - 1, y = 1 - 2 j / S."""
    for i, j in ((0, 0), (512, 0), (100, 333)):
        view = np.array([2 * i / 512 - 1, 1 - 2 * j / 512])
        np.testing.assert_allclose(CAMERA.crop_to_photo() @ [i, j, 1], CAMERA.to_photo(view))


def test_landmarks_come_to_view_space_with_their_depth_in_its_scale() -> None:
    landmarks = np.random.default_rng(0).uniform(0, 400, (33, 4))
    landmarks[:, 3] /= 400
    moved = CAMERA.landmarks_to_view(landmarks)
    assert moved.dtype == np.float32
    np.testing.assert_allclose(CAMERA.to_photo(moved), landmarks[:, :2], atol=1e-3)
    # A pixel is as long in depth as across: 2 / 411 of a view unit.
    np.testing.assert_allclose(moved[:, 2], landmarks[:, 2] / 205.5, rtol=1e-6)
    np.testing.assert_allclose(moved[:, 3], landmarks[:, 3], rtol=1e-6)


def test_a_framed_picture_is_its_own_photograph() -> None:
    camera = Camera.whole(64)
    np.testing.assert_allclose(camera.to_photo(np.array([-1 + 2 / 64, 1 - 2 / 64])), [1, 1])
    np.testing.assert_array_equal(camera.crop_to_photo(), [[1, 0, 0], [0, 1, 0]])
