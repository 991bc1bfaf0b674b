"""Motion clips: BVH files, and the humanoid3d JSON clips of the DeepMimic / PyBullet kind.

Both become frames of world rotations by joint name, in our axes (x to the person's left, y up, z forward), with the
rest direction of every joint's bone, which is all that retargeting needs. A BVH file's way over the floor is kept too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifecast.errors import ScanError

HUMANOID = [
    ("chest", "root", 4), ("neck", "chest", 4), ("right_hip", "root", 4), ("right_knee", "right_hip", 1),
    ("right_ankle", "right_knee", 4), ("right_shoulder", "chest", 4), ("right_elbow", "right_shoulder", 1),
    ("left_hip", "root", 4), ("left_knee", "left_hip", 1), ("left_ankle", "left_knee", 4),
    ("left_shoulder", "chest", 4), ("left_elbow", "left_shoulder", 1),
]  # fmt: skip
"""The joints of a humanoid3d frame after (duration, root position, root quaternion): name, parent, numbers."""

HIPS = ("LeftUpLeg", "RightUpLeg", "LeftHip", "RightHip", "upperleg01.L", "upperleg01.R")
"""What BVH files call the joints between pelvis and thigh."""

HUMANOID_AXES = np.array([[0.0, 0, -1], [0, 1, 0], [1, 0, 0]])
"""humanoid3d (x forward, y up, z to the right) -> ours."""


@dataclass(frozen=True)
class Joint:
    """One joint of a clip's skeleton."""

    name: str
    parent: int
    offset: NDArray[np.float64]
    """(3,) from the parent's joint, in the file's axes."""
    channels: tuple[str, ...]


@dataclass(frozen=True)
class Way:
    """Where a clip's figure is over time, in lengths of its own legs (hip joint to the lowest point at rest)."""

    root: NDArray[np.float64]
    """(frames, 3) the root joint, our axes."""
    lowest: NDArray[np.float64]
    """(frames,) height of the lowest joint or end site."""


@dataclass
class Clip:
    """A motion: a world rotation for each frame and joint.

    It takes the clip's rest pose to the frame's.
    """

    name: str
    joints: list[str]
    directions: dict[str, NDArray[np.float64]]
    """Joint -> unit direction of its bone (to its first child) in the clip's rest pose, our axes."""
    rotations: NDArray[np.float64]
    """(frames, joints, 3, 3)"""
    parents: list[int] = field(default_factory=list)
    seconds: float = 1 / 30
    """From frame to frame."""
    way: Way | None = None

    def __len__(self) -> int:
        return len(self.rotations)


def read_bvh(path: str | Path, every: int = 1) -> Clip:
    """Read a BVH file, keeping each `every`-th frame.

    It is y up, facing +z, or MakeHuman's z up, facing -y.

    Raises
    ------
    ScanError
        The file is missing, is no BVH, or its motion cannot be read.
    """
    path = Path(path)
    if not path.is_file():
        raise ScanError(f"{path}: no such file")
    text = path.read_text(encoding="utf-8", errors="replace")
    if not text.lstrip().startswith("HIERARCHY") or "MOTION" not in text:
        raise ScanError(f"{path}: not a BVH file (no HIERARCHY and MOTION)")
    head, motion = text.split("MOTION", 1)
    joints, tips = _hierarchy(head.split(), path)
    values, seconds = _frames(motion, sum(len(j.channels) for j in joints), every, path)
    rotations = np.empty((len(values), len(joints), 3, 3))
    places = np.empty((len(values), len(joints), 3))
    column = 0
    for k, joint in enumerate(joints):
        columns = {channel: column + n for n, channel in enumerate(joint.channels)}
        column += len(joint.channels)
        turns = [channel for channel in joint.channels if channel.endswith("rotation")]
        try:
            local = (
                Rotation.from_euler(
                    "".join(turn[0] for turn in turns), values[:, [columns[turn] for turn in turns]], degrees=True
                ).as_matrix()
                if turns else np.broadcast_to(np.eye(3), (len(values), 3, 3))
            )  # fmt: skip
        except ValueError as error:
            raise ScanError(f"{path}: joint {joint.name} turns by {' '.join(turns)} ({error})") from error
        offset = np.tile(joint.offset, (len(values), 1))
        for axis, channel in enumerate(("Xposition", "Yposition", "Zposition")):
            if channel in columns:
                offset[:, axis] = values[:, columns[channel]]
        if joint.parent < 0:
            rotations[:, k], places[:, k] = local, offset
        else:
            above = rotations[:, joint.parent]
            rotations[:, k] = above @ local
            places[:, k] = places[:, joint.parent] + (above @ offset[..., None])[..., 0]

    axes = _upright_axes(joints)
    way = _way(joints, tips, rotations, places, axes)
    rotations = axes @ rotations @ axes.T
    directions = {}
    for k, joint in enumerate(joints):
        children = [j.offset for j in joints if j.parent == k and np.linalg.norm(j.offset) > 1e-6]
        end = children[0] if children else tips.get(k, np.zeros(3))
        if np.linalg.norm(end) > 1e-6:
            directions[joint.name] = axes @ (end / np.linalg.norm(end))
    return Clip(
        path.stem, [j.name for j in joints], directions, rotations, [j.parent for j in joints], seconds * every, way
    )


def _frames(motion: str, width: int, every: int, path: Path) -> tuple[NDArray[np.float64], float]:
    """The numbers of each `every`-th frame (frames, width), and the seconds from one frame of the file to the next."""
    lines = motion.strip().splitlines()
    stated = lines[1].partition(":")[2].strip() if len(lines) > 1 and "Frame Time" in lines[1] else ""
    try:
        seconds = float(stated)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < np.inf:
        raise ScanError(f"{path}: its second line after MOTION must be 'Frame Time: SECONDS', above 0, not {stated!r}")
    try:
        values = np.array([line.split() for line in lines[2::every] if line.strip()], np.float64)
    except ValueError as error:
        raise ScanError(f"{path}: a frame is not {width} numbers ({error})") from error
    if values.ndim != 2 or values.shape[1] != width or len(values) == 0:
        raise ScanError(
            f"{path}: frames of {values.shape[-1] if values.size else 0} numbers, the skeleton needs {width}"
        )
    broken = np.flatnonzero(~np.isfinite(values).all(1))
    if len(broken):
        raise ScanError(f"{path}: frame {broken[0] * every + 1} holds a number that is not finite")
    return values, seconds


def _way(
    joints: list[Joint], tips: dict[int, NDArray[np.float64]], rotations: NDArray[np.float64],
    places: NDArray[np.float64], axes: NDArray[np.float64],
) -> Way | None:  # fmt: skip
    """The root's way, given world rotations and places in the file's axes.

    None for a skeleton without extent, and for files that leave the way out: their root stays at one place.
    """
    if len(places) > 1 and np.ptp(places[:, 0], axis=0).max() < 1e-6:
        return None
    rest = np.zeros((len(joints), 3))
    for k, joint in enumerate(joints):
        rest[k] = joint.offset + rest[joint.parent] if joint.parent >= 0 else 0.0
    ends = list(tips)
    moved = [places[:, k] + (rotations[:, k] @ tips[k][:, None])[..., 0] for k in ends]
    up = axes[1]
    lowest = (np.stack([*np.moveaxis(places, 1, 0), *moved]) @ up).min(0)
    floor = float((np.stack([*rest, *(rest[k] + tips[k] for k in ends)]) @ up).min())
    hips = [rest[k] @ up for k, joint in enumerate(joints) if joint.name in HIPS]
    length = (max(hips) if hips else 0.0) - floor
    if length <= 0:
        return None
    return Way(places[:, 0] @ axes.T / length, lowest / length)


def _hierarchy(words: list[str], path: Path) -> tuple[list[Joint], dict[int, NDArray[np.float64]]]:
    """The joints, and the offset of each end site by its joint."""
    joints: list[Joint] = []
    tips: dict[int, NDArray[np.float64]] = {}
    stack: list[int] = []
    name, is_end = "", False
    k = 1
    try:
        while k < len(words):
            word = words[k]
            if word in ("ROOT", "JOINT"):
                name, is_end, k = words[k + 1].rpartition(":")[2], False, k + 2  # without "mixamorig:"
            elif word == "End":
                is_end, k = True, k + 2
            elif word == "{":
                parent = stack[-1] if stack else -1
                offset = np.array(words[k + 2 : k + 5], np.float64)
                k += 5
                if is_end:
                    tips[parent] = offset
                    stack.append(parent)
                else:
                    channels: tuple[str, ...] = ()
                    if k < len(words) and words[k] == "CHANNELS":
                        count = int(words[k + 1])
                        channels = tuple(words[k + 2 : k + 2 + count])
                        k += 2 + count
                    stack.append(len(joints))
                    joints.append(Joint(name, parent, offset, channels))
            elif word == "}":
                stack.pop()
                k += 1
            else:
                raise ValueError(f"unexpected word {word!r}")
    except (ValueError, IndexError) as error:
        raise ScanError(f"{path}: its HIERARCHY cannot be read ({error})") from error
    if not joints:
        raise ScanError(f"{path}: its HIERARCHY has no joints")
    return joints, tips


def _upright_axes(joints: list[Joint]) -> NDArray[np.float64]:
    """The rotation from the file's axes to ours: which of y and z does the figure stand along?"""
    places = np.zeros((len(joints), 3))
    for k, joint in enumerate(joints):
        places[k] = joint.offset + (places[joint.parent] if joint.parent >= 0 else 0)
    size = np.ptp(places, axis=0)
    return np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]) if size[2] > size[1] else np.eye(3)


def read_humanoid(path: str | Path) -> Clip:
    """Read a humanoid3d clip.

    {"Loop": ..., "Frames": [[duration, root xyz, root wxyz, joints ...], ...]}.

    Raises
    ------
    ScanError
        The file is missing or of another kind.
    """
    path = Path(path)
    if not path.is_file():
        raise ScanError(f"{path}: no such file")
    try:
        frames = np.array(json.loads(path.read_text())["Frames"], np.float64)
    except (ValueError, KeyError, TypeError) as error:
        raise ScanError(f"{path}: not a humanoid3d clip ({error})") from error
    if frames.ndim != 2 or frames.shape[1] != 44:
        raise ScanError(f"{path}: a humanoid3d frame has 44 numbers, these are of shape {frames.shape}")
    names = ["root"] + [name for name, _, _ in HUMANOID]
    rotations = np.empty((len(frames), len(names), 3, 3))
    rotations[:, 0] = Rotation.from_quat(frames[:, 4:8], scalar_first=True).as_matrix()
    column = 8
    for k, (_, parent, count) in enumerate(HUMANOID, start=1):
        numbers = frames[:, column : column + count]
        column += count
        local = (
            Rotation.from_quat(numbers, scalar_first=True)
            if count == 4 else Rotation.from_rotvec(numbers * np.array([0, 0, 1.0]))
        ).as_matrix()  # fmt: skip
        rotations[:, k] = rotations[:, names.index(parent)] @ local
    up, down = np.array([0.0, 1, 0]), np.array([0.0, -1, 0])
    directions = {name: up if name in ("chest", "neck", "root") else down for name in names}
    for side in ("left", "right"):
        directions[f"{side}_ankle"] = np.array([0.0, 0, 1])
    parents = [-1] + [names.index(parent) for _, parent, _ in HUMANOID]
    seconds = float(np.median(frames[:, 0]))
    if not 0 < seconds < np.inf:
        raise ScanError(f"{path}: a frame must last more than 0 seconds, these last {seconds:g}")
    return Clip(path.stem, names, directions, HUMANOID_AXES @ rotations @ HUMANOID_AXES.T, parents, seconds)
