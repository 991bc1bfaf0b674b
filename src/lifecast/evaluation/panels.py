"""The strip of pictures that shows one reconstruction: photo, normals, mesh, error painted on its surface."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from lifecast.evaluation.benchmark import ViewMaps
from lifecast.evaluation.predict import Prediction
from lifecast.evaluation.raster import normals_at_hits, raster
from lifecast.evaluation.triangles import Triangles
from lifecast.space.units import CM_PER_UNIT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

SIDE = 360
"""Pixels of a panel."""
ERROR_RANGE_CM = 4.0
"""The error that the palette's end stands for, and everything above."""
PANELS = (
    "photo",
    "true front normals",
    "predicted front normals",
    "true back normals",
    "predicted back normals",
    "mesh, front",
    "mesh, side",
    "mesh, back",
    "error, front",
    "error, back",
)

# Light yellow, orange, red, dark purple: it gets darker with the error, also on a grey printer.
_PALETTE = np.array([[255, 250, 205], [253, 190, 90], [220, 70, 60], [125, 20, 90], [40, 5, 50]], np.float64)


def palette(share: NDArray[np.float64]) -> Picture:
    """Colour values in [0, 1]: (..., 3)."""
    place = np.clip(share, 0, 1) * (len(_PALETTE) - 1)
    low = np.minimum(place.astype(int), len(_PALETTE) - 2)
    along = (place - low)[..., None]
    colours: Picture = np.round(_PALETTE[low] * (1 - along) + _PALETTE[low + 1] * along).astype(np.uint8)
    return colours


def normals_picture(normals: NDArray[np.floating] | None, mask: NDArray[np.bool_] | None, side: int) -> Picture:
    """Draw normals as (n + 1) / 2 on white; all white if a method predicts no maps."""
    if normals is None:
        return np.full((side, side, 3), 255, np.uint8)
    inside = np.linalg.norm(normals, axis=-1) > 0.3 if mask is None else mask
    coloured = np.where(inside[..., None], np.clip((normals + 1) * 127.5, 0, 255), 255).astype(np.uint8)
    mode = cv2.INTER_AREA if coloured.shape[0] > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(coloured, (side, side), interpolation=mode), np.uint8)


def mesh_pictures(mesh: Triangles, degrees: float, side: int, truth: Triangles | None = None) -> list[Picture]:
    """Draw the mesh turned by `degrees`: shaded grey, and painted with its distance to `truth`.

    The latter if the truth is given. Twice oversampled.
    """
    hits = raster(mesh, 2 * side, degrees)
    normals = normals_at_hits(mesh, hits, degrees)  # (N, 3)
    # A key light from above the camera's left shoulder, and a weak fill from the camera.
    light = np.array([-0.4, 0.6, 0.7]) / np.linalg.norm([-0.4, 0.6, 0.7])
    shade = 0.25 + 0.5 * np.clip(normals @ light, 0, 1) + 0.25 * np.clip(normals[:, 2], 0, 1)
    coloured = [235 * shade[:, None] * np.ones(3)]
    if truth is not None:
        # Where each ray met the mesh, in the mesh's own frame.
        distance = CM_PER_UNIT * truth.closest(hits.at_hits(mesh.faces, mesh.vertices))[0]
        coloured.append(palette(distance / ERROR_RANGE_CM) * (0.7 + 0.3 * shade[:, None]))
    pictures = []
    for colours in coloured:
        large = np.full((2 * side, 2 * side, 3), 255, np.uint8)
        large[hits.mask] = colours.clip(0, 255).astype(np.uint8)
        pictures.append(np.asarray(cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA), np.uint8))
    return pictures


def strip(view: ViewMaps, prediction: Prediction, mesh: Triangles, truth: Triangles, side: int = SIDE) -> Picture:
    """Draw all `PANELS` side by side, (side, 10 w, 3).

    Each is cut to the width w that the person takes from any side.
    """
    photo = cv2.resize(view.picture, (side, side), interpolation=cv2.INTER_AREA)
    front, error_front = mesh_pictures(mesh, 0.0, side, truth)
    (profile,) = mesh_pictures(mesh, 270.0, side)
    back, error_back = mesh_pictures(mesh, 180.0, side, truth)
    panels = [
        photo,
        normals_picture(view.front, view.mask, side),
        normals_picture(prediction.front, prediction.mask, side),
        normals_picture(view.back, view.mask, side),
        normals_picture(prediction.back, prediction.mask, side),
        front,
        profile,
        back,
        error_front,
        error_back,
    ]
    reach = max(float(np.abs(surface.bounds[:, [0, 2]]).max()) for surface in (mesh, truth)) + 0.06
    half = round(min(max(reach, 0.3), 1.0) * side / 2)
    return np.concatenate([panel[:, side // 2 - half : side // 2 + half] for panel in panels], axis=1)
