"""What the worker does with one upload: reconstruct it, and keep the files that were asked for as bytes."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from lifecast.errors import Called, OptionError, PhotoError
from lifecast.options import FORMATS, RIGGED_ONLY, ReconstructOptions
from lifecast.web.queue import Progress
from lifecast.web.uploads import Upload

MEDIA_TYPES = {
    "glb": "model/gltf-binary",
    "obj": "application/zip",  # OBJ, MTL and texture belong together
    "ply": "application/octet-stream",
    "stl": "model/stl",
    "png": "image/png",
}

SERVED = tuple(name for name in FORMATS if name not in RIGGED_ONLY)
"""Formats that a server offers."""
RESOLUTIONS = (128, 256, 384, 512)
"""A server's choice: finer ones would keep everybody else waiting for minutes."""

HINTS = {
    "resolution": f"choose {', '.join(map(str, RESOLUTIONS[:-1]))} or {RESOLUTIONS[-1]}",
    "person": "give largest or a number from 1; one request makes one person",
}
"""What to give instead, where a server takes less than the command line."""


def upload_options(called: Called = str, **given: Any) -> ReconstructOptions:
    """Read what a client asks for, as texts and numbers.

    `OptionError` for what a server does not do. `called` as in `ReconstructOptions.parse`.
    """
    try:
        options = ReconstructOptions.parse(**given)
        if options.resolution not in RESOLUTIONS:
            raise OptionError("resolution", options.resolution, "")
        if options.person == "all":
            raise OptionError("person", "all", "")
        if not set(options.formats) <= set(SERVED):
            raise OptionError("formats", ",".join(options.formats), f"choose from {', '.join(SERVED)}")
    except OptionError as error:
        hint = HINTS.get(error.field, error.hint)
        raise OptionError(error.field, error.value, hint).named(called) from None
    return options


@dataclass(frozen=True)
class Result:
    """Files as bytes and what to say about them.

    Nothing of a client stays on the server's disk.
    """

    files: dict[str, bytes]
    facts: dict[str, Any] = field(default_factory=dict)


def reconstruct_upload(reconstructor: Any, upload: Upload, options: ReconstructOptions, progress: Progress) -> Result:
    """Run the whole reconstruction of one upload.

    A refusal calls it by the client's name for it.
    """
    try:
        reconstruction = reconstructor.reconstruct(
            upload.path,
            person=options.person,
            box=options.box,
            turn=options.turn,
            height=options.height,
            resolution=options.resolution,
            without=options.without,
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
        "steps": reconstruction.steps,
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
