"""Arms that BlazePose has elsewhere from closer by, and those that it has where they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from lifecast.photo import blazepose, second_look
from lifecast.photo.second_look import unsure_arms
from lifecast.space.skeleton import Joint

PICTURE = Image.new("RGB", (400, 400))


def standing(left: float = 0.5, right: float = 0.9) -> np.ndarray:
    """Landmarks (33, 4) of somebody 300 pixels tall, the trunk 100, with the visibility of both wrists."""
    landmarks = np.ones((33, 4), np.float32)
    landmarks[:, :2] = 200, 50
    for joint, place in {
        Joint.LEFT_SHOULDER: (230, 100), Joint.RIGHT_SHOULDER: (170, 100), Joint.LEFT_HIP: (220, 200),
        Joint.RIGHT_HIP: (180, 200), Joint.LEFT_WRIST: (250, 210), Joint.RIGHT_WRIST: (150, 210),
        Joint.LEFT_ANKLE: (220, 350), Joint.RIGHT_ANKLE: (180, 350),
    }.items():  # fmt: skip
        landmarks[joint, :2] = place
    landmarks[Joint.LEFT_WRIST, 3], landmarks[Joint.RIGHT_WRIST, 3] = left, right
    return landmarks


def from_closer_by(monkeypatch: pytest.MonkeyPatch, moved: dict[Joint, tuple[float, float]]) -> list[blazepose.Circle]:
    """Let BlazePose have some landmarks elsewhere; the circles that it is asked for are listed."""
    asked: list[blazepose.Circle] = []

    def landmarks(picture: Image.Image, circle: blazepose.Circle, both_ways: bool = False) -> blazepose.Pose:
        asked.append(circle)
        found = standing()
        for joint, shift in moved.items():
            found[joint, :2] += shift
        return blazepose.Pose(found, 1.0, np.zeros((256, 256), np.float32), circle, replace(circle))

    monkeypatch.setattr(second_look.blazepose, "landmarks", landmarks)
    return asked


def test_a_half_visible_wrist_that_moves_is_unsure(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = from_closer_by(monkeypatch, {Joint.LEFT_WRIST: (0, -60), Joint.RIGHT_WRIST: (0, -60)})
    assert unsure_arms(PICTURE, standing()) == {"L"}  # the right one is sure
    assert unsure_arms(PICTURE, standing(0.5, 0.5)) == {"L", "R"}
    (circle, _) = asked
    assert (circle.x, circle.y) == (200, 150)  # the middle of the trunk
    assert circle.angle == 0
    assert 90 < circle.radius < 110


def test_a_wrist_that_stays_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    from_closer_by(monkeypatch, {Joint.LEFT_WRIST: (15, -15)})
    assert unsure_arms(PICTURE, standing()) == frozenset()


def test_another_body_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from_closer_by(monkeypatch, {Joint.LEFT_WRIST: (0, -60), Joint.RIGHT_SHOULDER: (0, 20)})
    assert unsure_arms(PICTURE, standing()) == frozenset()


def test_sure_and_hidden_wrists_need_no_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = from_closer_by(monkeypatch, {Joint.LEFT_WRIST: (0, -60)})
    assert unsure_arms(PICTURE, standing(0.95)) == unsure_arms(PICTURE, standing(0.1)) == frozenset()
    assert asked == []


@pytest.mark.skipif(not blazepose.available(), reason="mediapipe's networks and ai-edge-litert are not installed")
def test_the_samples_arms_are_where_they_were(sample: tuple[Image.Image, np.ndarray]) -> None:
    picture, landmarks = sample
    doubted = landmarks.copy()
    doubted[[Joint.LEFT_WRIST, Joint.RIGHT_WRIST], 3] = 0.5
    assert unsure_arms(picture, doubted) == frozenset()
    doubted[Joint.RIGHT_WRIST, 1] -= 200  # a wrist that is not where the picture has it
    assert unsure_arms(picture, doubted) == {"R"}
