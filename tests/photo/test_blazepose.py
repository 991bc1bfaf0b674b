"""BlazePose's landmark network: a picture and its mirror image say the same when both are looked at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lifecast
from lifecast.networks.limb_map import MIRRORED_PAIRS
from lifecast.photo import blazepose
from lifecast.photo.blazepose import Circle, Pose, landmarks, mask_in

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
