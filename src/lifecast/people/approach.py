"""How a person comes into a pose that is kept in the middle of a move: by a motion clip's frames, or by a quick turn.

Skirts swing, coats open and trousers lag behind, as in a photograph of somebody who walks. Most poses are not come
into like this: people who stand before a camera have stood there for a while.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifecast.people.clips import Clip
from lifecast.people.figure import Figure
from lifecast.people.motion import FRAME, Rotations, between
from lifecast.people.pose_library import facing_front
from lifecast.people.retarget import is_own_rig, retarget
from lifecast.people.rig import bone_transforms

Rng = np.random.Generator


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
    fastest: float = 6.0
    """m/s that a clip's figure travels at most: more is a jump of the recording."""


@dataclass(frozen=True)
class Approach:
    """Poses on the way into a kept one, which is the last."""

    poses: tuple[Rotations, ...]
    shifts: NDArray[np.float64]
    """(P, 3) metres from where the kept pose is to where the figure is."""
    seconds: float
    """From pose to pose."""

    def frames(self, parents: Sequence[int], heads: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
        """Yield the (B, 3, 4) bone transforms of the frames after the first pose, `motion.FRAME` apart."""
        count = max(round((len(self.poses) - 1) * self.seconds / FRAME), 1)
        for frame in range(1, count + 1):
            along = frame / count * (len(self.poses) - 1)
            first = min(int(along), len(self.poses) - 2)
            share = along - first
            pose = between(self.poses[first], self.poses[first + 1], share)
            moved = bone_transforms(parents, heads, pose)
            moved[:, :, 3] += (1 - share) * self.shifts[first] + share * self.shifts[first + 1]
            yield moved


def by_clip(clip: Clip, frame: int, kept: Figure, moves: Moves = Moves()) -> Approach | None:
    """Play the clip up to the frame that the figure `kept` was posed by.

    None where nothing goes before that frame, or where the recording jumps.
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
        figure.world = {bone: front @ turn for bone, turn in figure.world.items()}
        figure.local = kept.local  # fingers stay as they are
    shifts = np.zeros((len(figures), 3))
    if clip.way is not None:
        hip = kept.head("upperleg01.L")[1]
        leg = float(hip - kept.rest.vertices[:, 1].min())
        shifts = (clip.way.root[first : frame + 1] - clip.way.root[frame]) * leg @ front.T
        if np.linalg.norm(np.diff(shifts, axis=0), axis=1).max() > moves.fastest * clip.seconds:
            return None
    return Approach(tuple(figure.rotations() for figure in figures), shifts, clip.seconds)


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
