"""The contact sheet: many people, each one's colours next to the normals of the same view."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from lifecast.atomic import atomic_file
from lifecast.people.glb import read_parts
from lifecast.people.picture import draw

YAWS = (0.0, 0.0, 35.0, -35.0, 90.0, 180.0)
"""Every person is drawn from one of these, in turn; most from the front."""


def contact_sheet(people: Sequence[Path], out: Path, tile: int = 300, columns: int = 8) -> None:
    """Draw the folders `people` into one picture `out`.

    It has pairs of colour and normals, `columns` pairs a row.

    Raises
    ------
    ScanError
        A person's GLB is missing or damaged.
    """
    rows = -(-len(people) // columns)
    picture = np.full((rows * tile, columns * 2 * tile * 3 // 5, 3), 244, np.uint8)
    wide = tile * 3 // 5
    side = (tile - wide) // 2
    for k, folder in enumerate(people):
        colour, normal = draw(read_parts(folder / "person.glb"), tile, YAWS[k % len(YAWS)], aspect=wide / tile)
        top, left = k // columns * tile, k % columns * 2 * wide
        picture[top : top + tile, left : left + wide] = colour[:, side : side + wide]
        picture[top : top + tile, left + wide : left + 2 * wide] = normal[:, side : side + wide]
    with atomic_file(out) as part:
        Image.fromarray(picture).save(part)
