"""How light becomes pixel values.

Drawn at random for each view, so that renders resemble photographs. The environment's second-order light is the
paper's; a sun or flash with its own shadow, light that bounces between parts of the body, a faint sheen, exposure,
white balance and a camera's tone curve are added because the networks shall work on real photographs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifecast.scans.grouping import thin_product
from lifecast.scans.lighting import harmonics, random_rotation, rotate
from lifecast.scans.texels import linear_to_srgb

SHEEN_BANDS = np.array([1, 0.8, 0.8, 0.8, 0.5, 0.5, 0.5, 0.5, 0.5], np.float32)
"""What a rough reflection lobe leaves of each harmonic band."""
SUN_SHARE = 0.35
"""Share of the views that a sun or lamp with a shadow of its own lights too."""
SUN_RAYS = 3


@dataclass
class Look:
    """Light and camera of one view."""

    light: NDArray[np.float32]
    """(9, 3) coefficients in view space, mean radiance about 1."""
    exposure: float = 1.0
    """Brightness that a lit white surface gets on average, linear."""
    gamma: float = 1.0
    bounce: float = 0.0
    """Share of the light that reaches places in shadow after all."""
    sheen: float = 0.0
    """Strength of the reflection of the surroundings, on top of each material's own gloss."""
    sun: NDArray[np.float32] | None = None
    """(3,) unit vector toward a lamp in view space, None without one."""
    sun_colour: NDArray[np.float32] | None = None
    """(3,) what a white surface facing the lamp sends."""
    sun_radius: float = 0.02
    """Angular radius of the lamp (radians): the softness of its shadow."""


PLAIN = Look(np.array([[1 / 0.28209479] * 3] + [[0.0] * 3] * 8, np.float32))
"""Even light from everywhere."""


def draw_look(rng: np.random.Generator, lights: NDArray[np.float32]) -> tuple[Look, dict[str, Any]]:
    """Draw one of the (L, 9, 3) `lights` under a random yaw, with camera and lamp.

    Returns it and what was drawn, for the record.
    """
    index = int(rng.integers(len(lights)))
    light = rotate(lights[index], random_rotation(rng, 0.0))
    tint = light[0] / max(float(light[0].mean()), 1e-6)
    light = light / tint ** float(rng.uniform(0.4, 1.0))  # a camera's white balance takes out most of the tint
    look = Look(
        light,
        exposure=float(np.exp(rng.normal(-0.1, 0.25))),
        gamma=float(np.exp(rng.normal(0, 0.08))),
        bounce=float(rng.uniform(0.05, 0.35)),
        sheen=float(rng.uniform(0, 1)),
    )
    if rng.random() < SUN_SHARE:
        towards = np.array([rng.normal(0, 1), rng.uniform(0.1, 1.6), rng.normal(0.4, 0.8)])
        warmth = rng.uniform(-0.03, 0.15)
        look.sun = (towards / np.linalg.norm(towards)).astype(np.float32)
        look.sun_colour = float(np.exp(rng.uniform(np.log(0.4), np.log(3)))) * np.array(
            [1 + warmth, 1, 1 - warmth], np.float32
        )
        look.sun_radius = float(np.exp(rng.uniform(np.log(0.006), np.log(0.08))))
    record = {
        "lighting": index, "exposure": look.exposure, "gamma": look.gamma,
        "sun": None if look.sun is None else look.sun.tolist(),
    }  # fmt: skip
    return look, record


def sheen(normals: NDArray[np.float32], look: Look) -> NDArray[np.float32]:
    """Compute what a rough dielectric reflects of the surroundings toward +z, (n, 3).

    For view-space unit normals (n, 3).
    """
    facing = np.clip(normals[:, 2:3], 0, 1)
    mirrored = 2 * facing * normals
    mirrored[:, 2] -= 1  # 2 (n.v) n - v
    fresnel = 0.04 + 0.46 * (1 - facing) ** 5  # Schlick, with the grazing part damped by roughness
    result: NDArray[np.float32] = (
        np.maximum(thin_product(harmonics(mirrored), SHEEN_BANDS[:, None] * look.light), 0) * fresnel
    )
    return result


def cone(direction: NDArray[np.floating], radius: float, count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """(count, 3) unit directions within `radius` radians of `direction`."""
    spread = direction + radius * rng.normal(0, 0.6, (count, 3))
    result: NDArray[np.float32] = (spread / np.linalg.norm(spread, axis=1, keepdims=True)).astype(np.float32)
    return result


_STEPS = 4096
_ENCODE = np.round(linear_to_srgb((np.arange(_STEPS) / (_STEPS - 1)) ** 2) * 255).astype(np.uint8)


def develop(linear: NDArray[np.float32], exposure: float, gamma: float) -> NDArray[np.uint8]:
    """Linear light -> sRGB bytes: exposure, a shoulder above 0.7 in place of clipping, gamma."""
    value = linear * np.float32(exposure)
    high = value > 0.7
    value[high] = 0.7 + 0.3 * np.tanh((value[high] - 0.7) / 0.3)
    if gamma != 1:
        np.power(value, np.float32(gamma), out=value)
    # A table over the square root: steps are even where the eye sees them.
    index = np.sqrt(np.clip(value, 0, 1)) * np.float32(_STEPS - 1) + np.float32(0.5)
    result: NDArray[np.uint8] = _ENCODE[index.astype(np.int32)]
    return result
