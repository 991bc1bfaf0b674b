"""The wardrobe: garments of assets folders, and those cut from the helper meshes.

The folders have MakeHuman's layout.
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
from lifecast.people.block_pattern import BlockPattern, block_patterns
from lifecast.people.body import BodyModel
from lifecast.people.drape import Weave
from lifecast.people.garment_kinds import RIGID, sex_of, shares
from lifecast.people.helper_garments import LEGS, SLEEVES, HelperGarments, arm_share, leg_share
from lifecast.people.mhclo import Fit, read_material, read_mhclo
from lifecast.people.patterns.kinds import KINDS
from lifecast.people.rigid import Rigid, rigid
from lifecast.people.shells import Outside
from lifecast.people.tailor import Cloth, Sheet, Tailor, sub_fit
from lifecast.people.wavefront import Polygons, read_polygons


@dataclass(frozen=True)
class Piece:
    """One wearable thing of the assets, or a recipe for one from the helpers."""

    name: str
    kind: str
    """A key of `garment_kinds.PART`, or hair, brows, lashes."""
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
    assets : copies of MakeHuman's assets (folders that hold `base` or `clothes`); none for helper garments only.
    only, without : names of assets to keep to, or to leave out.

    Raises
    ------
    UsageError
        One of `assets` is no such folder, two hold a garment of the same name, or a name in `only` or `without` is not
        in them.
    """

    def __init__(
        self, model: BodyModel, assets: Iterable[Path] = (), only: Iterable[str] = (), without: Iterable[str] = ()
    ) -> None:
        self.tailor = Tailor(model)
        self.helpers = HelperGarments(self.tailor)
        self.pieces: dict[str, list[Piece]] = {}
        self.skins: list[Path] = []
        self._files: dict[str, tuple[Fit, Polygons]] = {}
        self._members: dict[str, NDArray[np.int64]] = {}
        self._made: dict[tuple[str, str, str], Made] = {}
        self._blocks: dict[str, list[BlockPattern]] = {}
        self._rigid: dict[str, Rigid] = {}
        assets = tuple(assets)
        for folder in assets:
            self._read_assets(folder)
        only, without = set(only), set(without)
        names = {p.source for group in self.pieces.values() for p in group}
        for name in sorted((only | without) - names - {"helper", "sewn"} - set(KINDS)):
            raise UsageError(
                f"garment {name!r}: neither a sewn one nor among the assets; there are "
                f"{', '.join(sorted([*names, *KINDS]))}"
            )
        for kind, group in self.pieces.items():
            if kind in ("brows", "lashes"):
                continue
            kept = [p for p in group if p.source not in without and (not only or p.source in only)]
            # An `only` list that names no shoes at all keeps every pair, rather than leaving people barefoot.
            needed = bool(only) and kind in ("top", "bottom", "skirt", "overall", "shoes", "hat", "hair")
            self.pieces[kind] = kept or ([p for p in group if p.source not in without] if needed else [])
        self.helper_garments = "helper" not in without and (not only or "helper" in only or not assets)

    def _read_assets(self, assets: Path) -> None:
        root = assets_root(assets)
        for folder in ("clothes", "hair", "eyebrows", "eyelashes"):
            for path in sorted((root / folder).rglob("*.mhclo")):
                fit = read_mhclo(path)
                if path.stem in self._files:
                    there = self._files[path.stem][0].obj.parent
                    raise OptionError("assets", assets, f"{path} has the name of a garment in {there}; leave one out")
                self._files[path.stem] = fit, read_polygons(fit.obj)
                if folder == "clothes":
                    self._sort(path.stem)
                else:
                    kind = {"hair": "hair", "eyebrows": "brows", "eyelashes": "lashes"}[folder]
                    self._add(Piece(path.stem, kind, path.stem), np.arange(len(fit.base)))
        if not any((root / "clothes").rglob("*.mhclo")):
            raise OptionError("assets", assets, "its folder clothes holds no .mhclo garment")
        self.skins += sorted((root / "skins" / "textures").glob("*_diffuse*.png"))

    def _add(self, piece: Piece, members: NDArray[np.int64]) -> None:
        self.pieces.setdefault(piece.kind, []).append(piece)
        self._members[piece.name] = members

    def _sort(self, stem: str) -> None:
        """Take a garment file apart into the pieces that can be worn with others."""
        fit, mesh = self._files[stem]
        placed = fit.place(self.tailor.rest.vertices)
        found = shares(fit, mesh, placed, self.helpers.marks, float(self.tailor.skin[:, 1].max()))
        leg, on_arm = leg_share(placed, self.helpers.marks), np.abs(placed[:, 0])
        for share in found:
            members, rigid_thing = share.members, share.kind in RIGID
            long_sleeves = not rigid_thing and bool(on_arm[members].max() > self.helpers.marks.wrist[0] * 0.85)
            long_legs = share.kind in ("bottom", "overall", "bodysuit") and bool(leg[members].max() > 0.9)
            name = stem if rigid_thing else f"{stem}-{share.kind}"
            self._add(Piece(name, share.kind, stem, sex_of(stem, fit), long_sleeves, long_legs), members)

    def file_of(self, piece: Piece) -> Fit:
        """The garment file a piece was taken from."""
        return self._files[piece.source][0]

    def make(self, piece: Piece, sleeve: str = "long", leg: str = "long") -> Made:
        """Prepare a piece of the assets, cut to a sleeve and a leg length."""
        key = (piece.name, sleeve if piece.long_sleeves else "long", leg if piece.long_legs else "long")
        if key not in self._made:
            self._made[key] = self._make(piece, key[1], key[2])
        return self._made[key]

    def blocks(self, piece: Piece) -> list[BlockPattern]:
        """The block patterns of a piece that hangs, the innermost sheet first; see `loosened.loosen`."""
        if piece.name not in self._blocks:
            _, mesh = self._files[piece.source]
            part, faces, rows = self._share_of(piece)
            self._blocks[piece.name] = block_patterns(
                self.tailor, self.helpers.marks, piece.name, piece.kind, part, faces, mesh.face_uv[rows], mesh.uv
            )
        return self._blocks[piece.name]

    def rigid(self, piece: Piece) -> Rigid:
        """A piece that does not hang (its kind is one of `garment_kinds.RIGID`)."""
        if piece.name not in self._rigid:
            fit, mesh = self._files[piece.source]
            part, faces, rows = self._share_of(piece)
            self._rigid[piece.name] = rigid(
                self.tailor, piece.name, piece.kind, part, faces, mesh.face_uv[rows], mesh.uv, self.pictures(fit)[0]
            )
        return self._rigid[piece.name]

    def _share_of(self, piece: Piece) -> tuple[Fit, NDArray[np.int32], NDArray[np.int64]]:
        """The fit of a piece's vertices, its quads (F, 4), and their rows in the garment file."""
        fit, mesh = self._files[piece.source]
        members = self._members[piece.name]
        renumber = np.full(len(fit.base), -1)
        renumber[members] = np.arange(len(members))
        rows = np.flatnonzero((renumber[mesh.faces] >= 0).all(1))
        return sub_fit(fit, members, piece.name), renumber[mesh.faces[rows]].astype(np.int32), rows

    def _make(self, piece: Piece, sleeve: str, leg: str) -> Made:
        fit, mesh = self._files[piece.source]
        part, faces, rows = self._share_of(piece)
        flat = piece.kind in ("hair", "brows", "lashes")
        fine, most = {"shoes": (0.009, 1), "hat": (0.007, 2), "hair": (0.009, 1)}.get(piece.kind, (0.0095, 3))
        if piece.kind in ("brows", "lashes"):
            most = 0
        sheet = self.tailor.sheet(part, faces, mesh.face_uv[rows], mesh.uv, fine, most)
        if not flat and piece.kind not in RIGID:
            points = (sheet.matrix @ part.place(self.tailor.rest.vertices)).astype(np.float32)
            hidden = Outside(self.tailor, points, sheet.faces).hidden()  # linings push the cloth over them about
            sheet = Sheet(sheet.matrix, sheet.faces[~hidden], sheet.corner_uv[~hidden]).compact()
        if piece.long_sleeves and sleeve != "long":
            sheet = self._shorten(part, sheet, SLEEVES[sleeve], None)
        if piece.long_legs and leg != "long":
            sheet = self._shorten(part, sheet, None, LEGS[leg])
        picture, shading, normal_map = self.pictures(fit)
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
    def pictures(fit: Fit) -> tuple[NDArray[np.uint8] | None, NDArray[np.uint8] | None, NDArray[np.uint8] | None]:
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
