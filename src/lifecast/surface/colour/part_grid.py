"""The photograph as a coarse grid of mean colours, on which parts are told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from scipy.cluster.vq import kmeans2

from lifecast.surface.colour.photograph import RIM, Photograph
from lifecast.surface.colour.visibility import LinesOfSight


@dataclass(frozen=True)
class GridColours:
    """Constants of the grid and of its clusters of colour."""

    cells: int = 256
    """Along the square picture's side: 1 cm each."""
    blur: float = 1.5
    """Cells, the deviation of the blur: cloth is told by its mean, whatever its stripes."""
    brightness: float = 0.7
    """How much brightness counts against hue, since folds shade."""
    clusters: int = 10
    """Colours that are looked for; ..."""
    apart: float = 9.0
    """... those nearer than this in CIELAB are one."""
    jump: float = 0.06
    """View units (8 cm) in depth between cells that are not blurred into each other."""
    together: float = 8.0
    """How much, in CIELAB, a cell follows its neighbours."""


GRID_COLOURS = GridColours()


class Grid(NamedTuple):
    """Cells (n, n), row 0 at the top."""

    colours: np.ndarray
    """(n, n, 3) float32 mean CIELAB, brightness scaled."""
    covered: np.ndarray
    """(n, n) bool: inside the person by mask and surface."""
    depth: np.ndarray
    """(n, n) float32 z of the first surface, -inf outside."""
    before: np.ndarray
    """(n, n) bool: the surface there is before another part of the body, with a gap between."""
    cluster: np.ndarray
    """(n, n) int, -1 outside."""

    @property
    def points(self) -> np.ndarray:
        """Centres of the cells on the surface, (n * n, 3)."""
        n = len(self.depth)
        centres = ((np.arange(n) + 0.5) * 2 / n - 1).astype(np.float32)
        x, y = np.meshgrid(centres, -centres)
        return np.stack([x, y, self.depth], -1).reshape(-1, 3)

    @property
    def cell(self) -> float:
        """Square view units."""
        return (2 / len(self.depth)) ** 2


def lab(colours: np.ndarray, constants: GridColours = GRID_COLOURS) -> np.ndarray:
    """Convert sRGB (..., 3) 0..255 to CIELAB with scaled brightness, float32."""
    flat = np.ascontiguousarray(colours.reshape(1, -1, 3) / 255, np.float32)
    result: np.ndarray = cv2.cvtColor(flat, cv2.COLOR_RGB2LAB).reshape(colours.shape)
    result[..., 0] *= constants.brightness
    return result


def make_grid(even: Photograph, sight: LinesOfSight, constants: GridColours = GRID_COLOURS) -> Grid:
    """Average the evened photograph in cells, and cluster their colours."""
    n = constants.cells
    centres = ((np.arange(2 * n) + 0.5) / n - 1).astype(np.float32)
    fine = np.stack(np.meshgrid(centres, -centres), -1).reshape(-1, 2)
    small = lab(cv2.resize(even.sample(fine).reshape(2 * n, 2 * n, 3), (n, n), interpolation=cv2.INTER_AREA), constants)
    inside = cv2.resize(even.inside(fine).reshape(2 * n, 2 * n).astype(np.float32), (n, n)) > RIM / 2
    step = (np.arange(n) + 0.5) * sight.first.shape[0] / n
    depth = sight.first[np.ix_(step.astype(int), step.astype(int))]
    covered = np.isfinite(depth) & inside
    before = sight.layered[np.ix_(step.astype(int), step.astype(int))]
    depth = np.where(covered, depth, -np.inf).astype(np.float32)
    grid = Grid(small, covered, depth, before, np.full((n, n), -1))
    mean = blurred_within(grid, constants)
    grid = grid._replace(colours=mean)
    return grid._replace(cluster=cluster_cells(grid, constants))


def blurred_within(grid: Grid, constants: GridColours) -> np.ndarray:
    """Blur the colours within surfaces, not over steps in depth: (n, n, 3)."""
    reach = int(np.ceil(2 * constants.blur))
    total, weights = np.zeros_like(grid.colours), np.zeros(grid.depth.shape, np.float32)
    depth = np.where(grid.covered, grid.depth, 1e3).astype(np.float32)
    for down in range(-reach, reach + 1):
        for across in range(-reach, reach + 1):
            share = np.exp(-(down**2 + across**2) / (2 * constants.blur**2))
            near = np.abs(np.roll(depth, (down, across), (0, 1)) - depth) < constants.jump
            weight = (share * near).astype(np.float32)
            total += weight[..., None] * np.roll(grid.colours, (down, across), (0, 1))
            weights += weight
    result: np.ndarray = total / weights[..., None]
    return result


def cluster_cells(grid: Grid, constants: GridColours) -> np.ndarray:
    """Number each cell's cluster of colour, (n, n) int, -1 outside; borders are smooth lines."""
    result = np.full(grid.covered.shape, -1)
    colours = grid.colours[grid.covered]
    if len(colours) < constants.clusters:
        result[grid.covered] = 0
        return result
    centres = kmeans2(colours.astype(np.float64), constants.clusters, iter=12, minit="++", seed=0)[0]
    # near ones are one, the mean of both
    centres = list(centres[np.isfinite(centres).all(1)])
    while len(centres) > 1:
        gaps = np.linalg.norm(np.array(centres)[:, None] - np.array(centres), axis=2)
        gaps[np.triu_indices(len(centres))] = np.inf
        k, j = np.unravel_index(gaps.argmin(), gaps.shape)
        if gaps[k, j] >= constants.apart:
            break
        centres[j] = (centres[j] + centres.pop(k)) / 2
    costs = np.stack([np.linalg.norm(grid.colours - centre, axis=2) for centre in centres], -1).astype(np.float32)
    costs[~grid.covered] = 0
    belief = softmax(-costs)
    for _ in range(6):  # mean field of a Potts model
        belief[~grid.covered] = 0
        around = cv2.blur(belief, (5, 5), borderType=cv2.BORDER_CONSTANT).reshape(belief.shape)
        belief = softmax(constants.together * around - costs)
    result[grid.covered] = belief.argmax(-1)[grid.covered]
    return result


def softmax(values: np.ndarray) -> np.ndarray:
    """Normalise exp(values / 2) over the last axis."""
    values = np.exp((values - values.max(-1, keepdims=True)) / 2)
    result: np.ndarray = values / values.sum(-1, keepdims=True)
    return result
