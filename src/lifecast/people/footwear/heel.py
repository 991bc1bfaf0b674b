"""High heels: the foot stands on its ball, bent at the toes, and a heel reaches from its back down to the ground.

Shoes are made around a flat foot, as it is at rest. `stance` says how the foot then turns in every pose; the heel is
made so that, turned like this, it ends level with the sole beneath the toes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifecast.people.body import BodyModel, RestBody
from lifecast.people.footwear.foot import Foot
from lifecast.people.motion import Rotations
from lifecast.people.rest_part import Solid, Vector
from lifecast.people.rotation import Matrix, about
from lifecast.people.solids import loft

TOES = tuple(f"toe{k}-1" for k in range(1, 6))
"""The bones that turn back when the heel is lifted."""
BEND = "toe2-1"
"""The one about whose joint the shoe bends."""
SEAT = 0.03
"""Metres from the back of the foot to the middle of the heel."""
STEEPEST = 0.8
"""Radians that a foot turns at most."""


@dataclass(frozen=True)
class Heel:
    """The shape of a heel; lengths in metres."""

    high: float = 0.07
    """How far the back of the foot is lifted."""
    tip: tuple[float, float] = (0.007, 0.007)
    """Half the width and half the depth where it stands on the ground."""
    seat: tuple[float, float] = (0.026, 0.03)
    """Half the width and half the depth beneath the foot."""
    taper: float = 0.5
    """How fast it narrows on its way down: 1 evenly, less at once."""


@dataclass(frozen=True)
class Lift:
    """How one foot turns: about the ankle by `angle`, and back again about the toes' joint."""

    ankle: Vector
    """(3,) the joint in the foot's frame,"""
    ball: Vector
    """(3,) and that of the toes."""
    angle: float
    """Radians."""

    @property
    def turn(self) -> Matrix:
        """The rotation about the foot's axis to the left that takes the toes down."""
        return about([1.0, 0.0, 0.0], np.degrees(self.angle))

    @property
    def drop(self) -> float:
        """Metres by which the toes come to lie lower."""
        arm = self.ball - self.ankle
        return float((arm - self.turn @ arm)[1])

    def back(self, points: Vector) -> Vector:
        """Take places (N, 3) on the lifted heel to where they are on the flat foot."""
        return (points - self.ankle) @ self.turn + self.ankle

    def lifted(self, points: Vector) -> Vector:
        """Take places (N, 3) behind the toes of the flat foot to where the lifted foot has them."""
        return (points - self.ankle) @ self.turn.T + self.ankle


def lift(model: BodyModel, rest: RestBody, foot: Foot, side: str, high: float) -> Lift:
    """Find how far the foot turns for a heel that is so many metres high."""
    ankle, ball = (foot.turn.T @ (rest.heads[model.bone(f"{bone}.{side}")] - foot.origin) for bone in ("foot", BEND))
    reach = max(float(ball[2]) - SEAT, 0.05)
    return Lift(ankle, ball, float(min(np.arcsin(min(high / reach, 1.0)), STEEPEST)))


def heel_solid(made: Lift, heel: Heel, sole: float, rows: int = 14, around: int = 24) -> Solid:
    """The heel in the foot's frame, from inside a sole of so many metres down to the ground."""
    turn = np.arange(around) * 2 * np.pi / around
    ring = np.stack([np.cos(turn), np.zeros(around), np.sin(turn)], 1)
    middle = np.array([0.0, -0.3 * sole, SEAT])
    top = middle + ring * [heel.seat[0], 0.0, heel.seat[1]]
    # On the ground it stands level, below the back of its seat.
    ground = -sole - made.drop
    under = made.lifted(middle[None])[0] * [1, 0, 1] + [0, ground, 0]
    under[2] -= 0.3 * heel.seat[1]
    bottom = made.back(under + ring * [heel.tip[0], 0.0, heel.tip[1]])
    along = np.linspace(0, 1, rows)[:, None, None]
    spine = middle + along * (bottom.mean(0) - middle)
    narrow = along**heel.taper
    rings = spine + (1 - narrow) * (top - middle) + narrow * (bottom - bottom.mean(0))
    return loft(rings)


def stance(model: BodyModel, foot: Foot, side: str, made: Lift) -> dict[int, Matrix]:
    """Bone -> how far it turns for the heel, about the axes of the rest body."""
    across = foot.turn[:, 0]
    degrees = float(np.degrees(made.angle))
    turned = {model.bone(f"{toe}.{side}"): about(across, -degrees) for toe in TOES}
    return turned | {model.bone(f"foot.{side}"): about(across, degrees)}


def on_heels(model: BodyModel, pose: Rotations, turns: Rotations) -> Rotations:
    """Turn the feet of a pose as high heels want them, by the turns of `stance`."""
    turned = dict(pose)
    feet = {model.bone(f"foot.{side}") for side in "LR"}
    for bone, turn in turns.items():
        before = pose.get(bone, np.eye(3))
        turned[bone] = before @ turn if bone in feet else turn @ before
    return turned
