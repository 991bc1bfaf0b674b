"""Backgrounds repeat with their generator, vary, and come from a folder when there is one."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from lifecast.errors import DataError
from lifecast.scans.background import Backgrounds, generate_background, noise_of_scales


def test_generated_backgrounds_repeat_and_differ() -> None:
    pictures = [generate_background(np.random.default_rng([1, i]), 96) for i in range(24)]
    again = generate_background(np.random.default_rng([1, 7]), 96)
    np.testing.assert_array_equal(pictures[7], again)
    assert all(p.shape == (96, 96, 3) and p.dtype == np.uint8 for p in pictures)
    means = np.array([p.mean() for p in pictures])
    assert means.std() > 15  # dark and light ones
    detail = np.array([np.abs(np.diff(p.astype(float), axis=1)).mean() for p in pictures])
    assert detail.max() > 4 * detail.min()  # plain walls and clutter


def test_noise_is_smoother_with_a_steeper_slope() -> None:
    rough, smooth = (noise_of_scales(np.random.default_rng(0), 128, 128, slope)[..., 0] for slope in (-0.5, 1.5))
    assert rough.std() == pytest.approx(1, rel=1e-3)
    assert np.abs(np.diff(smooth, axis=0)).mean() < 0.3 * np.abs(np.diff(rough, axis=0)).mean()


def test_what_is_drawn_depends_only_on_the_generator() -> None:
    first, second = Backgrounds(None, seed=3), Backgrounds(None, seed=3)
    first.draw(np.random.default_rng(9), 64)  # fills another place of the bank first
    np.testing.assert_array_equal(first.draw(np.random.default_rng(4), 64), second.draw(np.random.default_rng(4), 64))


def test_pictures_of_a_folder_are_used(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    red = np.zeros((90, 140, 3), np.uint8)
    red[..., 2] = 200  # OpenCV writes BGR
    cv2.imwrite(str(tmp_path / "deep" / "red.png"), red)
    drawn = Backgrounds(tmp_path, 0).draw(np.random.default_rng(0), 64)
    assert drawn.shape == (64, 64, 3)
    np.testing.assert_array_equal(np.unique(drawn.reshape(-1, 3), axis=0), [[200, 0, 0]])


def test_a_folder_without_pictures_and_a_broken_picture_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no picture"):
        Backgrounds(tmp_path, 0)
    (tmp_path / "broken.jpg").write_bytes(b"no jpeg")
    with pytest.raises(DataError, match=r"broken\.jpg"):
        Backgrounds(tmp_path, 0).draw(np.random.default_rng(0), 32)
