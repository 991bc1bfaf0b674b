"""The wardrobe: garments and painted skins of assets folders, which have MakeHuman's layout, or of kits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lifecast.errors import OptionError, UsageError
from lifecast.people.assets import PaintedSkin, read_assets
from lifecast.people.block_pattern import BlockPattern, block_patterns
from lifecast.people.body import BodyModel
from lifecast.people.body_marks import Landmarks
from lifecast.people.garment_kinds import RIGID, sex_of, shares
from lifecast.people.mhclo import Fit
from lifecast.people.patterns.kinds import KINDS
from lifecast.people.tailor import Tailor, sub_fit
from lifecast.people.wavefront import Polygons


@dataclass(frozen=True)
class Piece:
    """One wearable thing of the assets."""

    name: str
    kind: str
    """A key of `garment_kinds.PART`."""
    source: str
    """The asset it comes from (what --without-garments names)."""
    sex: str = ""
    """"female", "male" or "" for anyone."""


class Wardrobe:
    """Garments to choose from; each is prepared when first worn and then kept.

    Parameters
    ----------
    assets : copies of MakeHuman's assets (folders that hold `base` or `clothes`), or kits; none for sewn garments
        alone.
    only, without : names of assets to keep to, or to leave out. Names of sewn kinds (`patterns.kinds.KINDS`), and
        "sewn" or "helper" for all of those, may be among them: with an `only` list of sewn names, nothing of the assets
        is left.

    Raises
    ------
    UsageError
        One of `assets` is no such folder, two hold a garment of the same name, or a name in `only` or `without` is
        neither in them nor a sewn kind.
    """

    def __init__(
        self, model: BodyModel, assets: Iterable[Path] = (), only: Iterable[str] = (), without: Iterable[str] = ()
    ) -> None:
        self.tailor = Tailor(model)
        self.marks = Landmarks.of(model, self.tailor.rest)
        self.pieces: dict[str, list[Piece]] = {}
        """By kind."""
        self.skins: list[PaintedSkin] = []
        self._files: dict[str, tuple[Fit, Polygons]] = {}
        self._members: dict[str, NDArray[np.int64]] = {}
        self._blocks: dict[str, list[BlockPattern]] = {}
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
            self.pieces[kind] = [p for p in group if p.source not in without and (not only or p.source in only)]

    def _read_assets(self, assets: Path) -> None:
        found = read_assets(assets)
        for fit, mesh in found.garments:
            if fit.name in self._files:
                there = self._files[fit.name][0].obj
                raise OptionError(
                    "assets", assets, f"its {fit.name} has the name of a garment in {there}; leave one out"
                )
            self._files[fit.name] = fit, mesh
            self._sort(fit.name)
        self.skins += found.skins

    def _sort(self, stem: str) -> None:
        """Take a garment file apart into the pieces that can be worn with others."""
        fit, mesh = self._files[stem]
        placed = fit.place(self.tailor.rest.vertices)
        for share in shares(fit, mesh, placed, self.marks, float(self.tailor.skin[:, 1].max())):
            name = stem if share.kind in RIGID else f"{stem}-{share.kind}"
            self.pieces.setdefault(share.kind, []).append(Piece(name, share.kind, stem, sex_of(stem, fit)))
            self._members[name] = share.members

    def blocks(self, piece: Piece) -> list[BlockPattern]:
        """The block patterns of a piece that hangs, the innermost sheet first; see `loosened.loosen`."""
        if piece.name not in self._blocks:
            _, mesh = self._files[piece.source]
            part, faces, rows = self._share_of(piece)
            self._blocks[piece.name] = block_patterns(
                self.tailor, self.marks, piece.name, piece.kind, part, faces, mesh.face_uv[rows], mesh.uv
            )
        return self._blocks[piece.name]

    def _share_of(self, piece: Piece) -> tuple[Fit, NDArray[np.int32], NDArray[np.int64]]:
        """The fit of a piece's vertices, its quads (F, 4), and their rows in the garment file."""
        fit, mesh = self._files[piece.source]
        members = self._members[piece.name]
        renumber = np.full(len(fit.base), -1)
        renumber[members] = np.arange(len(members))
        rows = np.flatnonzero((renumber[mesh.faces] >= 0).all(1))
        return sub_fit(fit, members, piece.name), renumber[mesh.faces[rows]].astype(np.int32), rows
