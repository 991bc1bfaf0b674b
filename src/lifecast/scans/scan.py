"""A scan in memory: one triangle soup with per-vertex UV and colour, and a few materials."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

GREY = 0.5  # linear reflectance of a scan without any colour (STL): 18 % grey cards look too dark as clothing

Wrap = Literal["repeat", "clamp", "mirror"]


@dataclass
class Material:
    """A face's surface: glTF's base colour, and which texels are cut away."""

    name: str
    factor: NDArray[np.float32]
    """(3,) linear factor that multiplies texture and vertex colour."""
    texture: NDArray[np.uint8] | None = None
    """(H, W, 3) sRGB, row 0 at v = 1; None: only factor and vertex colour."""
    alpha: NDArray[np.uint8] | None = None
    """(H, W) coverage; None: opaque."""
    cutoff: float = 0.5
    """Texels with alpha / 255 below this are holes (glTF alphaMode MASK; BLEND is treated the same)."""
    wrap: tuple[Wrap, Wrap] = ("repeat", "repeat")
    """How the texture goes on outside of [0, 1], along u and along v."""


@dataclass
class Scan:
    """A person's surface; (V, 3) vertices in the file's units until `normalise` has run."""

    vertices: NDArray[Any]
    """float64 as read, since scans may lie far from 0; float32 in normalised space."""
    faces: NDArray[np.int32]
    uv: NDArray[np.float32]
    """(V, 2), v up; zeros where a part has no texture."""
    colour: NDArray[np.uint8]
    """(V, 3) sRGB vertex colour, which multiplies the texture."""
    material: NDArray[np.int32]
    """(F,) index into `materials`."""
    materials: list[Material]
    parts: list[tuple[str, int, int]] = field(default_factory=list)
    """(name, first face, end face) of every geometry in the file."""
    source: str = ""


@dataclass
class Part:
    """One geometry of a file, in its own coordinates."""

    name: str
    vertices: NDArray[np.float64]
    """(V, 3) in the file's units."""
    faces: NDArray[np.int64]
    """(F, 3) counter-clockwise seen from outside."""
    material: Material
    uv: NDArray[np.floating] | None = None
    """(V, 2), v up."""
    colour: NDArray[np.uint8] | None = None
    """(V, 3) sRGB; None: white."""


def grey_material(name: str = "material") -> Material:
    """The material of a surface whose file states no colour."""
    return Material(name, np.full(3, GREY, np.float32))
