"""The back gets folds like the front's, where there is cloth, and nothing that belongs to the front alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch import Tensor

from lifecast.space.maps import Maps
from lifecast.space.skeleton import Joint
from lifecast.surface.detail.back_folds import BACK_FOLDS, BackFolds, with_back_folds

SIZE = 256
FINE = dataclasses.replace(BACK_FOLDS, reach=0.05, softened=0.0, around=0.3)
"""For folds of 16 pixels in a map of 256."""
NO_MIDDLE = dataclasses.replace(FINE, middle=0.0)


def joints() -> Tensor:
    """A person who stands from y = -0.8 to 0.8, arms out."""
    found = torch.zeros(33, 4)
    places = {
        Joint.LEFT_EAR: (0.06, 0.7), Joint.RIGHT_EAR: (-0.06, 0.7), Joint.LEFT_SHOULDER: (0.2, 0.5),
        Joint.RIGHT_SHOULDER: (-0.2, 0.5), Joint.LEFT_HIP: (0.1, -0.1), Joint.RIGHT_HIP: (-0.1, -0.1),
        Joint.LEFT_WRIST: (0.5, 0.3), Joint.LEFT_INDEX: (0.58, 0.3), Joint.RIGHT_WRIST: (-0.5, 0.3),
        Joint.RIGHT_INDEX: (-0.58, 0.3),
    }  # fmt: skip
    for joint, place in places.items():
        found[joint, :2] = torch.tensor(place)
    return found


def view() -> tuple[Tensor, Tensor]:
    """View x and y (s, s) of each pixel."""
    at = (torch.arange(SIZE) + 0.5) / SIZE * 2 - 1
    y, x = torch.meshgrid(-at, at, indexing="ij")
    return x, y


def slab(slope: Tensor, slope_y: Tensor | None = None, depth: Tensor | None = None) -> Maps:
    """A flat person as wide as the picture is to 0.7, whose front leans x by `slope` (s, s), whose back is smooth."""
    x, y = view()
    mask = ((x.abs() < 0.7) & (y.abs() < 0.8)).float()[None, None]
    front = torch.stack([slope, torch.zeros_like(slope) if slope_y is None else slope_y, torch.ones_like(slope)])
    front = torch.nn.functional.normalize(front, dim=0)[None] * mask
    back = torch.tensor([0.0, 0.0, -1.0]).view(1, 3, 1, 1) * mask
    deep = torch.zeros(SIZE, SIZE) if depth is None else depth
    return Maps(front, back, mask, depth=torch.stack([deep, deep - 0.3])[None])


def waves(depth: float = 0.2) -> Tensor:
    x, _ = view()
    return depth * torch.sin(x * 2 * torch.pi * SIZE / 2 / 16)


def folds(maps: Maps, where: Tensor) -> float:
    """How far the back leans to the sides, root mean square."""
    return float(maps.back[0, 0][where].square().mean().sqrt())


def test_the_back_leans_as_the_front_does_seen_through() -> None:
    given = slab(waves(0.1))
    found = with_back_folds(given, joints(), 1.0, dataclasses.replace(NO_MIDDLE, deepest=100.0))
    x, y = view()
    legs = (y < -0.2) & (y > -0.7) & (x.abs() < 0.6)
    assert float((found.back[0, 0] - given.front[0, 0])[legs].abs().max()) < 0.02
    assert float(found.back[0, 2][legs].max()) < -0.98, "it still faces a camera behind"
    assert torch.equal(found.front, given.front)


def test_the_more_is_asked_the_deeper_they_are() -> None:
    given, (x, y) = slab(waves()), view()
    legs = (y < -0.2) & (y > -0.7) & (x.abs() < 0.6)
    depths = [folds(with_back_folds(given, joints(), amount, FINE), legs) for amount in (0.0, 0.5, 1.0)]
    assert depths[0] < 1e-6
    assert depths[1] > 0.03
    assert depths[2] == pytest.approx(2 * depths[1], rel=0.05)


def test_head_and_hands_keep_theirs_to_themselves() -> None:
    given, (x, y) = slab(waves()), view()
    found = with_back_folds(given, joints(), 1.0, FINE)
    head = x**2 + (y - 0.7) ** 2 < 0.15**2
    hand = (x - 0.54) ** 2 + (y - 0.3) ** 2 < 0.1**2
    for part in (head, hand, hand.flip(1)):
        assert torch.equal(found.back[0, :, part], given.back[0, :, part])


def test_the_middle_of_the_trunk_gets_less() -> None:
    given, (x, y) = slab(waves()), view()
    found = with_back_folds(given, joints(), 1.0, FINE)
    rows = (y > 0.0) & (y < 0.35)
    beside = folds(found, rows & (x.abs() > 0.15) & (x.abs() < 0.4))
    assert folds(found, rows & (x.abs() < 0.04)) == pytest.approx(FINE.on_middle * beside, rel=0.3)
    everywhere = with_back_folds(given, joints(), 1.0, NO_MIDDLE)
    assert folds(everywhere, rows & (x.abs() < 0.04)) == pytest.approx(beside, rel=0.15)


def test_a_line_that_is_far_deeper_than_what_is_around_it_is_held_down() -> None:
    slope, (x, y) = waves(0.05), view()
    pocket = (y + 0.4).abs() < 0.02
    slope = torch.where(pocket & (x > 0.1) & (x < 0.5), torch.full_like(slope, 0.6), slope)
    given = slab(slope)
    line = pocket & (x > 0.15) & (x < 0.45)
    held = folds(with_back_folds(given, joints(), 1.0, FINE), line)
    free = folds(with_back_folds(given, joints(), 1.0, dataclasses.replace(FINE, deepest=100.0)), line)
    assert free > 0.3
    assert held < 0.7 * free


def test_an_edge_in_depth_is_no_fold() -> None:
    x, y = view()
    before = (x > 0.2).float()  # something lies before the right of the person
    slope = torch.exp(-(((x - 0.2) / 0.02) ** 2)) * 0.5
    edge = (x - 0.2).abs() < 0.01
    below = y < -0.2
    seen = with_back_folds(slab(slope, depth=0.2 * before), joints(), 1.0, FINE)
    assert folds(seen, edge & below & (y > -0.75)) == 0
    assert folds(with_back_folds(slab(slope), joints(), 1.0, FINE), edge & below & (y > -0.75)) > 0.05


def test_nothing_outside_of_the_person_and_lengths_stay() -> None:
    given = slab(waves())
    given = given._replace(back=given.back * 0.5)
    found = with_back_folds(given, joints(), 2.0, BackFolds())
    assert torch.allclose(found.back.norm(dim=1), given.back.norm(dim=1), atol=1e-5)
    assert found.back.dtype == given.back.dtype
    empty = given._replace(mask=torch.zeros_like(given.mask) if given.mask is not None else None)
    assert with_back_folds(empty, joints(), 2.0) is empty


def test_a_person_without_a_trunk_has_no_middle() -> None:
    given = slab(waves())
    found = with_back_folds(given, torch.zeros(33, 4), 1.0, FINE)
    assert np.isfinite(found.back.numpy()).all()
