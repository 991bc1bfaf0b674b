"""The wardrobe: garments of an assets folder, and those cut from the helper meshes.

The folder has MakeHuman's layout.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lifecast.errors import OptionError, UsageError
from lifecast.people.body import BodyModel
from lifecast.people.tailor import Cloth, Sheet, Tailor, components, sub_fit
from lifecast.people.drape import Weave
from lifecast.people.helper_garments import LEGS, SLEEVES, HelperGarments, arm_share, leg_share
from lifecast.people.mhclo import Fit, read_material, read_mhclo
from lifecast.people.wavefront import Polygons, read_polygons

FRAGMENT = 0.06
"""Metres: loose parts smaller than this (buttons) are left out; a few pixels that only disturb the draping."""


@dataclass(frozen=True)
class Piece:
    """One wearable thing of the assets, or a recipe for one from the helpers."""

    name: str
    kind: str
    """top, bottom, skirt, overall, shoes, hat, hair, brows, lashes"""
    source: str
    """The asset it comes from (what --without-garments names); "helper" for the helper meshes."""
    sex: str = ""
    """"female", "male" or "" for anyone."""
    long_sleeves: bool = False
    long_legs: bool = False


@dataclass(frozen=True)
class Made:
    """A prepared garment with its matrices and pictures."""

    cloth: Cloth
    weave: Weave
    picture: NDArray[np.uint8] | None
    """Its own diffuse texture (H, W, 3 or 4)."""
    shading: NDArray[np.uint8] | None
    """Its ambient-occlusion texture (H, W, 3)."""
    relief: NDArray[np.float32] | None
    """(V,) height of its normal map at each vertex, metres."""
    metres: float
    """How long one unit of its texture coordinates is on the reference body."""


@functools.lru_cache(maxsize=96)
def picture_of(path: Path, size: int = 1024) -> NDArray[np.uint8]:
    """A texture as (H, W, 3) or (H, W, 4), at most `size` wide."""
    with Image.open(path) as image:
        loaded = image.convert("RGBA" if image.mode in ("RGBA", "LA", "P") else "RGB")
    if loaded.width > size:
        loaded = loaded.resize((size, size * loaded.height // loaded.width), Image.Resampling.BOX)
    return np.asarray(loaded)


def assets_root(assets: Path) -> Path:
    """The folder with `clothes`, `hair` and so on in a copy of MakeHuman's assets.

    Raises
    ------
    UsageError
        There is none.
    """
    root = assets / "base" if (assets / "base").is_dir() else assets
    if not (root / "clothes").is_dir():
        raise OptionError("assets", assets, "holds no base/clothes; point it at a copy of makehuman-assets")
    return root


class Wardrobe:
    """Everything to choose from; garments are prepared when first worn and then kept.

    Parameters
    ----------
    assets : a copy of MakeHuman's assets (the folder that holds `base`), or None for helper garments only.
    only, without : names of assets to keep to, or to leave out.

    Raises
    ------
    UsageError
        `assets` is no such folder, or a name in `only` or `without` is not in it.
    """

    def __init__(
        self, model: BodyModel, assets: Path | None, only: Iterable[str] = (), without: Iterable[str] = ()
    ) -> None:
        self.tailor = Tailor(model)
        self.helpers = HelperGarments(self.tailor)
        self.pieces: dict[str, list[Piece]] = {}
        self.skins: list[Path] = []
        self._files: dict[str, tuple[Fit, Polygons]] = {}
        self._members: dict[str, NDArray[np.int64]] = {}
        self._made: dict[tuple[str, str, str], Made] = {}
        if assets is not None:
            self._read_assets(assets)
        only, without = set(only), set(without)
        names = {p.source for group in self.pieces.values() for p in group}
        for name in sorted((only | without) - names - {"helper"}):
            raise UsageError(f"garment {name!r}: not among the assets; there are {', '.join(sorted(names)) or 'none'}")
        reserved = ("top", "bottom", "skirt", "overall", "shoes", "hat", "hair")
        for kind in reserved:
            group = self.pieces.get(kind, [])
            kept = [p for p in group if p.source not in without and (not only or p.source in only)]
            # An `only` list that names no shoes at all keeps every pair, rather than leaving people barefoot.
            self.pieces[kind] = kept or ([p for p in group if p.source not in without] if only else [])
        self.helper_garments = "helper" not in without and (not only or "helper" in only or assets is None)

    def _read_assets(self, assets: Path) -> None:
        root = assets_root(assets)
        for folder in ("clothes", "hair", "eyebrows", "eyelashes"):
            for path in sorted((root / folder).rglob("*.mhclo")):
                fit = read_mhclo(path)
                self._files[path.stem] = fit, read_polygons(fit.obj)
                if folder == "clothes":
                    self._sort(path.stem)
                else:
                    kind = {"hair": "hair", "eyebrows": "brows", "eyelashes": "lashes"}[folder]
                    self._add(Piece(path.stem, kind, path.stem), np.arange(len(fit.base)))
        if not self.pieces:
            raise OptionError("assets", assets, "its folder clothes holds no .mhclo garment")
        self.skins = sorted((root / "skins" / "textures").glob("*_diffuse*.png"))

    def _add(self, piece: Piece, members: NDArray[np.int64]) -> None:
        self.pieces.setdefault(piece.kind, []).append(piece)
        self._members[piece.name] = members

    def _sort(self, stem: str) -> None:
        """Take a suit apart into the pieces that can be worn with others."""
        fit, mesh = self._files[stem]
        sex = next((s for s in ("female", "male") if stem.startswith(s)), "")
        placed = fit.place(self.tailor.rest.vertices)
        marks = self.helpers.marks
        share = leg_share(placed, marks)
        if float(share.min()) > 0.8:
            self._add(Piece(stem, "shoes", stem), np.arange(len(placed)))
            return
        if float(placed[:, 1].min()) > marks.neck:
            self._add(Piece(stem, "hat", stem), np.arange(len(placed)))
            return
        number = components(mesh.faces, len(placed))
        parts: dict[str, list[NDArray[np.int64]]] = {}
        for n in range(number.max() + 1):
            members = np.flatnonzero(number == n)
            if float(np.ptp(placed[members], axis=0).max()) < FRAGMENT:
                continue
            high, low = float(share[members].min()), float(share[members].max())
            if low > 0.25 and high < -0.5:
                kind = "overall"
            elif high < -0.33:
                kind = "top"
            else:
                kind = "skirt" if self._is_tube(members, placed) else "bottom"
            parts.setdefault(kind, []).append(members)
        on_arm = np.abs(placed[:, 0])
        for kind, groups in parts.items():
            members = np.sort(np.concatenate(groups))
            name = f"{stem}-{kind}"
            long_sleeves = bool(on_arm[members].max() > marks.wrist[0] * 0.85)
            long_legs = kind in ("bottom", "overall") and bool(share[members].max() > 0.9)
            self._add(Piece(name, kind, stem, sex, long_sleeves, long_legs), members)

    @staticmethod
    def _is_tube(members: NDArray[np.int64], placed: NDArray[np.float32]) -> bool:
        """A skirt's hem runs through the middle; the hems of trousers leave it free."""
        points = placed[members]
        low = points[:, 1] < points[:, 1].min() + 0.15 * np.ptp(points[:, 1])
        return bool(np.abs(points[low, 0]).min() < 0.02)

    def file_of(self, piece: Piece) -> Fit:
        """The garment file a piece was taken from."""
        return self._files[piece.source][0]

    def make(self, piece: Piece, sleeve: str = "long", leg: str = "long") -> Made:
        """Prepare a piece of the assets, cut to a sleeve and a leg length."""
        key = (piece.name, sleeve if piece.long_sleeves else "long", leg if piece.long_legs else "long")
        if key not in self._made:
            self._made[key] = self._make(piece, key[1], key[2])
        return self._made[key]

    def _make(self, piece: Piece, sleeve: str, leg: str) -> Made:
        fit, mesh = self._files[piece.source]
        members = self._members[piece.name]
        renumber = np.full(len(fit.base), -1)
        renumber[members] = np.arange(len(members))
        rows = np.flatnonzero((renumber[mesh.faces] >= 0).all(1))
        part = sub_fit(fit, members, piece.name)
        flat = piece.kind in ("hair", "brows", "lashes")
        fine, most = {"shoes": (0.009, 1), "hat": (0.007, 2), "hair": (0.009, 1)}.get(piece.kind, (0.0095, 3))
        if piece.kind in ("brows", "lashes"):
            most = 0
        faces = renumber[mesh.faces[rows]].astype(np.int32)
        sheet = self.tailor.sheet(part, faces, mesh.face_uv[rows], mesh.uv, fine, most)
        if piece.long_sleeves and sleeve != "long":
            sheet = self._shorten(part, sheet, SLEEVES[sleeve], None)
        if piece.long_legs and leg != "long":
            sheet = self._shorten(part, sheet, None, LEGS[leg])
        picture, shading, normal_map = self._pictures(fit)
        if flat and picture is not None and picture.shape[2] == 4:
            sheet = trim(sheet, picture)
        cloth = self.tailor.finish(piece.name, piece.kind, part, sheet)
        relief = None
        if normal_map is not None:
            from lifecast.people.relief import height_map, sample

            scale = _metres_per_uv(cloth)
            relief = np.zeros(len(cloth.reference), np.float32)
            relief[cloth.split_of] = sample(height_map(normal_map), cloth.uv) * scale
        return Made(cloth, Weave(cloth), picture, shading, relief, _metres_per_uv(cloth))

    def _shorten(self, fit: Fit, sheet: Sheet, sleeve: float | None, leg: float | None) -> Sheet:
        points = sheet.matrix @ fit.place(self.tailor.rest.vertices)
        if sleeve is not None:
            weights = fit.skin_weights(self.tailor.model.weights)
            arm = sum(np.asarray(weights[:, self.tailor.arm[side]].sum(1)).ravel() for side in (1, -1))
            return sheet.cut(sleeve - arm_share(points, np.asarray(sheet.matrix @ arm), self.helpers.marks))
        assert leg is not None
        return sheet.cut(leg - leg_share(points, self.helpers.marks))

    @staticmethod
    def _pictures(fit: Fit) -> tuple[NDArray[np.uint8] | None, NDArray[np.uint8] | None, NDArray[np.uint8] | None]:
        """Diffuse, ambient occlusion, normal map; None for each file that is not there."""
        material = read_material(fit.material) if fit.material else {}
        found = []
        for key in ("diffuseTexture", "aomapTexture", "normalmapTexture"):
            path = fit.material.parent / material[key] if fit.material and key in material else None
            found.append(picture_of(path) if path is not None and path.is_file() else None)
        return found[0], found[1], found[2]

    def cut_helper(self, kind: str, **cut: str | float) -> Made:
        """Prepare a garment from the helper meshes.

        `kind` is top, bottom, skirt, dress, coat or jumpsuit.
        """
        key = (kind, repr(sorted(cut.items())), "helper")
        if key not in self._made:
            cloth = self._cut_helper(kind, **cut)  # type: ignore[arg-type]
            self._made[key] = Made(cloth, Weave(cloth), None, None, None, 1.0)
        return self._made[key]

    def _cut_helper(
        self, kind: str, sleeve: str = "short", neck: str = "crew", hem: float = 0.05, leg: str = "long",
        waist: float = -0.2, length: str = "knee", opening: float = 0.0,
    ) -> Cloth:  # fmt: skip
        helpers = self.helpers
        if kind == "top":
            return helpers.finish("helper-top", kind, helpers.upper(sleeve, neck, hem), None, opening)
        if kind == "bottom":
            return helpers.finish("helper-bottom", kind, helpers.lower(leg, waist), None)
        if kind == "skirt":
            return helpers.finish("helper-skirt", kind, None, helpers.skirt(length, waist))
        if kind == "jumpsuit":
            return helpers.finish("helper-jumpsuit", kind, helpers.upper(sleeve, neck, LEGS[leg]), None)
        # The two sheets overlap by a hand, so that no pose opens a gap at the waist.
        skirt = helpers.skirt(length, -0.22)
        return helpers.finish(f"helper-{kind}", kind, helpers.upper(sleeve, neck, -0.06), skirt, opening)


def _metres_per_uv(cloth: Cloth) -> float:
    """Median ratio of an edge's length to its length in texture coordinates."""
    a, b = cloth.split[:, 0], cloth.split[:, 1]
    long = np.linalg.norm(cloth.reference[cloth.split_of[a]] - cloth.reference[cloth.split_of[b]], axis=1)
    texel = np.linalg.norm(cloth.uv[a] - cloth.uv[b], axis=1)
    return float(np.median(long / np.maximum(texel, 1e-6)))


def trim(sheet: Sheet, picture: NDArray[np.uint8]) -> Sheet:
    """Drop the triangles of hair cards that the picture's alpha cuts away altogether.

    Occupancy is taken from the geometry alone, so invisible cards must not be there.
    """
    height, width = picture.shape[:2]
    places = np.array([[1, 1, 1], [4, 1, 1], [1, 4, 1], [1, 1, 4], [3, 3, 0.1], [0.1, 3, 3], [3, 0.1, 3]], np.float32)
    places /= places.sum(1, keepdims=True)
    uv = np.einsum("pk,fkx->fpx", places, sheet.corner_uv)
    column = ((uv[..., 0] % 1) * width).astype(int).clip(0, width - 1)
    row = ((1 - uv[..., 1] % 1) * height).astype(int).clip(0, height - 1)
    opaque = picture[row, column, 3] >= 128
    keep = opaque.sum(1) >= 2
    if not keep.any():
        return sheet
    return Sheet(sheet.matrix, sheet.faces[keep], sheet.corner_uv[keep]).compact()
