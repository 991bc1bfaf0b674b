"""What leaves the program: a person's mesh in metres with colours, and its provenance.

Colours are of vertices or a texture.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class ColouredMesh:
    """A mesh as it is written to files: metres, y up, feet on y = 0, front toward +z."""

    vertices: np.ndarray
    """(V, 3) float32."""
    faces: np.ndarray
    """(F, 3) int32, counter-clockwise seen from outside."""
    normals: np.ndarray
    """(V, 3) float32 unit."""
    colours: np.ndarray | None = None
    """(V, 3) uint8 sRGB of the vertices."""
    uv: np.ndarray | None = None
    """(V, 2) float32 in [0, 1], origin at the texture's lower left corner."""
    texture: np.ndarray | None = None
    """(T, T, 3) uint8 sRGB; takes the place of `colours` where a format holds one of them."""
    provenance: dict[str, Any] = field(default_factory=dict)
    """What made it: JSON values, for instance program, version, weights, licence, copyright, photograph."""
    normal_texture: np.ndarray | None = None
    """(T, T, 3) uint8: normals in the frames of the surface (`normal_texture`), beside a texture."""

    def __post_init__(self) -> None:
        count = len(self.vertices)
        if count == 0 or len(self.faces) == 0:
            raise ValueError("a model needs at least one face")
        if not np.isfinite(self.vertices).all():
            raise ValueError(f"{int((~np.isfinite(self.vertices)).any(1).sum())} of {count} vertices are not finite")
        if self.faces.min() < 0 or self.faces.max() >= count:
            raise ValueError(f"faces refer to vertices {self.faces.min()}..{self.faces.max()} of {count}")
        for name in ("normals", "colours", "uv"):
            value = getattr(self, name)
            if value is not None and len(value) != count:
                raise ValueError(f"{len(value)} {name} for {count} vertices")
        if (self.uv is None) != (self.texture is None):
            raise ValueError("a texture needs uv, and uv a texture")
        if self.normal_texture is not None and self.uv is None:
            raise ValueError("a normal texture needs uv")

    def unit_normals(self) -> np.ndarray:
        """Normalise the normals (V, 3) float32, unit to rounding; where one vanishes, up."""
        normals = np.nan_to_num(self.normals.astype(np.float64))
        length = np.linalg.norm(normals, axis=1, keepdims=True)
        normals = np.where(length > 1e-8, normals / np.maximum(length, 1e-8), [0.0, 1.0, 0.0])
        return normals.astype(np.float32)
