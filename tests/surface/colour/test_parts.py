"""Which cells are a hand's, though the joints say trunk or thigh."""

import numpy as np
import pytest

from lifecast.space.parsing import Part
from lifecast.surface.colour.body_parts import Zone
from lifecast.surface.colour.part_rules import PART_RULES
from lifecast.surface.colour.parts import skin_by_forearms


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
