"""Squares around head and hands, what is cut out of maps by them, and what is put back."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lifecast.space.close_up import (
    CLOSE_UPS,
    CloseUpMaps,
    CloseUps,
    Square,
    close_up_squares,
    cut_square,
    inside_share,
    visible_squares,
    with_close_ups,
)
from lifecast.space.maps import Maps
from lifecast.space.skeleton import Joint


@pytest.fixture
def joints() -> np.ndarray:
    """A person whose joints are all visible."""
    points = np.zeros((33, 4), np.float32)
    points[:, 3] = 1
    points[[Joint.LEFT_EAR, Joint.RIGHT_EAR], :2] = [[0.06, 0.6], [-0.06, 0.6]]
    points[Joint.NOSE, :2] = [0.0, 0.56]
    points[[Joint.LEFT_PINKY, Joint.LEFT_INDEX], :2] = [[0.3, -0.1], [0.34, -0.1]]
    points[[Joint.RIGHT_PINKY, Joint.RIGHT_INDEX], :2] = [[-0.3, 0.1], [-0.34, 0.1]]
    return points


def test_squares_lie_around_the_skull_and_the_knuckles(joints: np.ndarray) -> None:
    head, left, right = close_up_squares(joints)
    assert [one.name for one in (head, left, right)] == ["head", "left_hand", "right_hand"]
    assert (head.x, head.y) == pytest.approx((0.0, 0.59))
    assert (left.x, left.y) == pytest.approx((0.32, -0.1))
    assert (right.x, right.y) == pytest.approx((-0.32, 0.1))
    assert head.half == pytest.approx(CLOSE_UPS.head / 128)
    joints[Joint.LEFT_INDEX] = np.nan
    assert [one.name for one in close_up_squares(joints)] == ["head", "right_hand"]


def test_a_head_may_be_turned_away_but_hands_must_be_visible(joints: np.ndarray) -> None:
    joints[[Joint.NOSE, Joint.LEFT_EAR], 3] = 0.1
    joints[Joint.RIGHT_WRIST, 3] = 0.3
    assert [one.name for one in visible_squares(joints)] == ["head", "left_hand"]
    joints[Joint.RIGHT_EAR, 3] = 0.1
    assert [one.name for one in visible_squares(joints)] == ["left_hand"]
    assert len(visible_squares(joints, CloseUps(visible=0.05))) == 3


def test_a_square_has_the_pixels_of_the_map_that_it_covers() -> None:
    """Three quarters to the right and a quarter up, at the map's own resolution: the pixels themselves."""
    maps = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    square = Square("head", 0.5, 0.25, 0.25)  # columns 40 to 56, rows 16 to 32
    torch.testing.assert_close(cut_square(maps, square, 16), maps[..., 16:32, 40:56])
    assert torch.equal(cut_square(maps, Square("head", 3.0, 0.0, 0.25), 16), torch.zeros(2, 3, 16, 16))


def test_points_and_pixels_of_a_square_agree() -> None:
    square = Square("head", 0.5, 0.25, 0.25)
    placed = square.to_square(np.array([[0.5, 0.25, 0.1], [0.75, 0.5, 0], [0.25, 0.0, -0.5]], np.float32))
    np.testing.assert_allclose(placed, [[0, 0, 0.4], [1, 1, 0], [-1, -1, -2]])
    np.testing.assert_allclose(inside_share(placed, 0.2), [1, 0, 0])
    np.testing.assert_allclose(inside_share(np.array([[0.9, 0.0], [0.5, -0.95]]), 0.2), [0.5, 0.25])


def test_close_ups_take_the_place_of_the_maps_inside_of_their_squares_alone() -> None:
    ones = torch.ones(1, 3, 64, 64)
    maps = Maps(ones * 0.25, ones * -0.25, torch.ones(1, 1, 64, 64))
    part = torch.full((1, 3, 80, 80), 0.75)
    square = Square("head", 0.5, 0.25, 0.25)
    found = with_close_ups(maps, [CloseUpMaps(square, part, -part, torch.ones(1, 1, 80, 80))])
    inside = torch.zeros(64, 64, dtype=torch.bool)
    inside[16:32, 40:56] = True
    torch.testing.assert_close(found.front[0, :, ~inside], maps.front[0, :, ~inside])
    torch.testing.assert_close(found.front[..., 20:28, 44:52], torch.full((1, 3, 8, 8), 0.75))
    torch.testing.assert_close(found.back[..., 20:28, 44:52], torch.full((1, 3, 8, 8), -0.75))
    assert found.mask is maps.mask
    assert with_close_ups(maps, []) is maps


def test_what_is_cut_out_and_put_back_is_what_was_there() -> None:
    y, x = np.meshgrid(np.linspace(-1, 1, 128), np.linspace(-1, 1, 128), indexing="ij")
    smooth = torch.from_numpy(np.stack([np.sin(2 * x), np.cos(3 * y), x * y])).float()[None]
    maps = Maps(smooth, smooth.flip(1), torch.ones(1, 1, 128, 128))
    square = Square("left_hand", -0.31, 0.17, 0.21)
    front, back, mask = (cut_square(one, square, 96) for one in (maps.front, maps.back, torch.ones(1, 1, 128, 128)))
    found = with_close_ups(maps, [CloseUpMaps(square, front, back, mask)])
    torch.testing.assert_close(found.front, maps.front, atol=2e-3, rtol=0)
    torch.testing.assert_close(found.back, maps.back, atol=2e-3, rtol=0)
