"""The parts that the camera sees, told by colours and joints, where no network predicted them."""

from __future__ import annotations

import cv2
import numpy as np
from scipy import ndimage

from lifecast.space.parsing import Part
from lifecast.surface.colour.body_parts import ARMS, BodyParts, Places, Trunk, Zone
from lifecast.surface.colour.head import Head
from lifecast.surface.colour.part_grid import Grid
from lifecast.surface.colour.part_rules import PartRules


def parts_by_colour(
    grid: Grid,
    head: Head,
    body: BodyParts | None,
    places: Places,
    near_head: np.ndarray,
    y: np.ndarray,
    waist: float,
    rules: PartRules,
) -> np.ndarray:
    """Name the parts of what the camera sees by colours and joints: (n, n) int, -1 outside.

    places: of the cells; near_head, y: (n, n) whether they are near the head, and their height.
    """
    n = len(grid.depth)
    points, (limb, _, zone) = grid.points, places
    share = (y - head.chin) / head.height
    skin = skin_cells(grid, head, body, rules)
    aside = np.abs(points[:, 0].reshape(n, n) - head.x) / head.half_width
    if body is not None:
        skin &= ~jacket_of_skin_colour(skin, zone, grid.covered & ~np.isin(limb, ARMS), y, body.trunk, rules)
    hair = hair_cells(grid, near_head, share, aside, skin, rules)
    front = np.full((n, n), -1)
    front[grid.covered & skin] = Part.SKIN
    front[near_head & ~hair & (share > rules.face[0]) & (share < rules.face[1])] = Part.FACE
    front[hair] = Part.HAIR
    regions = connected(np.where(front < 0, grid.cluster, -1))
    name_garments(front, regions, zone, y, waist, grid, rules)
    return front


def skin_cells(grid: Grid, head: Head, body: BodyParts | None, rules: PartRules) -> np.ndarray:
    """Find cells (n, n) of the face's colour."""
    n = len(grid.depth)
    if body is None:
        faces = np.array([[head.x, head.chin + part * head.height] for part in (0.2, 0.35, 0.45)])
    elif len(body.face):
        faces = body.face
    else:
        return np.zeros((n, n), bool)
    column = ((faces[:, 0] + 1) * n / 2).astype(int).clip(1, n - 2)
    row = ((1 - faces[:, 1]) * n / 2).astype(int).clip(1, n - 2)
    around = [(row + down, column + across) for down in (-1, 0, 1) for across in (-1, 0, 1)]
    colour = np.median(np.concatenate([grid.colours[place] for place in around]), axis=0)
    far = np.linalg.norm((grid.colours - colour) * (rules.skin[1], 1, 1), axis=2)
    # whole clusters, so that borders are the clusters' lines
    result = np.zeros((n, n), bool)
    for k in range(grid.cluster.max() + 1):
        own = grid.cluster == k
        if own.any():
            result |= own & (np.median(far[own]) < rules.skin[0])
    return result


def hair_cells(
    grid: Grid, near_head: np.ndarray, share: np.ndarray, aside: np.ndarray, skin: np.ndarray, rules: PartRules
) -> np.ndarray:
    """Find cells (n, n) of hair: of the crown's colour and connected with it."""
    crown = near_head & (share > rules.crown)
    hair = np.zeros_like(near_head)
    if crown.sum() < 4:
        return hair
    colour = np.median(grid.colours[crown], axis=0)
    like = np.linalg.norm(grid.colours - colour, axis=2) < rules.hair
    like &= ~skin | (share > rules.crown)
    chest = grid.covered & (share < -0.5) & (share > -1.2)
    if chest.any() and np.linalg.norm(np.median(grid.colours[chest], axis=0) - colour) < rules.hair:
        like &= near_head  # a shirt of hair's colour
    like &= grid.covered & (share > 1 - rules.long) & (aside < rules.wide)
    labels = cv2.connectedComponents((like | crown).astype(np.uint8), connectivity=4)[1]
    hair = (like | crown) & np.isin(labels, np.unique(labels[crown]))
    for k in np.unique(grid.cluster[hair]):
        own = grid.cluster == k
        if (own & hair).sum() < rules.head_share * own.sum():  # a coat of hair's colour
            hair &= near_head | ~own
    found: np.ndarray = hair
    return found


def jacket_of_skin_colour(
    skin: np.ndarray, zone: np.ndarray, core: np.ndarray, y: np.ndarray, trunk: Trunk, rules: PartRules
) -> np.ndarray:
    """Find cells (n, n) of skin's colour that are a jacket.

    It is on both sides of a trunk down to the hips, and not in its middle.
    """
    rows = np.flatnonzero((y[:, 0] < trunk.shoulders[1]) & (y[:, 0] > trunk.hips[1]))
    jackets = 0
    for row in rows:
        cells = np.flatnonzero(core[row])
        quarter = len(cells) // 4
        if quarter >= 2:
            ends = skin[row, cells[:quarter]].mean(), skin[row, cells[-quarter:]].mean()
            jackets += min(ends) > rules.jacket[0] and skin[row, cells[quarter:-quarter]].mean() < 0.5
    if jackets < rules.jacket[1] * max(len(rows), 1):
        return np.zeros_like(skin)
    found: np.ndarray = skin & np.isin(zone, (Zone.TRUNK, Zone.ARM))
    return found


def name_garments(
    front: np.ndarray, regions: np.ndarray, zone: np.ndarray, y: np.ndarray, waist: float, grid: Grid, rules: PartRules
) -> None:
    """Name the regions (n, n) that have no part yet, in `front`."""
    inside = regions >= 0
    if not inside.any():
        return
    count = regions.max() + 1
    area = np.bincount(regions[inside], minlength=count)

    def share(of: np.ndarray) -> np.ndarray:
        result: np.ndarray = np.bincount(regions[inside], of[inside], count) / np.maximum(area, 1)
        return result

    names = np.where(share(y > waist) < rules.high, Part.LOWER, Part.UPPER)
    names[share(zone == Zone.FOOT) > 0.5] = Part.SHOES
    vague = (area * grid.cell < rules.small) | ((names == Part.LOWER) & (share(zone == Zone.LEG) < rules.legs))
    front[inside] = names[regions[inside]]
    unclear = inside & vague.take(regions.clip(0))
    known = (front >= 0) & ~unclear & ~np.isin(front, (Part.FACE, Part.HAIR))
    if unclear.any() and known.any():
        front[unclear] = front[nearest(known)][unclear]


def connected(cluster: np.ndarray) -> np.ndarray:
    """Number the connected regions of one cluster, (n, n) int, -1 outside."""
    result, count = np.full(cluster.shape, -1), 0
    for k in np.unique(cluster[cluster >= 0]):
        found, labels = cv2.connectedComponents((cluster == k).astype(np.uint8), connectivity=4)
        inside = labels > 0
        result[inside] = labels[inside] - 1 + count
        count += found - 1
    return result


def nearest(known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest of the `known` cells, for every cell."""
    rows, columns = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    return rows, columns
