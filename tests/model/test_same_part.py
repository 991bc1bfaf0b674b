"""Which parts two architectures have in common."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lifecast.model.ablations import preset_named
from lifecast.model.model import PARTS
from lifecast.model.presets import PAPER, TINY
from lifecast.model.same_part import same_part

COMPACT = preset_named("compact-parsing")


def common(one, other):
    return {part for part in PARTS if same_part(part, one, other)}


def test_an_architecture_has_its_own_parts_in_common_with_itself():
    assert common(COMPACT, COMPACT) == set(PARTS)
    assert common(PAPER, PAPER) == {"normals", "coarse", "fine"}
    assert common(COMPACT, replace(COMPACT, name="other")) == set(PARTS)


def test_larger_maps_are_the_detail_heads_alone():
    assert common(COMPACT, replace(COMPACT, maps=replace(COMPACT.maps, size=512))) == set(PARTS) - {"detail"}


def test_another_normal_head_changes_all_heads_and_no_net():
    network = replace(COMPACT.maps.network, blocks=(0, 1, 2, 5, 5))
    assert common(COMPACT, replace(COMPACT, maps=replace(COMPACT.maps, network=network))) == {
        "pose_lifter", "close_up", "coarse", "fine",
    }  # fmt: skip


def test_the_fine_net_stands_on_the_coarse_one():
    assert common(COMPACT, replace(COMPACT, coarse=replace(COMPACT.coarse, features=16))) == {
        "pose_lifter", "normals", "depth", "detail", "close_up", "parsing",
    }  # fmt: skip
    assert not common(COMPACT, TINY)


def test_an_unknown_part_is_an_error():
    with pytest.raises(ValueError, match="hands"):
        same_part("hands", COMPACT, COMPACT)
