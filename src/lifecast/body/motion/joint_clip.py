"""A clip: how the body's joints turn over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class JointClip:
    """Rotations of the body's joints at evenly spaced times, and where the root is.

    Rotations are as `lifecast.body.model.Body.pose` takes them: against the parent, about the axes of the rest body.
    Joints that the clip leaves out stay at rest.
    """

    name: str
    """Short, lower case: "walk"."""
    joints: tuple[str, ...]
    """(K,) names of the joints that move, as `lifecast.body.names` has them."""
    rate: float
    """Frames a second."""
    rotations: np.ndarray
    """(T, K, 3, 3) float32."""
    root: np.ndarray
    """(T, 3) float32: the root joint's way from where it is at rest, in lengths of the body's legs (hip to sole)."""
    loops: bool = False
    """The last frame goes on to the first."""

    def __post_init__(self) -> None:
        frames = len(self.rotations)
        if self.rate <= 0 or frames == 0:
            raise ValueError(f"clip {self.name}: {frames} frames at {self.rate} a second")
        if self.rotations.shape != (frames, len(self.joints), 3, 3) or self.root.shape != (frames, 3):
            raise ValueError(f"clip {self.name}: rotations {self.rotations.shape}, root {self.root.shape}")
