"""The preview: a person from the front, the side and behind, and the normals, in one PNG."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from lifecast.atomic import atomic_file
from lifecast.surface.output.picture import Subject, develop, shoot

MARGIN = 0.12
"""Of a panel's half height, left to the sides of the person."""


def preview(what: Subject, height: int = 512) -> np.ndarray:
    """Draw four panels, (height, width, 3) uint8.

    Front, left side, back, normals of the front. The panels are as wide as the person needs, at most square.
    """
    front = shoot(what, height)
    panels = [develop(front), develop(shoot(what, height, yaw=-90)), develop(shoot(what, height, yaw=180))]
    panels.append(develop(front, "normals"))
    reach = float(np.abs(what.vertices.numpy()[:, [0, 2]]).max()) + MARGIN
    half = min(height // 2, int(np.ceil(reach * height / 2)))
    middle = height // 2
    return np.concatenate([panel[:, middle - half : middle + half] for panel in panels], axis=1)


def save_preview(what: Subject, path: str | Path, height: int = 512) -> None:
    """Write the preview as a PNG (or whatever picture the suffix says), atomically."""
    with atomic_file(path) as part:
        Image.fromarray(preview(what, height)).save(part)
