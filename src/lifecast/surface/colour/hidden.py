"""Which part each vertex is, and where in the photograph a vertex that it does not show takes its cloth from.

- **The hidden side** is the front seen through (`cloth`), part by part (`parts`).
- **The head**: hair goes over its back and down the neck as far as the front shows it (`head`), in its own texture.
- **Limbs**: a forearm before the chest is not painted on the back; forearms and shins take from their own limb.
- **Sides** and what lies behind a nearer part continue the cloth that they touch (`sides`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
from scipy import sparse

from lifecast.space.parsing import Part
from lifecast.surface.colour.body_parts import ARMS, BodyParts, Places
from lifecast.surface.colour.cloth import FOLDING, Cloth, Folding
from lifecast.surface.colour.head import BACK_OF_HEAD, BackOfHead, Head, hair_colour, hair_share, head_middle
from lifecast.surface.colour.hidden_head import (
    HIDDEN_HEAD,
    HiddenHead,
    SeenHead,
    bare_places,
    hairy_places,
    paint_head,
    see_head,
)
from lifecast.surface.colour.part_grid import GRID_COLOURS, GridColours, make_grid
from lifecast.surface.colour.part_rules import PART_RULES, PartRules
from lifecast.surface.colour.parts import FoundParts, find_parts
from lifecast.surface.colour.photograph import RIM, Photograph
from lifecast.surface.colour.sides import continue_cloth
from lifecast.surface.colour.visibility import LinesOfSight, pixel_of


@dataclass(frozen=True)
class HiddenCloth:
    """Constants of what the photograph does not show."""

    lends: float = 0.5
    """Cosine between normal and line of sight from which on a pixel is copied."""
    behind: float = 0.45
    """Cosine from which on a vertex that is turned away is the front seen through, and no side."""
    sides: bool = True
    """Off: sides are seen through, too."""
    jump: float = 0.05
    """View units (6 cm) of a step in depth whose pixels mix two parts of the body."""
    glint: float = 1.5
    """Times the usual brightness of a part from which on a pixel is light on it and is not copied, ..."""
    glint_share: float = 0.2
    """... if fewer of the part's pixels are: else it is a pattern."""
    far: float = 0.12
    """View units (15 cm) from which on copied skin is too likely another's: it is painted like the head's."""
    hair_like: float = 60.0
    """Distance in 0..255 RGB from the hair's usual colour up to which a pixel is copied as hair."""
    grid: GridColours = GRID_COLOURS
    parts: PartRules = PART_RULES
    folding: Folding = FOLDING
    head: BackOfHead = BACK_OF_HEAD
    painted_head: HiddenHead = HIDDEN_HEAD


HIDDEN_CLOTH = HiddenCloth()
BEFORE = 128
"""Added to the codes of what is before another part of the body: its pixels are not those of what is behind it."""
INSTEAD = (Part.UPPER, Part.OUTER, Part.LOWER, Part.SKIN, Part.SHOES)
"""Parts that stand in for one that the photograph does not show, the first ones first."""


class Hidden(NamedTuple):
    """Of all vertices."""

    parts: np.ndarray
    """(V,) uint8 `Part`."""
    sources: np.ndarray
    """(V, 2) float32 x and y in view space; a vertex's own place if the photograph shows it, nan for no place."""
    copied: np.ndarray
    """(V, 3) float32 0..255, the evened photograph there."""
    pieces: np.ndarray
    """(V,) int: vertices of one number are copied from one piece of cloth; -1 where the photograph shows them."""


def dress_hidden(
    vertices: np.ndarray,
    normals: np.ndarray,
    graph: sparse.csr_matrix,
    edge: float,
    sight: LinesOfSight,
    trust: np.ndarray,
    even: Photograph,
    head: Head,
    body: BodyParts | None,
    constants: HiddenCloth = HIDDEN_CLOTH,
    parsing: np.ndarray | None = None,
) -> Hidden:
    """Find every vertex's part and what the hidden cloth looks like.

    Hidden is where `trust` (V,) is below 1. edge: the mean edge length, view units; even: the photograph without its
    light. body: the body around its joints, if these are given; parsing: as in `find_parts`.
    """
    found_parts = find_parts(make_grid(even, sight, constants.grid), head, body, constants.parts, parsing)
    hair = hair_colour(even, head, constants.head)
    cloth = Cloth(lending(found_parts, even, sight, hair, constants), constants.folding)
    unclear = np.flatnonzero(trust < 0.999)
    points = vertices[unclear]
    nowhere = np.zeros(len(unclear), int)
    places = Places(nowhere, nowhere, nowhere) if body is None else body.find(points)
    limbs = np.zeros(len(vertices), int)
    limbs[unclear] = places.lower
    before = sight.in_front_layer(points, normals[unclear]) & (places.lower == 0)
    parts = found_parts.at(vertices)
    parts[unclear] = np.where(before, parts[unclear], found_parts.at(points, places.lower))
    seen, hairy = None, np.zeros(len(vertices), bool)
    if parsing is None:
        if constants.painted_head.on:
            seen = see_head(
                vertices, trust, parts, even.sample(vertices), head, hair, body, constants.painted_head, constants.head
            )
        hairy[unclear] = hair_of_head(vertices, unclear, even, sight, head, hair, body, seen, constants)
        parts[hairy] = Part.HAIR
    sources = vertices[:, :2].copy()
    if constants.sides:
        clear = trust >= 0.999
        limbs[clear] = found_parts.places_at(vertices[clear]).lower
        clear |= (normals[:, 2] < -constants.behind) & ~sight.visible
        side, start, sources[side] = continued_sides(graph, vertices, normals, clear, limbs, found_parts)
        beyond = np.where(parts[start] == Part.FACE, Part.SKIN, parts[start])
        parts[side] = np.where(hairy[side], Part.HAIR, beyond)
    if seen is not None:
        other = unclear[seen.near[unclear] & ~hairy[unclear]]
        parts[other[bare_places(seen, other, parts[other], constants.painted_head)]] = Part.SKIN
    parts = np.where(parts < 0, Part.UPPER, parts)
    codes = available(cloth, code(parts[unclear], limbs[unclear]) + BEFORE * before)
    through = found_parts.places_at(sources[unclear])
    own = (cloth.at(sources[unclear]) // 8 == codes // 8) & ~places.strange_to(through) & (codes >= 0)
    sources[unclear], found = cloth.find(sources[unclear], codes, own)
    copied = even.sample(sources)
    bare = unclear[~found & (parts[unclear] == Part.HAIR)]
    if len(bare) and hair is not None:  # a strip of hair too narrow to copy
        copied[bare] = hair
        sources[bare] = np.nan
    pieces = np.full(len(vertices), -1)
    pieces[unclear] = codes
    if seen is not None:
        strange = (np.linalg.norm(sources - vertices[:, :2], axis=1) > constants.far) & (body is not None)
        rows, colours = paint_head(seen, unclear, parts, trust, graph, edge, strange, constants.painted_head)
        copied[rows], sources[rows], pieces[rows] = colours, np.nan, -1
    return Hidden(parts.astype(np.uint8), sources, copied, pieces)


def hair_of_head(
    vertices: np.ndarray,
    unclear: np.ndarray,
    even: Photograph,
    sight: LinesOfSight,
    head: Head,
    hair: np.ndarray | None,
    body: BodyParts | None,
    seen: SeenHead | None,
    constants: HiddenCloth,
) -> np.ndarray:
    """Decide which hidden vertices, `unclear` (N,), are the hair of the head: (N,) bool."""
    if hair is None:
        return np.zeros(len(unclear), bool)
    share = hair_share(even, head, hair, vertices[unclear, 1], constants.head)
    hairy = hair_over_head(vertices[unclear], share, sight, head, body)
    if seen is None:
        return hairy
    left, _, forward = seen.places[unclear].T
    hairy &= np.hypot(left, forward) <= constants.painted_head.locks
    near = seen.near[unclear]
    places = seen.places[unclear[near]]
    hairy[near] = hairy_places(places, share[near], seen.covered, constants.painted_head) & ~seen.bald
    return hairy


def continued_sides(
    graph: sparse.csr_matrix,
    vertices: np.ndarray,
    normals: np.ndarray,
    clear: np.ndarray,
    limbs: np.ndarray,
    parts: FoundParts,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Continue the cloth of clear vertices over the others.

    Returns these (N,), the vertices that they continue (N,), and the places that they take (N, 2).

    clear: (V,) bool; limbs: (V,) the forearm or shin that a vertex is on.
    """
    side = np.flatnonzero(~clear)
    continued = continue_cloth(graph, vertices, normals, clear, side)
    start = continued.start
    # An arm may be fused with the trunk, and the hip does not go on from a hand before it.
    same = (start >= 0) & (limbs[side] == limbs[start])
    same &= ~parts.front_only_at(vertices[start]) | (parts.at(vertices[start]) != Part.SKIN)
    return side[same], start[same], continued.places[same, :2]


def code(parts: Any, limb: Any) -> Any:
    """Number parts on limbs, arrays or single ones."""
    return parts * 8 + limb


def available(cloth: Cloth, codes: np.ndarray) -> np.ndarray:
    """Replace codes (N,) that the photograph shows nothing of.

    By the same part elsewhere, or by another part of the same limb; hair alone by -1.
    """
    result = codes.copy()
    for one in np.unique(codes):
        part, limb = divmod(int(one) % BEFORE, 8)
        others = [int(one), *(code(part, other) for other in range(5))]
        if part != Part.HAIR:
            others += [*(code(other, limb) for other in INSTEAD), *(code(other, 0) for other in INSTEAD)]
        result[codes == one] = next((other for other in others if cloth.has(other)), -1)
    return result


def lending(
    parts: FoundParts, even: Photograph, sight: LinesOfSight, hair: np.ndarray | None, constants: HiddenCloth
) -> np.ndarray:
    """Decide what each pixel of the z-buffer may be copied as: (S, S) int code, -1 for nothing."""
    size = sight.first.shape[0]
    covered = np.isfinite(sight.first)
    near = np.where(covered, sight.first, -9).astype(np.float32)
    far = np.where(covered, sight.first, 9).astype(np.float32)
    window = np.ones((7, 7), np.uint8)
    with np.errstate(invalid="ignore"):
        jump = cv2.dilate(near, window) - cv2.erode(far, window) > constants.jump
    usable = covered & ~jump & (sight.facing[..., 2] > constants.lends)
    row, column = np.nonzero(usable)
    points = np.stack([(column + 0.5) * 2 / size - 1, 1 - (row + 0.5) * 2 / size], 1).astype(np.float32)
    part = parts.at(points)
    good = (part >= 0) & (part != Part.FACE) & (even.inside(points) > RIM)
    good &= ~parts.front_only_at(points) & ~beside_forearms(parts, points)
    if hair is not None:  # no glints, clips and background between strands
        good &= (part != Part.HAIR) | (np.linalg.norm(even.sample(points) - hair, axis=1) < constants.hair_like)
    lower = parts.places_at(points).lower
    good &= ~glints(even.sample(points), code(part, lower), good, constants)
    result = np.full((size, size), -1)
    before = sight.layered[row, column] & (lower == 0)
    result[row[good], column[good]] = (code(part, lower) + BEFORE * before)[good]
    return result


def glints(colours: np.ndarray, codes: np.ndarray, good: np.ndarray, constants: HiddenCloth) -> np.ndarray:
    """Decide which pixels (N,) are light on their part rather than paint.

    Those are few, and far brighter than the part usually is.

    colours: (N, 3) without the light that was found; codes: (N,) of part and limb; good: (N,) bool, those that count.
    """
    bright = colours.mean(1)
    result = np.zeros(len(codes), bool)
    for one in np.unique(codes[good]):
        own = np.flatnonzero(good & (codes == one))
        high = bright[own] > constants.glint * np.median(bright[own])
        if 0 < high.mean() < constants.glint_share:
            result[own[high]] = True
    return result


def beside_forearms(parts: FoundParts, points: np.ndarray) -> np.ndarray:
    """Decide whether points (N, 2) are a forearm's neighbours, (N,) bool.

    Their pixels may mix with it.
    """
    arms = np.isin(parts.places.lower, ARMS)
    beside = (cv2.dilate(arms.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0) & ~arms
    column, row = pixel_of(points, len(arms))
    result: np.ndarray = beside[row, column]
    return result


def hair_over_head(
    points: np.ndarray, share: np.ndarray, sight: LinesOfSight, head: Head, body: BodyParts | None = None
) -> np.ndarray:
    """Decide which hidden points (N, 3) are the hair of the back of the head, (N,) bool.

    share: (N,) how much of the head is hair at their height (`head.hair_share`).
    """
    behind = np.abs(points[:, 0] - head.x) < 1.15 * head.half_width
    if body is not None and body.face_turned:
        depth = (body.ears - points) @ body.facing / (0.4 * head.half_width)
        behind = np.ones(len(points), bool)
    else:
        depth = (head_middle(sight, head) - points[:, 2]) / (0.4 * head.half_width)
    result: np.ndarray = share * behind * (depth + 0.5).clip(0, 1) > 0.5  # not the ears, nor the inside of a mouth
    return result
