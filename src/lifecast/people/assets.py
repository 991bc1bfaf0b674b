"""What people take from an assets folder in MakeHuman's layout, or from a kit in its place: garments and skins."""

from __future__ import annotations

import functools
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lifecast.errors import OptionError
from lifecast.people.kit_file import garment_of, read_kit
from lifecast.people.mhclo import Fit, read_mhclo
from lifecast.people.wavefront import Polygons, read_polygons


@functools.lru_cache(maxsize=96)
def picture_of(picture: Path | bytes, size: int = 1024) -> NDArray[np.uint8]:
    """Read a picture's file, or its bytes, as (H, W, 3) or (H, W, 4), at most `size` wide."""
    with Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture) as image:
        loaded = image.convert("RGBA" if image.mode in ("RGBA", "LA", "P") else "RGB")
    if loaded.width > size:
        loaded = loaded.resize((size, size * loaded.height // loaded.width), Image.Resampling.BOX)
    return np.asarray(loaded)


@dataclass(frozen=True)
class PaintedSkin:
    """A painted skin; its name says of whom."""

    name: str
    picture: Path | bytes
    """Its file, or a file's bytes."""


@dataclass(frozen=True)
class Assets:
    """Garments and skins of a folder or a kit, in a fixed order."""

    garments: tuple[tuple[Fit, Polygons], ...]
    skins: tuple[PaintedSkin, ...]


def assets_root(assets: Path) -> Path:
    """Return the folder with `clothes`, `skins` and so on in a copy of MakeHuman's assets.

    Raises
    ------
    UsageError
        There is none.
    """
    root = assets / "base" if (assets / "base").is_dir() else assets
    if not (root / "clothes").is_dir():
        raise OptionError("assets", assets, "holds no base/clothes; point it at a copy of makehuman-assets or a kit")
    return root


def check_assets(assets: Path) -> None:
    """Check that `assets` is a folder of assets or a kit.

    Raises
    ------
    UsageError
        It is a folder without `clothes`.
    DataError
        It is a file, but no kit.
    """
    if assets.is_file():
        read_kit(assets)
    else:
        assets_root(assets)


def read_assets(assets: Path) -> Assets:
    """Read the garments and skins of a folder, or of a kit.

    Raises
    ------
    UsageError
        There is no garment.
    DataError, ScanError
        A file cannot be read.
    """
    if assets.is_file():
        parts = read_kit(assets)
        found = Assets(
            tuple(garment_of(part, assets) for part in parts if part.kind == "garment"),
            tuple(PaintedSkin(p.name, p.arrays["png"].tobytes()) for p in parts if p.kind == "skin"),
        )
        if not found.garments:
            raise OptionError("assets", assets, "the kit holds no garment; bake it with --assets")
        return found
    root = assets_root(assets)
    fits = [read_mhclo(path) for path in sorted((root / "clothes").rglob("*.mhclo"))]
    if not fits:
        raise OptionError("assets", assets, "its folder clothes holds no .mhclo garment")
    skins = sorted((root / "skins" / "textures").glob("*_diffuse*.png"))
    return Assets(
        tuple((fit, read_polygons(fit.obj)) for fit in fits), tuple(PaintedSkin(path.name, path) for path in skins)
    )
