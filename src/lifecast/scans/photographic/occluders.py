"""Things that stand before a person: tables, railings, chairs, plants, posts, luggage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lifecast.scans.photographic.layers import Layer, Picture, bounding_box
from lifecast.scans.photographic.leaves import bunch
from lifecast.scans.photographic.surfaces import Shape, drawn, ellipse, moved, rectangle
from lifecast.space.units import CM_PER_UNIT

CM = 1 / CM_PER_UNIT
_DEEP = 3.0
"""View units that stand for `beyond the picture`."""


@dataclass(frozen=True)
class Standing:
    """Where the person stands, in view units."""

    left: float
    right: float
    bottom: float
    top: float
    scale: float
    """Times the size at which 128 cm of a person are one view unit."""

    def height(self, share: float) -> float:
        """Find the y at a share of the person's height."""
        return self.bottom + share * (self.top - self.bottom)

    def across(self, share: float) -> float:
        """Find the x at a share of the person's width, 0 at the left."""
        return self.left + share * (self.right - self.left)


def _table(at: Standing, rng: np.random.Generator) -> list[Shape]:
    y, depth, thick = at.height(rng.uniform(0.18, 0.48)), rng.uniform(0.01, 0.12), rng.uniform(2, 6) * CM * at.scale
    left, right = -_DEEP, _DEEP
    if rng.random() < 0.5:  # it ends within the picture
        end = at.across(float(rng.uniform(-0.3, 1.3)))
        left, right = (left, end) if rng.random() < 0.5 else (end, right)
    top = np.array([[left, y], [right, y], [right, y + depth], [left, y + depth]])
    shapes = [Shape("polygon", top), Shape("polygon", rectangle(left, y - thick, right, y), shade=0.6)]
    if rng.random() < 0.4:  # a front down to the ground
        shapes.append(Shape("polygon", rectangle(left, -_DEEP, right, y - thick), shade=0.75))
    else:
        width = rng.uniform(2, 5) * CM * at.scale
        for x in (max(left, -0.9) + 0.05, min(right, 0.9) - 0.05):
            shapes.append(Shape("polygon", rectangle(x - width, -_DEEP, x + width, y - thick), shade=0.5))
    return shapes


def _railing(at: Standing, rng: np.random.Generator) -> list[Shape]:
    y, slope = at.height(rng.uniform(0.3, 0.58)), rng.uniform(-0.15, 0.15) if rng.random() < 0.4 else 0.0
    bar, post = rng.uniform(2, 6) * CM * at.scale, rng.uniform(0.8, 3) * CM * at.scale
    x = np.array([-_DEEP, _DEEP])
    shapes = [Shape("line", np.stack([x, y + slope * x], 1), bar)]
    if rng.random() < 0.6:  # posts or a few wires
        step = rng.uniform(9, 40) * CM * at.scale
        for left in np.arange(-1.0 - step * rng.random(), 1.0, step):
            ends = np.array([[left, y + slope * left], [left, -_DEEP]])
            shapes.append(Shape("line", ends, post, shade=0.85))
    for below in np.cumsum(rng.uniform(10, 50, int(rng.integers(0, 4)))) * CM * at.scale:
        shapes.append(Shape("line", np.stack([x, y - below + slope * x], 1), post))
    return shapes


def _chair(at: Standing, rng: np.random.Generator) -> list[Shape]:
    half, top = rng.uniform(18, 24) * CM, rng.uniform(80, 105) * CM
    seat, bar = rng.uniform(42, 48) * CM, rng.uniform(2, 4) * CM
    shapes = [Shape("line", np.array([[x, -0.5], [x, top]]), bar) for x in (-half, half)]
    if rng.random() < 0.35:
        shapes.append(Shape("polygon", rectangle(-half, seat + 8 * CM, half, top)))
    else:
        for y in np.linspace(top, seat + rng.uniform(8, 25) * CM, int(rng.integers(2, 6))):
            shapes.append(Shape("line", np.array([[-half, y], [half, y]]), rng.uniform(2, 6) * CM))
    shapes.append(Shape("polygon", rectangle(-1.05 * half, seat - 4 * CM, 1.05 * half, seat), shade=0.7))
    # It stands nearer, so lower in the picture.
    where = np.array([at.across(float(rng.uniform(-0.3, 1.3))), at.height(float(rng.uniform(-0.22, -0.04)))])
    return moved(shapes, where, at.scale * float(rng.uniform(1.0, 1.2)), float(rng.normal(0, 0.02)))


def _plant(at: Standing, rng: np.random.Generator) -> list[Shape]:
    if rng.random() < 0.6:
        middle = np.array([at.across(float(rng.uniform(-0.4, 1.4))), at.height(float(rng.uniform(-0.2, 0.15)))])
    else:  # a branch from the side
        side = float(rng.choice([-1.0, 1.0]))
        middle = np.array(
            [at.across(0.5 + side * float(rng.uniform(0.6, 1.1))), at.height(float(rng.uniform(0.3, 1.1)))]
        )
    return bunch(middle, float(rng.uniform(18, 45)) * CM * at.scale, int(rng.integers(25, 60)), rng)


def _post(at: Standing, rng: np.random.Generator) -> list[Shape]:
    half = rng.uniform(2, 18) * CM * at.scale
    x = at.across(float(rng.choice([0.0, 1.0]) + rng.normal(0, 0.25)))
    return [Shape("polygon", rectangle(x - half, -_DEEP, x + half, _DEEP))]


def _luggage(at: Standing, rng: np.random.Generator) -> list[Shape]:
    half, high, bar = rng.uniform(15, 30) * CM, rng.uniform(25, 70) * CM, 2 * CM
    shapes = [Shape("polygon", rectangle(-half, 0, half, high))]
    for y in np.linspace(0.15, 0.85, int(rng.integers(2, 6))) * high:
        shapes.append(Shape("line", np.array([[-half, y], [half, y]]), bar / 2, shade=0.7))
    if rng.random() < 0.6:
        pull = np.array([[-0.4 * half, high], [-0.4 * half, 1.4 * high], [0.4 * half, 1.4 * high], [0.4 * half, high]])
        shapes.insert(0, Shape("line", pull, bar, shade=0.5))
    for x in (-0.7 * half, 0.7 * half):
        shapes.append(Shape("ellipse", ellipse(x, 0, 2 * CM, 2 * CM), shade=0.3))
    where = np.array([at.across(float(rng.uniform(-0.3, 1.3))), at.height(float(rng.uniform(-0.1, 0.02)))])
    return moved(shapes, where, at.scale, 0.0)


OCCLUDERS: tuple[tuple[str, float, Callable[[Standing, np.random.Generator], list[Shape]]], ...] = (
    ("table", 0.24, _table), ("railing", 0.16, _railing), ("chair", 0.2, _chair), ("plant", 0.18, _plant),
    ("post", 0.1, _post), ("luggage", 0.12, _luggage),
)  # fmt: skip
"""Name, share and shapes."""


@dataclass(frozen=True)
class Occluders:
    """Constants of the step `occluders`."""

    probability: float = 0.12
    """That something stands before the person."""
    hidden: float = 0.4
    """Largest share of the person that it may hide."""

    def draw(
        self, scale: float, mask: Picture, texture: Callable[[np.random.Generator], Picture], rng: np.random.Generator
    ) -> Layer | None:
        """Draw what stands before the person of a mask (S, S), at a placement's `scale`; mostly None."""
        if rng.random() >= self.probability:
            return None
        x, y, w, h = bounding_box(mask)
        if w == 0:
            return None
        size = mask.shape[0]
        at = Standing(2 * x / size - 1, 2 * (x + w) / size - 1, 1 - 2 * (y + h) / size, 1 - 2 * y / size, scale)
        shapes = OCCLUDERS[int(rng.choice(len(OCCLUDERS), p=[share for _, share, _ in OCCLUDERS]))][2]
        layer = drawn(shapes(at, rng), size, texture(rng) if rng.random() < 0.6 else None, rng)
        return layer if layer is not None and layer.hidden_share(mask) <= self.hidden else None
