"""Motions of the whole body on the spot: turning round, jumping, squatting, dancing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifecast.body.motion.curves import keyed, pulse, smooth_step, wave
from lifecast.body.motion.joint_clip import JointClip
from lifecast.body.motion.standing import APART, UP, breathe
from lifecast.body.motion.standing_figure import SIDES, Foot, StandingFigure, record
from lifecast.people.rotation import euler


@dataclass(frozen=True)
class Turning:
    """How somebody turns round to the left by small steps, as before a mirror."""

    steps: int = 6
    """Of each foot."""
    step_seconds: float = 0.42
    lift: float = 0.035
    """Metres by which a foot is raised."""
    pause: float = 0.5
    """Seconds of standing before and after."""


TURNING = Turning()


def turn() -> JointClip:
    """Turn round once, to the left, by small steps."""
    t = TURNING
    each = 360.0 / t.steps
    seconds = 2 * t.pause + (2 * t.steps + 1) * t.step_seconds

    def faced(time: float, side: int) -> tuple[float, float]:
        """Where a foot points, degrees, and how far its present step has come."""
        beat = (time - t.pause) / t.step_seconds - (0 if side > 0 else 1)  # the left foot goes first
        done = min(max(int(np.floor(beat / 2)), 0), t.steps - 1)
        part = min(max(beat - 2 * done, 0.0), 1.0)
        return each * (done + smooth_step(part)), part

    def pose(figure: StandingFigure, time: float) -> None:
        feet = {side: faced(time, side) for side in SIDES}
        yaw = (feet[1][0] + feet[-1][0]) / 2
        about = euler("Y", [yaw])
        weight = sum(-side * np.sin(np.pi * feet[side][1]) ** 2 for side in SIDES)  # 1: on the left leg
        aside, up, ahead = about @ np.array([0.035 * weight, UP - 0.010, 0.0])
        figure.hips(aside, up, ahead, about @ euler("Z", [1.5 * weight]))
        lead = 10.0 * pulse(time, 0.15, 0.8, seconds - 1.3, seconds - 0.4)
        breathe(figure, time / seconds, lean=1.5 * weight, twist=0.4 * lead)
        figure.look(lead, 1.0, 0.0)
        for side in SIDES:
            angle, part = feet[side]
            place = euler("Y", [angle]) @ np.array([side * APART, 0.0, 0.0])
            rise = np.sin(np.pi * part) ** 2
            heel = 16.0 * np.sin(np.pi * min(2 * part, 1.0)) ** 2
            figure.plant(side, Foot(place[0], place[2], t.lift * rise, 8.0, angle, heel, 0.4))
            figure.hang(side, 10.0, 3.0 * side * weight, 15.0)

    return record("turn", seconds, pose)


@dataclass(frozen=True)
class Jumping:
    """A jump straight up, arms swung along."""

    crouch: float = 0.26
    """Metres by which the root sinks before."""
    height: float = 0.24
    """Metres by which the feet rise."""
    off: float = 0.95
    """The second in which the feet leave the floor."""

    @property
    def down(self) -> float:
        """The second in which they are back, by the law of falling bodies."""
        return self.off + 2 * float(np.sqrt(2 * self.height / 9.81))


JUMPING = Jumping()


def jump() -> JointClip:
    """Make somebody crouch, jump up with swung arms, and land softly."""
    j = JUMPING
    seconds = j.down + 1.15

    def pose(figure: StandingFigure, time: float) -> None:
        flight = min(max((time - j.off) / (j.down - j.off), 0.0), 1.0)
        up = 4 * j.height * flight * (1 - flight)
        crouch = keyed(time, ((0, 0), (0.1, 0), (0.62, 1), (j.off - 0.04, 0), (j.down, 0.08), (j.down + 0.2, 0.8),
                              (j.down + 1.0, 0), (seconds, 0)))  # fmt: skip
        heel = keyed(time, ((0, 0), (0.7, 0), (j.off, 38), (j.off + 0.12, 48), (j.down, 20), (j.down + 0.1, 0),
                            (seconds, 0)))  # fmt: skip
        arms = keyed(time, ((0, 0), (0.1, 0), (0.6, -48), (j.off, 120), (j.off + 0.2, 138), (j.down + 0.1, 30),
                            (j.down + 0.35, -12), (seconds - 0.1, 0), (seconds, 0)))  # fmt: skip
        tip = 0.055 * np.sin(np.radians(min(heel, 48.0)))
        figure.hips(0.0, UP - j.crouch * crouch + up + tip, -0.06 * crouch, euler("X", [30.0 * crouch]))
        figure.spine(1.0 + 14.0 * crouch, 0.0, 0.0)
        figure.look(0.0, -24.0 * crouch - 6.0 * up / j.height, 0.0)
        for side in SIDES:
            figure.plant(side, Foot(side * APART * 1.15, lift=up, heel=heel), knee=4.0)
            figure.shoulder(side, max(arms, 0.0) * 0.09, 0.0)
            figure.hang(side, 10.0, arms, 16.0 + 10.0 * crouch + abs(arms) * 0.12)

    return record("jump", seconds, pose)


def squat() -> JointClip:
    """Make somebody squat with the arms held out in front, and rise."""
    seconds = 3.0

    def pose(figure: StandingFigure, time: float) -> None:
        down = pulse(time, 0.1, 1.3, 1.5, 2.9)
        figure.hips(0.0, UP - 0.006 - 0.40 * down, -0.20 * down, euler("X", [34.0 * down]))
        figure.spine(1.0 + 6.0 * down, 0.0, 0.0)
        figure.look(0.0, -26.0 * down, 0.0)
        for side in SIDES:
            figure.plant(side, Foot(side * 0.15, yaw=16.0), knee=6.0)
            figure.shoulder(side, 0.0, 6.0 * down)
            figure.hang(side, 10.0 - 4.0 * down, 112.0 * down, 14.0 - 4.0 * down)

    return record("squat", seconds, pose)


@dataclass(frozen=True)
class Dancing:
    """Steps to one side and back, with hips and arms."""

    beat: float = 0.55
    """Seconds."""
    way: float = 0.24
    """Metres of a step to the side."""
    lift: float = 0.05


DANCING = Dancing()


def dance() -> JointClip:
    """Make somebody dance with side steps, and with swaying hips and arms.

    A step to the left, close, a step to the right, close.
    """
    d = DANCING
    beats = 4

    def pose(figure: StandingFigure, time: float) -> None:
        beat = time / d.beat
        # Left foot out at beat 0..1, right foot follows at 1..2, right foot out at 2..3, left foot follows at 3..4.
        left = d.way * (smooth_step(beat, 0.1, 0.9) - smooth_step(beat, 3.1, 3.9))
        right = d.way * (smooth_step(beat, 1.1, 1.9) - smooth_step(beat, 2.1, 2.9))
        in_air = {1: max(_hop(beat, 0), _hop(beat, 3)), -1: max(_hop(beat, 1), _hop(beat, 2))}
        places = {1: left - d.way / 2 + APART * 0.9, -1: right - d.way / 2 - APART * 0.9}
        centre = d.way * 0.5 * -np.cos(2 * np.pi * (beat - 0.25) / beats) * 1.15
        bounce = 0.5 - 0.5 * np.cos(2 * np.pi * beat)  # low on the beat's middle
        sway = wave((beat - 0.25) / 2)
        tilt = euler("YXZ", [7.0 * sway, 3.0, -4.5 * sway])
        figure.hips(centre + 0.02 * sway, -0.04 - 0.025 * bounce, -0.02, tilt)
        breathe(figure, beat / beats, lean=-6.0 * sway, twist=-12.0 * sway, bend=4.0)
        figure.look(5.0 * sway, 2.0 * bounce, 4.0 * sway)
        for side in SIDES:
            lift = in_air[side]
            figure.plant(side, Foot(places[side], 0.0, d.lift * lift, 10.0, heel=14.0 * lift, toes_flat=0.4), knee=3.0)
            swing = side * sway
            figure.shoulder(side, 3.0 + 2.0 * swing, 2.0 * swing)
            figure.hang(side, 22.0 + 5.0 * bounce, 6.0 + 20.0 * swing, 78.0 + 16.0 * swing, 8.0 + 10.0 * swing)

    return record("dance", beats * d.beat, pose)


def _hop(beat: float, start: float) -> float:
    """How high a foot is that steps from one beat to the next, 0 .. 1."""
    x = min(max((beat - start - 0.1) / 0.8, 0.0), 1.0)
    return float(np.sin(np.pi * x) ** 2)
