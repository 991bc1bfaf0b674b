import math

import pytest
import torch

from lifecast.model.pixel_aligned import cut_windows, inside_box, sample_features, window_fractions


def slow_sample(features, x, y, align_corners, padding):
    """One bilinear sample of features (C, h, w) at view (x, y), from the definition of view space."""
    _, height, width = features.shape
    if align_corners:  # -1 is the centre of the first texel
        column, row = (x + 1) / 2 * (width - 1), (1 - y) / 2 * (height - 1)
    else:  # -1 is its outer edge
        column, row = (x + 1) / 2 * width - 0.5, (1 - y) / 2 * height - 0.5
    if padding == "border":
        column, row = min(max(column, 0), width - 1), min(max(row, 0), height - 1)
    total = torch.zeros(features.shape[0], dtype=features.dtype)
    for i in (math.floor(row), math.floor(row) + 1):
        for j in (math.floor(column), math.floor(column) + 1):
            weight = (1 - abs(row - i)) * (1 - abs(column - j))
            if 0 <= i < height and 0 <= j < width:
                total += weight * features[:, i, j]
    return total


@pytest.mark.parametrize("align_corners", [True, False])
@pytest.mark.parametrize("padding", ["zeros", "border"])
def test_samples_are_those_of_the_definition(align_corners, padding):
    generator = torch.Generator().manual_seed(2)
    features = torch.randn(2, 3, 6, 5, generator=generator, dtype=torch.float64)
    points = torch.rand(2, 40, 3, generator=generator, dtype=torch.float64) * 2.4 - 1.2
    sampled = sample_features(features, points, align_corners=align_corners, padding=padding)
    assert sampled.shape == (2, 40, 3)
    for b in range(2):
        for n in range(40):
            x, y, _ = points[b, n].tolist()
            torch.testing.assert_close(sampled[b, n], slow_sample(features[b], x, y, align_corners, padding))


def test_a_pixel_centre_is_where_view_space_says():
    """Pixel (row j, column i) of S lies at x = -1 + (2i + 1) / S, y = 1 - (2j + 1) / S."""
    size = 8
    features = torch.arange(size * size, dtype=torch.float32).reshape(1, 1, size, size)
    points = torch.tensor([[[-1 + (2 * 5 + 1) / size, 1 - (2 * 2 + 1) / size, 0.3]]])
    assert sample_features(features, points, align_corners=False).item() == pytest.approx(2 * size + 5)


@pytest.mark.parametrize("align_corners", [True, False])
def test_a_window_answers_as_the_whole_does(align_corners):
    generator = torch.Generator().manual_seed(3)
    whole = torch.randn(2, 4, 32, 32, generator=generator)  # features at stride 2 of an image of 64
    windows = torch.tensor([[16, 8, 32, 32], [0, 30, 32, 32]])  # x0, y0, width, height in pixels
    parts = torch.stack(
        [f[:, y // 2 : (y + h) // 2, x // 2 : (x + w) // 2] for f, (x, y, w, h) in zip(whole, windows, strict=True)]
    )
    inner = torch.rand(2, 50, 2, generator=generator) * 0.9 + 0.05  # fractions of the window, off its edge
    pixels = windows[:, None, :2] + inner * windows[:, None, 2:]
    points = torch.stack((pixels[..., 0] / 32 - 1, 1 - pixels[..., 1] / 32, inner[..., 0]), dim=-1)
    options = {"align_corners": align_corners, "padding": "zeros"}
    expected = sample_features(whole, points, **options)
    sampled = sample_features(parts, points, window=window_fractions(windows, 64), **options)
    torch.testing.assert_close(sampled, expected, atol=1e-5, rtol=0)


def test_the_whole_is_a_window_too():
    generator = torch.Generator().manual_seed(4)
    features, points = torch.randn(1, 2, 9, 9, generator=generator), torch.rand(1, 20, 3, generator=generator) * 2 - 1
    for align_corners in (True, False):
        expected = sample_features(features, points, align_corners=align_corners)
        window = torch.tensor([0.0, 0.0, 1.0, 1.0])
        sampled = sample_features(features, points, align_corners=align_corners, window=window)
        torch.testing.assert_close(sampled, expected, atol=1e-5, rtol=0)


def test_half_precision_features_are_placed_in_single_precision():
    generator = torch.Generator().manual_seed(5)
    features = torch.randn(1, 2, 512, 512, generator=generator).half()
    points = torch.rand(1, 100, 3, generator=generator) * 2 - 1
    sampled = sample_features(features, points, align_corners=False)
    assert sampled.dtype == torch.float32
    assert torch.equal(sampled, sample_features(features.float(), points, align_corners=False))


def test_the_ends_of_the_box_are_inside():
    points = torch.tensor([[1.0, -1.0, 1.0], [1.0001, 0, 0], [0, 0, -1.5]])
    assert inside_box(points, 3).tolist() == [True, False, False]
    assert inside_box(points, 2).tolist() == [True, False, True]


def test_cut_windows_is_slicing():
    images = torch.arange(2 * 1 * 8 * 8).view(2, 1, 8, 8)
    windows = torch.tensor([[1, 2, 4, 3], [4, 5, 4, 3]])
    cut = cut_windows(images, windows)
    assert torch.equal(cut[0], images[0, :, 2:5, 1:5])
    assert torch.equal(cut[1], images[1, :, 5:8, 4:8])
