"""How a pose lifter is trained. Imports nothing heavy, so that the command line reads it at once."""

from __future__ import annotations

from dataclasses import dataclass

from lifecast.errors import OptionError


@dataclass(frozen=True)
class LiftingRecipe:
    """How a pose lifter is trained. Raises `OptionError` for a value that cannot be used."""

    steps: int = 4000
    """Length of the training, in optimiser steps."""
    batch: int = 256
    """Views in a step."""
    learning_rate: float = 3e-3
    """The highest of the training's one cycle."""
    weight_decay: float = 0.05
    """Of AdamW."""
    turn: float = 0.08
    """Standard deviation of what each sample is turned by in the picture's plane, in radians."""
    scale: float = 0.04
    """Standard deviation of the logarithm by which it is made larger."""
    shift: float = 0.03
    """Standard deviation of what it is moved by, in view units."""
    noise: float = 0.006
    """Standard deviation of the noise on every landmark, in view units."""
    folds: int = 4
    """Parts of the training people, each lifted by a lifter that was trained on the others."""

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "folds"):
            if getattr(self, name) < 1:
                raise OptionError(name, getattr(self, name), "give at least 1")
        if not 0 < self.learning_rate < 1:
            raise OptionError("learning_rate", self.learning_rate, "give a number between 0 and 1")
