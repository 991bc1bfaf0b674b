"""The limbs share the skin of arms and legs among them, and are named in words."""

from __future__ import annotations

import numpy as np

from lifecast.body.limbs import LIMBS, in_words, limb_vertices, with_what_hangs_on
from lifecast.body.part_mesh import part_vertices


def test_limbs_share_arms_and_legs_among_them() -> None:
    counts = np.sum([limb_vertices(joint) for joint in LIMBS], axis=0)
    whole = [part_vertices(f"{stem}.{side}") for stem in ("upperarm01", "upperleg01") for side in "LR"]
    np.testing.assert_array_equal(counts, np.any(whole, axis=0))


def test_a_forearm_hangs_on_an_upper_arm() -> None:
    assert with_what_hangs_on(["upperarm01.L"]) == {"upperarm01.L", "lowerarm01.L", "wrist.L"}
    assert with_what_hangs_on(["foot.R"]) == {"foot.R"}
    assert with_what_hangs_on([]) == frozenset()


def test_limbs_in_words() -> None:
    assert in_words(["wrist.R"]) == "right hand"
    assert in_words(["wrist.R", "upperarm01.L"]) == "left upper arm and right hand"
    assert in_words(["foot.L", "lowerleg01.L", "upperleg01.R"]) == "left shin, left foot and right thigh"
