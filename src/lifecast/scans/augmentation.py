"""Random variation of a training sample: the person's place in the picture, tones, and what photographs hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from lifecast.errors import UsageError
from lifecast.scans.photographic.layers import Picture
from lifecast.scans.photographic.steps import OFF, PhotographicSteps
from lifecast.scans.placement import Placement
from lifecast.space.units import BLANK_GREY


def _check_range(name: str, low: float, high: float) -> None:
    if not low <= high:
        raise UsageError(f"augmentation {name}: {low} is above {high}")


@dataclass(frozen=True)
class Augmentation:
    """How far samples vary; each field's zero (or (1, 1)) switches its part off."""

    cleaned: float = 0.65
    """Probability that the background is painted grey under a mask that is not quite right, as `reconstruct` does where
    it finds one."""
    flip: float = 0.5
    """Probability of mirroring."""
    scale: tuple[float, float] = (0.85, 1.08)
    """Range of the factor on the person's size."""
    rotation: float = 6.0
    """Largest in-plane turn, degrees."""
    shift: tuple[float, float] = (0.08, 0.05)
    """Largest shift in x and y, view units."""
    brightness: float = 0.18
    """Standard deviation of the logarithm of the gain."""
    contrast: float = 0.15
    """Standard deviation of the logarithm of the slope about mid-grey."""
    saturation: float = 0.25
    """Standard deviation of the logarithm of the factor."""
    tint: float = 0.06
    """Standard deviation of each channel's logarithmic gain."""
    gamma: float = 0.15
    """Standard deviation of the logarithm of the exponent."""
    blind: float = 0.08
    """Probability that no pose is given."""
    mistaken: float = 0.01
    """Standard deviation of the errors added to the landmarks' depths, view units."""
    photographic: PhotographicSteps = field(default_factory=PhotographicSteps)
    """What photographs hold beside the person, and what cameras do."""

    def __post_init__(self) -> None:
        _check_range("scale", *self.scale)
        for name in ("cleaned", "flip", "blind"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"augmentation {name}: {getattr(self, name)} is no probability")

    def placement(self, rng: np.random.Generator) -> Placement:
        """Draw where the person stands."""
        flip = bool(rng.random() < self.flip)
        low, high = self.scale
        scale = 1.0 if low == high == 1.0 else float(np.exp(rng.uniform(np.log(low), np.log(high))))
        angle = float(np.radians(rng.uniform(-self.rotation, self.rotation))) if self.rotation else 0.0
        shift = tuple(float(rng.uniform(-s, s)) if s else 0.0 for s in self.shift)
        return Placement(flip, scale, angle, (shift[0], shift[1]))

    def tone(self, picture: Picture, rng: np.random.Generator, strength: float = 1.0) -> Picture:
        """Brightness, contrast, tint, gamma and saturation of an (H, W, 3) sRGB picture."""
        draws = rng.normal(0, strength, 7)
        gain = np.exp(self.brightness * draws[0] + self.tint * draws[1:4])  # (3,)
        slope = np.exp(self.contrast * draws[4])
        exponent = np.exp(self.gamma * draws[5])
        value = (np.arange(256) / 255)[:, None] ** exponent * gain  # (256, 3)
        value = 0.5 + (value - 0.5) * slope if self.contrast else value
        table = np.clip(np.round(value * 255), 0, 255).astype(np.uint8)
        picture = cv2.LUT(np.ascontiguousarray(picture), np.ascontiguousarray(table[:, None, :]))
        if self.saturation:
            factor = np.exp(self.saturation * draws[6])
            luma = np.array([0.299, 0.587, 0.114])
            picture = cv2.transform(picture, factor * np.eye(3) + (1 - factor) * np.tile(luma, (3, 1)))
        return picture


def clean_background(picture: Picture, mask: Picture, rng: np.random.Generator) -> Picture:
    """Make grey what is outside of a found mask: (S, S, 3).

    The mask (S, S) uint8 is grown or shrunk by a hair, its edge softened.
    """
    size = picture.shape[0]
    reach = int(rng.integers(0, max(1, size // 170) + 1))
    if reach:
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        mask = np.asarray((cv2.dilate if rng.random() < 0.6 else cv2.erode)(mask, disc))
    found = cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(0.4, max(0.5, size / 250))))
    share: Any = cv2.merge([found, found, found])
    grey = np.full_like(picture, BLANK_GREY)
    return cv2.add(
        cv2.multiply(picture, share, scale=1 / 255), cv2.multiply(grey, cv2.bitwise_not(share), scale=1 / 255)
    )


NONE = Augmentation(
    cleaned=0, flip=0, scale=(1, 1), rotation=0, shift=(0, 0), brightness=0, contrast=0, saturation=0, tint=0, gamma=0,
    blind=0, mistaken=0, photographic=OFF,
)  # fmt: skip
"""Samples as they were rendered."""
