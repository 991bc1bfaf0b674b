"""Parts as the parsing head names them, with the photograph's own borders.

What `parts` finds by rules of colour and joints, a network has learned from made people: front and back, so that hair,
hems and what lies under an open jacket are where they would be. It sees 2 cm; the borders are then drawn where the
photograph's colours change.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from lifecast.space.parsing import Part
from lifecast.surface.colour.part_grid import Grid


@dataclass(frozen=True)
class ParsedParts:
    """Constants of parts from parsing maps."""

    reach: int = 4
    """Cells around one that vote on its part, ..."""
    alike: float = 9.0
    """... the more, the nearer their colours; CIELAB distance of a vote of 0.6."""
    passes: int = 2
    """Times that cells vote."""
    small: float = 0.0006
    """Square view units (10 cm^2): a smaller patch of a part belongs to what surrounds it."""


PARSED_PARTS = ParsedParts()


def front_and_back(parsing: np.ndarray, grid: Grid, constants: ParsedParts = PARSED_PARTS) -> tuple[np.ndarray, ...]:
    """Name the parts of a grid's cells: front and back, (n, n) int each, -1 outside.

    parsing: (2, P, h, w) probabilities of the parts, of the picture that the grid has. Cells that show nobody have no
    part on the front; the back has the person's outline, too.
    """
    n = len(grid.depth)
    front, back = (
        cv2.resize(np.ascontiguousarray(side.transpose(1, 2, 0), np.float32), (n, n), interpolation=cv2.INTER_LINEAR)
        for side in parsing
    )
    for _ in range(constants.passes):
        front = votes(front, grid, constants)
    sides = []
    for belief in (front, back):
        parts = np.where(grid.covered, belief.argmax(-1), -1)
        sides.append(without_specks(parts, round(constants.small / grid.cell)))
    return sides[0], np.where(sides[1] == Part.FACE, int(Part.SKIN), sides[1])


def votes(belief: np.ndarray, grid: Grid, constants: ParsedParts = PARSED_PARTS) -> np.ndarray:
    """Average beliefs (n, n, P) over cells of like colour nearby.

    It is a bilateral filter guided by the photograph.
    """
    rows, columns = (np.flatnonzero(grid.covered.any(axis)) for axis in (1, 0))
    if not len(rows):
        return belief
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    reach, (height, width) = constants.reach, grid.covered[box].shape
    padding = ((reach, reach), (reach, reach))
    covered = np.pad(grid.covered[box].astype(np.float32), padding)
    own = grid.colours[box]
    colours, beliefs = (np.pad(values, (*padding, (0, 0))) for values in (own, belief[box]))
    total, weights = np.zeros((height, width, belief.shape[-1]), np.float32), np.zeros((height, width), np.float32)
    for down in range(2 * reach + 1):
        for across in range(2 * reach + 1):
            there = slice(down, down + height), slice(across, across + width)
            away = ((colours[there] - own) ** 2).sum(-1)
            weight = np.exp(-away / (2 * constants.alike**2)) * covered[there]
            weight *= np.float32(np.exp(-((down - reach) ** 2 + (across - reach) ** 2) / (2 * reach**2)))
            total += weight[..., None] * beliefs[there]
            weights += weight
    result = belief.copy()
    result[box] = np.where(weights[..., None] > 0, total / np.maximum(weights, 1e-6)[..., None], belief[box])
    return result


def without_specks(parts: np.ndarray, least: int) -> np.ndarray:
    """Give patches of a part (n, n) with fewer than `least` cells to what surrounds them most."""
    result = parts.copy()
    for part in np.unique(parts[parts >= 0]):
        count, patches, figures, _ = cv2.connectedComponentsWithStats((parts == part).astype(np.uint8), connectivity=4)
        for patch in range(1, count):
            if figures[patch, cv2.CC_STAT_AREA] >= least:
                continue
            own = patches == patch
            around = (cv2.dilate(own.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0) & ~own & (parts >= 0)
            if around.any():
                result[own] = np.bincount(parts[around]).argmax()
    return result
