"""A reconstruction's files: the model in the formats asked for, and the pictures beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecast.atomic import atomic_file
from lifecast.errors import LifecastError, OutputError
from lifecast.options import RIGGED_ONLY, ReconstructOptions
from lifecast.reconstruction import Reconstruction
from lifecast.surface.output.body_files import save_body
from lifecast.writable import check_folder, check_names

if TYPE_CHECKING:
    from lifecast.surface.output.rigged_mesh import RiggedMesh

ROOM = {"glb": 4 << 20, "obj": 16 << 20, "ply": 4 << 20, "stl": 8 << 20, "vrm": 4 << 20}
"""Bytes that a model of a usual photograph takes at the least, at the default resolution."""
TEXTURED = ("obj",)
"""Formats most of whose bytes are the texture, which is a PNG."""


def check_results(stem: Path, options: ReconstructOptions) -> None:
    """Check that what `write_results` writes can be written; `OutputError` if not.

    See `lifecast.writable`.
    """
    check_folder(stem.parent, room=_room(options))
    _check_names(stem, options)


def unwritable(stems: Sequence[Path], options: ReconstructOptions) -> dict[Path, OutputError]:
    """Find those of `stems` whose results cannot be written, and why.

    Every folder is tried once.
    """
    found: dict[Path, OutputError] = {}
    folders: dict[Path, OutputError | None] = {}
    for stem in stems:
        if stem.parent not in folders:
            folders[stem.parent] = _failure(check_folder, stem.parent, room=_room(options))
        error = folders[stem.parent] or _failure(_check_names, stem, options)
        if error is not None:
            found[stem] = error
    return found


def _failure(check: Callable[..., None], *given: Any, **more: Any) -> OutputError | None:
    try:
        check(*given, **more)
    except OutputError as error:
        return error
    return None


def _room(options: ReconstructOptions) -> int:
    coarser = min(1.0, (options.resolution / ReconstructOptions.resolution) ** 2)
    larger = max(1.0, (options.texture / ReconstructOptions.texture) ** 2)
    return int(coarser * sum(ROOM[one] * (larger if one in TEXTURED else 1) for one in options.formats))


def _check_names(stem: Path, options: ReconstructOptions) -> None:
    check_names(stem.with_name(stem.name + ending) for ending in options.endings())


def write_results(result: Reconstruction, stem: Path, options: ReconstructOptions) -> list[Path]:
    """Write all that is wanted under `stem` (a path without suffix); return the paths.

    Each file is written atomically. Why somebody who was to be rigged is not, the result's notes say from then on;
    `LifecastError` if nothing but rigged files is wanted.
    """
    written: list[Path] = []
    rigged = _rigged(result, options) if options.rig else None
    for suffix in options.formats:
        if rigged is not None:
            written += _save_rigged(rigged, result, stem.with_name(f"{stem.name}.{suffix}"), options)
            continue
        if suffix in RIGGED_ONLY:
            continue  # a note says why
        path = stem.with_name(f"{stem.name}.{suffix}")
        written += result.save(
            path, not options.vertex_colours, options.stl_metres, options.normal_texture, options.texture
        )
    if options.body and result.measured_body is not None:
        written += save_body(result.measured_body, stem, result.model.provenance)
    if options.preview:
        written.append(_picture(stem, "preview", result.overview()))
    if options.normals and result.front_normals is not None:
        written.append(_picture(stem, "front", result.normal_map("front")))
        written.append(_picture(stem, "back", result.normal_map("back")))
    if options.turntable:
        written.append(result.turntable(stem.with_name(f"{stem.name}_turntable.{options.animation}")))
    return written


def _rigged(result: Reconstruction, options: ReconstructOptions) -> RiggedMesh | None:
    """The rig that is wanted; None if there is none, and then a note says why."""
    from lifecast.rigging import NotRigged, rig

    textured = not options.vertex_colours and bool({"glb", "obj", "vrm"} & set(options.formats))
    found = rig(result, result.body, options.pose or "photo", textured, options.texture)
    if isinstance(found, NotRigged):
        if set(options.formats) <= set(RIGGED_ONLY):
            raise LifecastError(f"{found.reason}; a VRM cannot be without: ask for a .glb")
        result.notes = (*result.notes, found.reason)
        return None
    result.notes = (*result.notes, *found.notes)
    return found if options.normal_texture else replace(found, mesh=replace(found.mesh, normal_texture=None))


def _save_rigged(rigged: RiggedMesh, result: Reconstruction, path: Path, options: ReconstructOptions) -> list[Path]:
    from lifecast.body.motion.catalogue import clip_named
    from lifecast.surface.output.export import save_model
    from lifecast.surface.output.skinned_glb import save_rigged

    if path.suffix == ".vrm":
        from lifecast.rigging import face_expressions, reposed
        from lifecast.surface.output.vrm import save_vrm

        standing = rigged if options.pose == "t" else reposed(rigged, "t")
        return save_vrm(standing, path, expressions=face_expressions(standing, result))
    if path.suffix == ".glb":
        return save_rigged(rigged, path, [clip_named(name) for name in options.animate])
    return save_model(rigged.mesh, path, options.stl_metres)


def _picture(stem: Path, kind: str, picture: Any) -> Path:
    path = stem.with_name(f"{stem.name}_{kind}.png")
    with atomic_file(path) as part:
        picture.save(part)
    return path


def facts(result: Reconstruction) -> dict[str, Any]:
    """Describe a result in JSON values."""
    left, top, right, bottom = result.person.box
    low, high = result.frame.to_metres(result.vertices).min(0), result.frame.to_metres(result.vertices).max(0)
    return {
        "box": [round(v, 1) for v in (left, top, right - left, bottom - top)],
        "vertices": len(result.vertices),
        "faces": len(result.faces),
        "size_metres": [round(float(v), 4) for v in high - low],
        "asked": result.asked,
        "islands_dropped": result.islands_dropped,
        "steps": result.steps,
        "seconds": {stage: round(seconds, 3) for stage, seconds in result.timings.items()},
        "notes": list(result.notes),
    }
