"""The skeleton: BlazePose's 33 landmarks, the limbs between them, and which landmark mirrors which.

points = with_middles(landmarks)                 # (33, 4) -> (36, 4): neck, pelvis and head too
left = landmarks[Joint.LEFT_WRIST]
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from torch import Tensor


class Joint(IntEnum):
    """A landmark as BlazePose numbers them.

    The last three are middles that `with_middles` appends.
    """

    NOSE = 0
    LEFT_EYE_INNER = 1
    LEFT_EYE = 2
    LEFT_EYE_OUTER = 3
    RIGHT_EYE_INNER = 4
    RIGHT_EYE = 5
    RIGHT_EYE_OUTER = 6
    LEFT_EAR = 7
    RIGHT_EAR = 8
    MOUTH_LEFT = 9
    MOUTH_RIGHT = 10
    LEFT_SHOULDER = 11
    RIGHT_SHOULDER = 12
    LEFT_ELBOW = 13
    RIGHT_ELBOW = 14
    LEFT_WRIST = 15
    RIGHT_WRIST = 16
    LEFT_PINKY = 17
    RIGHT_PINKY = 18
    LEFT_INDEX = 19
    RIGHT_INDEX = 20
    LEFT_THUMB = 21
    RIGHT_THUMB = 22
    LEFT_HIP = 23
    RIGHT_HIP = 24
    LEFT_KNEE = 25
    RIGHT_KNEE = 26
    LEFT_ANKLE = 27
    RIGHT_ANKLE = 28
    LEFT_HEEL = 29
    RIGHT_HEEL = 30
    LEFT_TOE = 31
    RIGHT_TOE = 32
    NECK = 33
    PELVIS = 34
    HEAD = 35


LANDMARKS = 33
"""How many landmarks BlazePose finds."""
MIDDLES: tuple[tuple[Joint, Joint], ...] = (
    (Joint.LEFT_SHOULDER, Joint.RIGHT_SHOULDER),
    (Joint.LEFT_HIP, Joint.RIGHT_HIP),
    (Joint.LEFT_EAR, Joint.RIGHT_EAR),
)
"""The pairs whose middles are neck, pelvis and head."""
MAIN_JOINTS: tuple[Joint, ...] = (
    Joint.LEFT_SHOULDER, Joint.RIGHT_SHOULDER, Joint.LEFT_ELBOW, Joint.RIGHT_ELBOW, Joint.LEFT_WRIST,
    Joint.RIGHT_WRIST, Joint.LEFT_HIP, Joint.RIGHT_HIP, Joint.LEFT_KNEE, Joint.RIGHT_KNEE, Joint.LEFT_ANKLE,
    Joint.RIGHT_ANKLE,
)  # fmt: skip
"""Shoulders, elbows, wrists, hips, knees and ankles: the twelve that poses are measured at."""
MIRRORED_PAIRS: tuple[int, ...] = (0, 4, 5, 6, 1, 2, 3, *(i + 1 if i % 2 else i - 1 for i in range(7, LANDMARKS)))
"""Of each of the 33 landmarks, the one that plays its part in the mirrored picture."""


@dataclass(frozen=True)
class Limb:
    """A capsule from one landmark to another."""

    start: int
    end: int
    radius: float
    """View units."""
    side: int
    """1 the person's left, -1 right, 0 neither."""


def _on_both_sides(left_start: Joint, left_end: Joint, radius: float) -> tuple[Limb, Limb]:
    """A limb on either side: BlazePose's right landmark follows its left one."""
    return Limb(left_start, left_end, radius, 1), Limb(left_start + 1, left_end + 1, radius, -1)


LIMBS: tuple[Limb, ...] = (
    Limb(Joint.PELVIS, Joint.NECK, 0.09, 0),
    Limb(Joint.LEFT_SHOULDER, Joint.RIGHT_SHOULDER, 0.06, 0),
    Limb(Joint.LEFT_HIP, Joint.RIGHT_HIP, 0.07, 0),
    Limb(Joint.NECK, Joint.HEAD, 0.06, 0),
    Limb(Joint.LEFT_EAR, Joint.RIGHT_EAR, 0.06, 0),
    Limb(Joint.HEAD, Joint.NOSE, 0.05, 0),
    *_on_both_sides(Joint.LEFT_SHOULDER, Joint.LEFT_HIP, 0.06),
    *_on_both_sides(Joint.LEFT_SHOULDER, Joint.LEFT_ELBOW, 0.05),
    *_on_both_sides(Joint.LEFT_ELBOW, Joint.LEFT_WRIST, 0.04),
    *_on_both_sides(Joint.LEFT_WRIST, Joint.LEFT_INDEX, 0.035),
    *_on_both_sides(Joint.LEFT_HIP, Joint.LEFT_KNEE, 0.07),
    *_on_both_sides(Joint.LEFT_KNEE, Joint.LEFT_ANKLE, 0.05),
    *_on_both_sides(Joint.LEFT_ANKLE, Joint.LEFT_TOE, 0.04),
)
"""The capsules that a limb map is drawn of."""


def mirrored_landmarks(landmarks: Tensor) -> Tensor:
    """Mirror landmarks or joints (..., 33, 3 or more) in view space, left for right."""
    turned = landmarks[..., list(MIRRORED_PAIRS), :]  # a copy
    turned[..., 0].neg_()
    return turned


def with_middles(landmarks: np.ndarray) -> np.ndarray:
    """Append neck, pelvis and head to landmarks: (33, 4) -> (36, 4)."""
    return np.concatenate((landmarks, np.stack([landmarks[list(pair)].mean(0) for pair in MIDDLES])))
