"""The square crop: where it lies, how big the person is in it, what stands outside, and the way back."""

from __future__ import annotations

import numpy as np
import pytest

from lifecast.errors import PhotoError
from lifecast.photo.framing import PIFUHD_SIDE, crop_colour, finer_crop, frame
from lifecast.photo.mask import MASK_REFINEMENT, ArrayMask, SquareMask, bounding_box, crop_square, refine
from lifecast.space.units import PERSON_SPAN
from lifecast.space.view import Camera


@pytest.mark.parametrize("box", [(100, 50, 200, 350), (20, 200, 420, 300), (-50, -80, 100, 500)])
def test_the_person_spans_what_it_spans_in_training(box: tuple[float, ...]) -> None:
    camera = frame(box, (600, 400), 256)  # type: ignore[arg-type]
    corners = camera.to_view(np.array([[box[0], box[1]], [box[2], box[3]]], float))
    extent = np.abs(corners[1] - corners[0])
    assert extent.max() == pytest.approx(2 * PERSON_SPAN)
    np.testing.assert_allclose(corners.mean(0), 0, atol=1e-9)


def test_the_released_checkpoints_frame() -> None:
    camera = frame((100, 100, 200, 400), (600, 600), 1024, "pifuhd")
    assert camera.side == pytest.approx(300 * PIFUHD_SIDE)
    assert (camera.left + camera.side / 2, camera.top + camera.side / 2) == (150, 250)


def test_view_and_photograph_and_back() -> None:
    camera = Camera(-30.5, 12.25, 411.0, 512, (600, 400))
    points = np.random.default_rng(0).uniform(-1, 1, (50, 3))
    np.testing.assert_allclose(camera.to_view(camera.to_photo(points)), points[:, :2], atol=1e-12)
    np.testing.assert_allclose(camera.to_photo(np.array([-1.0, 1.0, 0])), [camera.left, camera.top])
    affine = camera.crop_to_photo()
    np.testing.assert_allclose(affine @ [512, 512, 1], [camera.left + camera.side, camera.top + camera.side])


@pytest.mark.parametrize(
    "box", [(10, 10, 10, 50), (10, 10, 5, 50), (0, 0, np.nan, 5), (700, 10, 800, 90), (-90, 0, -5, 9)]
)
def test_boxes_that_frame_nobody(box: tuple[float, ...]) -> None:
    with pytest.raises(PhotoError, match="box"):
        frame(box, (600, 400), 256)  # type: ignore[arg-type]


def test_a_whole_number_crop_copies_pixels() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (80, 100, 3), dtype=np.uint8)
    camera = Camera(20, 10, 64, 64, (100, 80))
    np.testing.assert_array_equal(crop_colour(picture, camera), picture[10:74, 20:84])
    np.testing.assert_array_equal(crop_colour(picture, camera, "pifuhd"), picture[10:74, 20:84])


@pytest.mark.parametrize(("most", "size"), [(400, 300), (200, 200), (124, None), (64, None)])
def test_a_finer_crop_is_as_fine_as_photograph_and_texture(most: int, size: int | None) -> None:
    colour = np.random.default_rng(0).integers(0, 256, (400, 400, 3), dtype=np.uint8)
    found = finer_crop(colour, Camera(50, 60, 300, 100, (400, 400)), "lifecast", most)
    if size is None:
        assert found is None
        return
    assert found is not None
    assert found.shape == (size, size, 3)
    if size == 300:
        np.testing.assert_array_equal(found, colour[60:360, 50:350])


def test_enlarging_is_bilinear_with_half_pixel_centres() -> None:
    picture = np.random.default_rng(1).integers(0, 255, (40, 40), dtype=np.uint8).astype(np.float32)
    left, top, side, size = 3.3, 5.7, 20.0, 64
    crop = crop_square(picture, left, top, side, size, outside=0.0)
    for i, j in ((0, 0), (5, 60), (63, 1), (31, 32)):
        x = left + (i + 0.5) * side / size - 0.5
        y = top + (j + 0.5) * side / size - 0.5
        x0, y0 = int(np.floor(x)), int(np.floor(y))
        fx, fy = x - x0, y - y0
        expected = (
            picture[y0, x0] * (1 - fx) * (1 - fy) + picture[y0, x0 + 1] * fx * (1 - fy)
            + picture[y0 + 1, x0] * (1 - fx) * fy + picture[y0 + 1, x0 + 1] * fx * fy
        )  # fmt: skip
        assert crop[j, i] == pytest.approx(expected, abs=0.5)


def test_outside_the_photograph() -> None:
    picture = np.zeros((50, 50, 3), np.uint8)
    picture[:, 0] = 200, 0, 0
    camera = Camera(-50, 0, 100, 100, (50, 50))
    repeated = crop_colour(picture, camera)
    assert repeated[10, 10].tolist() == [200, 0, 0]
    black = crop_colour(picture, camera, "pifuhd")
    assert black[10, 10].tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="misses"):
        crop_square(picture, 60, 0, 10, 10, outside=0)


def test_masks_follow_the_crop() -> None:
    values = np.zeros((60, 80), np.float32)
    values[20:40, 30:50] = 1
    whole = ArrayMask(values).window(-10, -10, 100, 100)
    assert whole.sum() == pytest.approx(400)
    assert bounding_box(whole) == (40, 30, 60, 50)
    part = SquareMask(values[:60, :60], 0, 0, 60).window(-10, -10, 100, 100)
    np.testing.assert_allclose(part, whole, atol=1e-6)


def test_specks_do_not_widen_the_box() -> None:
    mask = np.zeros((100, 100), np.float32)
    mask[30:70, 40:60] = 1
    mask[2:5, 2:5] = 1
    assert bounding_box(mask) == (40, 30, 60, 70)
    assert bounding_box(np.zeros((10, 10))) is None


def test_refined_edges_follow_the_photograph() -> None:
    size = 256
    x, y = np.meshgrid(np.arange(size), np.arange(size))
    truth = np.hypot(x - 130, y - 120) < 60
    colour = np.where(truth[..., None], (190, 60, 50), (60, 120, 160)).astype(np.uint8)
    colour = (colour + np.random.default_rng(0).normal(0, 4, colour.shape)).clip(0, 255).astype(np.uint8)
    # A sixth of the resolution, and shifted by a few pixels: what a coarse network gives.
    coarse = crop_square(truth.astype(np.float32), 4, -3, size, size // 6, outside=0.0)
    soft = crop_square(coarse, 0, 0, coarse.shape[0], size, outside=0.0)
    refined = refine(soft, colour, radius=12)
    before = ((soft > 0.5) != truth).sum()
    after = ((refined > 0.5) != truth).sum()
    assert after < 0.25 * before
    assert refined[120, 130] == 1
    assert refined[5, 5] == 0


def test_without_a_line_in_the_photograph_the_edge_is_where_masks_end_early() -> None:
    colour = np.full((256, 256, 3), 90, np.uint8)
    ramp = np.tile(np.linspace(0, 1, 256, dtype=np.float32), (256, 1))
    edge = int((refine(ramp, colour, radius=4)[128] > 0.5).argmax())
    assert ramp[0, edge] == pytest.approx(MASK_REFINEMENT.edge_level, abs=0.01)
