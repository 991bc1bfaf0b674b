"""The window around the person that detail is predicted in."""

import pytest
import torch

from lifecast.model.window import Window, window_around


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
