"""A figure with its feet on a floor: the mean body, posed by a few words, frame by frame.

A pose first says where the root is and how the trunk turns, then puts the feet onto the floor, then aims the arms. Feet
touch the floor with the vertices of their soles and are held by heel or ball, so that they neither sink nor slide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from lifecast.body.fitted_body import shipped_body
from lifecast.body.motion.joint_clip import JointClip
from lifecast.people.arm_poses import aim
from lifecast.people.body import RestBody
from lifecast.people.figure import Figure, suffix
from lifecast.people.rotation import Matrix, euler, frame, part_way

Floats = NDArray[np.float64]

RATE = 30.0
"""Frames a second of the clips that are made by code."""
SIDES = (1, -1)
"""The person's left and right, as `Figure` has them."""
RELAXED = (14.0, 18.0, 22.0, 27.0)
"""Degrees by which a relaxed hand's finger joints bend, index to little;"""
RELAXED_THUMB = 12.0
"""and its thumb's."""

MOST_TOES = 52.0
"""Degrees by which toes bend upward at the most."""


@dataclass(frozen=True)
class Sole:
    """One foot's underside at rest, metres; y = 0 is the floor that it stands on."""

    points: Floats
    """(P, 3) vertices of the foot's lower side, against the ankle."""
    of_toes: Floats
    """(P,) how far each follows the toes, 0 .. 1."""
    toes: Floats
    """(3,) the toes' joint against the ankle."""
    heel: Floats
    """(3,) where the foot rolls over the heel, against the ankle;"""
    ball: Floats
    """(3,) and over the ball."""


@dataclass(frozen=True)
class Foot:
    """How one foot stands or swings: metres and degrees."""

    x: float
    """Where the flat foot's ankle would be above the floor, to the person's left of the middle between the hips;"""
    z: float = 0.0
    """and in front of it."""
    lift: float = 0.0
    """Height of the foot's lowest vertex above the floor."""
    yaw: float = 8.0
    """Toes to the outside; `turned` is added to it on both sides."""
    turned: float = 0.0
    """To the person's left."""
    heel: float = 0.0
    """The heel's rise by rolling over the ball; negative: the toes' rise by rolling over the heel."""
    toes_flat: float = 1.0
    """Share of the heel's rise that the toes stay back on the floor."""


@cache
def _mean_body() -> tuple[RestBody, dict[int, Sole], float]:
    """The mean body at rest on the floor, its soles by side, and its legs' length from hip to sole."""
    body = shipped_body()
    with torch.no_grad():
        points = body.rest(torch.zeros(1, body.components), torch.zeros(1, len(body.actions)))
    vertices, joints = points.vertices[0].double().numpy(), points.joints[0].double().numpy()
    floor = np.array([0, vertices[:, 1].min(), 0])
    vertices, joints = vertices - floor, joints - floor
    weights = body.weights.numpy()
    soles = {}
    for side in SIDES:
        foot, toes = (body.joints.index(name + suffix(side)) for name in ("foot", "toes"))
        low = (weights[:, foot] + weights[:, toes] > 0.9) & (vertices[:, 1] < joints[toes, 1] + 0.02)
        under, ankle = vertices[low] - joints[foot], joints[foot]
        ball = joints[toes] - ankle
        ball[1] = -ankle[1]
        heel = np.array([ball[0] * 0.3, -ankle[1], under[:, 2].min() + 0.02])
        soles[side] = Sole(under, weights[low, toes].astype(np.float64), joints[toes] - ankle, heel, ball)
    hip = joints[body.joints.index("upperleg01.L")]
    return RestBody(vertices.astype(np.float32), joints, joints), soles, float(hip[1])


def leg_length() -> float:
    """Return the mean body's legs' length from hip to sole, metres."""
    return _mean_body()[2]


class StandingFigure(Figure):
    """The mean body on the floor y = 0, in metres.

    Hips are placed by `hips`, feet by `plant`, arms by `hang`, the rest as in `Figure`.
    """

    def __init__(self) -> None:
        body = shipped_body()
        rest, self.soles, self.leg_length = _mean_body()
        super().__init__(body.joints, body.parents, rest)
        self.root = np.zeros(3)
        """(3,) the root's way from where it is at rest; `hips` sets it."""
        self._hips = (self.head("upperleg01.L") + self.head("upperleg01.R")) / 2 - self.head("root")
        self.missed = 0.0
        """By how much, at most, a foot was farther away than the leg is long."""

    def hips(self, aside: float, up: float, ahead: float, turn: Matrix) -> None:
        """Bring the middle of the hip joints to a place, and turn the pelvis about it.

        Metres from where it rests.
        """
        self.pelvis(turn)
        self.root = np.array([aside, up, ahead]) + self._hips - turn @ self._hips

    def plant(self, side: int, foot: Foot, knee: float = 0.0) -> None:
        """Put a foot down, or through the air.

        The knee points where the toes do, turned outward by `knee` degrees.
        """
        sole, ending = self.soles[side], suffix(side)
        turned = foot.turned + side * foot.yaw
        yaw, pitch = euler("Y", [turned]), euler("X", [foot.heel])
        bend = euler("X", [-min(max(foot.heel, 0.0) * foot.toes_flat, MOST_TOES)])
        pivot = sole.ball if foot.heel > 0 else sole.heel
        ankle = np.array([foot.x, 0.0, foot.z]) + yaw @ (pivot - pitch @ pivot)
        turn = yaw @ pitch
        share = sole.of_toes[:, None]
        stiff = sole.points @ turn.T
        bent = ((sole.points - sole.toes) @ bend.T + sole.toes) @ turn.T
        ankle[1] = foot.lift - float(((1 - share) * stiff + share * bent)[:, 1].min())
        ahead = euler("Y", [turned + side * knee]) @ np.array([0, 0, 1.0])
        self.missed = max(self.missed, self.step(side, ankle - self.root, ahead))
        self.foot(side, turn)
        self.local[self.index["toes" + ending]] = bend

    def hang(self, side: int, out: float = 9.0, ahead: float = 0.0, flex: float = 14.0, inward: float = 20.0) -> None:
        """Let an arm hang with a relaxed hand.

        The angles are those of `lifecast.people.arm_poses.aim`.
        """
        aim(self, side, out, ahead, flex, inward)
        self.relax(side)

    def relax(self, side: int, pronate: float = 0.0) -> None:
        """Give a hand the shape that it has when nobody thinks of it."""
        self.wrist(side, 6.0, 0.0, pronate)
        self.fingers(side, RELAXED, RELAXED_THUMB, 1.0)

    def hand(self, side: int, along: ArrayLike, palm: ArrayLike, share: float = 1.0) -> None:
        """Turn a hand until middle finger and palm point along directions (world).

        `share` of the way from where it is.
        """
        ending = suffix(side)
        wrist = self.index["wrist" + ending]
        pointing = self.head("finger3-1" + ending) - self.head("wrist" + ending)
        knuckles = self.head("finger5-1" + ending) - self.head("finger2-1" + ending)
        outward = np.cross(knuckles, pointing) * side
        before = self.turn("wrist" + ending) @ self.local.pop(wrist, np.eye(3))
        aimed = frame(along, palm) @ frame(pointing, outward).T
        self.world[wrist] = before @ part_way(before.T @ aimed, share)


Posing = Callable[[StandingFigure, float], None]
"""Poses a figure at a time, seconds."""


def record(name: str, seconds: float, pose: Posing) -> JointClip:
    """Record a motion that goes on as it begins: the frame after the last is the first.

    Raises
    ------
    ValueError
        A foot is placed more than 5 mm beyond what the leg reaches.
    """
    frames = max(round(seconds * RATE), 1)
    body = shipped_body()
    rotations = np.tile(np.eye(3), (frames, len(body.joints), 1, 1))
    root = np.empty((frames, 3))
    for k in range(frames):
        figure = StandingFigure()
        pose(figure, k * seconds / frames)
        if figure.missed > 0.005:
            raise ValueError(f"clip {name}, frame {k}: a foot is {figure.missed:.3f} m beyond the leg's reach")
        for joint, turn in figure.rotations().items():
            rotations[k, joint] = turn
        root[k] = figure.root / figure.leg_length
    return moving_joints(name, body.joints, frames / seconds, rotations, root, loops=True)


def moving_joints(
    name: str, joints: list[str], rate: float, rotations: Floats, root: Floats, loops: bool
) -> JointClip:  # fmt: skip
    """Make a clip of (T, J, 3, 3) rotations of all joints, without those that stay at rest."""
    turned = np.abs(rotations - np.eye(3)).max((0, 2, 3)) > 1e-6
    return JointClip(
        name, tuple(joint for joint, moves in zip(joints, turned, strict=True) if moves), rate,
        rotations[:, turned].astype(np.float32), root.astype(np.float32), loops,
    )  # fmt: skip
