import torch

from lifecast.space.resizing import resize_image, resize_map


def test_the_same_size_is_the_same_tensor():
    image = torch.rand(1, 3, 8, 8)
    assert resize_image(image, 8) is image
    assert resize_map(image, 8, align_corners=True) is image


def test_halving_without_filter_averages_two_by_two():
    image = torch.rand(1, 3, 8, 8)
    expected = image.reshape(1, 3, 4, 2, 4, 2).mean(dim=(3, 5))
    torch.testing.assert_close(resize_image(image, 4, antialias=False), expected)
    assert not torch.allclose(resize_image(image, 4), expected)


def test_filtering_keeps_a_fine_checkerboard_grey():
    board = (torch.arange(64)[:, None] + torch.arange(64)) % 2 * 1.0
    small = resize_image(board[None, None], 12)  # 64 / 12 is no whole number: without filter it would beat
    assert (small - 0.5).abs().max() < 0.1
    assert (resize_image(board[None, None], 12, antialias=False) - 0.5).abs().max() > 0.2


def test_corner_aligned_maps_keep_their_corners():
    values = torch.rand(1, 3, 5, 5)
    large = resize_map(values, 9, align_corners=True)
    torch.testing.assert_close(large[..., ::2, ::2], values)
