"""What the worker does with one upload: reconstruct it, and keep the files that were asked for as bytes."""

from __future__ import annotations

import tempfile
import zipfile
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from lifecast.body.motion.catalogue import CLIPS
from lifecast.errors import Called, OptionError, PhotoError
from lifecast.options import ReconstructOptions
from lifecast.web.queue import Progress
from lifecast.web.uploads import Upload

MEDIA_TYPES = {
    "glb": "model/gltf-binary",
    "obj": "application/zip",  # OBJ, MTL and texture belong together
    "ply": "application/octet-stream",
    "stl": "model/stl",
    "vrm": "model/gltf-binary",
    "body.glb": "model/gltf-binary",
    "body.json": "application/json",
    "png": "image/png",
}

RESOLUTIONS = (128, 256, 384, 512)
"""A server's choice: finer ones would keep everybody else waiting for minutes."""
TEXTURES = (512, 1024, 2048, 4096)
"""Likewise: a texture of 8192 x 8192 texels takes gigabytes while it is painted."""

HINTS = {
    "texture": f"choose {', '.join(map(str, TEXTURES[:-1]))} or {TEXTURES[-1]}",
    "resolution": f"choose {', '.join(map(str, RESOLUTIONS[:-1]))} or {RESOLUTIONS[-1]}",
    "person": "give largest or a number from 1; one request makes one person",
}
"""What to give instead, where a server takes less than the command line."""
BODY_FILES = ("body.glb", "body.json")
"""Of the parametric body, beside the model's formats."""
OBJ_PARTS = (".mtl", ".obj", ".png")
"""Files that an OBJ consists of, the picture only where there is a texture."""


def upload_options(called: Called = str, **given: Any) -> ReconstructOptions:
    """Read what a client asks for, as texts and numbers.

    `OptionError` for what a server does not do. `called` as in `ReconstructOptions.parse`.
    """
    try:
        _check_clips(str(given.get("animate", "")))
        options = ReconstructOptions.parse(**given)
        if options.resolution not in RESOLUTIONS:
            raise OptionError("resolution", options.resolution, "")
        if options.texture not in TEXTURES:
            raise OptionError("texture", options.texture, "")
        if options.person == "all":
            raise OptionError("person", "all", "")
    except OptionError as error:
        hint = HINTS.get(error.field, error.hint)
        raise OptionError(error.field, error.value, hint).named(called) from None
    return options


def _check_clips(text: str) -> None:
    """OptionError for a clip by a file's name, before anything looks on the server's disk whether there is one."""
    for clip in text.split(","):
        if clip.strip() and clip.strip() not in CLIPS:
            raise OptionError("animate", clip.strip(), f"choose from {', '.join(CLIPS)}")


@dataclass(frozen=True)
class Result:
    """Files as bytes and what to say about them.

    Nothing of a client stays on the server's disk.
    """

    files: dict[str, bytes]
    """By format; the parametric body's are "body.glb" and "body.json"."""
    facts: dict[str, Any] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    """Formats that were asked for and could not be made, and why: somebody may have no rig, or no body."""


def reconstruct_upload(reconstructor: Any, upload: Upload, options: ReconstructOptions, progress: Progress) -> Result:
    """Run the whole reconstruction of one upload.

    A refusal calls it by the client's name for it.
    """
    from lifecast.results import write_results

    try:
        reconstruction = reconstructor.reconstruct(
            upload.path,
            person=options.person,
            box=options.box,
            turn=options.turn,
            height=options.height,
            resolution=options.resolution,
            without=options.without,
            body=options.fits_body,
            progress=progress,
        )
    except PhotoError as error:
        raise PhotoError(str(error).replace(str(upload.path), upload.name)) from error
    progress("saving")
    with tempfile.TemporaryDirectory(prefix="lifecast-result-") as folder:
        write_results(reconstruction, Path(folder) / "person", options)
        files = _files(Path(folder), options)
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
    wanted = (*options.formats, *BODY_FILES * options.body)
    missing = {name: "; ".join(facts["notes"]) for name in wanted if name not in files}
    return Result(files, facts, missing)


def file_name(name: str) -> str:
    """Name a result's file as a client is to keep it."""
    if name in BODY_FILES:
        return f"person_{name}"
    return "person.zip" if name == "obj" else f"person.{name}"


def _files(folder: Path, options: ReconstructOptions) -> dict[str, bytes]:
    """What was written, by format in the order asked for."""
    files: dict[str, bytes] = {}
    for name in options.formats:
        written = folder / f"person.{name}"
        if name == "obj":
            archive = BytesIO()
            with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bundle:
                for part in filter(Path.is_file, map(written.with_suffix, OBJ_PARTS)):
                    bundle.write(part, part.name)
            files[name] = archive.getvalue()
        elif written.is_file():
            files[name] = written.read_bytes()
    for name in BODY_FILES:
        if (folder / file_name(name)).is_file():
            files[name] = (folder / file_name(name)).read_bytes()
    return files
