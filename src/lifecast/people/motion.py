"""Ways from pose to pose: the frames in between, as bone transforms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifecast.people.rig import bone_transforms

Rotations = Mapping[int, NDArray[np.float64]]
"""Bone -> (3, 3) rotation against its parent; bones left out are at rest."""
Wind = tuple[float, float, float]
"""The air's speed, m/s."""
STILL_AIR: Wind = (0.0, 0.0, 0.0)
FRAME = 1 / 60
"""Seconds from frame to frame."""


def way(
    parents: Sequence[int], heads: NDArray[np.float64], start: Rotations, end: Rotations, seconds: float
) -> Iterator[NDArray[np.float64]]:
    """Yield the (B, 3, 4) bone transforms of the frames after `start`, up to and with `end`.

    Every joint turns about one axis, gathers speed and slows down again (a smooth step), so that cloth swings but does
    not get torn. `heads` are the (B, 3) rest positions of the joints.
    """
    count = max(round(seconds / FRAME), 1)
    for frame in range(1, count + 1):
        t = frame / count
        yield bone_transforms(parents, heads, between(start, end, t * t * (3 - 2 * t)))


def between(start: Rotations, end: Rotations, share: float) -> dict[int, NDArray[np.float64]]:
    """Turn every joint about one axis, by a share (0 to 1) of its way from one pose to another."""
    bones = sorted(set(start) | set(end))
    rest = np.eye(3)
    first = Rotation.from_matrix(np.array([start.get(b, rest) for b in bones]).reshape(-1, 3, 3))
    last = Rotation.from_matrix(np.array([end.get(b, rest) for b in bones]).reshape(-1, 3, 3))
    turn = (first.inv() * last).as_rotvec()
    now = (first * Rotation.from_rotvec(turn * share)).as_matrix()
    return dict(zip(bones, now, strict=True))


def longest_turn(start: Rotations, end: Rotations) -> float:
    """Return the largest angle by which a joint turns between two poses, radians."""
    most = 0.0
    for bone in set(start) | set(end):
        turn = start.get(bone, np.eye(3)).T @ end.get(bone, np.eye(3))
        most = max(most, float(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))))
    return most


def draw_wind(rng: np.random.Generator) -> Wind:
    """Draw the air's speed for one pose: mostly still, at times a breeze along the ground; m/s."""
    if rng.random() < 0.8:
        return STILL_AIR
    speed, way = float(rng.uniform(1, 5)), float(rng.uniform(0, 2 * np.pi))
    return (speed * np.sin(way), 0.0, speed * np.cos(way))
