"""Hair, brows and lashes of a made person."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifecast.people import complexion
from lifecast.people.appearance import Build
from lifecast.people.body import RestBody
from lifecast.people.cloth_part import cloth_part
from lifecast.people.drape import PosedBody, clear
from lifecast.people.glb import Part
from lifecast.people.rig import skin
from lifecast.people.scalp import Scalp, grow
from lifecast.people.wardrobe import Made, Wardrobe
from lifecast.space.mesh_normals import vertex_normals

Points = NDArray[np.float32]


class Hairdresser:
    """Draws how people wear their hair, from the wardrobe's styles or grown from the scalp."""

    def __init__(self, wardrobe: Wardrobe) -> None:
        self.wardrobe = wardrobe
        self.scalp = Scalp(wardrobe.tailor)

    def dress(
        self, build: Build, rest: RestBody, transforms: NDArray[np.float64], body: PosedBody,
        layers: list[tuple[int, Points, Points]], hat: bool, rng: np.random.Generator,
    ) -> tuple[list[Part], dict[str, Any]]:  # fmt: skip
        """Hair, brows and lashes on the posed body, and what the card says of the hair."""
        african, asian = build.phenotype["african"], build.phenotype["asian"]
        name, colour = complexion.draw_hair_colour(african, asian, build.years, rng)
        parts: list[Part] = []
        card: dict[str, Any] = {"colour": complexion.describe(name, colour), "name": None}
        long = ("bob", "braid", "long", "ponytail")
        styles = self.wardrobe.pieces.get("hair", [])
        weights = np.array([
            (1.6 if p.name.startswith(long) else 0.5) if build.female else (0.06 if p.name.startswith(long) else 1.0)
            for p in styles
        ])  # fmt: skip
        if len(styles):
            weights *= np.array([0.2 + 2.2 * african if p.name.startswith("afro") else 1.0 for p in styles])
        bald = rng.random() < (0.01 if build.female else 0.05 + 0.1 * (build.years > 45))
        grown = not len(styles) or rng.random() < (0.04 if build.female else 0.14)
        if grown and not bald:
            part, card["name"] = self._grown_hair(build, rest, transforms, body, colour, rng, layers, hat)
            parts += part
        elif not bald:
            piece = styles[int(rng.choice(len(styles), p=weights / weights.sum()))]
            card["name"] = piece.name
            made = self.wardrobe.make(piece)
            parts.append(self._card_part("hair", made, rest, transforms, body, colour, rng, layers))
        for kind in ("brows", "lashes"):
            pieces = self.wardrobe.pieces.get(kind, [])
            if pieces:
                piece = pieces[int(rng.integers(len(pieces)))]
                dark = np.array([0.04, 0.035, 0.03]) if kind == "lashes" else np.clip(colour * 0.7, 0.03, 0.6)
                parts.append(self._card_part(kind, self.wardrobe.make(piece), rest, transforms, body, dark, rng, []))
                card[kind] = piece.name
        return parts, card

    def _grown_hair(
        self, build: Build, rest: RestBody, transforms: NDArray[np.float64], body: PosedBody,
        colour: NDArray[np.float64], rng: np.random.Generator, layers: list[tuple[int, Points, Points]], hat: bool,
    ) -> tuple[list[Part], str]:  # fmt: skip
        """Hair from the scalp itself: cropped to afro, for women also the helper's long hood."""
        african = build.phenotype["african"]
        afro = not hat and rng.random() < 0.5 * african
        thickness = rng.uniform(0.03, 0.07) if afro else rng.uniform(0.003, 0.01 if hat else 0.022)
        names = ["cap"]
        if build.female and not afro:
            names.append(str(rng.choice(["chin", "shoulder", "long"])))
        parts = []
        for name in names:
            cloth, weave = self.scalp.style(name)
            curl = 0.006 if afro else 0.1 * thickness
            fitted = grow(cloth, weave, cloth.place(rest), thickness if name == "cap" else 0.004, curl, rng)
            points = skin(fitted, cloth.weights, transforms)
            if name != "cap":
                below = [(p, n) for _, p, n in layers if p[:, 1].max() > points[:, 1].min()]
                points = clear(points, cloth, weave, body, 0.003, inner=below)
            texture = complexion.hair_texture(None, colour, rng)
            normals = vertex_normals(points, cloth.sheet.faces, "area")
            parts.append(cloth_part(f"hair:{cloth.name}", cloth, points, normals, texture, 1.0, False))
        return parts, "helper-" + "+".join(names)

    def _card_part(
        self, part: str, made: Made, rest: RestBody, transforms: NDArray[np.float64], body: PosedBody,
        colour: NDArray[np.float64], rng: np.random.Generator, layers: list[tuple[int, Points, Points]],
    ) -> Part:  # fmt: skip
        cloth = made.cloth
        points = skin(cloth.place(rest), cloth.weights, transforms)
        if part == "hair":
            points = clear(
                points,
                cloth,
                made.weave,
                body,
                0.003,
                inner=[(p, n) for _, p, n in layers if p[:, 1].max() > points[:, 1].min()],
            )
        texture = complexion.hair_texture(made.picture, colour, rng)
        name = part if part in ("brows", "lashes") else f"{part}:{cloth.name}"
        return cloth_part(name, cloth, points, vertex_normals(points, cloth.sheet.faces, "area"), texture, 1.0, False)
