"""Fabrics: colours as people wear them, and plain, striped, checked and other patterns.

A fabric is a picture of linear-ish sRGB shares (0 .. 1) that tiles, `span` metres wide; a garment's own texture lends
it seams, pockets and worn places through its lightness.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Rng = np.random.Generator
Picture = NDArray[np.float32]
Colour = NDArray[np.floating]
"""(3,), or a picture of colours (size, size, 3)."""

NEUTRAL = {
    "black": (0.06, 0.06, 0.07), "charcoal": (0.16, 0.16, 0.18), "grey": (0.42, 0.42, 0.43),
    "light grey": (0.68, 0.68, 0.68), "white": (0.93, 0.93, 0.92), "cream": (0.9, 0.86, 0.76),
    "navy": (0.1, 0.13, 0.25), "beige": (0.76, 0.66, 0.52), "khaki": (0.53, 0.48, 0.35),
    "olive": (0.3, 0.31, 0.2), "brown": (0.33, 0.22, 0.15), "tan": (0.6, 0.43, 0.28),
    "burgundy": (0.36, 0.09, 0.13), "denim": (0.25, 0.34, 0.49), "light denim": (0.5, 0.6, 0.72),
}  # fmt: skip

USUAL: dict[str, dict[str, float]] = {
    "top": {"black": 14, "white": 15, "grey": 9, "light grey": 6, "navy": 8, "charcoal": 4, "cream": 3, "beige": 3,
            "olive": 3, "burgundy": 3, "any": 32},
    "bottom": {"denim": 24, "light denim": 8, "black": 22, "charcoal": 8, "navy": 9, "khaki": 6, "beige": 6,
               "grey": 5, "olive": 3, "brown": 3, "white": 3, "any": 6},
    "dress": {"black": 18, "white": 8, "navy": 8, "burgundy": 5, "cream": 4, "any": 57},
    "coat": {"black": 24, "navy": 14, "charcoal": 12, "grey": 8, "tan": 10, "beige": 9, "olive": 7, "brown": 5,
             "any": 11},
    "denim": {"denim": 48, "light denim": 24, "black": 16, "white": 5, "grey": 7},
    "leather": {"black": 58, "brown": 22, "tan": 10, "burgundy": 5, "any": 5},
}  # fmt: skip
"""How often (in percent, about) each colour is worn."""
PLAIN = {"top": 0.55, "bottom": 0.84, "dress": 0.45, "coat": 0.85}
"""Shares of these kinds that have no pattern; of the others all."""


def draw_colour(kind: str, rng: Rng) -> tuple[str, NDArray[np.float32]]:
    """A colour's name and its (3,) sRGB share for a kind of garment."""
    usual = USUAL[kind]
    weights = np.array(list(usual.values()), float)
    name = list(usual)[int(rng.choice(len(weights), p=weights / weights.sum()))]
    if name == "any":
        hue, lightness = rng.random(), float(rng.beta(2, 2))
        saturation = float(rng.beta(1.6, 1.8)) * 0.9
        colour = np.array(colorsys.hls_to_rgb(hue, 0.08 + 0.8 * lightness, saturation))
    else:
        colour = np.array(NEUTRAL[name]) * rng.uniform(0.8, 1.2) + rng.normal(0, 0.012, 3)
    return name, np.clip(colour, 0.02, 0.96).astype(np.float32)


def _grid(size: int, span: float) -> tuple[Picture, Picture]:
    """Metres along u and v of each texel; v runs up."""
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size * span
    u, v = np.meshgrid(axis, axis[::-1])
    return u.astype(np.float32), v.astype(np.float32)


def _period(length: float, span: float) -> float:
    """The nearest length that fits the tile a whole number of times."""
    return span / max(round(span / length), 1)


def _tile_noise(size: int, cells: float, rng: Rng, octaves: int = 3) -> Picture:
    """Tiling noise, mean 0, standard deviation 1; `cells` features across."""
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        n = max(int(cells * 2**octave), 1)
        if n >= size:
            break
        grid = rng.normal(size=(n, n)).astype(np.float32)
        wrapped = np.pad(grid, 2, mode="wrap")
        scale = size / n
        big = Image.fromarray(wrapped).resize((round((n + 4) * scale),) * 2, Image.Resampling.BICUBIC)
        start = round(2 * scale)
        total += np.asarray(big)[start : start + size, start : start + size] / 2**octave
    noise: Picture = (total - total.mean()) / max(float(total.std()), 1e-6)
    return noise


def _yarn(size: int, span: float, rng: Rng) -> Picture:
    """Fine variation of the threads, around 1."""
    streak = rng.normal(size=(size, 1)) * 0.5 + rng.normal(size=(1, size)) * 0.5 + rng.normal(size=(size, size))
    return (1 + 0.02 * streak * rng.uniform(0.3, 1.6)).astype(np.float32)


def stripes(size: int, span: float, rng: Rng, base: Colour, other: Colour, upright: bool) -> Picture:
    """Even, fine or unequal stripes."""
    u, v = _grid(size, span)
    period = _period(float(np.exp(rng.uniform(np.log(0.008), np.log(0.09)))), span)
    share = rng.choice([0.5, 0.5, 0.2, 0.35])
    wave = ((u if upright else v) / period) % 1
    soft = np.clip((share - np.abs(wave - 0.5) * 2 * 0.999) / 0.08 + 0.5, 0, 1)[..., None]
    picture = base * (1 - soft) + other * soft
    if rng.random() < 0.3:
        third = (np.abs(wave - 0.06) < 0.03)[..., None]
        picture = np.where(third, np.clip(1.3 - base, 0, 1), picture)
    result: Picture = picture.astype(np.float32)
    return result


def checks(size: int, span: float, rng: Rng, base: Colour, other: Colour) -> Picture:
    """Gingham or tartan: the same stripe sequence both ways, half transparent."""
    u, v = _grid(size, span)
    period = _period(float(np.exp(rng.uniform(np.log(0.012), np.log(0.14)))), span)
    bands = [(0.5, 0.0, other)] if rng.random() < 0.4 else [
        (rng.uniform(0.05, 0.4), rng.uniform(0, 1), c)
        for c in (other, np.clip(other * rng.uniform(0.3, 1.8), 0, 1), np.full(3, rng.choice([0.05, 0.92])))
    ]  # fmt: skip

    def one(axis: Picture) -> Picture:
        colour = np.broadcast_to(base, (*axis.shape, 3)).astype(np.float32)
        for width, start, tone in bands:
            inside = (((axis / period - start) % 1) < width)[..., None]
            colour = np.where(inside, tone, colour)
        return colour

    return (0.5 * one(u) + 0.5 * one(v)).astype(np.float32)


def dots(size: int, span: float, rng: Rng, base: Colour, other: Colour) -> Picture:
    """Polka dots on a staggered grid."""
    u, v = _grid(size, span)
    period = _period(float(np.exp(rng.uniform(np.log(0.012), np.log(0.06)))), span)
    radius = rng.uniform(0.15, 0.33)
    row = np.floor(v / period * 2)
    x = (u / period + 0.5 * (row % 2)) % 1 - 0.5
    y = (v / period * 2) % 1 - 0.5
    inside = np.clip((radius - np.hypot(x, y / 2)) / 0.05 + 0.5, 0, 1)[..., None]
    result: Picture = (base * (1 - inside) + other * inside).astype(np.float32)
    return result


def printed(size: int, span: float, rng: Rng, base: Colour, other: Colour) -> Picture:
    """Blotches, camouflage, leaves or marble: layers of thresholded noise."""
    picture = np.broadcast_to(base, (size, size, 3)).astype(np.float32)
    cells = span / float(np.exp(rng.uniform(np.log(0.02), np.log(0.14))))
    for layer in range(int(rng.integers(1, 4))):
        field = _tile_noise(size, cells, rng, int(rng.integers(1, 4)))
        if rng.random() < 0.35:
            field = (np.abs(field) - 0.25).astype(np.float32)  # veins and outlines
        tone = other if layer == 0 else np.clip(rng.uniform(0.4, 1.6) * other + rng.normal(0, 0.2, 3), 0, 1)
        inside = np.clip((field - rng.uniform(0.0, 0.8)) / 0.12, 0, 1)[..., None]
        picture = picture * (1 - inside) + tone * inside
    return picture.astype(np.float32)


def woven(size: int, span: float, rng: Rng, base: Colour, other: Colour) -> Picture:
    """Herringbone, twill, ribs or a coarse melange."""
    u, v = _grid(size, span)
    kind = rng.integers(4)
    if kind == 0:
        period = _period(rng.uniform(0.01, 0.025), span)
        zig = np.abs((u / period) % 1 - 0.5) * 2
        mask = ((v / (period / 2) + zig) % 1) < 0.5
    elif kind == 1:
        period = _period(rng.uniform(0.004, 0.01), span)
        mask = ((u + v) / period) % 1 < 0.5
    elif kind == 2:
        period = _period(rng.uniform(0.006, 0.02), span)
        mask = (u / period) % 1 < 0.55
    else:
        mask = _tile_noise(size, span / 0.006, rng, 2) > 0
    blend = np.where(mask, 0.0, rng.uniform(0.12, 0.5))[..., None]
    result: Picture = (base * (1 - blend) + other * blend).astype(np.float32)
    return result


def denim(size: int, span: float, rng: Rng, base: Colour) -> Picture:
    """Blue jeans: twill, uneven dye, washed-out patches."""
    u, v = _grid(size, span)
    twill = 1 + 0.05 * np.sign(np.sin((u + v) * 2 * np.pi / _period(0.004, span)))
    washed = np.clip(_tile_noise(size, span / 0.2, rng, 3) * 0.12 * rng.uniform(0, 1.6), -0.25, 0.3)[..., None]
    grain = 1 + 0.05 * _tile_noise(size, span / 0.008, rng, 2)[..., None]
    result: Picture = np.clip((base + washed * (0.9 - base)) * twill[..., None] * grain, 0, 1).astype(np.float32)
    return result


@dataclass(frozen=True)
class Fabric:
    """A drawn cloth."""

    picture: Picture
    """(S, S, 3) sRGB shares, tiling."""
    span: float
    """Metres that the picture covers."""
    card: dict[str, Any]


def draw_fabric(kind: str, rng: Rng, size: int = 512, span: float = 0.7) -> Fabric:
    """Draw a cloth for a kind of garment (a key of `USUAL`)."""
    name, base = draw_colour(kind, rng)
    pattern = "plain"
    if "denim" in name:
        pattern = "denim"
    elif rng.random() > PLAIN.get(kind, 1.0):
        pattern = str(rng.choice(["stripes", "upright stripes", "checks", "dots", "printed", "woven"],
                                 p=[0.24, 0.1, 0.2, 0.08, 0.2, 0.18]))  # fmt: skip
    _, other = draw_colour("top" if kind in ("bottom", "coat") else kind, rng)
    if np.abs(other - base).max() < 0.15:
        other = np.clip(base + np.where(base.mean() > 0.5, -1, 1) * rng.uniform(0.25, 0.6), 0.02, 0.96)
    if pattern == "denim":
        picture = denim(size, span, rng, base)
    elif pattern in ("stripes", "upright stripes"):
        picture = stripes(size, span, rng, base, other, pattern != "stripes")
    elif pattern == "checks":
        picture = checks(size, span, rng, base, other)
    elif pattern == "dots":
        picture = dots(size, span, rng, base, other)
    elif pattern == "printed":
        picture = printed(size, span, rng, base, other)
    elif pattern == "woven":
        picture = woven(size, span, rng, base, other)
    else:
        picture = np.broadcast_to(base, (size, size, 3)).astype(np.float32)
        if rng.random() < 0.3:  # heather, wear
            picture = picture * (1 + 0.05 * rng.uniform(0.3, 1.5) * _tile_noise(size, span / 0.05, rng, 3)[..., None])
    picture = np.clip(picture * _yarn(size, span, rng)[..., None], 0.01, 0.99)
    card = {"pattern": pattern, "colour": name, "rgb": [round(float(c), 3) for c in base]}
    return Fabric(picture.astype(np.float32), span, card)
