"""Depth maps to train on: true ones continued beyond the person, predicted ones corrected."""

from __future__ import annotations

import torch

from lifecast.training.depth_targets import continued, corrected, match_size


def test_true_depth_maps_are_continued_like_predicted_ones():
    """A slope stays that slope, whatever is beyond the person; and it goes on there, on the person's side of it."""
    mask = torch.zeros(2, 1, 64, 64)
    mask[0, 0, 10:50, 20:40] = 1
    column = torch.arange(64.0).expand(2, 2, 64, 64)
    small = continued(column * mask, mask, 32)
    slope = (torch.arange(32.0) * 2 + 0.5).expand(2, 32, 32)
    torch.testing.assert_close(small[0][:, 6:24, 11:19], slope[:, 6:24, 11:19])
    assert small[0].min() > 19.99
    assert small[0].max() < 39.01
    assert (small[0][:, :, 0] < 26).all(), "to the left of the person as deep as its left side"
    assert (small[0][:, 8:24, 31] > 30).all()
    assert (small[1] == 0).all(), "of nobody there is no depth"


def test_corrected_depths_keep_fine_differences_and_lose_wide_ones():
    """A picture of 64 texels; the person fills the middle half. Predicted: too far by 0.2 + 0.1 x, and in ripples."""
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 16:48] = 1
    x = (torch.arange(64.0) * 2 + 1) / 64 - 1
    true = (0.3 * x).expand(1, 2, 64, 64) * mask
    ripples = 0.02 * torch.cos(torch.pi * torch.arange(64.0))
    depth = (0.3 * x + 0.2 + 0.1 * x + ripples).expand(1, 2, 64, 64)
    found = corrected(depth, true, mask)
    off = (found - (0.3 * x + ripples))[..., 18:46]
    assert off.abs().max() < 0.005
    assert (depth - 0.3 * x)[..., 18:46].abs().max() > 0.2, "what was taken off"
    beyond = (found - depth)[..., :12]
    assert -0.22 < beyond.min() <= beyond.max() < -0.12, "beyond the person the nearest correction goes on"


def test_match_size_averages_down():
    maps = torch.arange(16.0).view(1, 1, 4, 4)
    down = match_size(maps, torch.zeros(1, 1, 2, 2))
    assert down.flatten().tolist() == [2.5, 4.5, 10.5, 12.5]
    assert match_size(maps, maps) is maps
