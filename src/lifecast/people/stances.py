"""Poses as people take them before a camera, drawn within joint limits, and which of them how often.

Standing with arms down or slightly bent leads, because it leads in photographs; motion clips and MakeHuman's poses are
a minority, and what leaves the upright (rolls, crawling, a backflip) is rare.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifecast.errors import UsageError
from lifecast.people.clips import Clip, read_bvh, read_humanoid
from lifecast.people.figure import Figure, suffix
from lifecast.people.pose_shares import CLIP_SHARE, USUAL_CLIP_SHARE
from lifecast.people.retarget import is_own_rig, retarget
from lifecast.people.rotation import about, euler, unit

Rng = np.random.Generator
UP = np.array([0.0, 1.0, 0.0])

EXTREME_SHARE = 0.12
"""How many of the clip frames may be far from upright."""


# ---------------------------------------------------------------- trunk and legs


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
    """Both feet by inverse kinematics: metres beside the hip, ahead of it, above the ground; `drop` lowers the hips."""
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


# ---------------------------------------------------------------- arms


def _hand(figure: Figure, rng: Rng, side: int, curl: tuple[float, float] = (8, 30), pronate: float = 0.0) -> None:
    base = rng.uniform(*curl)
    figure.fingers(
        side,
        np.clip(base + np.arange(4) * rng.uniform(0, 6) + rng.normal(0, 4, 4), -5, 80),
        rng.uniform(0, 22),
        rng.uniform(-1, 4),
    )
    figure.wrist(side, rng.normal(4, 9), rng.normal(0, 6), pronate + rng.normal(0, 14))


def _aim(figure: Figure, side: int, out: float, ahead: float, flex: float, inward: float) -> None:
    """Degrees: away from the body, forward, elbow bend, and how far the bent forearm swings in front of the body."""
    chest = figure.turn("spine01")
    along = chest @ euler("YX", [0, -ahead]) @ euler("Z", [side * out]) @ np.array([0, -1.0, 0])
    hinge = chest @ euler("Y", [-side * inward]) @ np.array([-1.0, 0, 0])
    hinge = unit(hinge - (hinge @ along) * along)
    then = about(hinge, flex) @ along
    figure.arm(side, along, then, hinge)


def _hang(figure: Figure, rng: Rng, side: int) -> None:
    _aim(
        figure,
        side,
        rng.uniform(5, 16),
        rng.normal(0, 7),
        float(np.clip(abs(rng.normal(10, 10)), 2, 55)),
        rng.uniform(-5, 35),
    )
    _hand(figure, rng, side, (8, 26))


def _a_pose(figure: Figure, rng: Rng, side: int) -> None:
    _aim(figure, side, rng.uniform(22, 50), rng.normal(0, 6), rng.uniform(2, 25), rng.uniform(0, 30))
    _hand(figure, rng, side, (0, 25))


def _t_pose(figure: Figure, rng: Rng, side: int) -> None:
    _aim(figure, side, rng.uniform(65, 95), rng.normal(0, 6), rng.uniform(2, 15), 60)
    _hand(figure, rng, side, (0, 12))


def _bent(figure: Figure, rng: Rng, side: int) -> None:
    """Forearm in front, as when gesturing or holding something."""
    _aim(figure, side, rng.uniform(8, 30), rng.normal(0, 12), rng.uniform(50, 115), rng.uniform(-15, 55))
    _hand(figure, rng, side, (10, 55), rng.normal(0, 30))


def _swing(figure: Figure, rng: Rng, side: int) -> None:
    _aim(
        figure,
        side,
        rng.uniform(6, 16),
        side * rng.choice([-1, 1]) * rng.uniform(8, 38),
        rng.uniform(8, 70),
        rng.uniform(0, 25),
    )
    _hand(figure, rng, side, (15, 50))


def _raised(figure: Figure, rng: Rng, side: int) -> None:
    figure.shoulder(side, 14, 0)
    _aim(figure, side, rng.uniform(105, 165), rng.normal(8, 10), rng.uniform(2, 70), rng.uniform(30, 90))
    _hand(figure, rng, side, (0, 30))


def _point(figure: Figure, rng: Rng, side: int) -> None:
    _aim(figure, side, rng.uniform(10, 60), rng.uniform(40, 90), rng.uniform(2, 30), 30)
    _hand(figure, rng, side, (5, 60))


def _torso_point(figure: Figure, right: float, up: float, front: float) -> NDArray[np.float64]:
    """A place about the trunk: share of the half width, of hip-to-shoulder height, metres before the skin line."""
    chest = figure.turn("spine03")
    hips = (figure.place("upperleg01.L") + figure.place("upperleg01.R")) / 2
    neck = figure.place("neck01")
    half = float(np.linalg.norm(figure.head("upperarm01.L") - figure.head("upperarm01.R"))) / 2
    return hips + (neck - hips) * up + chest @ np.array([right * half, 0, front])


def _depth(figure: Figure) -> float:
    """Metres from the spine to the belly's skin, about."""
    return 0.62 * float(np.linalg.norm(figure.head("upperarm01.L") - figure.head("upperarm01.R"))) / 2 + 0.05


def _on_hip(figure: Figure, rng: Rng, side: int) -> None:
    target = _torso_point(figure, side * rng.uniform(1.1, 1.35), rng.uniform(0.14, 0.3), rng.uniform(-0.02, 0.05))
    figure.reach(side, target, figure.turn("spine01") @ np.array([side * 1.0, 0.1, -rng.uniform(0.2, 0.7)]))
    _hand(figure, rng, side, (10, 40))
    figure.wrist(side, rng.uniform(20, 50), rng.normal(-15, 8), rng.uniform(10, 50))


def _pocket(figure: Figure, rng: Rng, side: int) -> None:
    target = _torso_point(figure, side * rng.uniform(1.22, 1.38), rng.uniform(0.04, 0.16), rng.uniform(0.03, 0.09))
    figure.reach(side, target, figure.turn("spine01") @ np.array([side * 0.6, 0, -1.0]))
    _hand(figure, rng, side, (10, 35))


def _phone(figure: Figure, rng: Rng, side: int) -> None:
    target = _torso_point(
        figure, side * rng.uniform(0.2, 0.7), rng.uniform(0.6, 0.95), _depth(figure) + rng.uniform(0.12, 0.28)
    )
    figure.reach(side, target, figure.turn("spine01") @ np.array([side * 0.6, -1.0, -0.3]))
    _hand(figure, rng, side, (35, 60), rng.uniform(-50, -10))


def _to_face(figure: Figure, rng: Rng, side: int) -> None:
    head = figure.place("head") + figure.turn("head") @ np.array(
        [side * rng.uniform(0.06, 0.14), rng.uniform(-0.06, 0.04), rng.uniform(0.13, 0.2)]
    )
    figure.reach(side, head, figure.turn("spine01") @ np.array([side * 0.8, -1.0, 0.2]))
    _hand(figure, rng, side, (20, 60), rng.uniform(-60, 0))


def _on_thigh(figure: Figure, rng: Rng, side: int) -> None:
    s = suffix(side)
    knee, hip = figure.place("lowerleg01" + s), figure.place("upperleg01" + s)
    target = hip + (knee - hip) * rng.uniform(0.5, 0.9) + np.array([side * 0.02, 0.155, 0.0])
    figure.reach(side, target, np.array([side * 1.0, -0.3, -0.6]))
    _hand(figure, rng, side, (5, 25), rng.uniform(0, 40))


def _both_crossed(figure: Figure, rng: Rng) -> None:
    up = rng.uniform(0.55, 0.68)
    front = _depth(figure)
    for side, ahead in zip(rng.permutation([1, -1]), (0.09, 0.035), strict=True):
        side = int(side)
        target = _torso_point(figure, -side * rng.uniform(0.45, 0.7), up + rng.normal(0, 0.015), front + ahead)
        figure.reach(side, target, figure.turn("spine01") @ np.array([side * 1.0, -0.9, 0.15]))
        _hand(figure, rng, side, (10, 40), rng.uniform(20, 60))


def _both_clasped(figure: Figure, rng: Rng) -> None:
    up, front = rng.uniform(0.0, 0.4), _depth(figure) + rng.uniform(0.03, 0.1)
    for side in (1, -1):
        target = _torso_point(figure, side * rng.uniform(0.3, 0.46), up + rng.normal(0, 0.01), front)
        figure.reach(side, target, figure.turn("spine01") @ np.array([side * 1.0, -0.3, -0.5]))
        _hand(figure, rng, side, (25, 55))


def _both_behind(figure: Figure, rng: Rng) -> None:
    for side in (1, -1):
        target = _torso_point(
            figure, side * rng.uniform(0.3, 0.6), rng.uniform(0.05, 0.22), -_depth(figure) - rng.uniform(0.04, 0.09)
        )
        figure.reach(side, target, figure.turn("spine01") @ np.array([side * 1.0, 0.1, -0.5]))
        _hand(figure, rng, side, (20, 50))


ONE_ARM: dict[str, tuple[float, Callable[[Figure, Rng, int], None]]] = {
    "hang": (0.44, _hang), "a-pose": (0.12, _a_pose), "bent": (0.11, _bent), "swing": (0.06, _swing),
    "on hip": (0.07, _on_hip), "pocket": (0.06, _pocket), "phone": (0.04, _phone), "to face": (0.03, _to_face),
    "raised": (0.04, _raised), "point": (0.03, _point),
}  # fmt: skip
BOTH_ARMS: dict[str, tuple[float, Callable[[Figure, Rng], None] | str]] = {
    "hang": (0.36, "hang"), "a-pose": (0.14, "a-pose"), "t-pose": (0.03, "t-pose"), "on hips": (0.08, "on hip"),
    "crossed": (0.08, _both_crossed), "clasped": (0.1, _both_clasped), "behind": (0.04, _both_behind),
    "bent": (0.07, "bent"), "raised": (0.03, "raised"), "pockets": (0.04, "pocket"), "phone": (0.03, "phone"),
}  # fmt: skip


def _arms(figure: Figure, rng: Rng) -> str:
    """Draw the arms; about half of the people do the same with both."""
    singles = {**{k: f for k, (_, f) in ONE_ARM.items()}, "t-pose": _t_pose}
    if rng.random() < 0.6:
        weights = np.array([w for w, _ in BOTH_ARMS.values()])
        name = list(BOTH_ARMS)[int(rng.choice(len(weights), p=weights / weights.sum()))]
        act = BOTH_ARMS[name][1]
        if isinstance(act, str):
            for side in (1, -1):
                singles[act](figure, rng, side)
        else:
            act(figure, rng)
        return name
    names = []
    weights = np.array([w for w, _ in ONE_ARM.values()])
    for side in (1, -1):
        name = list(ONE_ARM)[int(rng.choice(len(weights), p=weights / weights.sum()))]
        ONE_ARM[name][1](figure, rng, side)
        names.append(name)
    return " and ".join(names)


# ---------------------------------------------------------------- the whole pose


@dataclass(frozen=True)
class PoseLibrary:
    """The motion clips that poses are drawn from besides the stances of this module."""

    clips: tuple[Clip, ...] = ()
    own: tuple[Clip, ...] = ()

    @classmethod
    def read(cls, poses: Path | None, assets: Path | None) -> PoseLibrary:
        """Read the clips of `--poses` (.bvh, humanoid3d .txt/.json) and the poses of an assets folder.

        Raises
        ------
        UsageError
            `poses` is no folder or holds no clip.
        ScanError
            A clip cannot be read.
        """
        clips: list[Clip] = []
        if poses is not None:
            if not poses.is_dir():
                raise UsageError(f"--poses {poses}: no such folder")
            for path in sorted(poses.iterdir()):
                if path.suffix.lower() == ".bvh":
                    clips.append(read_bvh(path, every=8))
                elif path.suffix.lower() in (".txt", ".json") and "humanoid3d" in path.name:
                    clips.append(read_humanoid(path))
            if not clips:
                raise UsageError(f"--poses {poses}: holds no .bvh and no humanoid3d_*.txt motion clip")
        own: list[Clip] = []
        if assets is not None:
            for root in (assets / "base" / "poses", assets / "poses"):
                own += [read_bvh(path) for path in sorted(root.glob("*.bvh"))]
        return cls(tuple(c for c in clips if not is_own_rig(c)), tuple(own) + tuple(c for c in clips if is_own_rig(c)))


def _upright(figure: Figure) -> bool:
    spine = figure.place("neck01") - figure.place("root")
    return bool(spine[1] > 0.75 * np.linalg.norm(spine))


def _face_front(figure: Figure) -> None:
    """Turn the figure about the vertical so that its pelvis faces +z (clips walk wherever they like)."""
    root = figure.index["root"]
    turn = figure.world.get(root, np.eye(3))
    ahead = turn @ np.array([0, 0, 1.0])
    if np.hypot(ahead[0], ahead[2]) > 0.3:
        back = euler("Y", [-np.degrees(np.arctan2(ahead[0], ahead[2]))])
        for bone in figure.world:
            figure.world[bone] = back @ figure.world[bone]


def _from_clips(figure: Figure, clips: tuple[Clip, ...], rng: Rng) -> tuple[str, int]:
    """A frame of one of the clips, upright unless an extreme one was drawn; its clip's name and its number."""
    # A clip counts by the root of its length: half a minute of boxing must not crowd out a short walk.
    weights = np.sqrt([len(c) for c in clips])
    extreme = rng.random() < EXTREME_SHARE
    for _ in range(30):
        clip = clips[int(rng.choice(len(weights), p=weights / weights.sum()))]
        frame = int(rng.integers(len(clip)))
        figure.world.clear()
        figure.local.clear()
        retarget(clip, frame, figure)
        if extreme or _upright(figure):
            break
    _face_front(figure)
    return clip.name, frame


def pose_choice(draw: float, clip_share: float) -> float:
    """A number of [0, 1) that is below `USUAL_CLIP_SHARE` for `clip_share` of all draws, and even on either side."""
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
        name, frame = _from_clips(figure, library.clips, rng)
        for side in (1, -1):
            base = rng.uniform(8, 55)
            figure.fingers(side, np.clip(base + rng.normal(0, 5, 4), 0, 75), rng.uniform(0, 25))
        return {"kind": "clip", "clip": name, "frame": frame}
    if library.own and choice < USUAL_CLIP_SHARE:
        name, frame = _from_clips(figure, library.own, rng)
        return {"kind": "own", "clip": name, "frame": frame}
    if choice > 0.94:
        _trunk(figure, rng)
        _sit(figure, rng)
        _look(figure, rng)
        if rng.random() < 0.6:
            for side in (1, -1):
                _on_thigh(figure, rng, side)
            arms = "on thighs"
        else:
            arms = _arms(figure, rng)
        return {"kind": "sitting", "arms": arms}
    _trunk(figure, rng)
    legs = _standing_legs(figure, rng)
    _look(figure, rng)
    return {"kind": "standing", "legs": legs, "arms": _arms(figure, rng)}


def stand_at_ease(figure: Figure, rng: Rng) -> dict[str, Any]:
    """The pose that never collides: what is left when every draw ran into itself."""
    _trunk(figure, rng, 0.3)
    _feet(figure, rng, (0.05, 0.05), (0.0, 0.0))
    for side in (1, -1):
        _aim(figure, side, 26, 0, 10, 15)
        figure.fingers(side, [15, 18, 20, 22], 8)
    return {"kind": "standing", "legs": "even", "arms": "at ease"}
