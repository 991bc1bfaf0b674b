"""Who wears what on the head and in the face: styles by sex, age and descent, hats, glasses, beards, hair colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifecast.people.accessories.glasses import draw_frame, make_glasses
from lifecast.people.accessories.hats import KINDS as HATS
from lifecast.people.accessories.hats import hat_line, make_hat, pressed
from lifecast.people.appearance import Build
from lifecast.people.body import SKIN_VERTICES, BodyModel, RestBody
from lifecast.people.complexion import draw_hair_colour
from lifecast.people.hairstyles.beard import make_beard, make_brows, stubble
from lifecast.people.hairstyles.catalogue import STYLES
from lifecast.people.hairstyles.colour import strand_texture
from lifecast.people.hairstyles.hairdo import make_hair
from lifecast.people.hairstyles.skull import Hairline, Skull
from lifecast.people.rest_part import RestPart

Rng = np.random.Generator

MEN = {
    "bald": 5, "buzzed": 12, "receding": 8, "crop": 14, "side-part": 15, "slicked-back": 7, "quiff": 9, "tousled": 11,
    "spiky": 4, "medium": 4, "curly-short": 5, "curly": 1.5, "long-straight": 1.2, "long-wavy": 0.8, "afro": 2,
    "dreadlocks": 1.2, "cornrows": 1.2, "bun": 1, "ponytail": 1,
}  # fmt: skip
WOMEN = {
    "bald": 0.5, "buzzed": 1, "crop": 3, "side-part": 3, "tousled": 4, "medium": 8, "bob": 13, "long-straight": 18,
    "long-wavy": 15, "curly": 6, "curly-short": 1.5, "afro": 2.5, "dreadlocks": 1.2, "cornrows": 1.5, "ponytail": 12,
    "bun": 8, "two-braids": 2.5, "braid": 3,
}  # fmt: skip
CURLED = ("curly-short", "curly", "afro", "dreadlocks", "cornrows")
"""Styles that grow more often with African descent; the others less."""
OFF_HATS = ("bun", "ponytail", "spiky", "quiff", "dreadlocks")
"""Styles not worn under hats."""


@dataclass
class Head:
    """Everything on a head, at rest."""

    parts: list[RestPart]
    shade: NDArray[np.float64]
    """(13380,) 0..1 how densely stubble or clipped hair darkens the skin; see `beard.shade_skin`."""
    colour: NDArray[np.float64]
    """(3,) of that hair, a share of sRGB."""
    card: dict[str, Any]
    """What the person's card says of it."""


def draw_style_name(build: Build, rng: Rng) -> str:
    """Draw `bald` or one of `catalogue.STYLES`."""
    shares = WOMEN if build.female else MEN
    african = build.phenotype["african"]
    weights = np.array([
        value * ((0.15 + 5 * african) if name in CURLED else (1 - 0.75 * african))
        for name, value in shares.items()
    ])  # fmt: skip
    if not build.female and build.years > 40:
        older = np.array([2.6 if name in ("receding", "bald", "buzzed", "side-part") else 0.7 for name in shares])
        weights = weights * older
    return str(rng.choice(list(shares), p=weights / weights.sum()))


def dress_head(
    model: BodyModel, rest: RestBody, build: Build, rng: Rng, hat: str | None = None, garment: float = 0.008
) -> Head:
    """Draw and make hair, brows, a beard, glasses and, if given, a hat (one of `hats.KINDS`)."""
    african, asian = build.phenotype["african"], build.phenotype["asian"]
    colour_name, colour = draw_hair_colour(african, asian, build.years, rng)
    grey = float(np.clip(1 / (1 + np.exp(-(build.years - 55) / 8)) * rng.uniform(0.2, 1.2), 0, 1))
    texture = strand_texture(colour, 0.0 if colour_name in ("grey", "white", "dyed") else grey, rng)
    name = draw_style_name(build, rng)
    while hat is not None and name in OFF_HATS:
        name = draw_style_name(build, rng)
    parts: list[RestPart] = []
    shade = np.zeros(SKIN_VERTICES)
    skull = Skull(model, rest)
    card: dict[str, Any] = {"style": name, "colour": colour_name, "rgb": [round(float(c), 3) for c in colour]}
    if name == "bald":
        if not build.female and rng.random() < 0.5:  # a shaved rim
            shade = _scalp_shade(skull, rest, Hairline(recession=0.8, bald_crown=0.8), 0.3, rng)
    else:
        style = STYLES[name](rng)
        hair = make_hair(model, rest, style, texture, rng, garment)
        shade = _scalp_shade(skull, rest, style.hairline, 0.75, rng)
        card["style"] = style.name
        if hair is not None:
            parts.append(pressed(hair, skull, hat_line(hat)) if hat in HATS else hair)
    if hat is not None:
        vivid = rng.dirichlet([1.5, 1.5, 1.5]) * 1.5
        hat_colour = np.clip((0.5 + (vivid - 0.5) * rng.uniform(0, 0.9)) * rng.uniform(0.1, 1.4), 0.03, 0.95)
        parts.append(make_hat(model, rest, hat, _cloth(hat_colour, rng), rng))
        card["hat"] = hat
    brow = np.clip(colour * 0.75, 0.03, 0.6)
    parts.append(make_brows(model, rest, strand_texture(brow, 0.0, rng, 64), rng, float(rng.uniform(0.6, 1.4))))
    if not build.female and build.years > 17:
        shade = np.maximum(shade, _beard(model, rest, colour, grey, parts, card, rng))
    if rng.random() < (0.16 if build.years < 45 else 0.38):
        frame_colour = np.array([[0.05, 0.05, 0.05], [0.25, 0.15, 0.08], [0.6, 0.58, 0.55], [0.5, 0.1, 0.1]])
        glasses = make_glasses(model, rest, draw_frame(rng), frame_colour[int(rng.integers(4))])
        parts.append(glasses)
        card["glasses"] = glasses.name
    return Head(parts, shade, colour, card)


def _cloth(colour: NDArray[np.float64], rng: Rng) -> NDArray[np.uint8]:
    """(64, 64, 3) of plain cloth, a little uneven."""
    uneven = colour * (1 + 0.06 * rng.normal(size=(64, 64, 1)))
    return (np.clip(uneven, 0.01, 0.99) * 255).astype(np.uint8)


def _beard(
    model: BodyModel, rest: RestBody, colour: NDArray[np.float64], grey: float, parts: list[RestPart],
    card: dict[str, Any], rng: Rng,
) -> NDArray[np.float64]:  # fmt: skip
    """Draw a beard into `parts`; how densely the skin below is darkened (13380,)."""
    kind = str(rng.choice(["none", "stubble", "full", "goatee", "moustache"], p=[0.42, 0.25, 0.23, 0.06, 0.04]))
    if kind == "none":
        return np.zeros(SKIN_VERTICES)
    card["beard"] = kind
    if kind == "stubble":
        return stubble(model, "full", float(rng.uniform(0.1, 0.45)))
    length = float(np.clip(rng.lognormal(np.log(0.009), 0.7), 0.0035, 0.09))
    card["beard_m"] = round(length, 4)
    beard_grey = float(np.clip(1.3 * grey, 0, 1))
    parts.append(make_beard(model, rest, kind, length, strand_texture(colour * 0.9, beard_grey, rng, 128), rng))
    return stubble(model, kind, 0.7)


def _scalp_shade(skull: Skull, rest: RestBody, hairline: Hairline, strength: float, rng: Rng) -> NDArray[np.float64]:
    """(13380,) how densely hair darkens the scalp, fading out over the hairline."""
    skin = rest.vertices[:SKIN_VERTICES].astype(np.float64)
    _, away = skull.directions(skin)
    head = np.flatnonzero((away < 0.16) & (skin[:, 1] > skull.eye[1] - 0.1))
    shade = np.zeros(SKIN_VERTICES)
    shade[head] = strength * np.clip(hairline.inside(skull, skin[head], rng) / 0.012, 0, 1)
    return shade
