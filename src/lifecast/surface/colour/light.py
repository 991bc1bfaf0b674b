"""The light that a photograph was taken in, by its own shading, and colours without it.

A pixel is paint times light. Neighbouring places of one garment have the same paint and differ in which
way they face, so differences of log colour between neighbours against differences of their normals give the light:
spherical harmonics of the first two orders for the log irradiance of each of red, green and blue. (Irradiance itself
has hardly more than these: Ramamoorthi and Hanrahan 2001.) The front of a shirt that is lit from the left is then
painted on its back evenly, and not darker toward the right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from lifecast.surface.colour.srgb import to_linear, to_srgb


@dataclass(frozen=True)
class LightEstimate:
    """Constants of the estimate of the light."""

    pairs: int = 20000
    """Pairs of places that are compared."""
    near: tuple[float, float] = (0.05, 0.15)
    """View units (6 and 19 cm) between the two places of a pair."""
    same_paint: float = 1.0
    """Difference of log colour, beyond what light explains, at which a pair counts a quarter."""
    held: float = 0.001
    """Variance of the harmonics' differences below which light is held to be the same from everywhere."""
    strongest: float = 2.0
    """Largest norm of a colour's coefficients: a first order alone makes the lit side e^4 times as bright."""


LIGHT_ESTIMATE = LightEstimate()


def harmonics(normals: np.ndarray) -> np.ndarray:
    """Compute spherical harmonics of orders 1 and 2, not scaled: normals (..., 3) -> (..., 8)."""
    x, y, z = normals[..., 0], normals[..., 1], normals[..., 2]
    return np.stack([x, y, z, x * y, x * z, y * z, x * x - y * y, z * z], axis=-1)


class Light(NamedTuple):
    """Log irradiance of red, green and blue, in `harmonics` of the normal."""

    coefficients: np.ndarray
    """(3, 8) float32: row of a colour, column of a harmonic."""
    usual: np.ndarray
    """(8,) float32: the mean harmonics of the trusted places, whose light evened colours keep."""
    facing: np.ndarray
    """(3,) float32: the mean normal of the trusted places."""

    def even(self, colours: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Even the sRGB colours (N, 3) 0..255 of places with `normals` (N, 3).

        As if all had the light that the trusted ones have on average.
        """
        gain = np.exp(-(harmonics(normals) - self.usual) @ self.coefficients.T)  # (N, 3)
        return (255 * to_srgb(to_linear(colours / 255) * gain)).astype(np.float32)


def find_light(
    points: np.ndarray,
    normals: np.ndarray,
    colours: np.ndarray,
    seed: int = 0,
    constants: LightEstimate = LIGHT_ESTIMATE,
) -> Light:
    """Estimate the light from places that the photograph has.

    Points (N, 3) view space, normals (N, 3), sRGB colours (N, 3) 0..255.
    """
    normals = np.asarray(normals, np.float32)
    shapes = harmonics(normals)
    count = shapes.shape[1]
    mean = (shapes.mean(0), normals.mean(0)) if len(normals) else (np.zeros(count, np.float32), np.zeros(3, np.float32))
    nothing = Light(np.zeros((3, count), np.float32), *mean)
    if len(points) < 100:
        return nothing
    rng = np.random.default_rng(seed)
    some = rng.choice(len(points), min(len(points), constants.pairs), replace=False)
    step = rng.normal(size=(len(some), 3))
    step *= (rng.uniform(*constants.near, len(some)) / np.linalg.norm(step, axis=1))[:, None]
    away, other = cKDTree(points[some]).query(points[some] + step)
    pair = away < constants.near[0]
    first, second = some[pair], some[other[pair]]
    turned = (shapes[first] - shapes[second]).astype(np.float64)  # (M, 8)
    logs = np.log(to_linear(colours / 255).clip(0.01, None))
    brighter = (logs[first] - logs[second]).astype(np.float64)  # (M, 3)
    if len(turned) < 100:
        return nothing
    found = np.zeros((3, count))
    for _ in range(10):
        off = np.linalg.norm(brighter - turned @ found.T, axis=1)
        weight = 1 / (1 + (off / constants.same_paint) ** 2) ** 2
        weighted = turned * weight[:, None]
        found = np.linalg.solve(
            weighted.T @ turned + constants.held * weight.sum() * np.eye(count), weighted.T @ brighter
        ).T
    found *= min(1.0, constants.strongest / max(np.linalg.norm(found, axis=1).max(), 1e-9))
    return Light(found.astype(np.float32), *mean)
