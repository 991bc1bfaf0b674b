"""BlazePose's landmark network: a picture and its mirror image say the same when both are looked at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lifecast
from lifecast.photo import blazepose
from lifecast.photo.blazepose import Circle, Pose, landmarks, mask_in, settled
from lifecast.space.skeleton import MIRRORED_PAIRS

needs_networks = pytest.mark.skipif(
    not blazepose.available(), reason="mediapipe's networks and ai-edge-litert are not installed"
)
SIDE = 512
CIRCLE = Circle(262.0, 248.0, 250.0, 0.15, 1.0)
FLIPPED = replace(CIRCLE, x=SIDE - CIRCLE.x, angle=-CIRCLE.angle)


def turned(pose: Pose) -> np.ndarray:
    """(33, 4) landmarks of a mirrored picture as they are in the picture itself."""
    return pose.landmarks[list(MIRRORED_PAIRS)] * [-1, 1, 1, 1] + [SIDE, 0, 0, 0]


@needs_networks
def test_both_ways_is_the_mean_of_the_picture_and_its_mirror_image(
    doll: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blazepose, "_AGREED", np.inf)
    picture = Image.fromarray(doll[0])
    flipped = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    one, other = landmarks(picture, CIRCLE), landmarks(flipped, FLIPPED)
    both = landmarks(picture, CIRCLE, both_ways=True)
    np.testing.assert_allclose(both.landmarks[:, :2], ((one.landmarks + turned(other)) / 2)[:, :2], atol=0.1)
    # Each look has a scale of its own, which the depths' mean need not follow to the pixel.
    np.testing.assert_allclose(both.landmarks[:, 2], ((one.landmarks + turned(other)) / 2)[:, 2], atol=2.0)
    np.testing.assert_allclose(both.mask, (one.mask + other.mask[:, ::-1]) / 2, atol=0.02)
    assert both.presence == pytest.approx((one.presence + other.presence) / 2, abs=1e-3)
    assert np.abs(one.landmarks - turned(other))[:, :2].max() > 1  # there is something to average


@needs_networks
def test_both_ways_a_mirrored_picture_gives_the_mirrored_person(
    doll: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blazepose, "_AGREED", np.inf)
    picture = Image.fromarray(doll[0])
    flipped = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    one, other = landmarks(picture, CIRCLE, True), landmarks(flipped, FLIPPED, True)
    np.testing.assert_allclose(one.landmarks, turned(other), atol=0.2)
    masks = mask_in(one, 0, 0, SIDE, 256), mask_in(other, 0, 0, SIDE, 256)[:, ::-1]
    np.testing.assert_allclose(*masks, atol=0.03)
    assert one.next_circle.x == pytest.approx(SIDE - other.next_circle.x, abs=0.2)
    assert one.next_circle.angle == pytest.approx(-other.next_circle.angle, abs=1e-3)


@needs_networks
def test_looks_that_disagree_are_not_averaged(doll: tuple[np.ndarray, np.ndarray]) -> None:
    picture = Image.fromarray(doll[0])
    one, other = landmarks(picture, CIRCLE), landmarks(picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT), FLIPPED)
    joints = [11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]
    apart = np.hypot(*(one.landmarks - turned(other))[joints, :2].T).max() / CIRCLE.radius
    both = landmarks(picture, CIRCLE, both_ways=True)
    assert np.array_equal(both.landmarks, one.landmarks) == (apart >= 0.1)


@needs_networks
def test_looks_that_agree_are_averaged() -> None:
    picture = Image.open(Path(lifecast.__file__).parent / "samples" / "person.jpg").convert("RGB")
    side = float(max(picture.size))
    square = ((picture.width - side) / 2, (picture.height - side) / 2, side)
    circle = landmarks(picture, blazepose.detect(picture, square)[0]).next_circle
    one, both = landmarks(picture, circle), landmarks(picture, circle, both_ways=True)
    moved = np.hypot(*(one.landmarks - both.landmarks)[:, :2].T)
    assert 0 < moved[[11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]].max() <= 0.05 * circle.radius


def picture_point(pixels: np.ndarray, circle: Circle) -> np.ndarray:
    """Pixels (N, 2) of a circle's square, 256 wide, in the picture: by the definition of the square."""
    local = (pixels / 256 - 0.5) * 2.5 * circle.radius
    c, s = np.cos(circle.angle), np.sin(circle.angle)
    x, y = c * local[:, 0] - s * local[:, 1], s * local[:, 0] + c * local[:, 1]
    return np.column_stack([x + circle.x, y + circle.y])


def field_in(circle: Circle) -> np.ndarray:
    """A smooth function of the picture's pixels, seen in a circle's square."""
    row, column = np.mgrid[:256, :256] + 0.5
    x, y = picture_point(np.column_stack([column.ravel(), row.ravel()]), circle).T
    return (np.sin(x / 37) + np.cos(y / 29)).reshape(256, 256).astype(np.float32)


def test_a_mask_in_another_square_is_where_it_was() -> None:
    one, other = Circle(300, 280, 120, 0.3, 1), Circle(310, 270, 105, 0.18, 1)
    covered = blazepose._in_square(np.ones((256, 256), np.float32), other, one)
    got = blazepose._in_square(field_in(other), other, one)
    inner = covered > 0.999
    assert 0.6 < inner.mean() < 0.9
    assert np.abs(got - field_in(one))[inner].max() < 0.03
    assert got[0, 0] == 0  # beyond


class Looks:
    """Stands in for the landmark network: each look sees a person 10 pixels further on, as surely as told."""

    def __init__(self, *presences: float) -> None:
        self.presences = list(presences)
        self.asked: list[tuple[Circle, bool]] = []

    def __call__(self, picture: Image.Image, circle: Circle, both_ways: bool = False) -> Pose:
        self.asked.append((circle, both_ways))
        number = len(self.asked)
        found = np.full((33, 4), 10.0 * number, np.float32)
        mask = np.full((256, 256), 0.1 * number, np.float32)
        return Pose(found, self.presences[number - 1], mask, circle, replace(circle, x=circle.x + 10))


@pytest.mark.parametrize(
    ("presences", "looks", "told"),
    [
        ((0.2,), 1, None),
        ((0.9, 0.2), 2, 10),
        ((0.9, 0.9, 0.2), 3, 20),
        ((0.9, 0.9, 0.9, 0.2), 4, 30),
        ((0.9, 0.9, 0.9, 0.9), 4, 35),
    ],
)
def test_looks_go_on_until_nobody_is_seen(
    presences: tuple[float, ...], looks: int, told: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = Looks(*presences)
    monkeypatch.setattr(blazepose, "landmarks", seen)
    pose = settled(Image.new("RGB", (SIDE, SIDE)), CIRCLE, 0.7)
    assert len(seen.asked) == looks
    assert (None if pose is None else float(pose.landmarks[0, 0])) == told


def test_the_last_look_is_from_closer_by_and_counts_within_its_square(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Looks(0.8, 0.8, 0.8, 0.9)
    monkeypatch.setattr(blazepose, "landmarks", seen)
    pose = settled(Image.new("RGB", (SIDE, SIDE)), CIRCLE, 0.7)
    assert pose is not None
    circles = [circle for circle, _ in seen.asked]
    assert [circle.x for circle in circles] == [CIRCLE.x, CIRCLE.x + 10, CIRCLE.x + 20, CIRCLE.x + 30]
    assert circles[3].radius < circles[2].radius == CIRCLE.radius
    assert [both for _, both in seen.asked] == [False, False, True, True]
    assert pose.circle == circles[2]
    assert pose.presence == pytest.approx(0.85)
    assert pose.mask[128, 128] == pytest.approx(0.35)  # the mean of 0.3 and 0.4
    assert pose.mask[1, 1] == pytest.approx(0.3)  # the closer square does not reach there
