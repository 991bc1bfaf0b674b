"""What there is to wear: the garments, shoes, hair and skins of an assets folder in MakeHuman's layout."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lifecast.errors import UsageError
from lifecast.people.mhclo import Fit, read_material, read_mhclo
from lifecast.people.wavefront import Polygons, read_polygons

PARTS = {"suit": "top", "shoes": "shoes", "hat": "hat", "hair": "hair", "brows": "brows", "lashes": "lashes"}


@dataclass
class Garment:
    """One wearable: its fit, its mesh and its picture."""

    kind: str
    fit: Fit
    mesh: Polygons
    picture: Path | None

    @property
    def part(self) -> str:
        return PARTS[self.kind]

    def texture(self) -> NDArray[np.uint8]:
        """The garment's own picture, or plain grey when the file is missing."""
        if self.picture is None or not self.picture.is_file():
            return np.full((16, 16, 3), 128 if self.kind != "hair" else 60, np.uint8)
        return _picture(self.picture)


@functools.lru_cache(maxsize=64)
def _picture(path: Path, size: int = 1024) -> NDArray[np.uint8]:
    image = Image.open(path)
    image = image.convert("RGBA" if image.mode in ("RGBA", "LA", "P") else "RGB")
    if image.width > size:
        image = image.resize((size, size * image.height // image.width), Image.Resampling.BOX)
    return np.asarray(image)


class Wardrobe:
    """Everything found under an assets folder (`DIR/base/clothes/...` or `DIR/clothes/...`)."""

    def __init__(self, assets: Path) -> None:
        root = assets / "base" if (assets / "base").is_dir() else assets
        if not (root / "clothes").is_dir():
            raise UsageError(f"--assets {assets}: no folder base/clothes in it; point it at a copy of makehuman-assets")
        self.root = root
        self.garments: dict[str, list[Garment]] = {}
        for folder, kind in (("clothes", ""), ("hair", "hair"), ("eyebrows", "brows"), ("eyelashes", "lashes")):
            for path in sorted((root / folder).rglob("*.mhclo")):
                fit = read_mhclo(path)
                which = kind or ("shoes" if "shoe" in path.stem else "hat" if "fedora" in path.stem else "suit")
                material = read_material(fit.material) if fit.material else {}
                named = material.get("diffuseTexture")
                picture = fit.material.parent / named if named and fit.material else None
                self.garments.setdefault(which, []).append(Garment(which, fit, read_polygons(fit.obj), picture))
        self.skins = sorted((root / "skins" / "textures").glob("*_diffuse*.png"))

    def draw(self, female: bool, years: float, rng: np.random.Generator) -> list[Garment]:
        def one(kind: str, fits: Any = lambda name: True) -> Garment:
            choice = [g for g in self.garments[kind] if fits(g.fit.name)]
            return choice[int(rng.integers(len(choice)))]

        sex = "female" if female else "male"
        worn = [one("suit", lambda name: name.split("_")[0] == sex), one("shoes")]
        pool = ("bob", "braid", "long", "ponytail", "short") if female else ("short", "afro")
        worn.append(one("hair", lambda name: name.startswith(pool)))
        return [*worn, one("brows"), one("lashes")]

    def skin(self, female: bool, years: float, phenotype: dict[str, float], rng: np.random.Generator) -> NDArray[np.uint8]:
        sex = "_female_" if female else "_male_"
        dark = phenotype["african"] > 0.5
        choice = [p for p in self.skins if sex in p.name and ("dark" in p.name) == dark]
        if not choice:
            choice = [p for p in self.skins if "light" in p.name and sex in p.name]
        texture = _picture(choice[int(rng.integers(len(choice)))])[..., :3].astype(np.float32)
        gain = rng.uniform(0.55, 0.85) if dark and "dark" not in str(choice[0]) else rng.uniform(0.8, 1.05)
        return np.clip(texture * gain, 0, 255).astype(np.uint8)
