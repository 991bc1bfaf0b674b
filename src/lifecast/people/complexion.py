"""Skin, hair and eyes over the human range of colours.

Skin tones follow one curve from very dark to very light, with a spread in redness and yellowness around it, so that
red > green > blue always holds and no skin is ever green.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rng = np.random.Generator

TONES = np.array([
    [0.20, 0.125, 0.095], [0.30, 0.19, 0.14], [0.41, 0.27, 0.20], [0.54, 0.37, 0.275],
    [0.66, 0.475, 0.37], [0.76, 0.575, 0.46], [0.84, 0.665, 0.56], [0.90, 0.745, 0.66],
])  # fmt: skip
"""sRGB of mean skin, from the darkest to the lightest."""

HAIR = {
    "black": (0.055, 0.05, 0.05), "dark brown": (0.13, 0.09, 0.07), "brown": (0.23, 0.155, 0.105),
    "light brown": (0.37, 0.27, 0.19), "dark blond": (0.5, 0.39, 0.26), "blond": (0.68, 0.56, 0.38),
    "red": (0.42, 0.18, 0.09), "grey": (0.5, 0.5, 0.5), "white": (0.82, 0.81, 0.79), "dyed": (0.4, 0.2, 0.4),
}  # fmt: skip
IRISES = {
    "brown": (0.26, 0.15, 0.08), "dark": (0.13, 0.08, 0.06), "hazel": (0.36, 0.27, 0.13), "green": (0.3, 0.37, 0.24),
    "blue": (0.3, 0.42, 0.56), "grey": (0.42, 0.46, 0.48),
}  # fmt: skip


def draw_tone(african: float, asian: float, rng: Rng) -> NDArray[np.float64]:
    """Draw a mean skin colour (3,), sRGB share.

    Descent shifts it, but every tone occurs with every one.
    """
    place = 5.4 - 4.2 * african - 0.7 * asian + rng.normal(0, 0.8)
    place = float(np.clip(place, 0, len(TONES) - 1))
    tone = np.array([np.interp(place, np.arange(len(TONES)), TONES[:, c]) for c in range(3)])
    warm = rng.normal(0, 0.012)
    result: NDArray[np.float64] = np.clip(tone + np.array([warm, 0, -warm]) + rng.normal(0, 0.008), 0.05, 0.97)
    return result


def skin_texture(
    texture: NDArray[np.uint8] | None, tone: NDArray[np.float64], rng: Rng, size: int = 1024
) -> NDArray[np.uint8]:
    """A skin's picture (H, W, 3) in another tone; without one, a plain skin with faint blotches."""
    if texture is None:
        from lifecast.people.fabric import _tile_noise

        blotches = 0.03 * _tile_noise(size, 40, rng, 4)[..., None] * np.array([1, 0.9, 0.85])
        result: NDArray[np.uint8] = (np.clip(tone * (1 + blotches), 0.03, 0.98) * 255).astype(np.uint8)
        return result
    share = texture[..., :3].astype(np.float32) / 255
    step = max(share.shape[0] // 128, 1)
    mean = np.median(share[::step, ::step].reshape(-1, 3), axis=0)
    # A gain per channel keeps the picture's contrast relative to its own skin, whatever the tone (a power would redden
    # the dark ones); what would leave the range is bent back below white.
    out = share * (tone / np.clip(mean, 0.03, 0.97)).astype(np.float32)
    out = np.where(out > 0.85, 0.85 + 0.14 * np.tanh((out - 0.85) / 0.14), out)
    # Red must lead and blue must trail, also where the picture was grey.
    out[..., 1] = np.minimum(out[..., 1], out[..., 0] * 0.99)
    out[..., 2] = np.minimum(out[..., 2], out[..., 1] * 1.08)
    return (np.clip(out, 0.01, 0.99) * 255).astype(np.uint8)


def draw_hair_colour(african: float, asian: float, years: float, rng: Rng) -> tuple[str, NDArray[np.float64]]:
    """Hair colour by descent and age."""
    dark = max(african, asian)
    names = ["black", "dark brown", "brown", "light brown", "dark blond", "blond", "red", "grey", "white", "dyed"]
    light = 1 - dark
    weights = np.array(
        [0.1 + 3 * dark, 0.7 + 1.2 * dark, 0.3 + light, 0.6 * light, 0.5 * light, 0.5 * light, 0.18 * light, 0, 0, 0.06]
    )
    grey = 1 / (1 + np.exp(-(years - 58) / 7))
    weights = weights / weights.sum() * (1 - grey)
    weights[7], weights[8] = 0.6 * grey, 0.4 * grey
    name = names[int(rng.choice(len(names), p=weights / weights.sum()))]
    colour = np.array(HAIR[name]) * rng.uniform(0.75, 1.3)
    if name == "dyed":
        colour = rng.dirichlet([1, 1, 1]) * rng.uniform(0.4, 1.4)
    return name, np.clip(colour, 0.03, 0.95)


def draw_iris(african: float, asian: float, rng: Rng) -> tuple[str, NDArray[np.float64]]:
    """Eye colour by descent."""
    dark = max(african, asian)
    weights = np.array([1.0, 0.3 + 1.5 * dark, 0.3, 0.15 * (1 - dark), 0.5 * (1 - dark), 0.2 * (1 - dark)])
    name = list(IRISES)[int(rng.choice(len(weights), p=weights / weights.sum()))]
    return name, np.clip(np.array(IRISES[name]) * rng.uniform(0.8, 1.25), 0.03, 0.9)


def eye_texture(iris: NDArray[np.float64], rng: Rng, size: int = 128) -> NDArray[np.uint8]:
    """An eyeball seen from the front, filling the square: (size, size, 3)."""
    axis = (np.arange(size) + 0.5) / size * 2 - 1
    x, y = np.meshgrid(axis, axis)
    r, angle = np.hypot(x, y), np.arctan2(y, x)
    white = np.array([0.88, 0.85, 0.83]) * (1 - 0.15 * np.clip(r - 0.6, 0, 1)[..., None])
    fibre = 1 + 0.18 * np.sin(angle[..., None] * rng.integers(18, 40) + rng.uniform(0, 6) + 4 * r[..., None])
    ring = np.clip((0.48 - r) / 0.05, 0, 1)[..., None]
    rim = 1 - 0.5 * np.clip(1 - np.abs(r - 0.46) / 0.06, 0, 1)[..., None]
    pupil = np.clip((0.18 - r) / 0.03, 0, 1)[..., None]
    picture = white * (1 - ring) + iris * fibre * rim * ring
    picture = picture * (1 - pupil) + 0.02 * pupil
    texture: NDArray[np.uint8] = (np.clip(picture, 0, 1) * 255).astype(np.uint8)
    return texture
