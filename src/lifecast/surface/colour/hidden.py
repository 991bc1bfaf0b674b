"""Which part each vertex is, and where in the photograph a vertex that it does not show takes its cloth from.

- **The hidden side** is the front seen through (`cloth`), part by part (`parts`).
- **The head**: hair goes over its back and down the neck as far as the front shows it (`head`), in its own texture.
- **Limbs**: a forearm before the chest is not painted on the back; forearms and shins take from their own limb.
- **Sides** and what lies behind a nearer part continue the cloth that they touch (`sides`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from scipy import sparse

from lifecast.surface.colour.body_parts import BodyParts, Places
from lifecast.surface.colour.cloth import FOLDING, Cloth, Folding
from lifecast.surface.colour.head import BACK_OF_HEAD, BackOfHead, Head, hair_colour, hair_share, head_middle
from lifecast.surface.colour.part_grid import GRID_COLOURS, GridColours, make_grid
from lifecast.surface.colour.parts import PART_RULES, FoundParts, Part, PartRules, find_parts
from lifecast.surface.colour.photograph import RIM, Photograph
from lifecast.surface.colour.sides import continue_cloth
from lifecast.surface.colour.visibility import LinesOfSight


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
    hair_like: float = 60.0
    """Distance in 0..255 RGB from the hair's usual colour up to which a pixel is copied as hair."""
    grid: GridColours = GRID_COLOURS
    parts: PartRules = PART_RULES
    folding: Folding = FOLDING
    head: BackOfHead = BACK_OF_HEAD


HIDDEN_CLOTH = HiddenCloth()


class Hidden(NamedTuple):
    """Of all vertices."""

    parts: np.ndarray
    """(V,) uint8 `Part`."""
    sources: np.ndarray
    """(V, 2) float32 x and y in view space; a vertex's own place if the photograph shows it."""
    guess: np.ndarray
    """(V, 3) float32 0..255, the evened photograph there."""
    found: np.ndarray
    """(V,) bool: there is a guess."""


def dress_hidden(
    vertices: np.ndarray,
    normals: np.ndarray,
    graph: sparse.csr_matrix,
    sight: LinesOfSight,
    trust: np.ndarray,
    even: Photograph,
    head: Head,
    body: BodyParts | None,
    constants: HiddenCloth = HIDDEN_CLOTH,
) -> Hidden:
    """Find every vertex's part and, where `trust` (V,) is below 1, what the cloth there looks like.

    even: the photograph without its light. body: the body around its joints, if these are given.
    """
    found_parts = find_parts(make_grid(even, sight, constants.grid), head, body, constants.parts)
    hair = hair_colour(even, head, constants.head)
    cloth = Cloth(lending(found_parts, even, sight, hair, constants), constants.folding)
    parts = found_parts.at(vertices)
    sources = vertices[:, :2].copy()
    unclear = np.flatnonzero(trust < 0.999)
    points = vertices[unclear]
    nowhere = np.zeros(len(unclear), int)
    places = Places(nowhere, nowhere, nowhere) if body is None else body.find(points)
    limbs = np.zeros(len(vertices), int)
    limbs[unclear] = places.lower
    parts[unclear] = found_parts.at(points, places.lower)
    parts[unclear[hair_over_head(points, even, sight, head, hair, constants.head)]] = Part.HAIR
    if constants.sides:
        clear = trust >= 0.999
        front = found_parts.places_at(vertices[clear])
        limbs[clear] = front.lower
        clear |= (normals[:, 2] < -constants.behind) & ~sight.visible
        side = np.flatnonzero(~clear)
        continued = continue_cloth(graph, vertices, normals, clear, side)
        own, start = side, continued.start
        same = (start >= 0) & (limbs[own] == limbs[start])  # an arm may be fused with the trunk
        own, start = own[same], start[same]
        sources[own] = continued.places[same, :2]
        parts[own] = np.where(parts[start] == Part.FACE, Part.SKIN, parts[start])
    parts = np.where(parts < 0, Part.UPPER, parts)
    codes = available(cloth, code(parts[unclear], limbs[unclear]))
    through = found_parts.places_at(sources[unclear])
    own = (cloth.at(sources[unclear]) // 8 == codes // 8) & ~places.strange_to(through)
    sources[unclear], found = cloth.find(sources[unclear], codes, own)
    guess = even.sample(vertices)
    guess[unclear] = even.sample(sources[unclear])
    all_found = np.zeros(len(vertices), bool)
    all_found[unclear] = found
    bare = unclear[~found & (parts[unclear] == Part.HAIR)]
    if len(bare) and hair is not None:  # a strip of hair too narrow to copy
        guess[bare], all_found[bare] = hair, True
        sources[bare] = np.nan
    return Hidden(parts.astype(np.uint8), sources, guess, all_found)


def code(parts: np.ndarray, limb: np.ndarray) -> np.ndarray:
    """Number a part on a limb."""
    return parts * 8 + limb


def available(cloth: Cloth, codes: np.ndarray) -> np.ndarray:
    """Replace codes (N,) that the photograph shows nothing of by the same part elsewhere, or -1."""
    result = codes.copy()
    for one in np.unique(codes):
        others = [int(one), *(int(one) // 8 * 8 + limb for limb in range(5))]
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
    good &= ~parts.front_only_at(points)
    if hair is not None:  # no glints, clips and background between strands
        good &= (part != Part.HAIR) | (np.linalg.norm(even.sample(points) - hair, axis=1) < constants.hair_like)
    result = np.full((size, size), -1)
    result[row[good], column[good]] = code(part, parts.places_at(points).lower)[good]
    return result


def hair_over_head(
    points: np.ndarray,
    even: Photograph,
    sight: LinesOfSight,
    head: Head,
    hair: np.ndarray | None,
    constants: BackOfHead = BACK_OF_HEAD,
) -> np.ndarray:
    """Decide which hidden points (N, 3) are the hair of the back of the head, (N,) bool."""
    if hair is None:
        return np.zeros(len(points), bool)
    share = hair_share(even, head, hair, points[:, 1], constants)
    behind = np.abs(points[:, 0] - head.x) < 1.15 * head.half_width
    depth = (head_middle(sight, head) - points[:, 2]) / (0.4 * head.half_width)
    result: np.ndarray = share * behind * (depth + 0.5).clip(0, 1) > 0.5  # not the ears, nor the inside of a mouth
    return result
