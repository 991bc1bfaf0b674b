"""The window around the person that detail is predicted in."""

import pytest
import torch

from lifecast.model.window import Window, random_window, window_around


@pytest.mark.parametrize("seed", range(20))
def test_it_holds_everybody_with_a_margin_and_no_more_than_it_must(seed):
    draw = torch.Generator().manual_seed(seed)
    mask = torch.zeros(2, 1, 32, 48)
    for person in mask:
        top, left = (int(torch.randint(0, side - 3, (), generator=draw)) for side in (32, 48))
        person[:, top : top + 3, left : left + 2] = 0.9
    window = window_around(mask, 128, 192, 8)
    rows, columns = (mask.amax(dim=(0, 1)).amax(dim=axis).nonzero()[:, 0] * 4 for axis in (1, 0))
    for first, end, side, found in ((*window[:2], 128, rows), (*window[2:], 192, columns)):
        assert first % 8 == end % 8 == 0
        assert 0 <= max(0, int(found[0]) - 6) - first < 8
        assert 0 <= end - min(side, int(found[-1]) + 4 + 6) < 8
    picture = torch.rand(2, 3, 128, 192, generator=draw)
    inside = torch.zeros(1, 1, 128, 192)
    inside[..., window.top : window.bottom, window.left : window.right] = 1
    assert torch.equal(window.restored(window.cut(picture), 128, 192), picture * inside)


def test_of_nobody_it_is_the_whole_picture():
    assert window_around(torch.zeros(1, 1, 16, 16), 64, 64, 8) == Window(0, 64, 0, 64)


def test_maps_at_a_stride_are_cut_at_their_own_texels():
    picture = torch.arange(64.0).view(1, 1, 8, 8)
    window = Window(2, 6, 4, 8)
    assert torch.equal(window.cut(picture)[..., ::2, ::2], window.cut(picture[..., ::2, ::2], 2))


def test_a_random_window_lies_on_somebody_and_inside_the_picture():
    mask = torch.zeros(2, 1, 60, 90)
    mask[0, :, 2:5, 85:88] = 1
    mask[1, :, 40:42, 30:33] = 1
    torch.manual_seed(0)
    windows = {random_window(mask, 32) for _ in range(40)}
    assert len(windows) > 6
    for top, bottom, left, right in windows:
        assert (bottom - top, right - left) == (32, 32)
        assert 0 <= top <= 28
        assert 0 <= left <= 58
        assert mask[..., top:bottom, left:right].any()
    assert any(window.top == 0 and window.right == 90 for window in windows)  # moved inside, in the corner


def test_a_random_window_is_the_whole_picture_where_none_fits():
    whole = Window(0, 24, 0, 40)
    for mask, side in (
        (torch.zeros(1, 1, 24, 40), 16),
        (torch.ones(1, 1, 24, 40), 32),
        (torch.ones(1, 1, 24, 40), None),
    ):
        assert random_window(mask, side) == whole
