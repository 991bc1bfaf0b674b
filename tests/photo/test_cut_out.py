"""Outlines of stickers and soft shadows are told from people."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lifecast.photo.cut_out import without_outline, without_shadow

Doll = tuple[np.ndarray, np.ndarray]


def sticker(doll: Doll, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The doll on a white outline: mask and colours."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1))
    mask = cv2.dilate(doll[1], disc)
    return mask, np.where(doll[1][..., None] > 0.5, doll[0], 255).astype(np.uint8)


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float(((a > 0.5) & (b > 0.5)).sum() / ((a > 0.5) | (b > 0.5)).sum())


@pytest.mark.parametrize("width", [6, 12, 24])
def test_a_stickers_outline_is_left_out(doll: Doll, width: int) -> None:
    mask, colour = sticker(doll, width)
    found = without_outline(mask, colour)
    assert found is not None
    assert found[1] == pytest.approx(width, abs=2)
    assert overlap(found[0], doll[1]) > 0.94 > overlap(mask, doll[1])
    assert found[0][doll[1] < 0.5].mean() < 0.01


def test_a_large_picture_is_trimmed_alike(doll: Doll) -> None:
    mask, colour = sticker(doll, 10)
    large = cv2.resize(mask, (1536, 1536), interpolation=cv2.INTER_NEAREST)
    found = without_outline(large, cv2.resize(colour, (1536, 1536), interpolation=cv2.INTER_NEAREST))
    assert found is not None
    assert found[1] == pytest.approx(30, abs=5)
    assert overlap(found[0], cv2.resize(doll[1], (1536, 1536))) > 0.94


def test_a_plain_cut_out_and_a_drawing_of_one_colour_have_no_outline(doll: Doll) -> None:
    assert without_outline(doll[1], doll[0]) is None
    assert without_outline(doll[1], np.zeros_like(doll[0])) is None
    assert without_outline(np.zeros_like(doll[1]), doll[0]) is None


@pytest.mark.parametrize(("opacity", "colour"), [(0.75, (0, 0, 0)), (0.4, (20, 20, 60)), (0.85, (255, 220, 0))])
def test_a_soft_shadow_is_left_out(doll: Doll, opacity: float, colour: tuple[int, int, int]) -> None:
    shadow = cv2.GaussianBlur(np.roll(doll[1], (12, 14), (0, 1)), (0, 0), 8) * opacity
    alpha = np.maximum(doll[1], shadow).astype(np.float32)
    painted = np.where(doll[1][..., None] > 0.5, doll[0], np.uint8(colour)).astype(np.uint8)
    found = without_shadow(alpha, painted)
    assert found is not None
    np.testing.assert_allclose(found, doll[1], atol=0.04)


def test_soft_edges_and_hair_stay(doll: Doll) -> None:
    soft = cv2.GaussianBlur(doll[1], (0, 0), 1.2)
    assert without_shadow(soft, doll[0]) is None
    assert without_shadow(doll[1], doll[0]) is None
    y, x = np.mgrid[:512, :512]
    hair = np.hypot(x - 256, y - 110) < 70
    alpha = np.where(hair & (doll[1] < 0.5), 0.5, doll[1]).astype(np.float32)
    colour = doll[0].copy()
    colour[hair & (doll[1] < 0.5)] = np.random.default_rng(0).integers(10, 70, (512, 512, 1))[hair & (doll[1] < 0.5)]
    assert without_shadow(alpha, colour) is None
