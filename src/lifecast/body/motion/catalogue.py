"""The clips that come with the package, and how a user names one."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from lifecast.errors import OptionError

if TYPE_CHECKING:
    from lifecast.body.motion.joint_clip import JointClip

CLIPS: dict[str, str] = {
    "walk": "walking in place, as on a treadmill",
    "run": "running in place",
    "idle": "breathing, and shifting the weight from leg to leg",
    "wave": "waving with the right hand",
    "turn": "turning round once by small steps",
    "jump": "a jump straight up with swung arms",
    "bow": "a bow from the hips",
    "nod": "nodding twice",
    "clap": "clapping before the chest",
    "squat": "a squat with the arms held out",
    "dance": "steps to either side with hips and arms",
}
"""Name -> what is seen. All are made by code, and all go on from the last frame to the first."""


def check_clip_name(named: str | Path) -> None:
    """Check that a clip is one of `CLIPS` or an existing .bvh file; `OptionError` otherwise."""
    if str(named) in CLIPS:
        return
    path = Path(named)
    if path.suffix.lower() != ".bvh":
        raise OptionError("animate", str(named), f"choose from {', '.join(CLIPS)}, or name a .bvh file")
    if not path.is_file():
        raise OptionError("animate", path, "no such file")


def clip_named(named: str | Path) -> JointClip:
    """Make the clip of a name in `CLIPS`, or read a .bvh file.

    Raises
    ------
    OptionError
        There is no such clip or file.
    ScanError
        The file cannot be read as a person's motion.
    """
    check_clip_name(named)
    if str(named) in CLIPS:
        return _made(str(named))
    return _read(str(named), Path(named).stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _read(path: str, changed: int) -> JointClip:
    """Read a file once, as long as nobody changes it."""
    from lifecast.body.motion.from_bvh import read_clip

    return read_clip(path)


@cache
def _made(name: str) -> JointClip:
    from lifecast.body.motion import gaits, standing, whole_body

    makers = {
        "walk": gaits.walk, "run": gaits.run, "idle": standing.idle, "wave": standing.wave_hand, "bow": standing.bow,
        "nod": standing.nod, "clap": standing.clap, "turn": whole_body.turn, "jump": whole_body.jump,
        "squat": whole_body.squat, "dance": whole_body.dance,
    }  # fmt: skip
    return makers[name]()
