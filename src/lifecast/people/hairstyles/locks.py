"""Locks as closed solids: a flat, grooved cross-section swept along a middle line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifecast.people.hairstyles.growth import Guides
from lifecast.people.rest_part import Solid
from lifecast.people.solids import loft_faces, unit


@dataclass(frozen=True)
class Section:
    """The cross-section of a set of locks."""

    width: float = 0.014
    """Metres."""
    thickness: float = 0.006
    """Metres, above the middle line; below it is half of that."""
    strands: int = 3
    """Ridges on the outer side."""
    groove: float = 0.0008
    """Metres that ridges rise and grooves sink."""
    tip: float = 0.15
    """Width at the end as a share of the full one."""
    taper: float = 0.45
    """The share of the length over which a lock narrows to its tip."""
    swell: float = 0.4
    """The share of the length over which a lock widens from its root."""
    round: bool = False
    """As grooved below as above: for tresses and coils."""


def sweep(guides: Guides, section: Section, rng: np.random.Generator) -> Solid:
    """One closed mesh a lock, all in one."""
    count, rings = guides.points.shape[:2]
    outer = 3 * section.strands + 1
    inner = outer - 2 if section.round else max(2, section.strands - 1)
    across, up, sign = _profile(outer, inner, section.round)
    around = len(across)
    along = np.linspace(0, 1, rings)
    size = np.exp(0.25 * rng.normal(size=count))
    width = section.width / 2 * np.clip(size, 0.5, 1.7)
    end = np.clip(section.taper * np.exp(0.2 * rng.normal(size=(count, 1))), 0.05, 0.9)
    narrow = section.tip + (1 - section.tip) * np.sqrt(np.clip((1 - along) / end, 0, 1))
    root = 0.12 + 0.88 * np.sin(np.clip(along / section.swell, 0, 1) * np.pi / 2)
    breadth = width[:, None] * narrow * root
    depth = section.thickness * np.clip(size, 0.7, 1.3)[:, None] * np.sqrt(narrow) * np.sqrt(root)

    # Each ridge has its own height, which changes slowly along the lock.
    knots = rng.uniform(0.35, 1.3, (count, around, 4))
    place = along * 3
    low = np.minimum(place.astype(int), 2)
    ridge = knots[..., low] * (1 - place + low) + knots[..., low + 1] * (place - low)  # (L, A, R)
    drift = rng.uniform(-0.25, 0.25, (count, around, 1)) * (2 / outer) * np.abs(sign)[None, :, None]
    x = (across[None, :, None] + drift) * breadth[:, None]
    groove = (
        section.groove
        * np.clip(depth / max(section.thickness, 1e-6) * 1.2, 0, 1)
        * np.clip(along / section.swell, 0, 1)
    )
    y = up[None, :, None] * depth[:, None] + sign[None, :, None] * ridge * groove[:, None]

    tangent = unit(np.gradient(guides.points, axis=1))
    side = unit(np.cross(guides.normals, tangent))
    upward = np.cross(tangent, side)
    twist = 0.25 * rng.normal(size=(count, 1, 1)) * along[None, :, None]
    side, upward = side * np.cos(twist) + upward * np.sin(twist), upward * np.cos(twist) - side * np.sin(twist)
    body = (
        guides.points[:, :, None] + side[:, :, None] * x.transpose(0, 2, 1)[..., None]
        + upward[:, :, None] * y.transpose(0, 2, 1)[..., None]
    )  # fmt: skip
    ends = np.stack([
        guides.points[:, 0] - 0.3 * depth[:, :1] * tangent[:, 0],
        guides.points[:, -1] + 0.7 * breadth[:, -1:] * tangent[:, -1],
    ], 1)  # fmt: skip
    points = np.concatenate([body.reshape(count, -1, 3), ends], 1)
    uv_across = rng.uniform(0, 1, (count, 1, 1)) + across[None, None, :] * breadth[..., None] / 0.12
    uv = np.stack([uv_across, np.broadcast_to(1 - 0.98 * along[None, :, None], uv_across.shape)], -1)
    uv_ends = np.stack([uv[:, 0, 0], uv[:, -1, 0]], 1)
    flat_uv = np.concatenate([uv.reshape(count, -1, 2), uv_ends], 1)
    faces = loft_faces(rings, around)
    every = faces[None] + (np.arange(count) * (rings * around + 2))[:, None, None]
    return Solid(points.reshape(-1, 3), every.reshape(-1, 3).astype(np.int32), flat_uv.reshape(-1, 2))


def triangles_each(section: Section, rings: int) -> int:
    """The number of triangles of one lock."""
    outer = 3 * section.strands + 1
    around = outer + (outer - 2 if section.round else max(2, section.strands - 1))
    return 2 * around * rings


def _profile(
    outer: int, inner: int, round_: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Unit cross-section (A,): across -1..1, up, and which way each vertex is moved by the grooves."""
    x = np.cos(np.linspace(0, np.pi, outer)) * 0.6 + np.linspace(1, -1, outer) * 0.4
    # A flat lock runs out thin at its sides and sinks into those below it.
    y = np.sqrt(np.maximum(1 - x**2, 0)) * 0.9 if round_ else 1.25 * (1 - x**2) - 0.25
    # Three vertices a ridge, so that their normals lean to both sides.
    sign = np.sin(2 * np.pi * np.arange(outer) / 3)
    sign[[0, -1]] = 0
    x_in = np.linspace(-1, 1, inner + 2)[1:-1]
    y_in = -np.sqrt(1 - x_in**2) * 0.9 if round_ else -0.25 - 0.5 * (1 - x_in**2)
    sign_in = np.sin(2 * np.pi * np.arange(inner) / 3) if round_ else np.zeros(inner)
    return np.concatenate([x, x_in]), np.concatenate([y, y_in]), np.concatenate([sign, sign_in])
