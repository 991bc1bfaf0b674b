"""The joints' names elsewhere: complete where a convention asks for it, none twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecast.body.body_file import read_body_file
from lifecast.body.model import joints_of_bones
from lifecast.body.names import JOINT_NAMES, TOES

VRM_REQUIRED = {
    "hips", "spine", "head",
    *(f"{side}{bone}" for side in ("left", "right") for bone in
      ("UpperLeg", "LowerLeg", "Foot", "UpperArm", "LowerArm", "Hand")),
}  # fmt: skip
DOCUMENTED = Path(__file__).resolve().parents[2] / "docs" / "body.md"


def test_every_joint_is_a_bone_and_has_its_parent_before_it() -> None:
    names = read_body_file().names
    owner, parents = joints_of_bones(names.bones, names.parents, list(JOINT_NAMES))
    assert len(JOINT_NAMES) == len(parents) == 61
    assert parents[0] == -1
    assert all(0 <= parent < joint for joint, parent in enumerate(parents) if joint)
    assert set(owner) == set(range(61))
    assert set(JOINT_NAMES) - set(TOES) <= set(names.bones)
    assert {bone for bones in TOES.values() for bone in bones} <= set(names.bones)


@pytest.mark.parametrize("convention", ["vrm", "mixamo", "smplx"])
def test_no_name_is_given_twice(convention: str) -> None:
    given = [name for names in JOINT_NAMES.values() if (name := getattr(names, convention))]
    assert len(given) == len(set(given)) >= 51


def test_vrm_has_all_that_it_requires_and_whole_hands() -> None:
    given = {names.vrm for names in JOINT_NAMES.values()}
    assert given >= VRM_REQUIRED
    for side in ("left", "right"):
        assert {f"{side}Thumb{part}" for part in ("Metacarpal", "Proximal", "Distal")} <= given
        for finger in ("Index", "Middle", "Ring", "Little"):
            assert {f"{side}{finger}{part}" for part in ("Proximal", "Intermediate", "Distal")} <= given


def test_left_stays_left() -> None:
    assert JOINT_NAMES["upperarm01.L"].mixamo == "LeftArm"
    assert JOINT_NAMES["finger5-1.R"].smplx == "right_pinky1"
    assert JOINT_NAMES["toes.R"].vrm == "rightToes"


def test_the_documented_table_is_ours() -> None:
    rows = [
        f"| `{joint}` | {' | '.join(f'`{name}`' if name else '' for name in (n.vrm, n.mixamo, n.smplx))} |"
        for joint, n in JOINT_NAMES.items()
    ]
    text = DOCUMENTED.read_text()
    assert [row for row in rows if row not in text] == []
