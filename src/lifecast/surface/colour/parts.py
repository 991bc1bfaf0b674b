"""What a person consists of, front and back: skin, face, hair, garments and shoes.

On the photograph parts are regions of one colour, named by the joints that they lie at. On the hidden side a part goes
on where it is on the front, seen through; but faces, prints, ties, what an open jacket shows and what is held before
the body are at the front alone, and there the back goes on from what surrounds them.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from lifecast.space.parsing import Part
from lifecast.surface.colour.back_neckline import closed_backs
from lifecast.surface.colour.body_parts import ARMS, UPPER, BodyParts, Places, Zone
from lifecast.surface.colour.front_only import between_alike_sides, isolated_patches
from lifecast.surface.colour.head import Head
from lifecast.surface.colour.parsed import front_and_back
from lifecast.surface.colour.part_grid import Grid
from lifecast.surface.colour.part_rules import PART_RULES, PartRules
from lifecast.surface.colour.parts_by_colour import connected, nearest, parts_by_colour
from lifecast.surface.colour.visibility import pixel_of


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


def find_parts(
    grid: Grid,
    head: Head,
    body: BodyParts | None,
    rules: PartRules = PART_RULES,
    parsing: np.ndarray | None = None,
) -> FoundParts:
    """Tell the parts of a person apart.

    head: where it is; body: the body around its joints, if these are given; parsing: (2, P, h, w) probabilities of the
    parts on front and back, if a network predicted them.
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

    back: np.ndarray | None = None
    if parsing is not None:
        front, back = front_and_back(parsing, grid, rules.parsed)
    else:
        front = parts_by_colour(grid, head, body, places._replace(zone=zone), near_head, y, waist, rules)

    lower = places.lower
    only = np.zeros((n, n), bool)
    if body is not None and rules.front.on:
        core = grid.covered & ~np.isin(limb, ARMS) & (lower == 0) | grid.covered & np.isin(limb, (3, 4))
        plain = ~np.isin(front, (Part.SKIN, Part.FACE, Part.HAIR))
        sleeves = np.isin(limb, ARMS) & (level == UPPER) & grid.covered
        opening = between_alike_sides(grid, core, plain, sleeves, body.trunk, rules.front)
        opening = whole_clusters(opening, grid.cluster, core & (zone == Zone.TRUNK), rules)
        if back is None and (opening & (front == Part.UPPER)).sum() * grid.cell > rules.outer:
            # what lies around an opening is worn over what lies in it
            edge = grid.cluster[side_of(opening, core) & (front == Part.UPPER)]
            front[(front == Part.UPPER) & ~opening & np.isin(grid.cluster, np.unique(edge))] = Part.OUTER
        only |= opening
    if rules.front.on:
        garments = grid.covered & (lower == 0) & ~np.isin(front, (Part.FACE, Part.HAIR, Part.SHOES))
        only |= isolated_patches(connected(np.where(garments, grid.cluster, -1)), garments, grid.cell, rules.front)
        only |= skin_by_forearms(front, lower, zone, rules)
    behind = np.stack([hidden_side(front, only | (grid.before & (lower == 0)), lower == k) for k in range(5)])
    if back is not None and (back >= 0).any():
        behind[0] = back[nearest(back >= 0)]
    elif body is not None and rules.neckline.on:
        behind[0] = closed_backs(behind[0], front, grid.covered & (limb == 0), body.trunk, rules.neckline)
    behind = np.stack([even_borders(one, rules.even) for one in behind])
    return FoundParts(front, places, only, behind)


def even_borders(parts: np.ndarray, cells: float) -> np.ndarray:
    """Smooth the borders between parts (n, n).

    Each cell becomes what most of its neighbours are. Hems that follow the noise of single pixels in front would be
    ragged behind, where no picture excuses it. cells: standard deviation of a neighbour's weight; 0 changes nothing.
    """
    if not cells:
        return parts
    names = np.unique(parts)
    votes = [cv2.GaussianBlur((parts == name).astype(np.float32), (0, 0), cells) for name in names]
    result: np.ndarray = names[np.argmax(votes, axis=0)]
    return result


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


def skin_by_forearms(front: np.ndarray, lower: np.ndarray, zone: np.ndarray, rules: PartRules) -> np.ndarray:
    """Find cells (n, n) of trunk and legs that are a forearm's or a hand's after all.

    They are skin next to one.
    """
    arms = (np.isin(lower, ARMS) & (front == Part.SKIN)).astype(np.uint8)
    wide = 2 * rules.beside + 1
    result: np.ndarray = (
        (front == Part.SKIN)
        & np.isin(zone, (Zone.TRUNK, Zone.LEG))
        & (cv2.dilate(arms, np.ones((wide, wide), np.uint8)) > 0)
    )
    return result


def hidden_side(front: np.ndarray, only: np.ndarray, limb: np.ndarray) -> np.ndarray:
    """Continue what the front has of one limb to the hidden side: (n, n) int."""
    known = (front >= 0) & ~only & limb
    if not known.any():
        known = (front >= 0) & ~only
    if not known.any():
        return np.full(front.shape, int(Part.UPPER))
    result: np.ndarray = np.where(front == Part.FACE, Part.SKIN, front)[nearest(known)]
    return result
