"""Detail shares of maps of any size, by the picture's pixels."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy import ndimage

from lifecast.evaluation.detail_share import detail_figures


def folds(size: int = 128) -> tuple[np.ndarray, np.ndarray]:
    """Smooth random normals (S, S, 3) inside a disc, and its mask."""
    rng = np.random.default_rng(4)
    slope = ndimage.gaussian_filter(rng.normal(size=(size, size, 2)), (1.5, 1.5, 0)) * 1.2
    normals = np.concatenate([slope, np.ones((size, size, 1))], 2)
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    v, u = np.mgrid[:size, :size] - size / 2 + 0.5
    mask = u**2 + v**2 < (0.4 * size) ** 2
    return (normals * mask[..., None]).astype(np.float32), mask


def test_the_truth_has_all_of_its_detail() -> None:
    true, mask = folds()
    figures = detail_figures("front", true, true, mask)
    assert set(figures) == {"front_detail_2", "front_detail_4", "front_detail_8", "front_detail_correlation"}
    assert list(figures.values()) == pytest.approx([1, 1, 1, 1], abs=1e-5)


def test_blurred_maps_have_the_less_the_finer() -> None:
    true, mask = folds()
    blurred = cv2.GaussianBlur(true, (0, 0), 2.0)
    found = detail_figures("back", blurred, true, mask)
    assert found["back_detail_2"] < found["back_detail_4"] < found["back_detail_8"] < 0.9
    assert 0.5 < found["back_detail_correlation"] < 1

    def detail(normals: np.ndarray) -> np.ndarray:
        """By SciPy: unit normals minus their blur over the mask, where the mask is 2 pixels away from its border."""
        unit = normals / np.maximum(np.linalg.norm(normals, axis=2, keepdims=True), 1e-9) * mask[..., None]
        weight = ndimage.gaussian_filter(mask.astype(float), 2, truncate=3, mode="constant")
        smooth = ndimage.gaussian_filter(unit.astype(float), (2, 2, 0), truncate=3, mode="constant")
        inner = ndimage.binary_erosion(mask, np.ones((5, 5)), border_value=1)
        return (unit - smooth / np.maximum(weight, 1e-9)[..., None])[inner]

    ours, theirs = detail(blurred), detail(true)
    share = np.linalg.norm(ours, axis=1).sum() / np.linalg.norm(theirs, axis=1).sum()
    assert found["back_detail_2"] == pytest.approx(share, abs=2e-3)
    assert found["back_detail_correlation"] == pytest.approx(np.corrcoef(ours.ravel(), theirs.ravel())[0, 1], abs=2e-3)


def test_a_smaller_map_is_measured_at_the_pictures_size() -> None:
    true, mask = folds()
    half = cv2.resize(true, (64, 64), interpolation=cv2.INTER_AREA)
    again = cv2.resize(half, (128, 128), interpolation=cv2.INTER_LINEAR)
    assert detail_figures("front", half, true, mask) == detail_figures("front", again, true, mask)
    assert detail_figures("front", half, true, mask)["front_detail_2"] < 0.7


def test_nobody_has_no_figures() -> None:
    true, mask = folds()
    assert detail_figures("front", true, true, np.zeros_like(mask)) == {}
