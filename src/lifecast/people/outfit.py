"""Outfits drawn from the wardrobe, layer by layer, and how loosely each garment hangs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lifecast.people.drape import Hang
from lifecast.people.wardrobe import Made, Piece, Wardrobe

Rng = np.random.Generator


@dataclass(frozen=True)
class Worn:
    """One garment of an outfit, in the order it is put on."""

    made: Made
    part: str
    """top, bottom, dress, shoes, hat: the prefix of its mesh in the GLB."""
    label: str
    """What it is, for the card: t-shirt, jeans and so on differ by cut and colour, classes by this."""
    fabric: str
    """The kind of fabric it is made of (a key of `fabric.USUAL`)."""
    hang: Hang
    source: str
    cut: dict[str, Any]
    layer: int = 0
    """Garments of a higher layer lie on those of lower ones."""


LOOSENESS = {"tight": (0.0, 0.003), "regular": (0.004, 0.013), "loose": (0.013, 0.03)}


def draw_hang(kind: str, rng: Rng) -> tuple[str, Hang]:
    """How loose a garment is, and what its cloth is like."""
    shares = {
        "top": [0.28, 0.42, 0.3],
        "bottom": [0.3, 0.45, 0.25],
        "coat": [0.0, 0.6, 0.4],
        "dress": [0.35, 0.4, 0.25],
    }
    name = list(LOOSENESS)[int(rng.choice(3, p=shares[kind]))]
    ease = float(rng.uniform(*LOOSENESS[name])) + (0.006 if kind == "coat" else 0.0)
    loose = {"tight": 0.35, "regular": 1.0, "loose": 1.5}[name]
    hang = Hang(
        ease=ease,
        slack_along=float(rng.uniform(0.01, 0.07)) * loose,
        slack_around=float(rng.uniform(0.01, 0.07)) * loose,
        fold_width=float(np.exp(rng.uniform(np.log(0.03), np.log(0.09)))),
        gravity=float(rng.uniform(0.0002, 0.0006)),
        flare=0.0,
    )
    return name, hang


def _pick(pieces: list[Piece], sex: str, rng: Rng, other: float) -> Piece | None:
    """One of the pieces; those made for the other sex count `other` times as much."""
    if not pieces:
        return None
    weights = np.array([1.0 if p.sex in ("", sex) else other for p in pieces])
    if weights.sum() == 0:
        return None
    return pieces[int(rng.choice(len(pieces), p=weights / weights.sum()))]


class Dresser:
    """Draws outfits from one wardrobe."""

    def __init__(self, wardrobe: Wardrobe) -> None:
        self.wardrobe = wardrobe

    def draw(self, female: bool, years: float, rng: Rng) -> list[Worn]:
        """An outfit, inner garments first; never without clothes, rarely in swimwear."""
        kinds = (
            ["trousers", "shorts", "skirt", "dress", "overall", "jumpsuit", "swimwear"],
            [0.52, 0.1, 0.14, 0.16, 0.04, 0.03, 0.01] if female else [0.76, 0.15, 0.0, 0.0, 0.06, 0.02, 0.01],
        )
        kind = str(rng.choice(kinds[0], p=kinds[1]))
        worn: list[Worn] = []
        if kind == "dress":
            worn.append(self._dress(rng))
        elif kind == "swimwear":
            worn += self._swimwear(female, rng)
        elif kind == "jumpsuit":
            worn.append(self._jumpsuit(rng))
        elif kind == "overall" and (
            piece := _pick(self._of("overall", "bodysuit"), "female" if female else "male", rng, 0.5)
        ):
            worn += self._overall(piece, female, rng)
        else:
            lower = self._skirt(rng) if kind == "skirt" else self._trousers(female, kind == "shorts", rng)
            upper = self._top(female, rng)
            tucked = rng.random() < (0.4 if kind == "skirt" else 0.2)
            # What is tucked in is put on first and lies under the waistband.
            worn += (
                [replace(upper, layer=1), replace(lower, layer=2)]
                if tucked
                else [replace(lower, layer=1), replace(upper, layer=2)]
            )
        if kind != "swimwear" and rng.random() < 0.13:
            worn.append(self._coat(female, rng))
        shoes = _pick(self.wardrobe.pieces.get("shoes", []), "", rng, 1)
        if shoes is not None and (kind != "swimwear") and rng.random() < 0.97:
            worn.insert(
                0, Worn(self.wardrobe.make(shoes), "shoes", "shoes", "shoes", Hang(ease=0, rounds=0), shoes.source, {})
            )
        hat = _pick(self.wardrobe.pieces.get("hat", []), "", rng, 1)
        if hat is not None and rng.random() < 0.06:
            worn.append(Worn(self.wardrobe.make(hat), "hat", "hat", "hat", Hang(ease=0, rounds=0), hat.source, {}, 9))
        return worn

    def _of(self, *kinds: str) -> list[Piece]:
        return [piece for kind in kinds for piece in self.wardrobe.pieces.get(kind, [])]

    def _top(self, female: bool, rng: Rng) -> Worn:
        looseness, hang = draw_hang("top", rng)
        sleeve = str(rng.choice(["none", "short", "elbow", "three-quarter", "long"], p=[0.05, 0.17, 0.08, 0.1, 0.6]))
        piece = _pick(
            self.wardrobe.pieces.get("top", []), "female" if female else "male", rng, 0.45 if female else 0.06
        )
        use_helper = self.wardrobe.helper_garments and (piece is None or rng.random() < 0.3)
        if use_helper or piece is None:
            sleeve = str(
                rng.choice(["none", "short", "elbow", "three-quarter", "long"], p=[0.14, 0.36, 0.08, 0.08, 0.34])
            )
            neck = str(rng.choice(["crew", "v", "scoop", "boat", "turtle"], p=[0.5, 0.2, 0.12, 0.08, 0.1]))
            hem = float(rng.choice([-0.12, 0.0, 0.06, 0.14]))
            cut: dict[str, Any] = {"sleeve": sleeve, "neck": neck, "hem": hem}
            hang = replace(hang, ease=hang.ease + 0.003)
            return Worn(
                self.wardrobe.cut_helper("top", **cut),
                "top",
                "top",
                "top",
                hang,
                "helper",
                cut | {"looseness": looseness},
            )
        made = self.wardrobe.make(piece, sleeve=sleeve)
        return Worn(
            made,
            "top",
            "top",
            "top",
            hang,
            piece.source,
            {"sleeve": sleeve if piece.long_sleeves else "own", "looseness": looseness},
        )

    def _trousers(self, female: bool, shorts: bool, rng: Rng) -> Worn:
        looseness, hang = draw_hang("bottom", rng)
        if looseness == "loose" and rng.random() < 0.5:
            hang = replace(hang, flare=float(rng.uniform(0.01, 0.05)))
        leg = str(rng.choice(["short", "knee"])) if shorts else str(rng.choice(["long", "cropped"], p=[0.85, 0.15]))
        label = "shorts" if shorts else "trousers"
        pieces = self._of("bottom", "shorts") if shorts else self._of("bottom")
        piece = _pick(pieces, "female" if female else "male", rng, 0.4)
        if piece is None or (self.wardrobe.helper_garments and rng.random() < 0.15):
            cut: dict[str, Any] = {"leg": leg, "waist": float(rng.choice([-0.22, -0.16, -0.1]))}
            return Worn(
                self.wardrobe.cut_helper("bottom", **cut),
                "bottom",
                label,
                "bottom",
                hang,
                "helper",
                cut | {"looseness": looseness},
            )
        made = self.wardrobe.make(piece, leg=leg)
        return Worn(made, "bottom", label, "bottom", hang, piece.source, {"leg": leg, "looseness": looseness})

    def _skirt(self, rng: Rng) -> Worn:
        looseness, hang = draw_hang("dress", rng)
        piece = _pick(self.wardrobe.pieces.get("skirt", []), "female", rng, 0.0)
        if piece is None or (self.wardrobe.helper_garments and rng.random() < 0.6):
            length = str(rng.choice(["mini", "knee", "midi", "maxi"], p=[0.2, 0.4, 0.25, 0.15]))
            cut: dict[str, Any] = {"length": length, "waist": -0.2}
            hang = replace(
                hang,
                flare=float(rng.choice([0.0, 0.03, 0.09])) * rng.uniform(0.5, 1.2),
                slack_around=hang.slack_around * 2,
            )
            return Worn(
                self.wardrobe.cut_helper("skirt", **cut),
                "bottom",
                "skirt",
                "dress",
                hang,
                "helper",
                cut | {"looseness": looseness},
            )
        return Worn(self.wardrobe.make(piece), "bottom", "skirt", "dress", hang, piece.source, {"looseness": looseness})

    def _dress(self, rng: Rng) -> Worn:
        looseness, hang = draw_hang("dress", rng)
        piece = _pick(self._of("dress"), "female", rng, 0.0)
        if piece is not None and (not self.wardrobe.helper_garments or rng.random() < 0.4):
            made = self.wardrobe.make(piece)
            return Worn(made, "dress", "dress", "dress", hang, piece.source, {"looseness": looseness}, 1)
        cut = {
            "sleeve": str(rng.choice(["none", "short", "elbow", "long"], p=[0.4, 0.3, 0.1, 0.2])),
            "neck": str(rng.choice(["crew", "v", "scoop", "boat"])),
            "length": str(rng.choice(["mini", "knee", "midi", "maxi"], p=[0.15, 0.4, 0.25, 0.2])),
        }
        hang = replace(
            hang,
            flare=float(rng.choice([0.0, 0.04, 0.1])) * rng.uniform(0.5, 1.2),
            slack_around=hang.slack_around * 1.6,
        )
        return Worn(
            self.wardrobe.cut_helper("dress", **cut),
            "dress",
            "dress",
            "dress",
            hang,
            "helper",
            cut | {"looseness": looseness},
            1,
        )

    def _jumpsuit(self, rng: Rng) -> Worn:
        looseness, hang = draw_hang("bottom", rng)
        cut = {
            "sleeve": str(rng.choice(["none", "short", "long"])),
            "neck": str(rng.choice(["crew", "v", "turtle"])),
            "leg": "long",
        }
        return Worn(
            self.wardrobe.cut_helper("jumpsuit", **cut),
            "dress",
            "jumpsuit",
            "dress",
            hang,
            "helper",
            cut | {"looseness": looseness},
            1,
        )

    def _overall(self, piece: Piece, female: bool, rng: Rng) -> list[Worn]:
        looseness, hang = draw_hang("bottom", rng)
        cut = {"sleeve": str(rng.choice(["short", "long"])), "leg": str(rng.choice(["long", "knee"], p=[0.85, 0.15]))}
        made = self.wardrobe.make(piece, **cut)
        over = Worn(
            made,
            "dress",
            "suit" if piece.long_sleeves else "overall",
            "bottom",
            hang,
            piece.source,
            cut | {"looseness": looseness},
            2,
        )
        if piece.long_sleeves or piece.kind == "bodysuit":
            return [over]
        return [replace(self._top(female, rng), layer=1), over]

    def _swimwear(self, female: bool, rng: Rng) -> list[Worn]:
        hang = Hang(ease=0.0, slack_along=0.0, slack_around=0.0, rounds=20)
        piece = _pick(self._of("swimsuit") if female else [], "female", rng, 0.0)
        if piece is not None and rng.random() < 0.6:
            return [Worn(self.wardrobe.make(piece), "dress", "swimwear", "dress", hang, piece.source, {}, 1)]
        lower = self.wardrobe.cut_helper("bottom", leg="brief" if female else "short", waist=-0.1)
        worn = [Worn(lower, "bottom", "swimwear", "dress", hang, "helper", {}, 1)]
        if female:
            upper = self.wardrobe.cut_helper("top", sleeve="none", neck="scoop", hem=-0.12)
            worn.append(Worn(upper, "top", "swimwear", "dress", hang, "helper", {}, 1))
        return worn

    def _coat(self, female: bool, rng: Rng) -> Worn:
        looseness, hang = draw_hang("coat", rng)
        hang = replace(hang, fold_width=float(rng.uniform(0.07, 0.13)), flare=float(rng.uniform(0.0, 0.04)))
        piece = _pick(self._of("coat"), "female" if female else "male", rng, 0.0)
        if piece is not None and rng.random() < 0.3:
            own = {"looseness": looseness}
            return Worn(self.wardrobe.make(piece), "top", "coat", "coat", hang, piece.source, own, 3)
        cut = {
            "sleeve": "long" if rng.random() < 0.9 else "none", "neck": str(rng.choice(["crew", "v", "turtle"])),
            "length": str(rng.choice(["mini", "knee", "midi"], p=[0.5, 0.35, 0.15])),
            "opening": float(rng.choice([0.0, 0.035, 0.07], p=[0.3, 0.4, 0.3])),
        }  # fmt: skip
        return Worn(
            self.wardrobe.cut_helper("coat", **cut),
            "top",
            "coat",
            "coat",
            hang,
            "helper",
            cut | {"looseness": looseness},
            3,
        )
