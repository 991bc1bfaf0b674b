"""A garment made of pattern pieces: where it starts around the body, and the flat shape that its cloth remembers.

Cloth resists stretching and shearing against its *flat* shape, the pattern from which it was cut, and not against the
shape that it happens to hang in. So every triangle carries its three corners in the plane of its pattern piece; two
pieces that are sewn together share the vertices of their seam.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lifecast.errors import LifecastError


def _no_edges() -> NDArray[np.int32]:
    return np.zeros((0, 2), np.int32)


def _no_lift() -> NDArray[np.float32]:
    return np.zeros(0, np.float32)


@dataclass(frozen=True)
class Garment:
    """One garment before it is draped, around a body at rest.

    Raises
    ------
    LifecastError
        The arrays do not fit together, a value is not finite, or a triangle has no area.
    """

    name: str
    """What it is, for the card: "t-shirt", "pleated skirt"."""
    part: str
    """top, bottom, dress, outer (open or closed over a top), or accessory: the prefix of its mesh."""
    layer: int
    """It lies over garments of lower layers."""
    fabric: str
    """A key of `cloth.fabrics.FABRICS`."""
    points: NDArray[np.float32]
    """(V, 3) metres, around the rest body, outside of the skin and of garments beneath; about 1 cm off is good. It need
    not have its flat lengths here: dressing relaxes it."""
    faces: NDArray[np.int32]
    """(F, 3) counter-clockwise from outside; edges of 9 to 12 mm. Draping halves them once."""
    flat: NDArray[np.float32]
    """(F, 3, 2) metres: each triangle's corners in its pattern piece (x across, y up, the grain along y). They are its
    texture coordinates, too."""
    piece: NDArray[np.int32]
    """(F,) the pattern piece of each triangle."""
    attached: NDArray[np.float32]
    """(V,) 0: hangs freely, to 1: is held to the skin or garment beneath (a waistband, an elastic cuff, a collar)."""
    self_contact: bool = True
    """Whether its parts may fall onto each other (skirts, coats, hoods); tight garments are draped faster without."""
    seams: NDArray[np.int32] = field(default_factory=_no_edges)
    """(S, 2) edges sewn together or stitched: they show as a shallow groove."""
    hems: NDArray[np.int32] = field(default_factory=_no_edges)
    """(H, 2) border edges that are turned up: they are thicker and stiffer."""
    lift: NDArray[np.float32] = field(default_factory=_no_lift)
    """(V,) metres that a vertex stays farther from what lies beneath than the garment's other cloth: what is folded
    over it, such as the fall of a collar or a lapel. Left out: none."""

    def __post_init__(self) -> None:
        count = len(self.points)
        if not len(self.lift):
            object.__setattr__(self, "lift", np.zeros(count, np.float32))
        shapes = {
            "points": (self.points.shape, (count, 3)), "faces": (self.faces.shape, (len(self.faces), 3)),
            "flat": (self.flat.shape, (len(self.faces), 3, 2)), "piece": (self.piece.shape, (len(self.faces),)),
            "attached": (self.attached.shape, (count,)), "lift": (self.lift.shape, (count,)),
        }  # fmt: skip
        for name, (found, wanted) in shapes.items():
            if found != wanted:
                raise LifecastError(f"garment {self.name!r}: {name} has shape {found}, not {wanted}")
        if not len(self.faces):
            raise LifecastError(f"garment {self.name!r} has no triangles")
        for name in ("faces", "seams", "hems"):
            index = getattr(self, name)
            if index.size and not (index.min() >= 0 and index.max() < count):
                raise LifecastError(f"garment {self.name!r}: {name} name vertices outside of 0 .. {count - 1}")
        if not (np.isfinite(self.points).all() and np.isfinite(self.flat).all()):
            raise LifecastError(f"garment {self.name!r} has points that are not finite")
        smallest = float(self.flat_areas().min())
        if smallest < 1e-8:
            raise LifecastError(f"garment {self.name!r}: a triangle has an area of {smallest:.1e} square metres")

    def flat_areas(self) -> NDArray[np.float64]:
        """Compute the area (F,) of each triangle in its pattern piece, square metres."""
        a, b = (self.flat[:, k].astype(np.float64) - self.flat[:, 0] for k in (1, 2))
        areas: NDArray[np.float64] = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) / 2
        return areas
