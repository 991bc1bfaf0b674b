"""Photographs' borders: where they are drawn, and what lies beyond them."""

from __future__ import annotations

import numpy as np
import pytest

from lifecast.scans.photographic.framing import CutOff, filled_beyond, is_whole, repeat_edges
from lifecast.scans.placement import Placement

PERSON = (40, 20, 40, 80)


def test_without_probability_the_photograph_fills_the_square() -> None:
    step = CutOff(probability=0, border=0)
    for index in range(5):
        rng = np.random.default_rng(index)
        placement, cuts = step.placement(Placement(scale=0.9), rng)
        assert (placement, cuts) == (Placement(scale=0.9), False)
        assert is_whole(step.rim(PERSON, 128, cuts, rng), 128)


def test_borders_that_do_not_cut_leave_the_person_whole() -> None:
    step, rims = CutOff(probability=0, border=1.0), set()
    for index in range(50):
        x, y, w, h = step.rim(PERSON, 128, False, np.random.default_rng(index))
        assert x <= 40
        assert y <= 20
        assert x + w >= 80
        assert y + h >= 100
        rims.add((x, y, w, h))
    assert len(rims) > 40


def test_cuts_take_feet_knees_waist_head_and_sides() -> None:
    step, lost = CutOff(probability=1.0, border=0), {"below": [], "above": [], "left": [], "right": []}
    for index in range(300):
        x, y, w, h = step.rim(PERSON, 128, True, np.random.default_rng(index))
        shares = {
            "below": (100 - min(100, y + h)) / 80, "above": (max(20, y) - 20) / 80,
            "left": (max(40, x) - 40) / 40, "right": (80 - min(80, x + w)) / 40,
        }  # fmt: skip
        assert sum(share > 0 for share in shares.values()) == 1, "one border cuts at a time"
        for name, share in shares.items():
            lost[name].append(share)
    below = np.array(lost["below"])
    assert below.max() == pytest.approx(0.52, abs=0.03)
    for low, high in ((0.01, 0.13), (0.19, 0.34), (0.37, 0.53)):
        assert ((below >= low) & (below <= high)).sum() > 20
    assert 0 < max(lost["above"]) <= 0.08
    assert 0.2 < max(lost["left"]) <= 0.31
    assert 0.2 < max(lost["right"]) <= 0.31


def test_whoever_is_cut_off_has_errors_of_size_and_place() -> None:
    step = CutOff(probability=1.0, zoom=0.1, decentring=0.05)
    moved = [step.placement(Placement(True, 0.9, 0.1, (0.1, 0.0)), np.random.default_rng(i)) for i in range(400)]
    assert all(cuts and placement.flip and placement.angle == 0.1 for placement, cuts in moved)
    zoom = np.log([placement.scale / 0.9 for placement, _ in moved])
    assert zoom.std() == pytest.approx(0.1, rel=0.1)
    assert np.std([placement.shift[1] for placement, _ in moved]) == pytest.approx(0.05, rel=0.1)
    assert np.mean([placement.shift[0] for placement, _ in moved]) == pytest.approx(0.1, abs=0.01)


def test_edges_are_repeated_as_in_use() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (16, 16, 3)).astype(np.uint8)
    framed = repeat_edges(picture, (3, 4, 8, 6))
    rows, columns = np.clip(np.arange(16), 4, 9), np.clip(np.arange(16), 3, 10)
    np.testing.assert_array_equal(framed, picture[rows][:, columns])
    filled = filled_beyond(picture[..., 0], (3, 4, 8, 6), 7)
    assert (filled[4:10, 3:11] == picture[4:10, 3:11, 0]).all()
    assert (np.delete(filled.ravel(), (np.arange(4, 10)[:, None] * 16 + np.arange(3, 11)).ravel()) == 7).all()
