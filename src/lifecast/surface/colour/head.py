"""Where a head is, and how far down its back is hair.

The back of the head takes the hair, around the top of the head's outline, and not the face that lies on the same lines
of sight; a bald head is skin there, and a hat is a hat.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifecast.space.units import CM_PER_UNIT, STANDING_CM
from lifecast.surface.colour.photograph import RIM, Photograph
from lifecast.surface.colour.visibility import LinesOfSight, pixel_of

HEAD_SHARE = 0.13
"""A head's height, chin to crown, in heights of a standing adult (Drillis and Contini 1966: 0.130)."""
STANDING = STANDING_CM / CM_PER_UNIT
"""View units of a person as framed for the networks (180 of the image's 256 rows)."""


@dataclass(frozen=True)
class BackOfHead:
    """Constants of how far hair goes over the back of a head."""

    hair_like: float = 45.0
    """Distance in 0..255 RGB up to which a pixel next to the head counts as hair."""
    hair_brightness: tuple[float, float] = (10, 50)
    """Percentiles of brightness around the crown between which hair's colour is looked for."""
    bald: float = 25.0
    """Distance in 0..255 RGB of the crown's colour from the face's up to which there are no strands."""
    over_head: float = 5.0
    """Tenths of a head's height over the crown from which on nothing is hair."""
    off_head: float = 0.5
    """Share of the head's half width from its middle from which on hair may hang down before the shoulders."""


BACK_OF_HEAD = BackOfHead()


@dataclass(frozen=True)
class Head:
    """Where the head is, in view units."""

    x: float
    chin: float
    crown: float
    half_width: float

    @property
    def height(self) -> float:
        """From chin to crown."""
        return self.crown - self.chin


def find_head(vertices: np.ndarray) -> Head:
    """Find the head of an upright figure from its vertices (V, 3) alone.

    It is the top 13% of its height, over its trunk. Raised hands do not count: the crown is searched in a column as
    wide as a head around the middle of the trunk. Give `colour_surface` a `Head` from landmarks where a pose defeats
    this (lying, bent double).
    """
    low, high = float(vertices[:, 1].min()), float(vertices[:, 1].max())
    height = min(high - low, STANDING) if high > low else STANDING
    half = 0.07 * height
    x = middle_plane(vertices)
    for _ in range(2):  # a head held aside moves the column
        column = vertices[np.abs(vertices[:, 0] - x) < half]
        crown = float(column[:, 1].max()) if len(column) else float(high)
        top = column[column[:, 1] > crown - HEAD_SHARE * height]
        if len(top):
            x = float((top[:, 0].min() + top[:, 0].max()) / 2)
    return Head(x, crown - HEAD_SHARE * height, crown, half)


def middle_plane(vertices: np.ndarray) -> float:
    """Compute x of the plane that the body is taken to be symmetric in.

    It is the median of the trunk of vertices (V, 3).
    """
    low, high = vertices[:, 1].min(), vertices[:, 1].max()
    share = (vertices[:, 1] - low) / max(high - low, 1e-9)
    trunk = vertices[(share > 0.45) & (share < 0.85), 0]
    return float(np.median(trunk if len(trunk) else vertices[:, 0]))


def hair_colour(photo: Photograph, head: Head, constants: BackOfHead = BACK_OF_HEAD) -> np.ndarray | None:
    """Estimate the usual colour (3,) inside the outline of the head's upper quarter.

    None if the mask has none of it. Usual means of medium brightness, rather on the dark side: the light on a crown is
    brighter than its hair.
    """
    height, width = photo.depth_inside.shape
    row, column = np.mgrid[:height, :width]
    x = (column + photo.corner[0] + 0.5) * (2 / photo.size) - 1
    y = 1 - (row + photo.corner[1] + 0.5) * (2 / photo.size)
    rim = (photo.depth_inside > RIM) & (photo.depth_inside < RIM + 0.18 * head.height)
    rim &= (y > head.chin + 0.72 * head.height) & (y < head.crown + 0.02) & (np.abs(x - head.x) < head.half_width)
    if rim.sum() < 4:
        return None
    colours = photo.colours[rim]
    brightness = colours.sum(1)
    low, high = np.percentile(brightness, constants.hair_brightness)
    colour: np.ndarray = np.median(colours[(brightness >= low) & (brightness <= high)], axis=0)
    return colour


def hair_share(
    photo: Photograph, head: Head, hair: np.ndarray, levels: np.ndarray, constants: BackOfHead = BACK_OF_HEAD
) -> np.ndarray:
    """Compute how much the back of the head is hair at each height y `levels` (N,).

    (N,) in [0, 1], of the head's column. 1 from over the crown down to the mouth, then falling to 0 at the chin, and 0
    over the head (raised arms, somebody upside down); further down as far as strands by the neck say that the hair
    is long.
    """
    short = ((levels - head.chin) / (0.25 * head.height)).clip(0, 1)
    short *= ((head.crown - levels) / (0.1 * head.height) + constants.over_head).clip(0, 1)
    rows = head.crown - head.height * np.linspace(0.15, 2.2, 60)  # the crown's own row has hardly a pixel
    across = np.linspace(head.x - head.half_width, head.x + head.half_width, 41)
    points = np.stack(np.meshgrid(across, rows), -1).reshape(-1, 2)
    person = photo.inside(points).reshape(60, 41) > RIM
    off_head = person & (np.abs(across - head.x) > constants.off_head * head.half_width)
    # strands hang off the neck, while under the chin is its shadow; where there is only the neck, they are before it
    whole = person
    person = np.where(off_head.any(1, keepdims=True), off_head, person)
    colours = photo.sample(points).reshape(60, 41, 3)
    off = np.linalg.norm(colours - hair, axis=2)
    trunk = person & (rows < head.chin - 0.5 * head.height)[:, None] & (rows > head.chin - 1.2 * head.height)[:, None]
    like = off < constants.hair_like
    if trunk.any():  # a dark shirt under dark hair
        like &= off <= np.linalg.norm(colours - np.median(colours[trunk], axis=0), axis=2)
    share = (like & person).sum(1) / np.maximum(person.sum(1), 1)
    long = np.minimum.accumulate((share / 0.2).clip(0, 1))
    long *= np.linspace(5, 0, 60).clip(0, 1)  # no hair is followed further down than this
    face = whole & (np.abs(across - head.x) < 0.4 * head.half_width)
    face &= ((rows > head.chin + 0.2 * head.height) & (rows < head.chin + 0.5 * head.height))[:, None]
    if face.any() and np.linalg.norm(np.median(colours[face], axis=0) - hair) < constants.bald:
        long[:] = 0  # or bare skin down to a neckline is taken for strands
    result: np.ndarray = np.maximum(short, np.interp(levels, rows[::-1], long[::-1], right=0))
    return result


def head_middle(sight: LinesOfSight, head: Head) -> float:
    """Compute z halfway between the face and the back of the head.

    The head is taken to be as deep as it is wide.
    """
    size = sight.first.shape[0]
    corners = np.array([[head.x - head.half_width, head.crown], [head.x + head.half_width, head.chin]])
    column, row = pixel_of(corners, size)
    depth = sight.first[row[0] : row[1] + 1, column[0] : column[1] + 1]
    face = depth[np.isfinite(depth)]
    return float(np.percentile(face, 90)) - 0.8 * head.half_width if len(face) else np.inf
