"""What a person consists of, front and back: skin, face, hair, garments and shoes.

On the photograph parts are regions of one colour, named by the joints that they lie at. On the hidden side a part goes
on where it is on the front, seen through; but faces, prints, ties, what an open jacket shows and what is held before
the body are at the front alone, and there the back goes on from what surrounds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from scipy import ndimage

from lifecast.space.parsing import Part
from lifecast.surface.colour.body_parts import ARMS, UPPER, BodyParts, Places, Trunk, Zone
from lifecast.surface.colour.front_only import FRONT_ONLY, FrontOnly, between_alike_sides, isolated_patches
from lifecast.surface.colour.head import Head
from lifecast.surface.colour.part_grid import Grid
from lifecast.surface.colour.visibility import pixel_of


@dataclass(frozen=True)
class PartRules:
    """Constants of the names of regions."""

    skin: tuple[float, float] = (14.0, 0.7)
    """CIELAB distance from the face up to which a region is skin, and what brightness counts in it."""
    hair: float = 16.0
    """CIELAB distance from the crown up to which cells are hair."""
    crown: float = 0.75
    """Head heights over the chin from which on the crown is looked for, ..."""
    face: tuple[float, float] = (-0.1, 0.72)
    """... and between which skin is the face."""
    long: float = 2.2
    """Head heights below the crown that hair is followed."""
    wide: float = 1.7
    """Half widths of the head from its middle that hair is followed."""
    head_share: float = 0.4
    """Share of a cluster of colours that is hair, under which what of it lies under the head is a garment."""
    waist: float = 0.3
    """Height of the waist between hips, 0, and shoulders, 1."""
    high: float = 0.2
    """Share of a garment above the waist from which on it is an upper one."""
    small: float = 0.0025
    """Square view units (40 cm^2) under which a patch of colour belongs to its surroundings."""
    jacket: tuple[float, float] = (0.6, 0.3)
    """Share of a row's outer quarters of skin's colour, and share of the trunk's rows, from which on it is a jacket."""
    beside: int = 5
    """Cells from a bare forearm within which skin before the trunk is the forearm's."""
    legs: float = 0.1
    """Share of a garment on the legs, under which a patch below the waist belongs to its surroundings."""
    mostly: float = 0.4
    """Share of a colour's cells on the trunk that are in an opening, beyond which all of them are."""
    outer: float = 0.004
    """Square view units (65 cm^2) of what lies open from which on the garment around it is an outer one."""
    front: FrontOnly = FRONT_ONLY


PART_RULES = PartRules()


class FoundParts(NamedTuple):
    """Parts on the grid."""

    front: np.ndarray
    """(n, n) int, `Part` of what the camera sees, -1 outside."""
    places: Places
    """Of the cells, (n, n) each: where on the body they are."""
    front_only: np.ndarray
    """(n, n) bool: not on the hidden side."""
    behind: np.ndarray
    """(5, n, n) int, `Part` of the hidden side by limb; every cell has one."""

    def at(self, points: np.ndarray, limb: np.ndarray | None = None) -> np.ndarray:
        """Look up the part (N,) int at points (N, 2 or 3).

        Of the front, or with limbs (N,) of the hidden side.
        """
        n = self.front.shape[0]
        x = ((points[:, 0] + 1) * (n / 2) - 0.5).clip(0, n - 1.001)
        y = ((1 - points[:, 1]) * (n / 2) - 0.5).clip(0, n - 1.001)
        left, top = x.astype(int), y.astype(int)
        votes = np.zeros((len(points), len(Part)), np.float32)
        rows = np.arange(len(points))
        for down in (0, 1):
            for across in (0, 1):
                cell = top + down, left + across
                part = self.front[cell] if limb is None else self.behind[(limb, *cell)]
                weight = np.abs(1 - down - (y - top)) * np.abs(1 - across - (x - left))
                votes[rows, part.clip(0)] += np.where(part >= 0, weight, 0)
        best: np.ndarray = votes.argmax(1)
        return np.where(votes.any(1), best, -1)

    def places_at(self, points: np.ndarray) -> Places:
        """Look up where on the body the front is at points (N, 2 or 3)."""
        cells = self._cells(points)
        return Places(*(values[cells] for values in self.places))

    def front_only_at(self, points: np.ndarray) -> np.ndarray:
        """Look up whether points (N, 2 or 3) show what is at the front alone, (N,) bool."""
        found: np.ndarray = self.front_only[self._cells(points)]
        return found

    def _cells(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        column, row = pixel_of(points, self.front.shape[0])
        return row, column


def find_parts(grid: Grid, head: Head, body: BodyParts | None, rules: PartRules = PART_RULES) -> FoundParts:
    """Tell the parts of a person apart.

    head: where it is; body: the body around its joints, if these are given.
    """
    n = len(grid.depth)
    points = grid.points
    y = points[:, 1].reshape(n, n)
    if body is None:
        zone, waist = zones_by_height(grid, head, y)
        places = Places(np.zeros((n, n), int), np.zeros((n, n), int), zone)
    else:
        places = Places(*(values.reshape(n, n) for values in body.find(points)))
        shoulders, hips, _ = body.trunk
        waist = hips[1] + rules.waist * (shoulders[1] - hips[1])
    limb, level, zone = places
    near_head = (
        grid.covered
        & (y > head.chin - 0.1 * head.height)
        & (np.abs(points[:, 0].reshape(n, n) - head.x) < 1.4 * head.half_width)
    )
    near_head &= ~np.isin(limb, ARMS)
    zone = np.where(near_head, Zone.HEAD, zone)
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

    lower = places.lower
    only = np.zeros((n, n), bool)
    if body is not None and rules.front.on:
        core = grid.covered & ~np.isin(limb, ARMS) & (lower == 0) | grid.covered & np.isin(limb, (3, 4))
        plain = ~np.isin(front, (Part.SKIN, Part.FACE, Part.HAIR))
        sleeves = np.isin(limb, ARMS) & (level == UPPER) & grid.covered
        opening = between_alike_sides(grid, core, plain, sleeves, body.trunk, rules.front)
        opening = whole_clusters(opening, grid.cluster, core & (zone == Zone.TRUNK), rules)
        if (opening & (front == Part.UPPER)).sum() * grid.cell > rules.outer:
            # what lies around an opening is worn over what lies in it
            edge = grid.cluster[side_of(opening, core) & (front == Part.UPPER)]
            front[(front == Part.UPPER) & ~opening & np.isin(grid.cluster, np.unique(edge))] = Part.OUTER
        only |= opening
    if rules.front.on:
        garments = grid.covered & (lower == 0) & ~np.isin(front, (Part.FACE, Part.HAIR, Part.SHOES))
        only |= isolated_patches(connected(np.where(garments, grid.cluster, -1)), garments, grid.cell, rules.front)
        only |= skin_by_forearms(front, lower, zone, rules)
    behind = np.stack([hidden_side(front, only | (grid.before & (lower == 0)), lower == k) for k in range(5)])
    return FoundParts(front, places, only, behind)


def whole_clusters(opening: np.ndarray, cluster: np.ndarray, trunk: np.ndarray, rules: PartRules) -> np.ndarray:
    """Add to an opening (n, n) what of the trunk has a colour that is mostly there."""
    result = opening.copy()
    for k in np.unique(cluster[opening]):
        own = trunk & (cluster == k)
        if (own & opening).sum() > rules.mostly * own.sum():
            result |= own
    return result


def side_of(opening: np.ndarray, core: np.ndarray) -> np.ndarray:
    """Find the cells within 4 cells left and right of an opening, (n, n) bool."""
    wide = cv2.dilate(opening.astype(np.uint8), np.ones((1, 9), np.uint8)) > 0
    result: np.ndarray = wide & ~opening & core
    return result


def zones_by_height(grid: Grid, head: Head, y: np.ndarray) -> tuple[np.ndarray, float]:
    """Guess the zones (n, n) of an upright figure, and the height of its waist."""
    low = float(y[grid.covered].min()) if grid.covered.any() else -1.0
    hips = low + 0.58 * (head.chin - low)
    zone = np.where(y > hips, Zone.TRUNK, Zone.LEG)
    return np.where(y < low + 0.05 * (head.crown - low), Zone.FOOT, zone), hips


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


def skin_by_forearms(front: np.ndarray, lower: np.ndarray, zone: np.ndarray, rules: PartRules) -> np.ndarray:
    """Find cells (n, n) of the trunk that are a forearm's or a hand's after all.

    They are skin next to one.
    """
    arms = (np.isin(lower, ARMS) & (front == Part.SKIN)).astype(np.uint8)
    wide = 2 * rules.beside + 1
    result: np.ndarray = (
        (front == Part.SKIN) & (zone == Zone.TRUNK) & (cv2.dilate(arms, np.ones((wide, wide), np.uint8)) > 0)
    )
    return result


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


def connected(cluster: np.ndarray) -> np.ndarray:
    """Number the connected regions of one cluster, (n, n) int, -1 outside."""
    result, count = np.full(cluster.shape, -1), 0
    for k in np.unique(cluster[cluster >= 0]):
        found, labels = cv2.connectedComponents((cluster == k).astype(np.uint8), connectivity=4)
        inside = labels > 0
        result[inside] = labels[inside] - 1 + count
        count += found - 1
    return result


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


def nearest(known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest of the `known` cells, for every cell."""
    rows, columns = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    return rows, columns


def hidden_side(front: np.ndarray, only: np.ndarray, limb: np.ndarray) -> np.ndarray:
    """Continue what the front has of one limb to the hidden side: (n, n) int."""
    known = (front >= 0) & ~only & limb
    if not known.any():
        known = (front >= 0) & ~only
    if not known.any():
        return np.full(front.shape, int(Part.UPPER))
    result: np.ndarray = np.where(front == Part.FACE, Part.SKIN, front)[nearest(known)]
    return result
