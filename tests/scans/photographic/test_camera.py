"""What each part of the camera does to a picture, and that it is off at probability 0."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lifecast.scans.photographic.camera import CameraModel, add_noise, disc
from lifecast.scans.photographic.depth_of_field import DepthOfField
from lifecast.scans.photographic.motion_blur import MotionBlur
from lifecast.scans.photographic.steps import OFF, PROBABILITIES


def scene(size: int = 96) -> np.ndarray:
    """Coloured noise in blocks with an upright edge."""
    rng = np.random.default_rng(3)
    blocks = rng.integers(40, 200, (size // 8, size // 8, 3)).astype(np.uint8)
    picture = np.kron(blocks, np.ones((8, 8, 1), np.uint8))
    picture[:, : size // 2] //= 2
    return picture


def only(name: str) -> CameraModel:
    return replace(OFF.camera, **{name: 1.0})


def test_a_camera_that_does_nothing_returns_the_picture() -> None:
    picture = scene()
    assert OFF.camera.develop(picture, np.random.default_rng(0)) is picture


@pytest.mark.parametrize("name", PROBABILITIES["camera"])
def test_each_part_changes_the_picture_alone_and_repeatably(name: str) -> None:
    picture = scene()
    kept = picture.copy()
    first, again = (only(name).develop(picture, np.random.default_rng(5)) for _ in range(2))
    assert first.dtype == np.uint8
    assert first.shape == picture.shape
    assert (first != picture).any()
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(picture, kept)


def test_grey_pictures_have_no_colour() -> None:
    assert np.ptp(only("grey").develop(scene(), np.random.default_rng(0)).astype(int), axis=2).max() <= 1


def test_vignettes_darken_corners_and_not_the_middle() -> None:
    picture = np.full((64, 64, 3), 200, np.uint8)
    found = only("vignette").develop(picture, np.random.default_rng(0)).astype(int)
    assert found[0, 0, 0] < 175
    assert found[32, 32, 0] >= 198
    assert (np.diff(found[32, 32:, 0]) <= 0).all()


def test_sharpening_makes_edges_steeper_and_defocus_softer() -> None:
    edge = np.full((32, 32, 3), 80, np.uint8)
    edge[:, 16:] = 160
    for name, sign in (("sharpen", 1), ("defocus", -1)):
        step = only(name).develop(edge, np.random.default_rng(0)).astype(int)
        assert sign * ((step[16, 16, 0] - step[16, 15, 0]) - 80) > 0, name


def test_noise_reduction_takes_noise() -> None:
    noisy = add_noise(np.full((96, 96, 3), 120, np.uint8), 8.0, np.random.default_rng(1))
    assert only("denoise").develop(noisy, np.random.default_rng(0)).std() < 0.7 * noisy.std()


def test_noise_has_the_stated_strength_and_grain() -> None:
    flat = np.full((256, 256, 3), 120, np.uint8)
    noisy = add_noise(flat, 8.0, np.random.default_rng(6)).astype(float) - 120
    assert noisy.std() == pytest.approx(8, rel=0.05)
    assert abs(noisy.mean()) < 0.3
    coarse = add_noise(flat, 8.0, np.random.default_rng(6), 3.0).astype(float) - 120
    alike = [np.corrcoef(n[:, :-1].ravel(), n[:, 1:].ravel())[0, 1] for n in (noisy, coarse)]
    assert abs(alike[0]) < 0.05
    assert alike[1] > 0.5


def test_jpeg_keeps_channels_apart_and_loses_more_at_lower_quality() -> None:
    picture = scene()
    errors = []
    for quality in (20, 95):
        camera = replace(only("jpeg"), quality=(quality, quality))
        found = camera.develop(picture, np.random.default_rng(0)).astype(float)
        errors.append(np.abs(found - picture).mean())
    assert errors[0] > 2 * errors[1]
    red = np.zeros((32, 32, 3), np.uint8)
    red[..., 0] = 200
    assert only("jpeg").develop(red, np.random.default_rng(1)).reshape(-1, 3).mean(axis=0).argmax() == 0


def test_defocus_keeps_the_light() -> None:
    for radius in (0.6, 1.5, 2.6):
        assert disc(radius).sum() == pytest.approx(1, rel=1e-6)
        assert np.count_nonzero(disc(radius)) <= np.pi * (radius + 1) ** 2 + 4


def test_motion_runs_along_a_path_about_the_middle() -> None:
    for index in range(20):
        kernel = MotionBlur(bend=0).path(512, np.random.default_rng(index))
        assert kernel.sum() == pytest.approx(1, rel=1e-5)
        half = len(kernel) // 2
        at = np.arange(-half, half + 1)
        middle = np.array([(kernel.sum(0) * at).sum(), (kernel.sum(1) * at).sum()])
        np.testing.assert_allclose(middle, 0, atol=0.02)
        offsets = np.stack(np.meshgrid(at, at), -1).reshape(-1, 2)
        spread = np.linalg.eigvalsh(np.cov(offsets.T, aweights=kernel.ravel(), ddof=0))
        assert spread[0] < 0.35, "a straight path is thin"
        # An evenly run line of length L has the variance L^2 / 12 along itself; 12.8 pixels is the longest.
        assert np.sqrt(12 * max(spread[1] - 0.2, 0)) <= 0.025 * 512 + 1
    picture = scene()
    assert MotionBlur(shake=0).of_picture(picture, np.random.default_rng(0)) is picture


def test_depth_of_field_blurs_and_can_be_off() -> None:
    picture = scene()
    assert DepthOfField(0.0).blur(picture, np.random.default_rng(0)) is picture
    blurred = DepthOfField(1.0).blur(picture, np.random.default_rng(0))
    assert np.abs(np.diff(blurred.astype(int), axis=1)).mean() < np.abs(np.diff(picture.astype(int), axis=1)).mean()
