"""One picture of many results: a row each, with the photograph, the normal maps, and the model from three sides."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from lifecast.atomic import atomic_file
from lifecast.reconstruction import Reconstruction

CELL = 288
"""Pixels of a cell's side."""
_GAP, _HEAD = 4, 18
MOST_PIXELS = {".webp": 16_383, ".jpg": 65_500, ".jpeg": 65_500}
"""Longest side that a format's files can have."""
COLUMNS = ("photograph", "as framed", "front normals", "back normals", "front", "surface", "side", "back")


def row(result: Reconstruction, photo: np.ndarray | None = None) -> Image.Image:
    """Draw one result's row.

    `photo` is the whole photograph (H, W, 3) uint8, by default only its framed part.
    """
    framed = Image.fromarray(result.image)
    whole = framed if photo is None else Image.fromarray(photo)
    if photo is not None:
        whole = ImageOps.contain(whole, (CELL, CELL), Image.Resampling.BILINEAR)
    if result.front_normals is not None:
        normals = [result.normal_map("front"), result.normal_map("back")]
    else:
        normals = [Image.new("RGB", (CELL, CELL), (127, 127, 127))] * 2
    cells = [
        whole,
        framed,
        *normals,
        result.preview(CELL),
        result.preview(CELL, style="clay"),
        result.preview(CELL, 90),
        result.preview(CELL, 180),
    ]
    strip = Image.new("RGB", (len(cells) * (CELL + _GAP) - _GAP, CELL + _HEAD), "white")
    for column, cell in enumerate(cells):
        left = column * (CELL + _GAP)
        strip.paste(ImageOps.pad(cell, (CELL, CELL), color="white"), (left, _HEAD))
    said = f"{Path(result.photo_name).name}   {sum(result.timings.values()):.1f} s   {'; '.join(result.notes)}"
    ImageDraw.Draw(strip).text((2, 3), said.encode("latin-1", "replace").decode("latin-1"), fill="black")
    return strip


def write_sheet(path: Path, rows: Sequence[Image.Image]) -> None:
    """Write all rows, one under the other, under the columns' names; atomically.

    `OutputError` if the sheet cannot be written. Where the file's format allows no picture so high, the rows that are
    too many stand beside the first ones, and where that is not enough the sheet is made smaller.
    """
    most = MOST_PIXELS.get(path.suffix.lower(), sys.maxsize)
    width, height = max(one.width for one in rows), max(one.height for one in rows) + _GAP
    in_block = min(len(rows), max(1, (most - _HEAD) // height))
    blocks = -(-len(rows) // in_block)
    sheet = Image.new("RGB", (blocks * (width + _GAP) - _GAP, _HEAD + in_block * height), "white")
    draw = ImageDraw.Draw(sheet)
    for number, one in enumerate(rows):
        block, place = divmod(number, in_block)
        left = block * (width + _GAP)
        sheet.paste(one, (left, _HEAD + place * height))
        if place == 0:
            for column, name in enumerate(COLUMNS):
                draw.text((left + column * (CELL + _GAP) + 2, 3), name, fill="black")
    if sheet.width > most:
        sheet.thumbnail((most, most))
    with atomic_file(path) as part:
        sheet.save(part)
