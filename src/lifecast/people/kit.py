"""Baking a kit out of assets folders and motion clips; see `kit_file`."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from lifecast.errors import OptionError
from lifecast.people.assets import assets_root, picture_of, read_assets
from lifecast.people.clips import read_bvh
from lifecast.people.kit_file import KitPart, clip_part, garment_part
from lifecast.people.kit_licences import Licences
from lifecast.people.pose_library import clip_files, read_clip


def collect(assets: Sequence[Path], poses: Path | None, licences: Licences) -> list[KitPart]:
    """Collect what people would take from folders of assets and of motion clips.

    Raises
    ------
    UsageError
        A folder is none, or a file's licence is unknown or does not allow to hand it on (`Licences.of`).
    ScanError
        A file cannot be read.
    """
    parts: list[KitPart] = []
    for folder in assets:
        if folder.is_file():
            raise OptionError("assets", folder, "is a file; a kit is baked out of folders")
        root = assets_root(folder)
        found = read_assets(folder)
        files = {path.stem: path for path in (root / "clothes").rglob("*.mhclo")}
        for fit, mesh in found.garments:
            origin = licences.of(files[fit.name], (files[fit.name], fit.obj), root)
            if any(part.kind == "garment" and part.name == fit.name for part in parts):
                raise OptionError("assets", folder, f"{files[fit.name]} has the name of another garment; leave one out")
            parts.append(garment_part(fit, mesh, origin.licence, origin.source))
        for skin in found.skins:
            assert isinstance(skin.picture, Path)
            origin = licences.of(skin.picture, (), root)
            png = np.frombuffer(png_of(skin.picture), np.uint8)
            parts.append(KitPart("skin", skin.name, origin.licence, origin.source, {}, {"png": png}))
        for place in (folder / "base" / "poses", folder / "poses"):
            for path in sorted(place.glob("*.bvh")):
                origin = licences.of(path, (path.with_suffix(".meta"),), root)
                parts.append(clip_part("pose", read_bvh(path), origin.licence, origin.source))
    for path in [] if poses is None else clip_files(poses):
        origin = licences.of(path)
        parts.append(clip_part("clip", read_clip(path), origin.licence, origin.source))
    return parts


def png_of(path: Path) -> bytes:
    """Return a picture's file, or a PNG of what `picture_of` makes of it if that is smaller than the picture."""
    seen = picture_of(path)
    with Image.open(path) as image:
        if image.width == seen.shape[1] and image.format == "PNG":
            return path.read_bytes()
    held = io.BytesIO()
    Image.fromarray(seen).save(held, "PNG", optimize=True)
    return held.getvalue()
