"""Cast shadows fall away from the lamp; hidden landmarks are guessed, others left."""

from __future__ import annotations

import numpy as np
import pytest

from lifecast.scans.photographic.cast_shadow import CastShadow
from lifecast.scans.photographic.landmarks import HiddenLandmarks
from lifecast.scans.photographic.layers import Layer, bounding_box, cut
from lifecast.scans.photographic.motion_blur import MotionBlur
from lifecast.scans.photographic.steps import OFF

from .conftest import SIZE, body_mask


def figure() -> Layer:
    mask = body_mask()
    box = bounding_box(mask)
    return Layer(np.full((box[3], box[2], 3), (0, 200, 0), np.uint8), cut(mask, box), box)


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_a_hard_shadow_falls_away_from_the_lamp(side: float) -> None:
    columns = np.arange(SIZE) - SIZE / 2
    for index in range(8):
        background = np.full((SIZE, SIZE, 3), 200, np.uint8)
        CastShadow(hard=1.0).draw(background, figure(), np.array([side * 0.7, 0.5, 0.5]), np.random.default_rng(index))
        lost = 200 - background[..., 0].astype(int)
        assert (lost >= -1).all()
        assert lost.sum() > 1000
        assert (lost.sum(axis=0) * columns).sum() * side < 0


def test_without_a_hard_shadow_the_ground_is_dark_below_the_feet() -> None:
    background = np.full((SIZE, SIZE, 3), 200, np.uint8)
    CastShadow(hard=0, unlit=0, contact=1.0).draw(background, figure(), None, np.random.default_rng(0))
    lost = 200 - background[..., 0].astype(int)
    rows = (lost.sum(axis=1) * np.arange(SIZE)).sum() / lost.sum()
    assert rows == pytest.approx(0.84 * SIZE, abs=4)
    plain = np.full((SIZE, SIZE, 3), 200, np.uint8)
    OFF.cast_shadow.draw(plain, figure(), np.array([0.5, 0.5, 0.5]), np.random.default_rng(0))
    assert (plain == 200).all()


def test_a_moving_person_is_blurred_beyond_their_box() -> None:
    person = figure()
    moving = MotionBlur(moving=1.0, length=0.1, bend=0).of_person(person, SIZE, np.random.default_rng(0))
    assert moving.box[2] > person.box[2]
    assert moving.cover.astype(float).sum() == pytest.approx(person.cover.astype(float).sum(), rel=0.01)
    assert (moving.colour == (0, 200, 0)).all()
    assert MotionBlur(moving=0).of_person(person, SIZE, np.random.default_rng(0)) is person


def test_only_hidden_landmarks_are_guessed() -> None:
    rng = np.random.default_rng(0)
    landmarks = np.concatenate([rng.uniform(-0.9, 0.9, (33, 3)), np.full((33, 1), 0.9)], axis=1).astype(np.float32)
    landmarks[0, 1] = -1.2  # below the picture
    hidden = np.zeros((64, 64), np.uint8)
    hidden[:, 32:] = 255
    found = HiddenLandmarks().guessed(landmarks, hidden, rng)
    gone = (landmarks[:, 0] > 0) | (landmarks[:, 1] < -1)
    np.testing.assert_array_equal(found[~gone], landmarks[~gone])
    assert (found[gone, 3] <= 0.7 * 0.9 + 1e-6).all()
    assert (found[gone, :3] != landmarks[gone, :3]).all()
    off = HiddenLandmarks(visibility=(1, 1), error=0)
    np.testing.assert_array_equal(off.guessed(landmarks, hidden, rng), landmarks)
