"""A reconstruction's files: the model in the formats asked for, and the pictures beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lifecast.atomic import atomic_file
from lifecast.errors import UsageError
from lifecast.reconstruction import Reconstruction

Animation = Literal["webp", "gif", "mp4"]
FORMATS = ("glb", "obj", "ply", "stl")


@dataclass(frozen=True)
class Wanted:
    """Which files are written for each person."""

    formats: tuple[str, ...] = ("glb",)
    preview: bool = False
    """NAME_preview.png: front, side, back, and the front normals."""
    turntable: Animation | None = None
    """NAME_turntable.webp, .gif or .mp4: the model turning."""
    normals: bool = False
    """NAME_front.png, NAME_back.png: the predicted normal maps."""

    vertex_colours: bool = False
    """Colours at the vertices of GLB and OBJ in place of a texture."""

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
    """ "glb,obj" to ("glb", "obj"); UsageError for an unknown or missing one."""
    formats = tuple(dict.fromkeys(part.strip().lower().lstrip(".") for part in text.split(",") if part.strip()))
    unknown = [one for one in formats if one not in FORMATS]
    if unknown or not formats:
        raise UsageError(f"--format {text!r}: choose from {', '.join(FORMATS)}, separated by commas")
    return formats


def parse_box(text: str) -> tuple[float, float, float, float] | None:
    """ "x,y,w,h" to numbers, an empty text to None; UsageError otherwise."""
    if not text.strip():
        return None
    try:
        x, y, width, height = (float(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(f"--box {text!r}: give four numbers, x,y,width,height") from error
    if not (width > 0 and height > 0 and all(abs(v) < 1e6 for v in (x, y, width, height))):
        raise UsageError(f"--box {text!r}: width and height must be above 0 (x,y,width,height in pixels)")
    return x, y, width, height


def write_results(result: Reconstruction, stem: Path, wanted: Wanted) -> list[Path]:
    """Write all that is `wanted` under `stem` (a path without suffix), each file atomically; return the paths."""
    written: list[Path] = []
    for suffix in wanted.formats:
        written += result.save(stem.with_name(f"{stem.name}.{suffix}"), textured=not wanted.vertex_colours)
    if wanted.preview:
        written.append(_picture(stem, "preview", result.overview()))
    if wanted.normals and result.front_normals is not None:
        written.append(_picture(stem, "front", result.normal_map("front")))
        written.append(_picture(stem, "back", result.normal_map("back")))
    if wanted.turntable is not None:
        written.append(result.turntable(stem.with_name(f"{stem.name}_turntable.{wanted.turntable}")))
    return written


def _picture(stem: Path, kind: str, picture: Any) -> Path:
    path = stem.with_name(f"{stem.name}_{kind}.png")
    with atomic_file(path) as part:
        picture.save(part)
    return path


def facts(result: Reconstruction) -> dict[str, Any]:
    """What is said of a result in JSON."""
    left, top, right, bottom = result.person.box
    low, high = result.frame.to_metres(result.vertices).min(0), result.frame.to_metres(result.vertices).max(0)
    return {
        "box": [round(v, 1) for v in (left, top, right - left, bottom - top)],
        "vertices": len(result.vertices),
        "faces": len(result.faces),
        "size_metres": [round(float(v), 4) for v in high - low],
        "asked": result.asked,
        "islands_dropped": result.islands_dropped,
        "seconds": {stage: round(seconds, 3) for stage, seconds in result.timings.items()},
        "notes": list(result.notes),
    }
