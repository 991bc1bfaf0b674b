"""The shadow that a person casts on ground and wall, drawn from the outline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from lifecast.scans.photographic.layers import Layer, Picture, darken

_COARSE = 4
"""A shadow is found at a fraction of the picture's size."""


@dataclass(frozen=True)
class CastShadow:
    """Constants of the step `cast_shadow`."""

    hard: float = 0.6
    """Probability of a hard shadow for a person whom a lamp or sun lights."""
    unlit: float = 0.08
    """Probability of one for all others, as of a flash or lamp that lights them little."""
    contact: float = 0.4
    """Probability of the soft dark ground beneath the feet of whoever casts none."""
    strength: tuple[float, float] = (0.2, 0.7)
    """Range of the share of the background's light that is lost."""

    def draw(self, background: Picture, person: Layer, sun: np.ndarray | None, rng: np.random.Generator) -> None:
        """Darken the background (S, S, 3), in place.

        sun: (3,) toward the lamp that lights the person, in the placed view; None without one.
        """
        if person.box[2] == 0:
            return
        hard = rng.random() < (self.unlit if sun is None else self.hard)
        if sun is None:
            sun = np.array([rng.normal(0, 0.7), rng.uniform(0.1, 1.2), rng.normal(0.3, 0.7)])
        strength = float(rng.uniform(*self.strength))
        if hard:
            self._hard(background, person, sun, strength, rng)
        elif rng.random() < self.contact:
            self._contact(background, person, strength)

    def _hard(
        self, background: Picture, person: Layer, sun: np.ndarray, strength: float, rng: np.random.Generator
    ) -> None:
        """On a wall behind, if the lamp stands in front, and otherwise or now and then on the ground."""
        size = background.shape[0]
        feet = person.box[1] + person.box[3]
        if sun[2] > 0.3 and rng.random() < 0.5:  # a wall at some distance: the shadow keeps its shape
            away = size * float(rng.uniform(0.05, 0.35)) / sun[2]
            matrix = np.array([[1, 0, -away * sun[0]], [0, 1, away * sun[1]]])
            soft = size * float(rng.uniform(0.002, 0.02))
        else:
            # A point at height h falls h (x, z) / y of the lamp's direction away; the ground is foreshortened.
            steep = max(float(sun[1]), 0.15)
            lean, length = float(np.clip(sun[0] / steep, -2.5, 2.5)), float(np.clip(sun[2] / steep, -2.5, 2.5))
            flat = length * float(rng.uniform(0.1, 0.4))
            matrix = np.array([[1, lean, -lean * feet], [0, flat, feet * (1 - flat)]])
            soft = size * float(rng.uniform(0.002, 0.01))
        dark = _placed(person, matrix, size)
        blurred: Any = cv2.GaussianBlur(dark, (0, 0), max(0.6, soft / _COARSE))
        darken(background, cv2.resize(blurred, (size, size)), (0, 0, size, size), strength)

    @staticmethod
    def _contact(background: Picture, person: Layer, strength: float) -> None:
        """A soft dark ellipse where the person meets the ground."""
        size = background.shape[0]
        x, y, _, h = person.box
        rows = max(1, h // 12)
        columns = np.flatnonzero(person.cover[-rows:].max(axis=0) > 127)
        if not len(columns):
            return
        middle, half = x + float(columns.mean()), 0.6 * float(np.ptp(columns)) + 0.02 * size
        dark = np.zeros((size // _COARSE, size // _COARSE), np.uint8)
        centre = (round(middle / _COARSE), round((y + h - 0.01 * size) / _COARSE))
        axes = (max(1, round(half / _COARSE)), max(1, round((0.12 * half + 0.008 * size) / _COARSE)))
        cv2.ellipse(dark, centre, axes, 0, 0, 360, 255, -1, cv2.LINE_AA)
        blurred: Any = cv2.GaussianBlur(dark, (0, 0), 0.008 * size / _COARSE + 0.8)
        darken(background, cv2.resize(blurred, (size, size)), (0, 0, size, size), strength)


def _placed(person: Layer, matrix: np.ndarray, size: int) -> Picture:
    """(S / 4, S / 4) the person's coverage, moved by an affine matrix (2, 3) of the whole picture's pixels."""
    small = size // _COARSE
    x, y, w, h = person.box
    cover = cv2.resize(person.cover, (max(1, w // _COARSE), max(1, h // _COARSE)), interpolation=cv2.INTER_AREA)
    from_small = np.array([[w / cover.shape[1], 0, x], [0, h / cover.shape[0], y], [0, 0, 1]])
    to_small = np.diag([1 / _COARSE, 1 / _COARSE, 1])
    whole = to_small @ np.vstack([matrix, [0, 0, 1]]) @ from_small
    return np.asarray(cv2.warpAffine(cover, whole[:2], (small, small)), np.uint8)
