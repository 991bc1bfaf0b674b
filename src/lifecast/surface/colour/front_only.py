"""What clothes have at the front alone: what an open jacket shows, a tie, a print, a bag or a hand before the body.

The back of a jacket is closed, however it is worn at the front. Where the left and the right of a figure agree with
each other and the middle between them differs, the back goes on from the left to the right. A small patch within a
garment is a print or a pocket; where there are many, they are the cloth's pattern, and the back has it too.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from lifecast.surface.colour.body_parts import Trunk
from lifecast.surface.colour.part_grid import Grid


@dataclass(frozen=True)
class FrontOnly:
    """Constants of what is left off the back."""

    on: bool = True
    """Off: the back has all that the front has."""
    narrowest: float = 0.07
    """View units (9 cm) of half a trunk's width under which it is turned to the side and has no middle."""
    shoulders: float = 0.03
    """View units (4 cm) under the shoulder joints where left and right of a neckline are looked up."""
    neckline: float = 0.25
    """How far over the shoulders a neckline goes, in trunks."""
    aside: tuple[float, float] = (0.06, 0.2)
    """Shares of a row's width from its ends between which its left and its right are looked up."""
    row: float = 0.11
    """View units (14 cm) of the narrowest row with a left and a right."""
    along: float = 4.0
    """Rows, the deviation of the blur along the body."""
    gap: int = 13
    """Rows over which an opening goes on where its sides are not seen."""
    sleeve: tuple[int, float] = (30, 0.12)
    """Fewest cells of sleeves, and the share of them from which on a cluster is one of theirs."""
    end: int = 6
    """Cells at either end of a row where the sleeves' colours are looked for."""
    alike: float = 24.0
    """CIELAB distance up to which left and right are one garment."""
    different: float = 13.0
    """CIELAB distance of the middle from its sides from which on it is something else."""
    patch: float = 0.018
    """Square view units (300 cm^2): an isolated patch that is smaller is a print, a pocket, a hand."""
    open: float = 0.4
    """Share of a patch's border at the outline beyond which it is not isolated."""
    pattern: int = 6
    """So many isolated patches are the cloth's pattern."""
    speck: int = 4
    """Cells of the smallest patch."""


FRONT_ONLY = FrontOnly()


def between_alike_sides(
    grid: Grid,
    core: np.ndarray,
    plain: np.ndarray,
    sleeves: np.ndarray,
    trunk: Trunk,
    constants: FrontOnly = FRONT_ONLY,
) -> np.ndarray:
    """Find cells (n, n) between a left and a right that are one garment, and differ from it.

    core: (n, n) trunk and legs without arms; plain: (n, n) garments, not skin nor hair; sleeves: (n, n) the upper arms.
    Where both ends of a row are of the sleeves' colours, that is the garment, however checked it is.
    """
    n = len(core)
    result = np.zeros((n, n), bool)
    shoulders, hips, half = trunk
    height = shoulders[1] - hips[1]
    if half < constants.narrowest or height < half:
        return result
    colours = blurred_along(grid.colours, core & plain, constants)
    sleeve = sleeve_clusters(grid, sleeves & plain, constants)
    of_sleeve = np.isin(grid.cluster, sleeve) & plain
    centres = [grid.colours[grid.cluster == k].mean(0) for k in sleeve]
    y = 1 - (np.arange(n) + 0.5) * 2 / n
    last: list[np.ndarray] | None = None
    for row in np.flatnonzero(y < shoulders[1] + constants.neckline * height)[::-1]:
        columns = np.flatnonzero(core[row])
        if len(columns) == 0:
            continue
        low, high = columns[0], columns[-1] + 1
        width = high - low
        if y[row] > shoulders[1] - constants.shoulders:
            # a neckline: the sides are those of the row under the shoulders
            if last is None:
                continue
            middle = round((shoulders[0] + 1) * n / 2)
            low, high = middle - round(half * n / 2), middle + round(half * n / 2)
            inner = columns[(columns >= low) & (columns < high)]
        else:
            if width * 2 / n < constants.row:
                continue
            tips = columns[: constants.end], columns[-constants.end :]
            if centres and all(of_sleeve[row, end].sum() >= 2 for end in tips):
                last = centres
                apart = np.min([np.linalg.norm(colours[row, columns] - centre, axis=1) for centre in centres], axis=0)
                result[row, columns] = (apart > constants.different) & ~of_sleeve[row, columns]
                continue
            a, b = (max(1, round(share * width)) for share in constants.aside)
            ends = [np.arange(low + a, low + b + 1), np.arange(high - b - 1, high - a)]
            if not all((core[row, end] & plain[row, end]).mean() > 0.5 for end in ends):
                last = None
                continue
            left, right = (np.median(colours[row, end][core[row, end] & plain[row, end]], axis=0) for end in ends)
            last = None
            if np.linalg.norm(left - right) > constants.alike:
                continue
            last = [left, right]
            inner = columns[(columns > low + a) & (columns < high - a)]
        apart = np.min([np.linalg.norm(colours[row, inner] - side, axis=1) for side in last], axis=0)
        result[row, inner] = apart > constants.different
    opened = cv2.medianBlur(result.astype(np.uint8), 5)
    closed: np.ndarray = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, np.ones((constants.gap, 1), np.uint8)) > 0
    found: np.ndarray = closed & core
    return found


def sleeve_clusters(grid: Grid, sleeves: np.ndarray, constants: FrontOnly) -> np.ndarray:
    """List the clusters that much of the sleeves (n, n) is of."""
    if sleeves.sum() < constants.sleeve[0]:
        return np.zeros(0, int)
    counts = np.bincount(grid.cluster[sleeves])
    return np.flatnonzero(counts >= constants.sleeve[1] * counts.sum())


def blurred_along(colours: np.ndarray, core: np.ndarray, constants: FrontOnly = FRONT_ONLY) -> np.ndarray:
    """Blur colours (n, n, 3) along the body, within `core` (n, n).

    Checks and stripes become their mean.
    """
    weight = core.astype(np.float32)
    total, shares = (
        cv2.GaussianBlur(values, (0, 0), sigmaX=0.1, sigmaY=constants.along)
        for values in (colours * weight[..., None], weight)
    )
    result: np.ndarray = total / np.maximum(shares, 1e-3)[..., None]
    return result


def isolated_patches(
    regions: np.ndarray, garments: np.ndarray, cell: float, constants: FrontOnly = FRONT_ONLY
) -> np.ndarray:
    """Find cells (n, n) of small regions (n, n) that lie within others.

    Rings around one another count together. garments: (n, n) the cells that count, a forearm before the chest not being
    one.
    """
    regions = np.where(garments, regions, -1)
    inside = regions >= 0
    if not inside.any():
        return np.zeros(regions.shape, bool)
    area = np.bincount(regions[inside])
    small = inside & (area * cell < constants.patch).take(regions.clip(0))
    count, patches = cv2.connectedComponents(small.astype(np.uint8), connectivity=8)
    area = np.bincount(patches.ravel(), minlength=count)
    border, ends = np.zeros(count), np.zeros(count)
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
        edge = (patches > 0) & (np.roll(patches, step, axis) == 0)
        border += np.bincount(patches[edge], minlength=count)
        ends += np.bincount(patches[edge & ~np.roll(inside, step, axis)], minlength=count)
    isolated = (area >= constants.speck) & (area * cell < constants.patch) & (ends <= constants.open * border)
    isolated[0] = False
    if isolated.sum() >= constants.pattern:
        return np.zeros(regions.shape, bool)
    result: np.ndarray = isolated[patches]
    return result
