"""Which cells are a hand's, though the joints say trunk or thigh; and where parts end behind."""

import numpy as np
import pytest

from lifecast.space.parsing import Part
from lifecast.surface.colour.body_parts import Zone
from lifecast.surface.colour.part_rules import PART_RULES
from lifecast.surface.colour.parts import even_borders, skin_by_forearms


@pytest.mark.parametrize("zone", [Zone.TRUNK, Zone.LEG])
def test_skin_beside_a_forearm_is_the_forearms_wherever_it_lies(zone):
    front, lower = np.full((40, 40), int(Part.LOWER)), np.zeros((40, 40), int)
    zones = np.full((40, 40), int(zone))
    front[10:20, 10:16] = Part.SKIN
    lower[10:20, 10:14], zones[10:20, 10:14] = 1, Zone.HAND
    front[30:34, 30:34] = Part.SKIN  # bare, far from any hand
    found = skin_by_forearms(front, lower, zones, PART_RULES)
    assert found[10:20, 14:16].all()
    assert not found[30:34, 30:34].any()
    assert not found[front == Part.LOWER].any()


def test_borders_behind_are_straight_and_lie_where_they_lay():
    rng = np.random.default_rng(0)
    parts = np.full((60, 60), int(Part.UPPER))
    for column, end in enumerate(rng.integers(27, 34, 60)):  # a hem that is ragged by 7 cells
        parts[end:, column] = Part.LOWER
    hem = (even_borders(parts, 2.0) == Part.UPPER).sum(0)
    assert np.ptp(hem) <= 4
    assert np.abs(np.diff(hem)).max() <= 1
    assert hem.mean() == pytest.approx((parts == Part.UPPER).sum(0).mean(), abs=0.5)
    assert even_borders(parts, 0.0) is parts
