"""How people are prepared. Imports nothing heavy, so that the command line reads it at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import tyro

from lifecast.errors import OptionError

Units = Literal["m", "cm", "mm", "inch"]
Up = Literal["x", "y", "z", "-y", "-z"]
PAPER_COUNT = 163
"""The paper lights with 163 sets of coefficients (section 4)."""


@dataclass(frozen=True)
class Settings:
    """Everything that decides how a prepared person comes out; stored in dataset.json and compared on resume.

    Raises `OptionError` for a value that cannot be used.
    """

    size: int = 1024
    """Pixels of the square views."""
    views: int = 360
    """Views a person, evenly spaced in yaw (360: every degree), below 360 from a random first one."""
    elevation: tuple[float, float] = (0.0, 0.0)
    """Range of the camera's elevation in degrees, MIN MAX; positive ones are of a camera that stands higher."""
    front: float = 0.0
    """Share of the views drawn within 45 degrees of the person's front, the others being evenly spaced."""
    uniform: Annotated[int, tyro.conf.Suppress] = 16_000
    """Points of the first pool, uniform in the cube."""
    near5: Annotated[int, tyro.conf.Suppress] = 64_000
    """Points of the second pool, near the surface with sigma 5 cm."""
    near3: Annotated[int, tyro.conf.Suppress] = 64_000
    """Points of the third pool, near the surface with sigma 3 cm."""
    rays: int = 64
    """Visibility rays a vertex for the shadows."""
    lightings: int = PAPER_COUNT
    """Sets of light coefficients made from the maps under random rotations."""
    seed: int = 0
    """Of views, lights, points and the split."""
    units: Units | None = None
    """Of the files; found by a person's height when absent."""
    up: Up | None = None
    """Axis that points up in the files; found when absent."""

    def __post_init__(self) -> None:
        if self.size < 64 or self.size % 4:
            raise OptionError("size", self.size, "give a multiple of 4 of at least 64")
        for name in ("views", "rays", "lightings"):
            if getattr(self, name) < 1:
                raise OptionError(name, getattr(self, name), "give at least 1")
        low, high = self.elevation
        if not -89 <= low <= high <= 89:
            raise OptionError("elevation", self.elevation, "give MIN <= MAX between -89 and 89 degrees")
        if not 0 <= self.front <= 1:
            raise OptionError("front", self.front, "give a share between 0 and 1")
        points = (self.uniform, self.near5, self.near3)
        if min(points) < 1:
            raise OptionError("points", points, "every pool needs at least one point")
