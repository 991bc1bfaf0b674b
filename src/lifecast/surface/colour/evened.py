"""The photograph without the light that it was taken in, at its own sharpness, as cloth to copy from."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from lifecast.surface.colour.light import Light
from lifecast.surface.colour.photograph import Photograph
from lifecast.surface.colour.visibility import LinesOfSight

SMOOTH = 0.012
"""View units (1.5 cm) over which the surface's normals are averaged first: finer ones are not the photograph's."""


def even_photograph(photo: Photograph, sight: LinesOfSight, light: Light) -> Photograph:
    """Take the light out of a photograph: as if all places faced the light's `usual` way."""
    height, width = photo.colours.shape[:2]
    size = sight.facing.shape[0]
    sigma = SMOOTH * size / 2
    covered = np.isfinite(sight.first).astype(np.float32)
    share = cv2.GaussianBlur(covered, (0, 0), sigma)[..., None]
    facing = cv2.GaussianBlur(sight.facing, (0, 0), sigma) / np.maximum(share, 1e-3)
    # what misses the body faces the usual way
    facing = np.where(share > 0.1, facing, light.facing)
    scale = size / photo.size
    left, top = photo.corner[0] * scale, photo.corner[1] * scale
    grid = np.array([[scale, 0, left + scale / 2 - 0.5], [0, scale, top + scale / 2 - 0.5]], np.float32)
    normals = cv2.warpAffine(
        facing.astype(np.float32), grid, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    colours = light.even(photo.colours.reshape(-1, 3), normals.reshape(-1, 3)).reshape(photo.colours.shape)
    return replace(photo, colours=colours)
