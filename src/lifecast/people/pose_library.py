"""Motion clips and MakeHuman's poses that people are posed from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lifecast.errors import OptionError
from lifecast.people.clips import Clip, read_bvh, read_humanoid
from lifecast.people.figure import Figure
from lifecast.people.retarget import is_own_rig, retarget
from lifecast.people.rotation import euler

Rng = np.random.Generator

EXTREME_SHARE = 0.12
"""How many of the clip frames may be far from upright."""


@dataclass(frozen=True)
class PoseLibrary:
    """The motion clips that poses are drawn from besides the stances of this module."""

    clips: tuple[Clip, ...] = ()
    own: tuple[Clip, ...] = ()

    @classmethod
    def read(cls, poses: Path | None, assets: Iterable[Path] = ()) -> PoseLibrary:
        """Read the clips of `--poses` and the poses of assets folders.

        Clips are .bvh and humanoid3d .txt/.json.

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
                raise OptionError("poses", poses, "no such folder")
            for path in sorted(poses.iterdir()):
                if path.suffix.lower() == ".bvh":
                    clips.append(read_bvh(path, every=8))
                elif path.suffix.lower() in (".txt", ".json") and "humanoid3d" in path.name:
                    clips.append(read_humanoid(path))
            if not clips:
                raise OptionError("poses", poses, "holds no .bvh and no humanoid3d_*.txt motion clip")
        own: list[Clip] = []
        for folder in assets:
            for root in (folder / "base" / "poses", folder / "poses"):
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


def pose_from_clips(figure: Figure, clips: tuple[Clip, ...], rng: Rng) -> tuple[str, int]:
    """Pose a figure by a frame of one of the clips; returns the clip's name and the frame.

    The pose is upright unless an extreme one was drawn.
    """
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
