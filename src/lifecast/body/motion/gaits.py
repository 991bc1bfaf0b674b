"""Walking and running in place, as on a treadmill: the standing foot moves backward at a steady speed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifecast.body.motion.curves import keyed_cycle, wave
from lifecast.body.motion.joint_clip import JointClip
from lifecast.body.motion.standing_figure import SIDES, Foot, StandingFigure, record
from lifecast.people.rotation import euler

Keys = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Gait:
    """One way to go, in metres and degrees.

    Phases are shares of a cycle of two steps, 0 where a foot comes down.
    """

    seconds: float
    """Of a cycle."""
    stride: float
    """Way in a cycle."""
    stance: float
    """Share of the cycle in which a foot is on the floor."""
    landing: float
    """How far ahead of the hip a foot comes down."""
    beside: float
    """The ankles' distance from the middle."""
    heel: Keys
    """The heel's rise by phase; negative: the toes'."""
    lift: Keys
    """The foot's height by phase."""
    drop: float
    """How much lower than at rest the root is, on average;"""
    bob: float
    """how far it goes up and down, two times a cycle,"""
    bob_phase: float
    """and the phase at which it is lowest."""
    sway: float
    """How far the root goes toward the standing foot."""
    lean: float
    """Of the trunk, forward."""
    hip_yaw: float
    hip_roll: float
    """The pelvis sinks on the swinging side."""
    chest_yaw: float
    """Against the pelvis' turn."""
    arm_swing: float
    """To either side of `arm_ahead`."""
    arm_ahead: float
    elbow: float
    """The elbow's bend, mean,"""
    elbow_swing: float
    """and by how much more it is bent in front."""
    out: float
    """The upper arms' angle from the trunk."""
    inward: float
    """By how much the forearms swing in front of the body."""


WALK = Gait(
    seconds=1.1, stride=1.2, stance=0.62, landing=0.285, beside=0.085,
    heel=((0.0, -17), (0.09, 0), (0.34, 0), (0.50, 14), (0.62, 46), (0.70, 52), (0.82, 16), (0.92, -14)),
    lift=((0.0, 0), (0.3, 0), (0.62, 0), (0.70, 0.02), (0.80, 0.028), (0.90, 0.03), (0.96, 0.015)),
    drop=0.028, bob=0.018, bob_phase=0.06, sway=0.022, lean=2.0, hip_yaw=5.0, hip_roll=3.5, chest_yaw=6.0,
    arm_swing=20.0, arm_ahead=2.0, elbow=22.0, elbow_swing=10.0, out=9.0, inward=4.0,
)  # fmt: skip
RUN = Gait(
    seconds=0.7, stride=2.0, stance=0.34, landing=0.26, beside=0.065,
    heel=((0.0, -6), (0.05, 0), (0.16, 0), (0.25, 20), (0.34, 52), (0.45, 75), (0.62, 60), (0.80, 5), (0.92, -8)),
    lift=((0.0, 0), (0.17, 0), (0.34, 0), (0.45, 0.14), (0.60, 0.26), (0.75, 0.17), (0.88, 0.09), (0.95, 0.04)),
    drop=0.055, bob=0.040, bob_phase=0.15, sway=0.012, lean=9.0, hip_yaw=8.0, hip_roll=3.0, chest_yaw=12.0,
    arm_swing=34.0, arm_ahead=-8.0, elbow=88.0, elbow_swing=14.0, out=14.0, inward=22.0,
)  # fmt: skip


def _along(gait: Gait, phase: float) -> float:
    """The foot's place along the way: steady while it stands, then to the front, the same speed at both ends."""
    back = gait.landing - gait.stride * gait.stance
    if phase < gait.stance:
        return gait.landing - gait.stride * phase
    x, span = (phase - gait.stance) / (1 - gait.stance), 1 - gait.stance
    speed = -gait.stride * span
    one, two = x * x * (3 - 2 * x), x * (1 - x)
    return back + (gait.landing - back) * one + speed * two * (1 - x) - speed * two * x


def go(figure: StandingFigure, time: float, gait: Gait) -> None:
    """Pose a figure as it goes at a time."""
    phase = time / gait.seconds  # of the left foot; the right one is half a cycle later
    middle = gait.stance / 2  # where the left leg carries
    beat = -np.cos(4 * np.pi * (phase - gait.bob_phase))
    side = np.cos(2 * np.pi * (phase - middle))
    # The left leg is ahead at phase 0, and the pelvis with it.
    turn = np.cos(2 * np.pi * phase)
    tilt = euler("YXZ", [-gait.hip_yaw * turn, gait.lean * 0.4, gait.hip_roll * side])
    figure.hips(gait.sway * side, -gait.drop + gait.bob * beat, 0.0, tilt)
    figure.spine(gait.lean * 0.6, gait.hip_roll * side, (gait.hip_yaw + gait.chest_yaw) * turn)
    figure.look(-gait.chest_yaw * turn, -gait.lean * 0.7, 0.0)
    for one in SIDES:
        own = (phase if one > 0 else phase + 0.5) % 1.0
        foot = Foot(
            one * gait.beside, _along(gait, own), keyed_cycle(own, gait.lift), 7.0, heel=keyed_cycle(own, gait.heel),
            toes_flat=1.0 if own < gait.stance else 0.35 + 0.65 * (1 - own) ** 2 / (1 - gait.stance) ** 2,
        )  # fmt: skip
        figure.plant(one, foot)
        swing = -np.cos(2 * np.pi * own) + 0.08 * wave(2 * own)
        figure.shoulder(one, 1.0, 3.0 * swing)
        bend = gait.elbow + gait.elbow_swing * swing
        figure.hang(one, gait.out, gait.arm_ahead + gait.arm_swing * swing, bend, gait.inward)


def walk() -> JointClip:
    """Walk at an easy pace."""
    return record("walk", WALK.seconds, lambda figure, time: go(figure, time, WALK))


def run() -> JointClip:
    """Run, with both feet in the air between steps."""
    return record("run", RUN.seconds, lambda figure, time: go(figure, time, RUN))
