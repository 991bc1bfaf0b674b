"""The true surface that predictions are measured against.

A made person, and many a scan, is a soup: a body under a suit, shoes over feet, hair as sheets. What the
networks are taught is one solid person (`scans.occupancy`), so the true surface is that solid's boundary and not
the skin hidden under a jacket, nor the inside of a closed mouth. A triangle bounds the solid where one of its
sides is inside and the other outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lifecast.errors import ScanError
from lifecast.evaluation.triangles import Triangles

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE_STEP = 5e-4
"""How far from a triangle its two sides are probed, view units (0.06 cm: thinner than any cloth above
skin).
"""

_PROBES = np.array([[1, 1, 1], [4, 1, 1], [1, 4, 1], [1, 1, 4]]) / np.array([[3], [6], [6], [6]])


def bounding_mask(soup: Triangles, step: float = SIDE_STEP) -> NDArray[np.bool_]:
    """Find which triangles of `soup` bound its occupancy, (F,).

    Their own normals point out of the solid. The winding number rises by one from a triangle's front to its back, so a
    triangle bounds the solid where its back is inside and its front is not. Each is probed at four places and kept if
    one of them bounds, which keeps triangles that are partly covered. `step` is in the mesh's own units. Raises
    `ScanError` when no triangle bounds anything (a sheet without volume, or a mesh turned inside out).
    """
    corners = soup.vertices[soup.faces]  # (F, 3, 3)
    bounds = np.zeros(len(corners), bool)  # (F,)
    for weights in _PROBES:
        # Winding numbers are most of an evaluation's work, so only what can still decide is asked: of triangles that
        # are not known to bound, the side before them first, which tells hidden ones, and then the one behind.
        asked = np.flatnonzero(~bounds)
        places = np.einsum("c,fcd->fd", weights, corners[asked])
        out = step * soup.face_normals[asked]
        free = ~soup.inside(places + out)
        bounds[asked[free]] = soup.inside((places - out)[free])
    if not bounds.any():
        raise ScanError(
            "no triangle of the true mesh bounds a solid (winding number above 0.5): its faces may be inside out"
        )
    return bounds


def bounding_triangles(soup: Triangles, step: float = SIDE_STEP) -> Triangles:
    """Cut the triangles of `bounding_mask` out as a mesh."""
    return Triangles(soup.vertices, soup.faces[bounding_mask(soup, step)])
