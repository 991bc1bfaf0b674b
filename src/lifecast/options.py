"""What a caller may choose, checked once and before any work: shared by command line, page, HTTP API and cluster."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import tyro

from lifecast.errors import Called, OptionError
from lifecast.model.inference_options import STEPS

Options = TypeVar("Options")
Inline = Annotated[Options, tyro.conf.arg(name="")]
"""Options of a dataclass that stand among the command line's own, without a prefix."""

FORMATS = ("glb", "obj", "ply", "stl", "vrm")
"""Model formats that can be written."""
RIGGED_ONLY = ("vrm",)
"""Those that hold no model without a rig."""
PICTURES = (".png", ".jpg", ".jpeg", ".webp")
"""Suffixes of a picture to draw."""
Animation = Literal["webp", "gif", "mp4"]
Turn = Literal[0, 90, 180, 270, "auto"]
"""Degrees clockwise, or so that the largest person stands."""
TURNS: tuple[Turn, ...] = (0, 90, 180, 270, "auto")
Pose = Literal["photo", "t", "a"]
"""The pose in which a rigged model stands."""
POSES: tuple[Pose, ...] = ("photo", "t", "a")
Box = tuple[float, float, float, float]
"""x, y of the top left corner, width, height, in pixels of the upright photograph."""

RESOLUTIONS = (16, 2046)
"""Fewest and most lattice points along each side of the volume."""
HEIGHTS = (0.3, 3.0)
"""Least and greatest height of a person in metres."""
TEXTURE = 2048
"""Texels along each side of a texture where nothing else is asked for."""
TEXTURES = (512, 1024, 2048, 4096, 8192)
"""Sides of a texture in texels."""
FEWEST_FACES = 100
MOST_PEOPLE = 1000
"""The highest number that a person in a photograph can have."""
FARTHEST = 1e6
"""Pixels; no photograph is so large."""


def parse_formats(text: str) -> tuple[str, ...]:
    """Read "GLB, .obj" as ("glb", "obj"), each once; `OptionError` for an unknown one or none."""
    formats = tuple(dict.fromkeys(part.lower().lstrip(".") for part in re.split(r"[,;\s]+", text) if part))
    if not formats or not set(formats) <= set(FORMATS):
        raise OptionError("formats", text, f"choose from {', '.join(FORMATS)}, separated by commas")
    return formats


_PERSON = "give largest, all, or a number from 1"


def parse_person(text: str) -> str | int:
    """Read "largest", "all" or a number from 1; `OptionError` otherwise."""
    plain = text.strip().lower()
    if plain in ("largest", "all"):
        return plain
    # No photograph shows so many, and Python reads no number of thousands of digits.
    if not (plain.isdecimal() and len(plain) <= len(str(MOST_PEOPLE)) and 1 <= int(plain) <= MOST_PEOPLE):
        raise OptionError("person", text, _PERSON)
    return int(plain)


def parse_turn(text: str | int) -> Turn:
    """Read 0, 90, 180, 270 or "auto"; `OptionError` otherwise."""
    for turn in TURNS:
        if str(text).strip().lower() == str(turn):
            return turn
    raise OptionError("turn", text, "give 0, 90, 180 or 270 (degrees clockwise), or auto")


def parse_pose(text: str | None) -> Pose | None:
    """Read "photo", "t" or "a", an empty text as None; `OptionError` otherwise."""
    plain = "" if text is None else text.strip().lower()
    for pose in POSES:
        if plain == pose:
            return pose
    if plain:
        raise OptionError("pose", text, "give t, a or photo")
    return None


def parse_clips(text: str) -> tuple[str, ...]:
    """Read "walk, dance.bvh" as ("walk", "dance.bvh"), each clip once.

    `OptionError` for a clip that is neither one of lifecast's nor an existing .bvh file.
    """
    clips = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if clips:
        from lifecast.body.motion.catalogue import check_clip_name

        for clip in clips:
            check_clip_name(clip)
    return clips


def parse_box(text: str) -> Box | None:
    """Read "x,y,w,h" as numbers, an empty text as None; `OptionError` otherwise."""
    if not text.strip():
        return None
    try:
        x, y, width, height = (float(part) for part in text.split(","))
    except ValueError as error:
        raise OptionError("box", text, "give four numbers, x,y,width,height") from error
    return x, y, width, height


def check_box(box: Box) -> None:
    """Check a box; `OptionError` for one that no photograph can have."""
    if not (all(math.isfinite(v) and abs(v) < FARTHEST for v in box) and box[2] > 0 and box[3] > 0):
        numbers = ",".join(f"{v:g}" for v in box)
        raise OptionError("box", numbers, "give x,y,width,height in pixels, width and height above 0")


def parse_steps(text: str) -> tuple[str, ...]:
    """Read "relief, hidden-limbs" as ("relief", "hidden_limbs"), each once.

    `OptionError` for an unknown step.
    """
    steps = tuple(dict.fromkeys(part.lower().replace("-", "_") for part in re.split(r"[,;\s]+", text) if part))
    if unknown := [step for step in steps if step not in STEPS]:
        raise OptionError("without", unknown[0], f"there is no such step; choose from {', '.join(STEPS)}")
    return steps


def one_text(read: Callable[[str], Any], metavar: str) -> Any:
    """Let tyro read an option out of one word of the command line.

    Forms and the API read it out of one text in the same way.
    """

    def written(value: Any) -> list[str]:
        if isinstance(value, tuple):
            return [",".join(map(str, value))]
        return ["none" if value is None else str(value)]

    return tyro.constructors.PrimitiveConstructorSpec(
        1, metavar, lambda words: read(words[0]), lambda value: True, written
    )


@dataclass(frozen=True)
class ReconstructOptions:
    """Whom to reconstruct from a photograph, how, and which files to write.

    The fields are the command line's options, the HTTP API's fields and the page's. Raises `OptionError` for a value
    that cannot be used. `parse` takes what people write ("glb,stl", "10,20,300,400").
    """

    formats: Annotated[tuple[str, ...], tyro.conf.arg(name="format"), one_text(parse_formats, "STR")] = ("glb",)
    """One or more of glb, obj, ply, stl, vrm, separated by commas. A VRM is rigged, and stands in a T pose."""
    resolution: int = 512
    """Lattice points along each side of the volume."""
    height: float = 1.70
    """The person's height in metres."""
    person: Annotated[str | int, one_text(parse_person, "all|largest|K")] = "largest"
    """The largest person, everybody, or the K-th largest."""
    box: Annotated[Box | None, one_text(parse_box, "x,y,w,h")] = None
    """Around the whole person, in pixels of the upright photograph: overrules the search. For one photograph."""
    turn: Annotated[Turn, one_text(parse_turn, "0|90|180|270|auto")] = 0
    """Turn the photographs first, clockwise; auto: so that each one's largest person stands. A mask is turned with its
    photograph, a box is of the turned one."""
    faces: Annotated[int | None, tyro.conf.arg(metavar="N")] = None
    """Simplify to about so many triangles."""
    without: Annotated[tuple[str, ...], one_text(parse_steps, "STEP,STEP")] = ()
    """Steps to leave out, separated by commas, such as relief,mirror; docs/reconstruct.md lists them."""
    keep_background: bool = False
    """Leave the background in the networks' input, also where the person's mask is given: without clean_background."""
    vertex_colours: bool = False
    """Colours at the vertices of GLB and OBJ in place of a texture."""
    texture: Annotated[int, tyro.conf.arg(metavar="TEXELS")] = TEXTURE
    """Texels along each side of the texture: 512, 1024, 2048, 4096 or 8192. A face that has hundreds of pixels in the
    photograph keeps them at 4096."""
    normal_texture: bool = True
    """A second texture in a textured GLB: the folds of the normal maps that are finer than its triangles."""
    stl_metres: bool = False
    """STL in metres with y up, like the other formats, in place of millimetres with z up for printing."""
    body: bool = False
    """Also fit a parametric body to the person, and write it: NAME_body.glb, and NAME_body.json with joints and
    lengths."""
    preview: bool = False
    """Also write a picture: front, side, back, front normals."""
    turntable: bool = False
    """Also write an animation of the model turning."""
    animation: Animation = "webp"
    """Format of the turntable."""
    normals: bool = False
    """Also write the predicted normal maps."""
    rig: bool = False
    """Give the GLB a skeleton that moves it; webs between arms, legs and trunk are cut."""
    pose: Annotated[Pose | None, one_text(parse_pose, "t|a|photo")] = None
    """Let the model stand in a T pose, an A pose or as in the photograph; with --rig, which needs not be said."""
    animate: Annotated[tuple[str, ...], one_text(parse_clips, "CLIP,FILE.bvh")] = ()
    """Clips for the GLB, separated by commas: walk, run, idle, wave, turn, jump, bow, nod, clap, squat, dance, or BVH
    files; with --rig, which needs not be said."""

    def __post_init__(self) -> None:
        if isinstance(self.person, str):
            object.__setattr__(self, "person", parse_person(self.person))
        elif not 1 <= self.person <= MOST_PEOPLE:
            raise OptionError("person", self.person, _PERSON)
        if self.box is not None:
            check_box(self.box)
        object.__setattr__(self, "turn", parse_turn(self.turn))
        object.__setattr__(self, "pose", parse_pose(self.pose))
        object.__setattr__(self, "animate", parse_clips(",".join(self.animate)))
        if not HEIGHTS[0] <= self.height <= HEIGHTS[1]:
            raise OptionError("height", self.height, f"give metres between {HEIGHTS[0]} and {HEIGHTS[1]}")
        if not RESOLUTIONS[0] <= self.resolution <= RESOLUTIONS[1]:
            raise OptionError("resolution", self.resolution, "give {} to {} lattice points".format(*RESOLUTIONS))
        if self.texture not in TEXTURES:
            raise OptionError("texture", self.texture, f"give one of {', '.join(map(str, TEXTURES))} texels")
        if self.faces is not None and self.faces < FEWEST_FACES:
            raise OptionError("faces", self.faces, f"give at least {FEWEST_FACES}")
        object.__setattr__(self, "formats", parse_formats(",".join(self.formats)))
        needed = self.pose is not None or bool(self.animate) or bool(set(RIGGED_ONLY) & set(self.formats))
        object.__setattr__(self, "rig", self.rig or needed)
        if self.animate and "glb" not in self.formats:
            raise OptionError("formats", ",".join(self.formats), "only glb holds the clips of {animate}: add it")
        background = ("clean_background",) if self.keep_background else ()
        object.__setattr__(self, "without", parse_steps(",".join((*self.without, *background))))

    @property
    def fits_body(self) -> bool:
        """Whether the parametric body is needed."""
        return self.body or self.rig

    @classmethod
    def parse(cls, called: Called = str, **given: Any) -> ReconstructOptions:
        """Read the options that a form gives, where formats, person, box and steps are texts.

        `called` says how the caller writes a field's name, such as "Whom" for `person`: messages name it so.
        """
        try:
            return cls(**{field: READ[field](value) if field in READ else value for field, value in given.items()})
        except OptionError as error:
            raise error.named(called) from None

    def endings(self) -> list[str]:
        """List what the files' names may end in, after NAME."""
        endings = [f".{one}" for one in self.formats]
        if "obj" in self.formats and not self.vertex_colours:
            endings += [".mtl", ".png"]
        endings += ["_body.glb", "_body.json"] * self.body
        endings += ["_preview.png"] * self.preview
        if self.turntable:
            endings.append(f"_turntable.{self.animation}")
        return endings + ["_front.png", "_back.png"] * self.normals


def check_picture_name(field: str, path: Path | None) -> None:
    """Check the name of a picture to draw; `OptionError` without the suffix of a picture."""
    if path is not None and path.suffix.lower() not in PICTURES:
        raise OptionError(field, path, "name a .png, .jpg or .webp file")


def check_weights_name(field: str, path: Path) -> None:
    """Check the name of a weights file; `OptionError` if it does not end in .safetensors."""
    if path.suffix != ".safetensors":
        raise OptionError(field, path, "name a file that ends in .safetensors")


def check_calibration(people: int | None, points: int, share: float) -> None:
    """Check a calibration's options.

    `OptionError` for too few people or points, or for a share that is none.
    """
    if people is not None and people < 1:
        raise OptionError("people", people, "give at least 1")
    if points < 1000:
        raise OptionError("points", points, "give at least 1000")
    if not 0 <= share <= 1:
        raise OptionError("share", share, "give a number from 0 to 1")


def _number(field: str) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        try:
            return float(value)
        except (TypeError, ValueError) as error:
            raise OptionError(field, value, "give a number") from error

    return read


READ: dict[str, Callable[[Any], Any]] = {
    "formats": parse_formats, "box": parse_box, "height": _number("height"), "without": parse_steps, "pose": parse_pose,
    "animate": parse_clips,
}  # fmt: skip
"""How the texts of a form are read, by field."""


@dataclass(frozen=True)
class NetworkOptions:
    """Which networks are loaded, and where they run; what `lifecast.load` takes."""

    weights: Annotated[str, tyro.conf.arg(metavar="NAME|FILE")] = "compact"
    """Built-in weights, or a weights file or folder."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:N."""
    normals_at: Annotated[int | None, tyro.conf.arg(metavar="PIXELS")] = None
    """Predict the fine net's normals at this size in place of enlarging smaller ones; with the authors' weights, 1024
    gives finer folds than their own program, which predicts them at 512."""

    def __post_init__(self) -> None:
        if self.normals_at is not None and (not 64 <= self.normals_at <= 4096 or self.normals_at % 64):
            raise OptionError("normals_at", self.normals_at, "give a multiple of 64 from 64 to 4096")
