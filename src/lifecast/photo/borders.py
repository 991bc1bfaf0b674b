"""People whom a photograph's borders cut off: which borders, in words, and how far the rest would reach."""

from __future__ import annotations

import numpy as np

from lifecast.photo.blazepose import ANKLES, HEELS_AND_TOES, NOSE, SHOULDERS
from lifecast.photo.framing import Box

MADE = 0.05
"""Share of the person's extent beyond a border from which something was made of what is cut off."""


def cut_sides(box: Box, photo_size: tuple[int, int]) -> list[str]:
    """Find the photograph's borders that a person's box touches (within 1% of the person)."""
    near = 0.01 * max(box[2] - box[0], box[3] - box[1]) + 1
    sides = {
        "left": box[0] <= near,
        "upper": box[1] <= near,
        "right": box[2] >= photo_size[0] - near,
        "lower": box[3] >= photo_size[1] - near,
    }
    return [side for side, touched in sides.items() if touched]


def border_notes(box: Box, photo_size: tuple[int, int]) -> tuple[str, ...]:
    """Note that a mask touches the photograph's borders."""
    cut = cut_sides(box, photo_size)
    return (f"touches the photograph's {in_words(cut)}; it may be cut off",) if cut else ()


def missing_notes(cut: tuple[str, ...], box: Box, model: Box, photo_size: tuple[int, int]) -> tuple[str, ...]:
    """Note what became of parts that borders cut off.

    Either they are guessed, or the model ends there. box: of the person; model: of what was made; both in pixels of the
    photograph and beyond it.
    """
    if not cut:
        return ()
    away = {"left": -model[0], "upper": -model[1], "right": model[2] - photo_size[0], "lower": model[3] - photo_size[1]}
    least = MADE * max(box[2] - box[0], box[3] - box[1])
    made = [side for side in cut if away[side] > least]
    ends = [side for side in cut if side not in made]
    notes = [f"what lies beyond the {in_words(made)} is guessed"] if made else []
    return (*notes, f"the model ends at the {in_words(ends)}") if ends else tuple(notes)


def in_words(sides: list[str]) -> str:
    """Write sides, at least one, in words: 'left, upper and lower borders'."""
    *before, last = sides
    return f"{', '.join(before)} and {last} borders" if before else f"{last} border"


def beyond(box: np.ndarray, points: np.ndarray, cut: list[str]) -> np.ndarray:
    """Extend the box over the borders that cut the body.

    It reaches to where the landmarks place the rest of it. It never grows by more than the visible extent: landmarks
    far outside are guesses.
    """
    extent = max(box[2] - box[0], box[3] - box[1])
    feet = points[list(ANKLES + HEELS_AND_TOES), :2]
    reach = points[:, :2]
    grown = box.copy()
    if "left" in cut:
        grown[0] = max(min(grown[0], reach[:, 0].min()), box[0] - extent)
    if "upper" in cut:
        # The top of the head is about as far above the nose as the shoulders are below it.
        nose, shoulders = points[NOSE, 1], points[list(SHOULDERS), 1].mean()
        grown[1] = max(min(grown[1], reach[:, 1].min(), nose - abs(shoulders - nose)), box[1] - extent)
    if "right" in cut:
        grown[2] = min(max(grown[2], reach[:, 0].max()), box[2] + extent)
    if "lower" in cut:
        grown[3] = min(max(grown[3], feet[:, 1].max(), reach[:, 1].max()), box[3] + extent)
    return grown
