"""Close-ups: squares around a person's head and hands, which the networks get at the photograph's own resolution.

A square is of view space: `to_square` brings points to the coordinates of its picture, which spans [-1, 1] as a whole
person's does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifecast.space.skeleton import Joint
from lifecast.space.units import CM_PER_UNIT


@dataclass(frozen=True)
class CloseUps:
    """How large the squares are, in centimetres of a person of 180 cm."""

    head: float = 18.0
    """Half the side of the head's square: from a chin to loose hair."""
    hand: float = 12.0
    """Half the side of a hand's, whose middle is at the knuckles: from the wrist to the fingertips."""


CLOSE_UPS = CloseUps()


@dataclass(frozen=True)
class Square:
    """A square of view space, parallel to the picture."""

    name: str
    """`head`, `left_hand` or `right_hand`: the person's own left."""
    x: float
    """Its middle, view units."""
    y: float
    half: float
    """Half its side."""

    def to_square(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bring points (N, 3) of view space to the square's picture: x and y in [-1, 1] inside of it.

        z is scaled alike, so that slopes stay.
        """
        middle = np.array([self.x, self.y, 0], np.float32)
        return np.asarray((points - middle) / np.float32(self.half), np.float32)


def close_up_squares(joints: NDArray[np.floating], constants: CloseUps = CLOSE_UPS) -> list[Square]:
    """Find the squares around head, left hand and right hand, in this order.

    joints: (33, 3 or more) in view space; a square whose joints are not finite is left out.
    """
    ears = joints[[Joint.LEFT_EAR, Joint.RIGHT_EAR], :2].mean(0)
    middles = {
        # Between the ears is the middle of the skull; the nose says where the face goes on.
        "head": (0.75 * ears + 0.25 * joints[Joint.NOSE, :2], constants.head),
        "left_hand": (joints[[Joint.LEFT_PINKY, Joint.LEFT_INDEX], :2].mean(0), constants.hand),
        "right_hand": (joints[[Joint.RIGHT_PINKY, Joint.RIGHT_INDEX], :2].mean(0), constants.hand),
    }
    return [
        Square(name, float(middle[0]), float(middle[1]), half / CM_PER_UNIT)
        for name, (middle, half) in middles.items()
        if np.isfinite(middle).all()
    ]
