"""Things that a person holds: drawn at a hand, mostly before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from lifecast.scans.photographic.layers import Layer, Picture
from lifecast.scans.photographic.leaves import bunch
from lifecast.scans.photographic.surfaces import Shape, drawn, ellipse, moved, rectangle
from lifecast.space.skeleton import Joint
from lifecast.space.units import CM_PER_UNIT

Hands = NDArray[np.float64]
"""(k, 2) view units: where the hands are that can be seen; k is 0, 1 or 2."""
CM = 1 / CM_PER_UNIT
HANDS = (
    (Joint.LEFT_PINKY, Joint.LEFT_INDEX, Joint.LEFT_THUMB), (Joint.RIGHT_PINKY, Joint.RIGHT_INDEX, Joint.RIGHT_THUMB)
)  # fmt: skip
"""The landmarks in whose middle a hand is."""
BEHIND = 8 * CM
"""A hand that lies so much deeper than what is visible at its place is hidden."""


@dataclass(frozen=True)
class Thing:
    """A thing that was drawn."""

    layer: Layer
    before: bool
    """Whether it hides the person, rather than the person it."""


def _cup(rng: np.random.Generator) -> list[Shape]:
    w, h = rng.uniform(3.5, 5) * CM, rng.uniform(4, 6.5) * CM
    body = np.array([[-w * 0.85, -h], [w * 0.85, -h], [w, h], [-w, h]])
    lid = ellipse(0, h, w, rng.uniform(0.15, 0.45) * w)
    return [
        Shape("polygon", body),
        Shape("ellipse", ellipse(0, -h, 0.85 * w, 0.3 * w)),
        Shape("ellipse", lid, shade=0.6),
    ]


def _bottle(rng: np.random.Generator) -> list[Shape]:
    w, h = rng.uniform(3, 4.5) * CM, rng.uniform(9, 13) * CM
    neck = 0.4 * w
    outline = np.array([
        [-w, -h], [w, -h], [w, 0.35 * h], [neck, 0.6 * h], [neck, h], [-neck, h], [-neck, 0.6 * h], [-w, 0.35 * h],
    ])  # fmt: skip
    return [
        Shape("polygon", outline),
        Shape("polygon", rectangle(-w, -0.4 * h, w, 0.2 * h), shade=1.6),
        Shape("polygon", rectangle(-neck, 0.85 * h, neck, h), shade=0.5),
    ]


def _phone(rng: np.random.Generator) -> list[Shape]:
    w, h, rim = 3.7 * CM, 7.6 * CM, 0.5 * CM
    dark, screen = np.array([0.08, 0.08, 0.09], np.float32), np.asarray(rng.uniform(0.1, 1.0, 3), np.float32)
    return [
        Shape("polygon", rectangle(-w, -h, w, h), own=dark),
        Shape("polygon", rectangle(-w + rim, -h + rim, w - rim, h - rim), own=screen),
    ]


def _book(rng: np.random.Generator) -> list[Shape]:
    w, h = rng.uniform(7, 15) * CM, rng.uniform(10, 15) * CM
    return [
        Shape("polygon", rectangle(-w, -h, w, h)),
        Shape("polygon", rectangle(-0.8 * w, 0.2 * h, 0.8 * w, 0.7 * h), shade=float(rng.uniform(0.5, 1.8))),
    ]


def _ball(rng: np.random.Generator) -> list[Shape]:
    r = rng.uniform(4, 13) * CM
    seam = np.stack([np.linspace(-0.9, 0.9, 9) * r, rng.uniform(-0.5, 0.5) * r * (1 - np.linspace(-1, 1, 9) ** 2)], 1)
    return [Shape("ellipse", ellipse(0, 0, r, r)), Shape("line", seam, 0.7 * CM, shade=0.4)]


def _bag(rng: np.random.Generator) -> list[Shape]:
    w, h, strap = rng.uniform(10, 20) * CM, rng.uniform(16, 34) * CM, rng.uniform(4, 22) * CM
    turn = np.linspace(0, np.pi, 9)
    handle = np.stack([0.6 * w * np.cos(turn), -strap * (1 - np.sin(turn))], 1)
    body = np.array([[-w, -strap - h], [w, -strap - h], [0.9 * w, -strap], [-0.9 * w, -strap]])
    shapes = [Shape("line", handle, rng.uniform(0.8, 2.5) * CM, shade=0.7), Shape("polygon", body)]
    if rng.random() < 0.5:
        flap = np.array(
            [[-0.92 * w, -strap - 0.4 * h], [0.92 * w, -strap - 0.4 * h], [0.9 * w, -strap], [-0.9 * w, -strap]]
        )
        shapes.append(Shape("polygon", flap, shade=0.75))
    return shapes


def _umbrella(rng: np.random.Generator) -> list[Shape]:
    up, rx = rng.uniform(50, 75) * CM, rng.uniform(40, 55) * CM
    ry, panels = rng.uniform(0.35, 0.6) * rx, int(rng.integers(4, 7))
    turn = np.linspace(0, np.pi, 25)
    dome = np.stack([rx * np.cos(turn), up + ry * np.sin(turn)], 1)
    ends = np.linspace(-rx, rx, panels + 1)
    scallops = np.concatenate([
        np.stack([np.linspace(a, b, 6), up + 0.12 * ry * np.sin(np.linspace(0, np.pi, 6))], 1)
        for a, b in pairwise(ends)
    ])  # fmt: skip
    shapes = [
        Shape("line", np.array([[0, -8 * CM], [0, up + 0.3 * ry]]), 1.6 * CM, own=np.full(3, 0.3, np.float32)),
        Shape("polygon", np.concatenate([dome, scallops])),
    ]
    for number in range(panels):
        if number % 2:
            inner = np.array([[ends[number], up], [ends[number + 1], up], [0, up + ry]])
            shapes.append(Shape("polygon", inner, shade=0.85))
    return shapes


def _stick(rng: np.random.Generator) -> list[Shape]:
    down, up = rng.uniform(20, 90) * CM, rng.uniform(2, 60) * CM
    return [Shape("line", np.array([[0, -down], [0, up]]), rng.uniform(1.2, 4) * CM)]


def _bouquet(rng: np.random.Generator) -> list[Shape]:
    return bunch(np.array([0.0, 8 * CM]), rng.uniform(7, 14) * CM, int(rng.integers(10, 24)), rng)


THINGS: tuple[tuple[str, float, Callable[[np.random.Generator], list[Shape]], float, float], ...] = (
    ("cup", 0.16, _cup, 0.3, 0.0), ("bottle", 0.1, _bottle, 0.6, 0.1), ("phone", 0.2, _phone, 1.0, 0.0),
    ("book", 0.08, _book, 0.6, 0.1), ("ball", 0.12, _ball, 3.0, 0.1), ("bag", 0.16, _bag, 0.12, 0.4),
    ("umbrella", 0.06, _umbrella, 0.4, 0.6), ("stick", 0.06, _stick, 0.8, 0.2), ("bouquet", 0.06, _bouquet, 0.6, 0.1),
)  # fmt: skip
"""Name, share, shapes about the hand, largest tilt in radians, and how often the person hides it."""


@dataclass(frozen=True)
class HeldThings:
    """Constants of the step `held_things`."""

    probability: float = 0.14
    """That a hand that can be seen holds something."""
    hidden: float = 0.3
    """Largest share of the person that a thing may hide."""
    mistaken: float = 0.4
    """Probability that a found mask takes the things for the person's."""

    def draw(
        self,
        hands: Hands,
        scale: float,
        mask: Picture,
        texture: Callable[[np.random.Generator], Picture],
        rng: np.random.Generator,
    ) -> list[Thing]:
        """Draw what the hands hold.

        Parameters
        ----------
        hands
            (k, 2).
        scale
            Times the size at which 128 cm of a person are one view unit.
        mask
            (S, S), the person's.
        texture
            Draws a surface.
        """
        found: list[Thing] = []
        for hand in hands:
            if rng.random() >= self.probability:
                continue
            _, _, shapes, tilt, behind = THINGS[int(rng.choice(len(THINGS), p=[share for _, share, _, _, _ in THINGS]))]
            parts = moved(shapes(rng), np.asarray(hand), scale, float(rng.uniform(-tilt, tilt)))
            before = bool(rng.random() >= behind)
            layer = drawn(parts, mask.shape[0], texture(rng) if rng.random() < 0.4 else None, rng)
            if layer is not None and (not before or layer.hidden_share(mask) <= self.hidden):
                found.append(Thing(layer, before))
        return found

    def found(self, seen: Picture, hidden: Picture | None, things: list[Thing], rng: np.random.Generator) -> Picture:
        """Draw what a person finder makes of a mask (S, S) of which `hidden` (S, S) is taken."""
        if hidden is None or rng.random() >= self.mistaken:
            return seen
        held = np.zeros_like(seen)
        for thing in things:
            if thing.before:
                thing.layer.cover_more(held)
        return np.asarray(cv2.max(seen, cv2.min(held, hidden)), np.uint8)


def seen_hands(joints: NDArray[np.floating], depth: NDArray[np.float32], there: NDArray[np.float32]) -> Hands:
    """Find the hands that nothing of the person hides.

    Parameters
    ----------
    joints
        (33, 3) in view space, as placed; nan where not known.
    depth, there
        (s, s) the front's depth and where there is any.
    """
    size, hands = len(depth), []
    for fingers in HANDS:
        x, y, z = joints[list(fingers)].mean(axis=0)
        if not np.isfinite([x, y, z]).all() or max(abs(x), abs(y)) >= 1:
            continue
        at = int((1 - y) * size / 2), int((x + 1) * size / 2)
        if not there[at] or depth[at] < z + BEHIND:
            hands.append((x, y))
    return np.array(hands, np.float64).reshape(-1, 2)
