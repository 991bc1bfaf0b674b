"""How a body regressor is trained. Imports nothing heavy, so that the command line reads it at once."""

from __future__ import annotations

from dataclasses import dataclass

from lifecast.errors import OptionError


@dataclass(frozen=True)
class RegressionRecipe:
    """How a body regressor is trained. Raises `OptionError` for a value that cannot be used."""

    bodies: int = 8000
    """Made bodies to learn from."""
    unseen: int = 400
    """Made bodies more, to measure with."""
    steps: int = 6000
    """Length of the training, in optimiser steps."""
    batch: int = 256
    """Bodies in a step."""
    learning_rate: float = 2e-3
    """The highest of the training's one cycle."""
    weight_decay: float = 0.02
    """Of AdamW."""
    elevation: tuple[float, float] = (-12.0, 20.0)
    """Range of the camera's elevation in degrees, MIN MAX."""
    roll: float = 4.0
    """Standard deviation of the camera's roll in degrees."""
    front: float = 0.6
    """Share of the bodies within 60 degrees of the front; the others are turned anyhow."""
    hand: float = 0.6
    """Share of the visible hands whose points are given."""
    mixed: float = 0.5
    """Share of the bodies whose trunk and arms are posed as another's."""

    def __post_init__(self) -> None:
        for name in ("bodies", "unseen", "steps", "batch"):
            if getattr(self, name) < 1:
                raise OptionError(name, getattr(self, name), "give at least 1")
        if not 0 < self.learning_rate < 1:
            raise OptionError("learning_rate", self.learning_rate, "give a number between 0 and 1")
        for name in ("front", "hand", "mixed"):
            if not 0 <= getattr(self, name) <= 1:
                raise OptionError(name, getattr(self, name), "give a share from 0 to 1")
        if not -90 <= self.elevation[0] <= self.elevation[1] <= 90:
            raise OptionError("elevation", self.elevation, "give two degrees from -90 to 90, the smaller first")
