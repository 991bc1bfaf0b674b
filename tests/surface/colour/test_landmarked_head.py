"""The head by nose and ears."""

import numpy as np
import pytest

from lifecast.space.view import Camera
from lifecast.surface.colour.landmarked_head import landmarked_head

CAMERA = Camera(0, 0, 1000, 256, (1000, 1000))


def landmarks(visible: float = 1.0) -> np.ndarray:
    points = np.zeros((33, 4), np.float32)
    points[0, :2] = 560, 100  # nose, ears
    points[[7, 8], :2] = (460, 120), (540, 110)
    points[:, 3] = visible
    return points


def test_nose_and_ears_lie_just_under_the_middle_of_the_head() -> None:
    head = landmarked_head(landmarks(), 900.0, CAMERA)
    assert head is not None
    assert head.x == pytest.approx(520 / 500 - 1)
    assert head.height == pytest.approx(0.13 * 1.8)
    assert head.chin == pytest.approx(1 - 110 / 500 - 0.45 * 0.13 * 1.8)
    assert head.half_width == pytest.approx(0.07 * 1.8)


def test_one_visible_landmark_is_enough_and_none_is_not() -> None:
    points = landmarks(0.2)
    assert landmarked_head(points, 900.0, CAMERA) is None
    points[8, 3] = 0.9
    assert landmarked_head(points, 900.0, CAMERA) == landmarked_head(landmarks(), 900.0, CAMERA)


def test_without_landmarks_or_height_the_head_is_unknown() -> None:
    assert landmarked_head(None, 900.0, CAMERA) is None
    assert landmarked_head(landmarks(), None, CAMERA) is None
