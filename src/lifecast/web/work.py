"""What the worker does with one upload: reconstruct it, and keep the files that were asked for as bytes."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from lifecast.errors import PhotoError, UsageError
from lifecast.photo.orientation import Turn
from lifecast.results import FORMATS
from lifecast.web.queue import Progress
from lifecast.web.uploads import Upload

MEDIA_TYPES = {
    "glb": "model/gltf-binary",
    "obj": "application/zip",  # OBJ, MTL and texture belong together
    "ply": "application/octet-stream",
    "stl": "model/stl",
    "png": "image/png",
}


@dataclass(frozen=True)
class Options:
    """What a client may choose; refused with a UsageError where it is out of range."""

    height: float = 1.70
    """Metres from the feet to the top of the head."""
    resolution: int = 512
    """Grid points along each side of the volume."""
    person: str = "largest"
    """"largest", or the number of a found person, counted from 1."""
    box: tuple[float, float, float, float] | None = None
    """x, y, w, h in pixels of the upright photograph: overrules the search for people."""
    formats: tuple[str, ...] = ("glb",)
    turn: Turn = 0
    """Degrees clockwise by which the picture is turned first, or "auto"."""

    def __post_init__(self) -> None:
        if not 0.3 <= self.height <= 3.0:
            raise UsageError(f"height {self.height}: give metres between 0.3 and 3.0")
        if self.resolution not in (128, 256, 384, 512):
            raise UsageError(f"resolution {self.resolution}: choose 128, 256, 384 or 512")
        if self.person != "largest" and not (self.person.isdecimal() and int(self.person) >= 1):
            raise UsageError(f"person {self.person!r}: give 'largest' or a number from 1")
        unknown = [f for f in self.formats if f not in FORMATS]
        if unknown or not self.formats:
            raise UsageError(f"format {', '.join(unknown) or '(none)'}: choose among {', '.join(FORMATS)}")
        if self.box is not None and (self.box[2] <= 0 or self.box[3] <= 0):
            raise UsageError(f"box {self.box}: width and height must be positive")


@dataclass(frozen=True)
class Result:
    """Files as bytes (nothing of a client stays on the server's disk) and what to say about them."""

    files: dict[str, bytes]
    facts: dict[str, Any] = field(default_factory=dict)


def reconstruct_upload(reconstructor: Any, upload: Upload, options: Options, progress: Progress) -> Result:
    """Run the whole reconstruction of one upload; a refusal calls it by the client's name for it."""
    try:
        reconstruction = reconstructor.reconstruct(
            upload.path,
            person=options.person,
            box=options.box,
            turn=options.turn,
            height=options.height,
            resolution=options.resolution,
            progress=progress,
        )
    except PhotoError as error:
        raise PhotoError(str(error).replace(str(upload.path), upload.name)) from error
    progress("saving")
    with tempfile.TemporaryDirectory(prefix="lifecast-result-") as folder:
        files = {name: _saved(reconstruction, Path(folder), name) for name in options.formats}
    preview = BytesIO()
    reconstruction.preview(512).save(preview, "PNG")
    files["png"] = preview.getvalue()
    facts = {
        "vertices": len(reconstruction.mesh.vertices),
        "faces": len(reconstruction.mesh.faces),
        "height": options.height,
        "seconds": {stage: round(seconds, 3) for stage, seconds in reconstruction.timings.items()},
        "notes": list(getattr(reconstruction, "notes", ())),
    }
    return Result(files, facts)


def _saved(reconstruction: Any, folder: Path, name: str) -> bytes:
    target = folder / name / f"person.{name}"
    target.parent.mkdir()
    reconstruction.save(target)
    written: Sequence[Path] = sorted(target.parent.iterdir())
    if name != "obj":
        return target.read_bytes()
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bundle:
        for path in written:
            bundle.write(path, path.name)
    return archive.getvalue()
