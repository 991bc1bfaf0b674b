"""Hands of the sample photograph, of its mirror image and of nobody, and those that are not to be trusted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageOps

from lifecast.errors import MissingExtra
from lifecast.photo import blazepose, hands
from lifecast.photo.hands import HandPoints, Hands, find_hands, first_squares, next_square
from lifecast.photo.unseen import Unseen
from lifecast.space.skeleton import MIRRORED_PAIRS, Joint

needs_networks = pytest.mark.skipif(
    not blazepose.available(), reason="mediapipe's networks and ai-edge-litert are not installed"
)


@pytest.fixture(scope="module")
def found(sample: tuple[Image.Image, np.ndarray]) -> Hands:
    return find_hands(*sample)


@needs_networks
def test_the_visible_hand_is_found_and_the_one_seen_edge_on_refused(
    sample: tuple[Image.Image, np.ndarray], found: Hands
) -> None:
    picture, landmarks = sample
    hand = found.right
    assert isinstance(hand, HandPoints)
    assert isinstance(found.left, Unseen)
    assert hand.side == "right"
    assert hand.points.shape == (21, 3)
    assert hand.points.dtype == np.float32
    assert hand.presence > 0.95
    assert hand.handedness > 0.9
    # Fingers hang down: each of the four is further down than its knuckle, and it than the wrist.
    assert (hand.points[[8, 12, 16, 20], 1] > hand.points[list(hands.KNUCKLES), 1] + 10).all()
    assert (hand.points[list(hands.KNUCKLES), 1] > hand.points[0, 1] + 10).all()
    assert np.hypot(*(hand.points[8, :2] - landmarks[Joint.RIGHT_INDEX, :2])) < hand.length
    # The hand is darker than the wall behind it, at every joint of the fingers.
    grey = np.asarray(picture.convert("L"), np.float32)
    x, y = hand.points[:20, :2].astype(int).T
    assert np.median(grey[y, x]) < 100 < np.median(grey[y, x - 60])


@needs_networks
def test_a_mirrored_picture_has_the_mirrored_hand_on_the_other_side(
    sample: tuple[Image.Image, np.ndarray], found: Hands
) -> None:
    picture, landmarks = sample
    mirrored = landmarks[list(MIRRORED_PAIRS)] * [-1, 1, 1, 1] + [picture.width, 0, 0, 0]
    other = find_hands(ImageOps.mirror(picture), mirrored)
    assert isinstance(other.right, Unseen)
    assert isinstance(other.left, HandPoints)
    assert isinstance(found.right, HandPoints)
    turned = other.left.points * [-1, 1, 1] + [picture.width, 0, 0]
    assert np.hypot(*(turned - found.right.points)[:, :2].T).max() < 0.05 * found.right.length
    assert np.abs(turned - found.right.points)[:, 2].max() < 0.1 * found.right.length
    assert other.left.handedness == pytest.approx(found.right.handedness, abs=0.02)


@needs_networks
def test_a_right_hand_at_the_left_wrist_is_refused(sample: tuple[Image.Image, np.ndarray]) -> None:
    picture, landmarks = sample
    swapped = find_hands(picture, landmarks[list(MIRRORED_PAIRS)])
    assert swapped.left == Unseen("at the left wrist is what may be a right hand")
    assert isinstance(swapped.right, Unseen)


@needs_networks
def test_a_blank_picture_has_no_hands(sample: tuple[Image.Image, np.ndarray]) -> None:
    picture, landmarks = sample
    blank = find_hands(Image.new("RGB", picture.size, (150, 150, 150)), landmarks)
    assert isinstance(blank.left, Unseen)
    assert isinstance(blank.right, Unseen)


def arms() -> np.ndarray:
    """Landmarks (33, 4) of forearms 60 pixels long that hang down, hands included."""
    landmarks = np.zeros((33, 4), np.float32)
    landmarks[:, 3] = 1
    for left, x in ((1, 300.0), (0, 100.0)):
        for joint, y in (
            (Joint.RIGHT_ELBOW, 0),
            (Joint.RIGHT_WRIST, 60),
            (Joint.RIGHT_PINKY, 80),
            (Joint.RIGHT_INDEX, 80),
        ):
            landmarks[joint - left, :2] = x, y
    return landmarks


def hand_at(x: float, y: float, side: hands.Side = "left") -> HandPoints:
    """A flat hand that hangs down from a wrist, 20 pixels from wrist to middle knuckle."""
    points = np.zeros((21, 3), np.float32)
    for finger in range(5):
        for joint in range(4):
            points[1 + 4 * finger + joint] = (finger - 2) * 4, 20 + 6 * joint, 0
    points[:, :2] += x, y
    points[0] = x, y, 0
    return HandPoints(side, points, 0.99, 0.95)


def test_the_first_squares_hold_the_hand_with_the_fingers_up() -> None:
    for square in first_squares(arms(), "left"):
        assert (square.x, square.y) == (300, 80)
        assert abs(square.angle) == pytest.approx(np.pi)
        wrist, tip = square.from_picture(np.array([[300.0, 60.0], [300.0, 100.0]]), 100)
        assert 0 < tip[1] < 50 < wrist[1] < 100


def test_a_hand_that_points_at_the_camera_has_squares_of_its_forearms_size() -> None:
    landmarks = arms()
    landmarks[[Joint.LEFT_PINKY, Joint.LEFT_INDEX], 1] = 61
    assert first_squares(landmarks, "left")[0].side == pytest.approx(2.6 * 0.3 * 60)


def test_the_next_square_holds_the_palm_with_the_fingers_up() -> None:
    hand = hand_at(300, 60)
    square = next_square(hand.points)
    inside = square.from_picture(hand.points[:, :2], 1)
    assert inside.min() > 0
    assert inside.max() < 1
    assert inside[0, 1] > inside[9, 1] > inside[12, 1]


@pytest.mark.parametrize(
    ("hand", "apart", "refused"),
    [
        (hand_at(300, 60), 0.0, None),
        (hand_at(312, 60), 0.0, None),
        (hand_at(320, 60), 0.0, "what was found is not at the left wrist"),
        (replace(hand_at(300, 60), presence=0.85), 0.0, "the left hand is hidden, blurred or cut off"),
        (hand_at(300, 60), 0.1, "the left hand is hidden, blurred or cut off"),
        (replace(hand_at(300, 60), handedness=0.5), 0.0, "at the left wrist is what may be a right hand"),
    ],
)
def test_hands_are_refused(hand: HandPoints, apart: float, refused: str | None) -> None:
    got = hands._trusted(hands._Guess(hand, apart), arms())
    if refused is None:
        assert got is hand
    else:
        assert got == Unseen(refused)


def test_a_hand_where_the_pose_has_a_hidden_wrist_is_refused() -> None:
    landmarks = arms()
    landmarks[Joint.LEFT_WRIST, 3] = 0.4
    got = hands._trusted(hands._Guess(hand_at(300, 60), 0.0), landmarks)
    assert got == Unseen("the left wrist is hidden")


def test_one_hand_of_the_picture_is_not_both() -> None:
    left, right = hand_at(200, 60), replace(hand_at(203, 62, "right"), handedness=0.7)
    assert hands._told_apart(left, right) == (left, Unseen("the right hand was found where the left one is"))
    sure = replace(right, handedness=0.99)
    assert hands._told_apart(left, sure) == (Unseen("the left hand was found where the right one is"), sure)
    beside = hand_at(215, 60, "right")
    assert hands._told_apart(left, beside) == (left, beside)


@pytest.mark.usefixtures("nothing_installed")
def test_without_the_networks_the_extra_is_named() -> None:
    with pytest.raises(MissingExtra, match=r"^finding hands in photographs needs .*lifecast\[person\]"):
        find_hands(Image.new("RGB", (64, 64)), arms())
