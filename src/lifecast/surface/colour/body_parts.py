"""The part of the body that a place belongs to, by the joints.

Forearms and shins, what they hang on, and the rest. For colours: behind a forearm that is held before the chest, the
back is not painted with its sleeve or its skin.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from lifecast.space.skeleton import LIMBS, MIDDLES, MIRRORED_PAIRS, Joint, with_middles
from lifecast.surface.colour.visibility import pixel_of

VISIBLE = 0.5
"""BlazePose's visibility from which on a joint is where the surface is."""
ASTRAY = 0.15
"""View units (19 cm) that a visible joint is brought to the surface over."""
KNUCKLES, HAND = (19, 20), 0.5
"""Knuckles of the index fingers; and how far a hand goes on after the knuckles, as a share of wrist to knuckles."""
FACE = (0, 9, 10)
"""Nose and corners of the mouth."""
TOES = (Joint.LEFT_TOE, Joint.RIGHT_TOE)
EARS = (Joint.LEFT_EAR, Joint.RIGHT_EAR)
TURNED = 0.5
"""Sine of the angle (30 degrees) from which on a face looks aside."""
HEADS = (Joint.NECK, Joint.HEAD, Joint.LEFT_EAR)
"""Where the bones of neck and head begin."""
CORE, UPPER, LOWER = 0, 1, 2
"""Trunk and head; upper arm or thigh; forearm and hand, or shin and foot."""


ARMS = (1, 2)
"""`Bone.limb` of the arms."""


class Zone(IntEnum):
    """Where on the body a bone is."""

    HEAD = 0
    TRUNK = 1
    ARM = 2
    HAND = 3
    LEG = 4
    FOOT = 5


class Bone(NamedTuple):
    """A capsule between two landmarks (33 to 35: middles of shoulders, hips, ears)."""

    start: int
    end: int
    radius: float
    """View units."""
    level: int
    """CORE, UPPER or LOWER."""
    limb: int
    """0 trunk and head, 1 left arm, 2 right arm, 3 left leg, 4 right leg."""

    @property
    def zone(self) -> Zone:
        """The zone around the bone."""
        if self.limb == 0:
            return Zone.HEAD if self.start in HEADS else Zone.TRUNK
        if self.limb in ARMS:
            return Zone.HAND if self.end in KNUCKLES else Zone.ARM
        return Zone.FOOT if self.end in TOES else Zone.LEG


_LEFT = {
    (11, 13): (UPPER, 1), (13, 15): (LOWER, 1), (15, 19): (LOWER, 1),
    (23, 25): (UPPER, 3), (25, 27): (LOWER, 3), (27, 31): (LOWER, 3),
}  # fmt: skip
_OUTER = _LEFT | {
    (MIRRORED_PAIRS[start], MIRRORED_PAIRS[end]): (level, limb + 1) for (start, end), (level, limb) in _LEFT.items()
}
BONES: tuple[Bone, ...] = tuple(
    Bone(limb.start, limb.end, limb.radius, *_OUTER.get((limb.start, limb.end), (CORE, 0))) for limb in LIMBS
)
ZONES = np.array([bone.zone for bone in BONES])


class Places(NamedTuple):
    """Where points are on the body."""

    limb: np.ndarray
    """(N,) as `Bone.limb`."""
    level: np.ndarray
    """(N,) as `Bone.level`."""
    zone: np.ndarray
    """(N,) as `Bone.zone`."""

    @property
    def lower(self) -> np.ndarray:
        """(N,) the limb whose forearm or shin it is, 0 for all else."""
        return np.where(self.level == LOWER, self.limb, 0)

    def strange_to(self, other: Places) -> np.ndarray:
        """Decide whether one of two is on a forearm or shin and the other not on that limb, (N,)."""
        either = (self.level == LOWER) | (other.level == LOWER)
        result: np.ndarray = either & (self.limb != other.limb)
        return result


class Trunk(NamedTuple):
    """Shoulders and hips in the picture."""

    shoulders: np.ndarray
    """(3,) the middle between the shoulder joints."""
    hips: np.ndarray
    """(3,) the middle between the hip joints."""
    half_width: float
    """View units across the picture from the middle to a joint, of the shoulders or of the hips: the larger."""


class BodyParts:
    """The body as capsules around its joints."""

    def __init__(self, joints: np.ndarray, first: np.ndarray) -> None:
        """joints: (33, 4) lifted landmarks in view space, and visibility. first: (S, S), z of the surface that the
        camera sees, -inf where there is none; visible joints are brought under it."""
        self.ears: np.ndarray = joints[list(EARS), :3].mean(0)
        """(3,) the middle of the head."""
        facing = (joints[Joint.NOSE, :3] - self.ears) * (1, 0, 1)
        self.facing: np.ndarray = facing / max(float(np.linalg.norm(facing)), 1e-6)
        """(3,) where the face looks, level."""
        known = joints[Joint.NOSE, 3] > VISIBLE and joints[list(EARS), 3].max() > VISIBLE
        self.face_turned = bool(known and abs(self.facing[0]) > TURNED)
        """Whether the face is visible and looks aside."""
        joints = under_the_surface(joints, first)
        points = with_middles(joints)
        self.start = np.array([points[bone.start, :3] for bone in BONES])  # (K, 3)
        self.end = np.array([points[bone.end, :3] for bone in BONES])  # (K, 3)
        hands = [k for k, bone in enumerate(BONES) if bone.end in KNUCKLES]
        self.end[hands] += HAND * (self.end[hands] - self.start[hands])
        self.visible = np.array([min(points[bone.start, 3], points[bone.end, 3]) for bone in BONES]) > VISIBLE  # (K,)
        self.radius = np.array([bone.radius for bone in BONES], np.float32)  # (K,)
        self.limb = np.array([bone.limb for bone in BONES])  # (K,)
        self.level = np.array([bone.level for bone in BONES])  # (K,)
        widths = [abs(float(points[left, 0] - points[right, 0])) for left, right in MIDDLES[:2]]
        self.trunk = Trunk(points[Joint.NECK, :3], points[Joint.PELVIS, :3], max(widths) / 2)
        face = joints[list(FACE)]
        self.face = face[face[:, 3] > VISIBLE, :3]
        """(0 to 3, 3) points of bare skin."""

    def find(self, points: np.ndarray) -> Places:
        """Find the bone that each of the points (N, 3) is nearest to.

        Distances are in units of the bone's thickness. Forearms and shins that BlazePose only guesses do not count:
        behind a body there may be none. Points at z -inf, which lines of sight that meet nothing have, are far from
        everything and trunk.
        """
        points = np.nan_to_num(points, neginf=-1e3)
        best = np.full(len(points), np.inf, np.float32)
        bone = np.zeros(len(points), np.int64)
        for k in np.flatnonzero(self.visible | (self.level != LOWER)):
            along = self.end[k] - self.start[k]
            share = ((points - self.start[k]) @ along / max(float(along @ along), 1e-9)).clip(0, 1)  # (N,)
            away = np.linalg.norm(points - self.start[k] - share[:, None] * along, axis=1) / self.radius[k]
            nearer = away < best
            best[nearer], bone[nearer] = away[nearer], k
        return Places(self.limb[bone], self.level[bone], ZONES[bone])


def under_the_surface(joints: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Bring visible joints (33, 4) to half a limb's thickness under the first surface (S, S).

    Lifted depths are off by centimetres, and limbs are thin.
    """
    column, row = pixel_of(joints, first.shape[0])
    under = np.zeros(33, np.float32)
    for bone in BONES:
        for joint in (bone.start, bone.end):
            if joint < 33:
                under[joint] = max(under[joint], bone.radius)
    z = first[row, column] - under  # (33,)
    near = (joints[:, 3] > VISIBLE) & (np.abs(z - joints[:, 2]) < ASTRAY)
    settled = np.array(joints, np.float32)
    settled[near, 2] = z[near]
    return settled
