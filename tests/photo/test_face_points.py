"""The face of the sample photograph, of its mirror image and of nobody, and faces that are not to be trusted."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from lifecast.errors import MissingExtra
from lifecast.photo import blazepose, face_points
from lifecast.photo.face_points import (
    LEFT_CHEEK,
    POINTS,
    RIGHT_CHEEK,
    SAME_PLACES,
    FacePoints,
    find_face,
    first_square,
    turned,
)
from lifecast.photo.unseen import Unseen
from lifecast.space.skeleton import MIRRORED_PAIRS, Joint

needs_networks = pytest.mark.skipif(
    not blazepose.available(), reason="mediapipe's networks and ai-edge-litert are not installed"
)


@pytest.fixture(scope="module")
def face(sample: tuple[Image.Image, np.ndarray]) -> FacePoints:
    found = find_face(*sample)
    assert isinstance(found, FacePoints)
    return found


def extent(points: np.ndarray) -> float:
    return float(np.hypot(*np.ptp(points[:, :2], axis=0)))


@needs_networks
def test_the_face_is_found(face: FacePoints, sample: tuple[Image.Image, np.ndarray]) -> None:
    _, landmarks = sample
    assert face.points.shape == (POINTS, 3)
    assert face.points.dtype == np.float32
    assert face.presence > 0.99
    assert 10 < face.yaw < 30
    apart = face.points[list(SAME_PLACES.values()), :2] - landmarks[list(SAME_PLACES), :2]
    assert np.hypot(*apart.T).mean() < 0.1 * extent(face.points)
    nose = face.points[SAME_PLACES[Joint.NOSE], 2]
    assert nose > face.points[[LEFT_CHEEK, RIGHT_CHEEK], 2].max() + 0.1 * extent(face.points)


@needs_networks
def test_a_mirrored_picture_has_the_mirrored_face(face: FacePoints, sample: tuple[Image.Image, np.ndarray]) -> None:
    picture, landmarks = sample
    mirrored = landmarks[list(MIRRORED_PAIRS)] * [-1, 1, 1, 1] + [picture.width, 0, 0, 0]
    other = find_face(ImageOps.mirror(picture), mirrored)
    assert isinstance(other, FacePoints)
    assert other.yaw == pytest.approx(-face.yaw, abs=5)
    mine = face.points[list(SAME_PLACES.values())]
    theirs = other.points[[SAME_PLACES[Joint(MIRRORED_PAIRS[joint])] for joint in SAME_PLACES]]
    turned_back = theirs * [-1, 1, 1] + [picture.width, 0, 0]
    assert np.hypot(*(turned_back - mine)[:, :2].T).max() < 0.04 * extent(face.points)


@needs_networks
def test_a_leaning_picture_has_the_leaning_face(face: FacePoints, sample: tuple[Image.Image, np.ndarray]) -> None:
    picture, landmarks = sample
    angle, middle = np.radians(40), np.array(picture.size) / 2
    # Pillow turns anticlockwise, and rows go down.
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    leaning = landmarks.copy()
    leaning[:, :2] = (landmarks[:, :2] - middle) @ turn + middle
    other = find_face(picture.rotate(40, Image.Resampling.BICUBIC), leaning)
    assert isinstance(other, FacePoints)
    back = (other.points[:, :2] - middle) @ turn.T + middle
    assert np.hypot(*(back - face.points[:, :2]).T).mean() < 0.02 * extent(face.points)
    assert other.yaw == pytest.approx(face.yaw, abs=3)


@needs_networks
def test_a_blank_picture_has_no_face(sample: tuple[Image.Image, np.ndarray]) -> None:
    picture, landmarks = sample
    blank = Image.new("RGB", picture.size, (150, 150, 150))
    assert find_face(blank, landmarks) == Unseen("the face is hidden, blurred or cut off")


@needs_networks
def test_somebody_elses_face_is_refused(face: FacePoints, sample: tuple[Image.Image, np.ndarray]) -> None:
    picture, landmarks = sample
    aside = landmarks.copy()
    aside[:, 0] += 0.25 * extent(face.points)
    assert find_face(picture, aside) == Unseen("the face that was found is not where the pose has it")


@needs_networks
def test_a_face_that_the_pose_has_from_behind_is_refused(sample: tuple[Image.Image, np.ndarray]) -> None:
    picture, landmarks = sample
    behind = landmarks.copy()
    behind[[Joint.LEFT_EAR, Joint.RIGHT_EAR]] = landmarks[[Joint.RIGHT_EAR, Joint.LEFT_EAR]]
    assert find_face(picture, behind) == Unseen("the face is seen from the side or from behind")


@pytest.mark.parametrize(("yaw", "refused"), [(40.0, False), (-40.0, False), (50.0, True), (-50.0, True)])
def test_faces_turned_too_far_are_refused(yaw: float, refused: bool) -> None:
    points = np.random.default_rng(0).uniform(0, 100, (POINTS, 3)).astype(np.float32)
    landmarks = np.zeros((33, 4), np.float32)
    for joint, point in SAME_PLACES.items():
        landmarks[joint, :2] = points[point, :2]
    tilt = face_points.next_square(points).angle
    landmarks[Joint.LEFT_EAR, :2] = np.cos(tilt), np.sin(tilt)
    got = face_points._trusted(FacePoints(points, 1.0, yaw), landmarks)
    assert isinstance(got, Unseen) == refused


@pytest.mark.parametrize("tilt", [0.0, 0.5])
@pytest.mark.parametrize("yaw", [-60.0, 0.0, 30.0])
def test_the_turn_of_a_head(yaw: float, tilt: float) -> None:
    y = np.radians(yaw)
    left = np.array([np.cos(y) * np.cos(tilt), np.cos(y) * np.sin(tilt), -np.sin(y)])
    assert turned(-left, left, tilt) == pytest.approx(yaw)


def test_the_first_square_is_upright_by_eyes_and_mouth() -> None:
    landmarks = np.zeros((33, 4), np.float32)
    for joint, place in {2: (110, 50), 5: (90, 50), 7: (120, 52), 8: (80, 52), 9: (105, 70), 10: (95, 70)}.items():
        landmarks[joint, :2] = place
    square = first_square(landmarks)
    assert (square.x, square.y, square.angle) == (100, 60, 0)
    assert square.side == pytest.approx(74)  # 3.7 times from the eyes to the mouth
    inside = square.from_picture(landmarks[[2, 5, 7, 8, 9, 10], :2], 1)
    assert inside.min() > 0.2
    assert inside.max() < 0.8


@pytest.mark.usefixtures("nothing_installed")
def test_without_the_networks_the_extra_is_named() -> None:
    with pytest.raises(MissingExtra, match=r"^finding faces' points in photographs needs .*lifecast\[person\]"):
        find_face(Image.new("RGB", (64, 64)), np.zeros((33, 4), np.float32))
