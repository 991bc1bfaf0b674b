"""Other people in the picture: behind, beside and before the person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from lifecast.scans.photographic.layers import Box, Layer, Picture
from lifecast.scans.placement import Placement

_TRIES = 3


@dataclass(frozen=True)
class Other:
    """Somebody else, in a picture of their own, in whose middle they stand."""

    height: float
    """View units."""
    cut: Callable[[Placement], Layer]
    """Cuts them out, placed anew."""


Choose = Callable[[np.random.Generator], Other | None]
"""Draws somebody else; None where there is nobody but the person."""


@dataclass(frozen=True)
class Bystander:
    """Somebody else in the picture."""

    layer: Layer
    before: bool
    """Whether they stand nearer to the camera than the person."""
    size: float
    """Times the person's: the larger, the nearer."""


@dataclass(frozen=True)
class Bystanders:
    """Constants of the step `bystanders`."""

    probability: float = 0.22
    """That anybody else is in the picture."""
    second: float = 0.25
    """Probability of a second one, if there is a first."""
    before: float = 0.25
    """Share who stand before the person, partly."""
    beside: float = 0.3
    """Share who stand beside, at nearly the same distance; the others stand behind."""
    hidden: float = 0.4
    """Largest share of the person that one of them may hide."""
    unsharp: float = 0.3
    """Probability that they are out of focus."""

    def draw(
        self, person: Box, mask: Picture, placement: Placement, choose: Choose, rng: np.random.Generator
    ) -> list[Bystander]:
        """Draw who else is there, the farthest first.

        Parameters
        ----------
        person
            The person's box in the picture.
        mask
            (S, S), the person's.
        placement
            The person's.
        """
        found: list[Bystander] = []
        if rng.random() >= self.probability or person[2] == 0:
            return found
        for _ in range(1 + int(rng.random() < self.second)):
            other = choose(rng)
            if other is None:
                continue
            one = self._placed(person, mask, placement, other, rng)
            if one is not None:
                found.append(one)
        return sorted(found, key=lambda one: one.size)

    def _placed(
        self, person: Box, mask: Picture, placement: Placement, other: Other, rng: np.random.Generator
    ) -> Bystander | None:
        """One of them at a size and height that a camera would give them; None where they would hide too much."""
        kind, flip = rng.random(), bool(rng.random() < 0.5)
        before = kind < self.before
        if before:
            size = float(rng.uniform(1.05, 1.7))
        elif kind < self.before + self.beside:
            size, before = float(rng.uniform(0.92, 1.06)), bool(rng.random() < 0.3)
        else:
            size = float(rng.uniform(0.3, 0.92))
        pixels = mask.shape[0]
        x, y, w, h = person
        middle, feet = 2 * (x + w / 2) / pixels - 1, 2 * (y + h) / pixels - 1  # right and down
        # Whoever stands on the same ground, farther off, has their feet nearer to the horizon: at the camera's height.
        horizon = feet - 2 * (h / pixels) * float(rng.uniform(0.4, 1.05))
        scale = size * placement.scale * float(np.exp(rng.normal(0, 0.05)))
        down = horizon + size * (feet - horizon) - scale * other.height / 2
        side = float(rng.choice([-1.0, 1.0]))
        away = (w / pixels) * float(rng.uniform(0.6, 1.6)) + scale * 0.2 * float(rng.uniform(0.5, 1.5))
        for attempt in range(_TRIES):
            across = middle + side * away * (1 + 0.5 * attempt)
            layer = other.cut(Placement(flip, scale, placement.angle, (float(across), float(-down))))
            if layer.box[2] < 4 or layer.box[3] < 4:
                return None
            if not before or layer.hidden_share(mask) <= self.hidden:
                return Bystander(self._focused(layer, pixels, rng), before, size)
        return None

    def _focused(self, layer: Layer, size: int, rng: np.random.Generator) -> Layer:
        """The layer, out of focus now and then: its colours only, since a mask's edge hides or does not."""
        if rng.random() >= self.unsharp:
            return layer
        sigma = float(rng.uniform(0.002, 0.008)) * size
        colour = np.asarray(cv2.GaussianBlur(layer.colour, (0, 0), sigma), np.uint8)
        return Layer(colour, np.asarray(cv2.GaussianBlur(layer.cover, (0, 0), sigma), np.uint8), layer.box)
