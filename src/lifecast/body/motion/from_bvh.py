"""Motion capture files (BVH) as clips of our body."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from lifecast.body.fitted_body import shipped_body
from lifecast.body.kinematics import blend, joint_transforms
from lifecast.body.motion.joint_clip import JointClip
from lifecast.body.motion.standing_figure import (
    RATE,
    RELAXED,
    RELAXED_THUMB,
    SIDES,
    StandingFigure,
    leg_length,
    moving_joints,
)
from lifecast.errors import ScanError
from lifecast.people.clips import Clip, Way, read_bvh
from lifecast.people.retarget import LIMBS, ROOTS, find_joint, is_own_rig, retarget

NEEDED = ("upperarm01.L", "upperarm01.R", "upperleg01.L", "upperleg01.R")
"""A file that moves none of arms or legs is no motion of a person."""
NEAR_FLOOR = 0.06
"""Lengths of a leg: whose lowest joint is so near the floor stands on it, as on heels, which files leave out."""
FLOOR_SHARE = 0.02
"""The floor is where the lowest joint is lower in so few of the frames."""


def read_clip(path: str | Path) -> JointClip:
    """Read a BVH file as a clip, at about 30 frames a second.

    The figure starts above the origin and faces the front; its lowest point touches the floor where the file's does.

    Raises
    ------
    ScanError
        The file is missing, is no BVH, or names its joints in a way that is not known.
    """
    clip = read_bvh(path)
    if not is_own_rig(clip):
        _check_names(clip, path)
    every = max(round(1 / (clip.seconds * RATE)), 1)
    frames = np.arange(0, len(clip), every)
    body = shipped_body()
    rotations = np.tile(np.eye(3), (len(frames), len(body.joints), 1, 1))
    for k, frame in enumerate(frames):
        figure = StandingFigure()
        retarget(clip, int(frame), figure)
        for side in SIDES:
            figure.fingers(side, RELAXED, RELAXED_THUMB, 1.0)
        for joint, turn in figure.rotations().items():
            rotations[k, joint] = turn
    ahead = rotations[0, 0, :, 2]
    front = _about_vertical(-float(np.arctan2(ahead[0], ahead[2])) if np.hypot(ahead[0], ahead[2]) > 0.3 else 0.0)
    rotations[:, 0] = front @ rotations[:, 0]
    still = Way(np.zeros((len(clip), 3)), np.zeros(len(clip)))
    way = clip.way or still
    root = (way.root[frames] - way.root[0]) @ front.T
    above = way.lowest[frames] - np.quantile(way.lowest, FLOOR_SHARE)
    root[:, 1] = np.maximum(above - NEAR_FLOOR, 0) - _lowest(rotations) / leg_length()
    rate = 1 / (clip.seconds * every)
    return moving_joints(clip.name.lower(), body.joints, rate, rotations, root, loops=False)


def _check_names(clip: Clip, path: str | Path) -> None:
    wanted = {"hips": ROOTS} | {bone: LIMBS[bone] for bone in NEEDED}
    for names in wanted.values():
        if find_joint(clip, names) is None:
            known = ", ".join(name.partition("@")[0] for name in names)
            raise ScanError(
                f"{path}: it has no joint called {known}, but {', '.join(clip.joints[:6])}"
                f"{' ...' if len(clip.joints) > 6 else ''}: rename its joints as Mixamo's or CMU's files do"
            )


def _about_vertical(angle: float) -> NDArray[np.float64]:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def _lowest(rotations: NDArray[np.float64], batch: int = 64) -> NDArray[np.float64]:
    """Height (T,) of the mean body's lowest vertex above its soles at rest, metres, with the root where it rests."""
    body = shipped_body()
    found = []
    with torch.no_grad():
        rest = body.rest(torch.zeros(1, body.components), torch.zeros(1, len(body.actions)))
        low = float(rest.vertices[0, :, 1].min())
        # Feet whole, of the rest every fourth vertex.
        feet = [body.joints.index(f"{name}.{side}") for name in ("foot", "toes") for side in "LR"]
        rows = body.weights[:, feet].sum(1) > 0.5
        rows[::4] = True
        for start in range(0, len(rotations), batch):
            turns = torch.from_numpy(rotations[start : start + batch].astype(np.float32))
            linear, shift = joint_transforms(body.parents, rest.joints.expand(len(turns), -1, -1), turns)
            points = blend(body.weights[rows], rest.vertices[:, rows].expand(len(turns), -1, -1), linear, shift)
            found.append(points[..., 1].amin(1).double().numpy() - low)
    return np.concatenate(found)
