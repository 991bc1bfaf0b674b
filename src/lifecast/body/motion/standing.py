"""Standing still and what is done on the spot: idling, waving, bowing, nodding, clapping."""

from __future__ import annotations

import numpy as np

from lifecast.body.motion.curves import pulse, smooth_step, wave
from lifecast.body.motion.joint_clip import JointClip
from lifecast.body.motion.standing_figure import RELAXED, RELAXED_THUMB, SIDES, Foot, StandingFigure, record
from lifecast.people.figure import suffix
from lifecast.people.rotation import euler

APART = 0.105
"""Metres from the middle to each ankle of somebody who stands."""
UP = 0.003
"""Metres by which the hips are higher than at rest, where the feet stand wider: knees are almost straight."""
BREATH = 4.0
"""Seconds of a breath at rest."""


def breathe(figure: StandingFigure, phase: float, lean: float = 0.0, twist: float = 0.0, bend: float = 1.0) -> None:
    """Pose spine and shoulders by a breath's phase, in turns.

    The other angles are those of `Figure.spine`.
    """
    air = 0.5 - 0.5 * np.cos(2 * np.pi * phase)
    figure.spine(bend - 1.6 * air, lean, twist)
    for side in SIDES:
        figure.shoulder(side, 1.8 * air, -1.0 * air)


def stand(figure: StandingFigure, phase: float = 0.0, arms: tuple[int, ...] = SIDES) -> None:
    """Pose a figure that stands at ease; `phase` of the breath in turns, `arms` that hang."""
    figure.hips(0.0, UP, 0.0, np.eye(3))
    breathe(figure, phase)
    for side in SIDES:
        figure.plant(side, Foot(side * APART))
    for side in arms:
        figure.hang(side)


def idle() -> JointClip:
    """Make somebody stand and breathe, and shift the weight from leg to leg."""
    seconds = 4 * BREATH

    def pose(figure: StandingFigure, time: float) -> None:
        shift = pulse(time, 1.5, 3.5, 6.0, 8.0) - pulse(time, 9.0, 11.0, 13.5, 15.5)  # 1: on the left leg
        carried = abs(shift)
        figure.hips(0.048 * shift, UP - 0.007 * carried, 0.0, euler("YXZ", [-4.0 * shift, 0.0, 3.0 * shift]))
        breathe(figure, time / BREATH, lean=3.6 * shift, twist=3.0 * shift)
        glance = wave(time / seconds) * 7.0
        figure.look(glance + 2.0 * shift, 2.0 - 1.5 * wave(2 * time / seconds), 1.5 * shift)
        for side in SIDES:
            figure.plant(side, Foot(side * APART, yaw=9.0), knee=2.0)
            figure.hang(side, 9.0 - 1.5 * side * shift, 1.5 * wave(time / BREATH), 14.0 + 2.0 * side * shift)

    return record("idle", seconds, pose)


def wave_hand() -> JointClip:
    """Raise the right hand and wave."""
    seconds, beats = 3.6, 3.0

    def pose(figure: StandingFigure, time: float) -> None:
        stand(figure, time / seconds, arms=(1,))
        up = pulse(time, 0.1, 1.0, 2.6, 3.5)
        figure.look(-4.0 * up, -1.0 * up, -4.0 * up)
        figure.shoulder(-1, 9.0 * up, 2.0 * up)
        swing = wave((time - 0.75) * beats / 2.2) * pulse(time, 0.75, 1.05, 2.6, 2.95)
        figure.hang(-1, 9.0 + 62.0 * up, 22.0 * up, 14.0 + 106.0 * up, 20.0 - (52.0 + 20.0 * swing) * up)
        figure.wrist(-1, 6.0 - 12.0 * up, -10.0 * swing, 78.0 * up)
        figure.fingers(-1, np.array(RELAXED) * (1 - 0.75 * up), RELAXED_THUMB - 8.0 * up, 1.0 + 3.0 * up)

    return record("wave", seconds, pose)


def bow() -> JointClip:
    """Make somebody bow from the hips, hands along the thighs."""
    seconds = 3.4

    def pose(figure: StandingFigure, time: float) -> None:
        down = pulse(time, 0.2, 1.3, 1.9, 3.2)
        figure.hips(0.0, UP - 0.009 * down, -0.09 * down, euler("X", [30.0 * down]))
        figure.spine(1.0 + 17.0 * down, 0.0, 0.0)
        figure.look(0.0, 9.0 * down, 0.0)
        for side in SIDES:
            figure.plant(side, Foot(side * APART * 0.9, yaw=5.0))
            figure.shoulder(side, 0.0, 4.0 * down)
            figure.hang(side, 9.0 - 2.0 * down, 20.0 * down, 14.0)

    return record("bow", seconds, pose)


def nod() -> JointClip:
    """Make somebody nod twice."""
    seconds = 2.2

    def pose(figure: StandingFigure, time: float) -> None:
        stand(figure, time / seconds)
        dip = pulse(time, 0.2, 0.5, 0.5, 0.95) + 0.75 * pulse(time, 0.85, 1.15, 1.15, 1.7)
        figure.look(0.0, 17.0 * dip, 0.0)

    return record("nod", seconds, pose)


def clap() -> JointClip:
    """Make somebody clap the hands before the chest."""
    seconds, claps, begin, end = 4.0, 6, 0.8, 3.1

    def pose(figure: StandingFigure, time: float) -> None:
        stand(figure, time / seconds, arms=())
        up = pulse(time, 0.1, begin, end, 3.9)
        beat = (min(max(time, begin), end) - begin) / (end - begin) * claps
        apart = (0.5 - 0.5 * np.cos(2 * np.pi * beat)) * smooth_step(time, 0.1, begin)
        figure.look(0.0, 3.0 * up + 1.5 * np.cos(2 * np.pi * beat) * up, 0.0)
        chest = figure.place("spine01")
        for side in SIDES:
            figure.shoulder(side, 1.0, 5.0 * up)
            figure.hang(side)
            resting = figure.place("wrist" + suffix(side))
            palms = chest + np.array([side * (0.022 + 0.16 * apart), -0.03, 0.30])
            figure.reach(side, resting * (1 - up) + palms * up, (side * 0.8, -1.0, -0.4))
            figure.hand(side, (0.25 * side * apart, 0.6, 0.8), (-side, 0.0, 0.25 * apart), up)
            figure.fingers(side, np.array(RELAXED) * (1 - 0.6 * up), RELAXED_THUMB, 1.0)

    return record("clap", seconds, pose)
