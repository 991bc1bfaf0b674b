"""Hair, brows and lashes of a made person."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

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

UNDER_HAT = 0.003
"""Metres that hair stays within a hat."""
SKULL = 0.15
"""Metres below the crown, on the reference body, that count to the part of the head that hats sit on."""


def under_hat(points: Points, hat: Points, centre: NDArray[np.floating], gap: float = UNDER_HAT) -> Points:
    """Press hair (V, 3) that a hat (H, 3) covers, or that stands out of it, in beneath the hat.

    Covered is what lies in the same direction from `centre`, the middle of the skull: hair below the rim stays.
    """
    out = points - centre
    far = np.linalg.norm(out, axis=1)
    hat_out = hat - centre
    hat_far = np.linalg.norm(hat_out, axis=1)
    tree = cKDTree(hat_out / np.maximum(hat_far, 1e-9)[:, None])
    near = tree.query(out / np.maximum(far, 1e-9)[:, None], k=6, distance_upper_bound=0.07)[1]
    room = np.append(hat_far, np.inf)[near].min(1) - gap  # the hat's inner wall; no hat there: infinite
    share = np.minimum(1, np.maximum(room, 0) / np.maximum(far, 1e-9))
    pressed: Points = (centre + out * share[:, None]).astype(np.float32)
    return pressed


class Hairdresser:
    """Draws how people wear their hair, from the wardrobe's styles or grown from the scalp."""

    def __init__(self, wardrobe: Wardrobe) -> None:
        self.wardrobe = wardrobe
        self.scalp = Scalp(wardrobe.tailor)
        height = wardrobe.tailor.skin[:, 1]
        self.skull = np.flatnonzero(height > height.max() - SKULL)

    def dress(
        self, build: Build, rest: RestBody, transforms: NDArray[np.float64], body: PosedBody,
        layers: list[tuple[int, Points, Points]], hats: list[Points], rng: np.random.Generator,
    ) -> tuple[list[Part], dict[str, Any]]:  # fmt: skip
        """Hair, brows and lashes on the posed body, and what the card says of the hair.

        `layers` are the clothes but for the hats, whose points are `hats`: hair gives way to them, not to it.
        """
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
            part, card["name"] = self._grown_hair(build, rest, transforms, body, colour, rng, layers, hats)
            parts += part
        elif not bald:
            piece = styles[int(rng.choice(len(styles), p=weights / weights.sum()))]
            card["name"] = piece.name
            made = self.wardrobe.make(piece)
            parts.append(self._card_part("hair", made, rest, transforms, body, colour, rng, layers, hats))
        for kind in ("brows", "lashes"):
            pieces = self.wardrobe.pieces.get(kind, [])
            if pieces:
                piece = pieces[int(rng.integers(len(pieces)))]
                dark = np.array([0.04, 0.035, 0.03]) if kind == "lashes" else np.clip(colour * 0.7, 0.03, 0.6)
                parts.append(
                    self._card_part(kind, self.wardrobe.make(piece), rest, transforms, body, dark, rng, [], [])
                )
                card[kind] = piece.name
        return parts, card

    def _grown_hair(
        self, build: Build, rest: RestBody, transforms: NDArray[np.float64], body: PosedBody,
        colour: NDArray[np.float64], rng: np.random.Generator, layers: list[tuple[int, Points, Points]],
        hats: list[Points],
    ) -> tuple[list[Part], str]:  # fmt: skip
        """Hair from the scalp itself: cropped to afro, for women also the helper's long hood."""
        african, hat = build.phenotype["african"], bool(hats)
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
            points = self._beneath(points, hats, body)
            texture = complexion.hair_texture(None, colour, rng)
            normals = vertex_normals(points, cloth.sheet.faces, "area")
            parts.append(cloth_part(f"hair:{cloth.name}", cloth, points, normals, texture, 1.0, False))
        return parts, "helper-" + "+".join(names)

    def _card_part(
        self, part: str, made: Made, rest: RestBody, transforms: NDArray[np.float64], body: PosedBody,
        colour: NDArray[np.float64], rng: np.random.Generator, layers: list[tuple[int, Points, Points]],
        hats: list[Points],
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
            points = self._beneath(points, hats, body)
        texture = complexion.hair_texture(made.picture, colour, rng)
        name = part if part in ("brows", "lashes") else f"{part}:{cloth.name}"
        return cloth_part(name, cloth, points, vertex_normals(points, cloth.sheet.faces, "area"), texture, 1.0, False)

    def _beneath(self, points: Points, hats: list[Points], body: PosedBody) -> Points:
        centre = body.vertices[self.skull].mean(0)
        for hat in hats:
            points = under_hat(points, hat, centre)
        return points
