"""Which of the body's joints a fit turns, and which turn together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lifecast.body.names import FINGERS, SIDES

CHAINS: dict[str, tuple[str, ...]] = {
    "spine": ("spine05", "spine04", "spine03", "spine02", "spine01"),
    "neck": ("neck01", "neck02", "neck03", "head"),
}
"""Joints that share a bend evenly."""
LIMB_JOINTS = (
    "clavicle", "upperarm01", "lowerarm01", "lowerarm02", "wrist", "upperleg01", "lowerleg01", "foot", "toes"
)  # fmt: skip
"""Joints of either side, without the hand's."""


@dataclass(frozen=True)
class PoseGroup:
    """Joints that take the same rotation vector."""

    stem: str
    """Name of its row in `pose_spread`; "root" has none."""
    side: int
    """1 the person's left, -1 right, 0 neither."""
    joints: tuple[int, ...]


def pose_groups(joints: Sequence[str], hands: Sequence[str] = ()) -> list[PoseGroup]:
    """List the groups of joints that are fitted, the root first.

    hands: the sides, "L" or "R", whose fingers are fitted too.
    """
    number = {name: k for k, name in enumerate(joints)}
    groups = [PoseGroup("root", 0, (number["root"],))]
    groups += [PoseGroup(stem, 0, tuple(number[one] for one in chain)) for stem, chain in CHAINS.items()]
    for side, sign in zip(SIDES, (1, -1), strict=True):
        groups += [PoseGroup(stem, sign, (number[f"{stem}.{side}"],)) for stem in LIMB_JOINTS]
    for side in hands:
        sign = 1 if side == "L" else -1
        for finger in FINGERS:
            for joint in (1, 2, 3):
                stem = f"finger{finger}-{joint}"
                groups.append(PoseGroup(stem, sign, (number[f"{stem}.{side}"],)))
    return groups
