"""Leaves and flowers: bunches of ellipses about a middle."""

from __future__ import annotations

import numpy as np

from lifecast.scans.background import random_colour
from lifecast.scans.photographic.surfaces import Points, Shape


def bunch(middle: Points, radius: float, count: int, rng: np.random.Generator) -> list[Shape]:
    """Draw `count` leaves, and a few flowers among them, within about `radius` of `middle` (2,), view units."""
    green = (np.array([0.22, 0.36, 0.14]) * rng.uniform(0.5, 1.6) + rng.uniform(0, 0.12)).astype(np.float32)
    flower = random_colour(rng, 0.9)
    blossoms = rng.random() < 0.4
    shapes = []
    for _ in range(count):
        at = middle + rng.normal(0, 0.5, 2) * radius
        turn, long = float(rng.uniform(0, np.pi)), radius * float(rng.uniform(0.15, 0.5))
        axis = long * np.array([np.cos(turn), np.sin(turn)])
        across = float(rng.uniform(0.2, 0.6)) * np.array([-axis[1], axis[0]])
        colour = flower if blossoms and rng.random() < 0.3 else green
        shapes.append(
            Shape("ellipse", np.stack([at, at + axis, at + across]), shade=float(rng.uniform(0.6, 1.3)), own=colour)
        )
    return shapes
