"""Poses as people take them before a camera, drawn within joint limits.

Standing with arms down or slightly bent leads, because it leads in photographs; motion clips and MakeHuman's poses are
a minority, and what leaves the upright (rolls, crawling, a backflip) is rare.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lifecast.people.arm_poses import aim, draw_arms, on_thigh
from lifecast.people.figure import Figure, suffix
from lifecast.people.pose_library import PoseLibrary, pose_from_clips
from lifecast.people.pose_shares import CLIP_SHARE, USUAL_CLIP_SHARE
from lifecast.people.rotation import euler, unit

Rng = np.random.Generator


def _trunk(figure: Figure, rng: Rng, calm: float = 1.0) -> None:
    tilt = rng.normal(0, 2.5 * calm)
    figure.pelvis(euler("YXZ", [rng.normal(0, 7), rng.normal(0, 3) * calm, tilt]))
    figure.spine(rng.normal(2, 4) * calm, tilt + rng.normal(0, 3) * calm, rng.normal(0, 6) * calm)
    for side in (1, -1):
        figure.shoulder(side, rng.normal(0, 3), rng.normal(0, 3))


def _look(figure: Figure, rng: Rng) -> None:
    if rng.random() < 0.25:  # looking away
        figure.look(rng.choice([-1, 1]) * rng.uniform(20, 60), rng.normal(2, 12), rng.normal(0, 5))
    else:
        figure.look(rng.normal(0, 9), rng.normal(2, 7), rng.normal(0, 4))


def _feet(
    figure: Figure, rng: Rng, apart: tuple[float, float], ahead: tuple[float, float],
    lift: tuple[float, float] = (0, 0),
    drop: float = 0.0,
) -> None:  # fmt: skip
    """Place both feet by inverse kinematics: metres outward from the hip, ahead of it, above the ground.

    `drop` lowers the hips.
    """
    for side, out, forward, high in zip((1, -1), apart, ahead, lift, strict=True):
        s = suffix(side)
        hip = figure.place("upperleg01" + s)
        toe_out = float(np.clip(rng.normal(9, 7), -8, 30))
        ankle = figure.head("foot" + s)
        leg = float(hip[1] - ankle[1])
        # The ankle may not sink below what a straight leg reaches.
        depth = np.sqrt(max(leg * leg - out * out - forward * forward, 0.04)) - rng.uniform(0.004, 0.02)
        target = np.array([hip[0] + side * out, hip[1] - min(depth, leg) + high + drop, hip[2] + forward])
        knee = euler("Y", [side * toe_out]) @ np.array([0, 0, 1.0])
        figure.step(side, target, knee)
        pitch = 0.0 if high <= 0.01 else rng.uniform(10, 35)
        figure.foot(side, euler("YX", [side * toe_out, pitch]))


def _standing_legs(figure: Figure, rng: Rng) -> str:
    kind = rng.choice(["even", "weight", "wide", "stride"], p=[0.5, 0.22, 0.1, 0.18])
    if kind == "even":
        apart = rng.uniform(-0.03, 0.10)
        _feet(figure, rng, (apart, apart + rng.normal(0, 0.01)), tuple(rng.normal(0, 0.02, 2)))
    elif kind == "weight":  # one leg carries, the other is eased forward and out
        free = rng.choice([0, 1])
        out, forward = [0.0, 0.0], [0.0, 0.0]
        out[free], forward[free] = rng.uniform(0.04, 0.16), rng.uniform(0.03, 0.18)
        _feet(figure, rng, (out[0], out[1]), (forward[0], forward[1]))
    elif kind == "wide":
        apart = rng.uniform(0.1, 0.26)
        _feet(figure, rng, (apart, apart), tuple(rng.normal(0, 0.03, 2)))
    else:
        step = rng.uniform(0.12, 0.36) * rng.choice([-1, 1])
        behind = rng.uniform(0.0, 0.05)
        lift = (behind, 0.0) if step < 0 else (0.0, behind)
        _feet(figure, rng, (0.0, 0.0), (step, -step * rng.uniform(0.6, 1.1)), lift)
    return str(kind)


def _sit(figure: Figure, rng: Rng) -> None:
    for side in (1, -1):
        spread, rise = np.radians([rng.uniform(2, 22), rng.normal(2, 6)])
        thigh = np.array([side * np.sin(spread), np.sin(rise), np.cos(spread)])
        shin = unit([side * np.sin(spread) * 0.3, -1, rng.uniform(-0.35, 0.3)])
        figure.leg(side, thigh, shin, (side * 0.2, 0.6, 1.0))
        figure.foot(side, euler("Y", [side * rng.uniform(0, 20)]))


def pose_choice(draw: float, clip_share: float) -> float:
    """Map a draw of [0, 1) to one that is below `USUAL_CLIP_SHARE` for `clip_share` of all.

    It is even on either side.
    """
    if clip_share == USUAL_CLIP_SHARE:
        return draw
    if draw < clip_share:
        return draw / clip_share * USUAL_CLIP_SHARE
    above = 1 - (1 - draw) / (1 - clip_share) * (1 - USUAL_CLIP_SHARE)
    return max(above, USUAL_CLIP_SHARE)  # rounding must not take it below


def draw_pose(figure: Figure, library: PoseLibrary, rng: Rng, clip_share: float = USUAL_CLIP_SHARE) -> dict[str, Any]:
    """Pose a fresh figure; returns what was drawn, for the card.

    `clip_share` of the people take a pose of a motion clip or of MakeHuman's own, where the library has both kinds; the
    others are drawn as ever.
    """
    choice = pose_choice(rng.random(), clip_share)
    if library.clips and choice < CLIP_SHARE:
        name, frame = pose_from_clips(figure, library.clips, rng)
        for side in (1, -1):
            base = rng.uniform(8, 55)
            figure.fingers(side, np.clip(base + rng.normal(0, 5, 4), 0, 75), rng.uniform(0, 25))
        return {"kind": "clip", "clip": name, "frame": frame}
    if library.own and choice < USUAL_CLIP_SHARE:
        name, frame = pose_from_clips(figure, library.own, rng)
        return {"kind": "own", "clip": name, "frame": frame}
    if choice > 0.94:
        _trunk(figure, rng)
        _sit(figure, rng)
        _look(figure, rng)
        if rng.random() < 0.6:
            for side in (1, -1):
                on_thigh(figure, rng, side)
            arms = "on thighs"
        else:
            arms = draw_arms(figure, rng)
        return {"kind": "sitting", "arms": arms}
    _trunk(figure, rng)
    legs = _standing_legs(figure, rng)
    _look(figure, rng)
    return {"kind": "standing", "legs": legs, "arms": draw_arms(figure, rng)}


def stand_at_ease(figure: Figure, rng: Rng) -> dict[str, Any]:
    """The pose that never collides: what is left when every draw ran into itself."""
    _trunk(figure, rng, 0.3)
    _feet(figure, rng, (0.05, 0.05), (0.0, 0.0))
    for side in (1, -1):
        aim(figure, side, 26, 0, 10, 15)
        figure.fingers(side, [15, 18, 20, 22], 8)
    return {"kind": "standing", "legs": "even", "arms": "at ease"}
