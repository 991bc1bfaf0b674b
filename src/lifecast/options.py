"""What a caller may choose, checked once and before any work: shared by command line, page, HTTP API and cluster."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from lifecast.errors import OptionError

FORMATS = ("glb", "obj", "ply", "stl")
"""Model formats that can be written."""
Animation = Literal["webp", "gif", "mp4"]
Turn = Literal[0, 90, 180, 270, "auto"]
"""Degrees clockwise, or so that the largest person stands."""
TURNS: tuple[Turn, ...] = (0, 90, 180, 270, "auto")
Box = tuple[float, float, float, float]
"""x, y of the top left corner, width, height, in pixels of the upright photograph."""

RESOLUTIONS = (16, 2046)
"""Fewest and most lattice points along each side of the volume."""
HEIGHTS = (0.3, 3.0)
"""Least and greatest height of a person in metres."""
FEWEST_FACES = 100
MOST_PEOPLE = 1000
"""The highest number that a person in a photograph can have."""
FARTHEST = 1e6
"""Pixels; no photograph is so large."""


@dataclass(frozen=True)
class ReconstructOptions:
    """Whom to reconstruct from a photograph, how, and which files to write.

    Raises `OptionError` for a value that cannot be used. `parse` takes what people write ("glb,stl", "10,20,300,400").
    """

    person: str | int = "largest"
    """"largest", "all", or a number from 1: the largest person is 1."""
    box: Box | None = None
    """Around the whole person, after any turn: overrules the search for people."""
    turn: Turn = 0
    """Degrees clockwise by which the photograph is turned first; "auto": so that its largest person stands."""
    height: float = 1.70
    """Metres from the soles to the top of the head."""
    resolution: int = 512
    """Lattice points along each side of the volume."""
    faces: int | None = None
    """Simplify to about so many triangles; None keeps all."""

    formats: tuple[str, ...] = ("glb",)
    """Formats of the model, each once."""
    preview: bool = False
    """NAME_preview.png: front, side, back, and the front normals."""
    turntable: Animation | None = None
    """NAME_turntable.webp, .gif or .mp4: the model turning."""
    normals: bool = False
    """NAME_front.png, NAME_back.png: the predicted normal maps."""
    vertex_colours: bool = False
    """Colours at the vertices of GLB and OBJ in place of a texture."""
    stl_metres: bool = False
    """STL in metres with y up, as the other formats are, in place of millimetres with z up."""

    def __post_init__(self) -> None:
        if isinstance(self.person, str):
            object.__setattr__(self, "person", parse_person(self.person))
        elif not 1 <= self.person <= MOST_PEOPLE:
            raise OptionError("person", self.person, _PERSON)
        if self.box is not None:
            check_box(self.box)
        object.__setattr__(self, "turn", parse_turn(self.turn))
        if not HEIGHTS[0] <= self.height <= HEIGHTS[1]:
            raise OptionError("height", self.height, f"give metres between {HEIGHTS[0]} and {HEIGHTS[1]}")
        if not RESOLUTIONS[0] <= self.resolution <= RESOLUTIONS[1]:
            raise OptionError("resolution", self.resolution, "give {} to {} lattice points".format(*RESOLUTIONS))
        if self.faces is not None and self.faces < FEWEST_FACES:
            raise OptionError("faces", self.faces, f"give at least {FEWEST_FACES}")
        object.__setattr__(self, "formats", parse_formats(",".join(self.formats)))

    @classmethod
    def parse(cls, called: Callable[[str], str] = str, **given: Any) -> ReconstructOptions:
        """The options that a form or a command line gives, where formats, person and box are texts.

        `called` says how the caller writes a field's name, such as `--box` for `box`: messages name it so.
        """
        try:
            return cls(**{field: READ[field](value) if field in READ else value for field, value in given.items()})
        except OptionError as error:
            raise OptionError(called(error.field), error.value, error.hint) from None

    def endings(self) -> list[str]:
        """What the files' names may end in, after NAME."""
        endings = [f".{one}" for one in self.formats]
        if "obj" in self.formats and not self.vertex_colours:
            endings += [".mtl", ".png"]
        endings += ["_preview.png"] * self.preview
        if self.turntable is not None:
            endings.append(f"_turntable.{self.turntable}")
        return endings + ["_front.png", "_back.png"] * self.normals


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
    """`OptionError` for a box that no photograph can have."""
    if not (all(math.isfinite(v) and abs(v) < FARTHEST for v in box) and box[2] > 0 and box[3] > 0):
        numbers = ",".join(f"{v:g}" for v in box)
        raise OptionError("box", numbers, "give x,y,width,height in pixels, width and height above 0")


def _number(field: str) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        try:
            return float(value)
        except (TypeError, ValueError) as error:
            raise OptionError(field, value, "give a number") from error

    return read


READ: dict[str, Callable[[Any], Any]] = {"formats": parse_formats, "box": parse_box, "height": _number("height")}
"""How the texts of a form or a command line are read, by field."""
