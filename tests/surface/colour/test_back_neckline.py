"""Which skin behind a garment covers, on small grids."""

import numpy as np
import pytest

from lifecast.space.parsing import Part
from lifecast.surface.colour.back_neckline import BackNeckline, closed_backs
from lifecast.surface.colour.body_parts import Trunk

TRUNK = Trunk(np.array([0, 0.4, 0]), np.array([0, -0.2, 0]), 0.3)
"""Shoulders at row 9 of 32, hips at row 19; half as wide as 5 columns around column 16."""


def row_of(y):
    return int((1 - y) * 16)


@pytest.fixture
def covered():
    person = np.zeros((32, 32), bool)
    person[6:30, 11:21] = True
    return person


def behind_of(front):
    return np.where(front < 0, Part.SKIN, front)


def test_skin_of_a_neckline_is_closed(covered):
    front = np.where(covered, Part.SKIN, -1)
    for row in range(8, 20):  # a neckline whose ends are at row 8, columns 13 and 18, and whose point is at row 11
        half = max(0, 11 - row)
        front[row, 11:21] = Part.UPPER
        front[row, 16 - half : 16 + half] = Part.SKIN
    got = closed_backs(behind_of(front), front, covered, TRUNK)
    assert (got[8:12, 13:19] == Part.UPPER).all()
    assert (got[6:8] == Part.SKIN).all()  # the neck
    assert (got[20:30] == Part.SKIN).all()  # bare legs
    assert np.array_equal(got[behind_of(front) != Part.SKIN], front[behind_of(front) != Part.SKIN])


def test_the_line_is_slanted_from_end_to_end(covered):
    front = np.where(covered, Part.SKIN, -1)
    front[11:20, 11:21] = Part.UPPER
    front[8:11, 12] = Part.OUTER  # a strap over one shoulder
    got = closed_backs(behind_of(front), front, covered, TRUNK)
    dressed = (got == Part.OUTER)[8:11, 13:18].sum(0)
    assert dressed[0] >= 2
    assert (np.diff(dressed) <= 0).all()


def test_a_dress_without_straps_leaves_the_back_bare(covered):
    front = np.where(covered, Part.SKIN, -1)
    front[row_of(0.4 - 0.35 * 0.6) : 30, 11:21] = Part.UPPER
    front[12:14, 15:17] = Part.SKIN
    behind = behind_of(front)
    assert np.array_equal(closed_backs(behind, front, covered, TRUNK), behind)
    assert not np.array_equal(closed_backs(behind, front, covered, TRUNK, BackNeckline(under=0.5)), behind)


def test_nothing_worn_on_one_side_changes_nothing(covered):
    front = np.where(covered, Part.SKIN, -1)
    front[8:20, 11:14] = Part.UPPER
    assert np.array_equal(closed_backs(behind_of(front), front, covered, TRUNK), behind_of(front))


def test_shoulders_are_as_they_are_in_front(covered):
    """A jacket on one shoulder: what seems bare behind, over the outline in front, is the jacket; the other is bare."""
    front = np.where(covered, Part.SKIN, -1)
    front[6:20, 19:21] = Part.OUTER
    front[9:20, 11:19] = Part.UPPER
    behind = behind_of(front)
    got = closed_backs(behind, front, covered, TRUNK)
    assert (got[4:6, 20] == Part.OUTER).all()
    assert (got[4:6, 11] == Part.SKIN).all()
    without = closed_backs(behind, front, covered, TRUNK, BackNeckline(neck=5.0))
    assert (without[4:6, 20] == Part.SKIN).all(), "none of it is taken for a shoulder"
