"""Motion clips and MakeHuman's poses that people are posed from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lifecast.errors import OptionError
from lifecast.people.clips import Clip, read_bvh, read_humanoid
from lifecast.people.figure import Figure
from lifecast.people.kit_file import clip_of, read_kit
from lifecast.people.retarget import is_own_rig, retarget
from lifecast.people.rotation import Matrix, euler

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

        Clips are .bvh and humanoid3d .txt/.json. A kit may stand for either.

        Raises
        ------
        UsageError
            `poses` is not there or holds no clip.
        ScanError
            A clip cannot be read.
        DataError
            A file is no kit.
        """
        clips: list[Clip] = []
        if poses is not None:
            clips = _of_kit(poses, "clip") if poses.is_file() else [read_clip(path) for path in clip_files(poses)]
            if not clips:
                raise OptionError("poses", poses, "the kit holds no motion clip; bake it with --poses")
        own: list[Clip] = []
        for folder in assets:
            if folder.is_file():
                own += _of_kit(folder, "pose")
            for root in (folder / "base" / "poses", folder / "poses"):
                own += [read_bvh(path) for path in sorted(root.glob("*.bvh"))]
        return cls(tuple(c for c in clips if not is_own_rig(c)), tuple(own) + tuple(c for c in clips if is_own_rig(c)))


def clip_files(poses: Path) -> list[Path]:
    """List the motion clips of a folder, in their order.

    Raises
    ------
    UsageError
        It is no folder or holds none.
    """
    if not poses.is_dir():
        raise OptionError("poses", poses, "no such folder")
    found = [
        path for path in sorted(poses.iterdir())
        if path.suffix.lower() == ".bvh" or (path.suffix.lower() in (".txt", ".json") and "humanoid3d" in path.name)
    ]  # fmt: skip
    if not found:
        raise OptionError("poses", poses, "holds no .bvh and no humanoid3d_*.txt motion clip")
    return found


def read_clip(path: Path) -> Clip:
    """Read a motion clip at the rate at which poses are drawn from it."""
    return read_bvh(path, every=8) if path.suffix.lower() == ".bvh" else read_humanoid(path)


def _of_kit(kit: Path, kind: str) -> list[Clip]:
    return [clip_of(part) for part in read_kit(kit) if part.kind == kind]


def _upright(figure: Figure) -> bool:
    spine = figure.place("neck01") - figure.place("root")
    return bool(spine[1] > 0.75 * np.linalg.norm(spine))


def facing_front(figure: Figure) -> Matrix:
    """Compute the turn about the vertical after which the figure's pelvis faces +z (clips walk wherever they like)."""
    ahead = figure.world.get(figure.index["root"], np.eye(3)) @ np.array([0, 0, 1.0])
    if np.hypot(ahead[0], ahead[2]) <= 0.3:  # it lies, or stands on its head
        return np.eye(3)
    return euler("Y", [-np.degrees(np.arctan2(ahead[0], ahead[2]))])


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
    figure.turn_whole(facing_front(figure))
    return clip.name, frame
