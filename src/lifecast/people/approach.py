"""How a person comes into a pose that is kept in the middle of a move: by a motion clip's frames, or by a quick turn.

Skirts swing, coats open and trousers lag behind, as in a photograph of somebody who walks. Most poses are not come
into like this: people who stand before a camera have stood there for a while.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifecast.people.clips import Clip
from lifecast.people.figure import Figure
from lifecast.people.motion import FRAME, Rotations, between, longest_turn
from lifecast.people.pose_library import facing_front
from lifecast.people.retarget import is_own_rig, retarget
from lifecast.people.rig import bone_transforms

Rng = np.random.Generator
STEP = 0.05
"""Metres that a joint moves from frame to frame at most: skin that moves farther slips through the cloth."""


@dataclass(frozen=True)
class Moves:
    """What moves people make."""

    lead: float = 0.7
    """Seconds of a clip that are played before the frame that is kept."""
    turning: float = 0.12
    """Share of the standing people who are kept while they turn about,"""
    turn: tuple[float, float] = (0.8, 2.4)
    """by so many radians until then,"""
    pace: tuple[float, float] = (2.0, 4.5)
    """so many radians a second."""
    fastest: float = 8.0
    """m/s that a clip's figure travels at most,"""
    quickest: float = 25.0
    """and radians a second that a joint of it turns at most: more is a jump of the recording (many begin with a
    T pose)."""


@dataclass(frozen=True)
class Approach:
    """Poses on the way into a kept one, which is the last."""

    poses: tuple[Rotations, ...]
    shifts: NDArray[np.float64]
    """(P, 3) metres from where the kept pose is to where the figure is."""
    seconds: float
    """From pose to pose."""

    def times(self, parents: Sequence[int], heads: NDArray[np.float64]) -> NDArray[np.float64]:
        """(P,) seconds from the first pose on at which the figure is in each.

        Where a joint would move more than `STEP` against the pelvis from one frame to the next, the move is slower.
        """
        joints = [_joints(bone_transforms(parents, heads, pose), heads) for pose in self.poses]
        farthest = [float(np.linalg.norm(after - before, axis=1).max()) for before, after in pairwise(joints)]
        return np.cumsum([0.0, *(max(self.seconds, FRAME * far / STEP) for far in farthest)])

    def speed(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """(3,) m/s at which the figure travels at first: it has been on its way for a while, its clothes with it."""
        start: NDArray[np.float64] = (self.shifts[1] - self.shifts[0]) / times[1]
        return start

    def frames(
        self, parents: Sequence[int], heads: NDArray[np.float64], times: NDArray[np.float64]
    ) -> Iterator[NDArray[np.float64]]:
        """Yield the (B, 3, 4) bone transforms of the frames after the first pose, `motion.FRAME` apart."""
        count = max(round(times[-1] / FRAME), 1)
        for frame in range(1, count + 1):
            along = float(np.interp(frame / count * times[-1], times, np.arange(len(times))))
            first = min(int(along), len(self.poses) - 2)
            share = along - first
            moved = bone_transforms(parents, heads, between(self.poses[first], self.poses[first + 1], share))
            moved[:, :, 3] += (1 - share) * self.shifts[first] + share * self.shifts[first + 1]
            yield moved


def _joints(transforms: NDArray[np.float64], heads: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where the joints (B, 3) are against the first of them, the pelvis."""
    places = np.einsum("bij,bj->bi", transforms[:, :, :3], heads) + transforms[:, :, 3]
    return np.asarray(places - places[0])


def by_clip(clip: Clip, frame: int, kept: Figure, moves: Moves = Moves()) -> Approach | None:
    """Play the clip up to the frame that the figure `kept` was posed by, from where the recording jumps last.

    None where nothing goes before that frame.
    """
    first = max(frame - max(round(moves.lead / clip.seconds), 1), 0)
    if first == frame or is_own_rig(clip):  # MakeHuman's own files are single poses, not motions
        return None
    figures = []
    for number in range(first, frame + 1):
        figure = Figure(list(kept.index), kept.parents, kept.rest)
        retarget(clip, number, figure)
        figures.append(figure)
    front = facing_front(figures[-1])
    for figure in figures:
        figure.turn_whole(front)
        figure.local = kept.local  # fingers stay as they are
    shifts = np.zeros((len(figures), 3))
    if clip.way is not None:
        hip = kept.head("upperleg01.L")[1]
        leg = float(hip - kept.rest.vertices[:, 1].min())
        shifts = (clip.way.root[first : frame + 1] - clip.way.root[frame]) * leg @ front.T
    poses = [figure.rotations() for figure in figures]
    steps = np.linalg.norm(np.diff(shifts, axis=0), axis=1)
    turns = np.array([longest_turn(before, after) for before, after in pairwise(poses)])
    jumps = (steps > moves.fastest * clip.seconds) | (turns > moves.quickest * clip.seconds)
    start = int(np.flatnonzero(jumps).max(initial=-1)) + 1
    if start == len(poses) - 1:
        return None
    return Approach(tuple(poses[start:]), shifts[start:], clip.seconds)


def by_turn(kept: Rotations, root: int, rng: Rng, moves: Moves = Moves()) -> Approach:
    """Draw a turn about the vertical that goes on through the kept pose."""
    angle = float(rng.uniform(*moves.turn)) * float(rng.choice([-1, 1]))
    seconds = abs(angle) / float(rng.uniform(*moves.pace))
    count = max(round(seconds / FRAME), 2)
    # The turn begins from rest and is fastest where it is kept.
    left = angle * (1 - np.linspace(0, 1, count + 1) ** 1.5)
    start = kept.get(root, np.eye(3))
    poses = tuple({**kept, root: Rotation.from_euler("y", turn).as_matrix() @ start} for turn in left)
    return Approach(poses, np.zeros((len(poses), 3)), seconds / count)
