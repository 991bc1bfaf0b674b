"""Parts of a person that BlazePose's mask has lost.

Feet in front of a busy floor, a skirt in a kick. The networks that predict normals predict a mask too. Its edges are
softer, and next to other people it is no help; but where nobody else is near, what it is sure of and the found mask
lacks altogether is the person's.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class LostParts:
    """Constants of the step `lost_parts`."""

    least: float = 0.01
    """Share of the predicted mask's area from which a part counts."""
    sure: float = 0.8
    """Mean of the predicted mask over a part from which it is believed."""
    sliver: float = 2 / 85
    """Share of the picture's side: what the masks differ by along an edge is narrower."""


LOST_PARTS = LostParts()


def with_lost_parts(
    found: np.ndarray, predicted: np.ndarray, inside: np.ndarray, constants: LostParts = LOST_PARTS
) -> np.ndarray:
    """Add to a found mask the parts of the person that it has lost.

    Parameters
    ----------
    found, predicted
        (S, S) float32 in [0, 1].
    inside
        (S, S) bool: where the photograph is, not its continuation beyond its border.

    Returns
    -------
    (S, S) float32: `found`, and at each lost part the greater of both. A part is connected, broad at some place,
    `least` large, and predicted with `sure`.
    """
    missing = ((predicted > 0.5) & (found < 0.5) & inside).astype(np.uint8)
    radius = max(1, round(constants.sliver * len(found) / 2))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    wide = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (4 * radius + 3, 4 * radius + 3))
    count, cores = cv2.connectedComponents(cv2.erode(missing, disc))
    least = constants.least * float((predicted > 0.5).sum())
    added = np.zeros_like(missing)
    for core in range(1, count):
        part = cv2.dilate((cores == core).astype(np.uint8), wide) & missing
        if part.sum() >= least and float(predicted[part > 0].mean()) >= constants.sure:
            added |= part
    # With a rim, so that no seam is left between both masks.
    return np.where(cv2.dilate(added, disc) > 0, np.maximum(found, predicted * inside), found).astype(np.float32)
