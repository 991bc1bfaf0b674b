"""What is wrong with a mask that somebody gave: inverted, a frame, turned, far larger than the person, beside them.

All of it is judged on a small grid (`GRID`), by the mask alone (`by_itself`) or against the mask of a pose (`against`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import cv2
import numpy as np
from scipy import ndimage

GRID = 256
"""Pixels of the longer side at which masks are compared."""

Fault = Literal["inverted", "frame", "turned", "larger", "beside"]


class Verdict(NamedTuple):
    """One fault of a mask."""

    fault: Fault
    words: str
    """What is wrong, to follow the mask's name."""


@dataclass(frozen=True)
class Limits:
    """From where on a mask is believed to be no person's.

    Cut-outs of people cover at least 0.89 of their poses' masks and have 0.96 to 1.24 times the area (69 of Debian's
    `scratch`), so `covered` and `larger` leave room for bags and wide clothes.
    """

    border: float = 0.6
    """Share of the picture's rim from which a mask is a background's. Somebody cut off at the waist covers a third."""
    hole: float = 0.5
    """... where this share of what it leaves out does not reach a corner: rounded corners do, a person does not."""
    frame: float = 0.97
    """Overlap with an ellipse, a rounded rectangle or its own convex hull from which a shape is drawn, not a person."""
    larger: float = 2.0
    """Times the area of the person found."""
    covered: float = 0.5
    """Share of the person found from which a mask is of this person."""
    missed: float = 0.3
    """Share of the person found, or of the mask, below which the two are elsewhere."""
    like: float = 0.6
    """Overlap with the person found from which a turned or inverted mask would fit."""
    better: float = 1.4
    """... and times the overlap of the mask as it is."""


LIMITS = Limits()

_RADII = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
"""Corners of rounded rectangles that are tried, over their shorter side."""
_Way = tuple[str, bool, Callable[[np.ndarray], np.ndarray]]
_WAYS: tuple[_Way, ...] = (
    ("turned by 180 degrees", False, lambda m: m[::-1, ::-1]),
    ("mirrored, left and right exchanged", False, lambda m: m[:, ::-1]),
    ("mirrored, top and bottom exchanged", False, lambda m: m[::-1]),
    ("turned by 90 degrees counter-clockwise", True, lambda m: np.rot90(m, -1)),
    ("turned by 90 degrees clockwise", True, lambda m: np.rot90(m, 1)),
    ("turned by 90 degrees and mirrored", True, lambda m: m.T),
    ("turned by 90 degrees and mirrored", True, lambda m: m[::-1, ::-1].T),
)
"""How a mask may lie; whether its sides change places; what brings it back."""


def small(values: np.ndarray) -> np.ndarray:
    """Reduce a mask (H, W) in [0, 1] to (h, w) bool.

    The longer side is `GRID`, or less if the mask is smaller.
    """
    height, width = values.shape
    scale = min(1.0, GRID / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(values.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5)


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Compute the intersection over union of two masks (h, w) bool; 0 of two empty ones."""
    return float((a & b).sum() / max(int((a | b).sum()), 1))


def by_itself(mask: np.ndarray, limits: Limits = LIMITS) -> Verdict | None:
    """Judge a mask (h, w) bool that shows something by its shape alone.

    None if nothing speaks against it.
    """
    rim = np.concatenate([mask[0], mask[-1], mask[1:-1, 0], mask[1:-1, -1]])
    parts, _ = ndimage.label(~mask)
    corners = np.unique(parts[[0, 0, -1, -1], [0, -1, 0, -1]])
    outside = ~mask
    inner = outside & ~np.isin(parts, corners[corners > 0])
    if rim.mean() >= limits.border and inner.sum() >= limits.hole * max(int(outside.sum()), 1):
        return Verdict("inverted", "is inverted (white all around, a hole in it); the person must be white on black")
    shape = _drawn_shape(mask, limits)
    return None if shape is None else Verdict("frame", f"is {shape}, a frame and not a person's outline")


def _drawn_shape(mask: np.ndarray, limits: Limits) -> str | None:
    """The geometrical shape that a mask is, in words, or None."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    cut = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = cut.shape
    y = (np.arange(height) + 0.5)[:, None] - height / 2
    x = (np.arange(width) + 0.5)[None] - width / 2
    if overlap(cut, (2 * x / width) ** 2 + (2 * y / height) ** 2 <= 1) >= limits.frame:
        return "a circle" if 0.95 < width / height < 1.05 else "an ellipse"
    for share in _RADII:
        radius = share * min(height, width)
        corner = np.hypot(np.maximum(abs(x) - (width / 2 - radius), 0), np.maximum(abs(y) - (height / 2 - radius), 0))
        if overlap(cut, corner <= max(radius, 0.1)) >= limits.frame:
            return "a rectangle with round corners" if share else "a rectangle"
    outline, _ = cv2.findContours(cut.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = np.zeros(cut.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.concatenate(outline)), 1)
    return "a shape without any inward bend" if overlap(cut, hull > 0) >= limits.frame else None


def against(
    mask: np.ndarray, people: list[np.ndarray], transposed: bool = False, limits: Limits = LIMITS
) -> Verdict | None:
    """Judge a mask by the people found in the photograph.

    None if it fits one of them, or several together.

    Parameters
    ----------
    mask
        (h, w) bool.
    people
        At least one, (h, w) bool each; with `transposed` any number, (w, h).
    transposed
        If the mask's sides are those of the photograph exchanged: then it is turned, and only the way is asked for.
    """
    height, width = mask.shape
    possible = [way for way in _WAYS if way[1] == transposed or abs(height - width) <= 1]
    own = 0.0 if transposed else max(overlap(mask, person) for person in people)
    if own < limits.like:
        verdict = _otherwise(mask, people, possible, own, limits)
        if verdict is not None:
            return verdict
    if not transposed:
        meant = [person for person in people if (mask & person).sum() >= limits.covered * person.sum()]
        if meant:
            times = mask.sum() / max(int(np.any(meant, 0).sum()), 1)
            if times <= limits.larger:
                return None
            return Verdict("larger", f"covers {times:.1f} times the area of the person who is found in it")
    if transposed:
        return Verdict("turned", "is turned by 90 degrees")
    closest = max(people, key=lambda person: int((mask & person).sum()))
    common = (mask & closest).sum()
    if common < limits.missed * closest.sum() and common < limits.missed * mask.sum():
        return Verdict("beside", "shows another place than where a person is found")
    return None


def _otherwise(
    mask: np.ndarray, people: list[np.ndarray], ways: Sequence[_Way], own: float, limits: Limits
) -> Verdict | None:
    """Whether a mask that overlaps nobody by more than `own` would fit inverted, turned or mirrored."""
    least = max(limits.like, limits.better * own)
    if any(overlap(~mask, person) >= least for person in people if person.shape == mask.shape):
        return Verdict("inverted", "is inverted (the person is black in it); the person must be white on black")
    fitting = {
        words: max(overlap(_of_shape(back(mask), person.shape), person) for person in people)
        for words, _, back in ways
        if people
    }
    words = max(fitting, key=lambda way: fitting[way], default="")
    return Verdict("turned", f"is {words}") if words and fitting[words] >= least else None


def _of_shape(mask: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A turned mask cut or filled up by the pixel that rounding made of its sides."""
    out = np.zeros(shape, bool)
    part = mask[: shape[0], : shape[1]]
    out[: part.shape[0], : part.shape[1]] = part
    return out
