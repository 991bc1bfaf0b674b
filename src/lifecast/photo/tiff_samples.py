"""TIFF pixels that Pillow has no mode for.

Floating-point, 16 bits in planes or inverted, packed 10 to 14 bits, ... libtiff unpacks a page's bytes whatever they
mean, when the page is called one of 8-bit grey, a row's bytes wide. What they mean is then a matter of NumPy.
"""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image, TiffImagePlugin

from lifecast.photo.tiff_directory import (
    BITS,
    COMPRESSION,
    EXTRA_SAMPLES,
    FILL_ORDER,
    HEIGHT,
    PHOTOMETRIC,
    PLANAR,
    PREDICTOR,
    ROWS_PER_STRIP,
    SAMPLE_FORMAT,
    SAMPLES,
    STRIP_BYTES,
    STRIPS,
    TILE_BYTES,
    TILE_HEIGHT,
    TILE_WIDTH,
    TILES,
    WIDTH,
    Directory,
)
from lifecast.photo.tones import eight_bits

_OF_BYTES = (1, 5, 8, 32773, 32946, 34925, 50000)
"""Compressions that know nothing of samples: none, LZW, Deflate, PackBits, LZMA, Zstandard."""
_COLOURS = {0: 1, 1: 1, 2: 3, 5: 4}
"""Samples of a colour, by photometric interpretation: white is 0, black is 0, RGB, CMYK."""
_DEPTHS = {1: (8, 10, 12, 14, 16, 32, 64), 2: (8, 16, 32, 64), 3: (16, 32, 64)}
"""Bits of a sample, by its format: unsigned, signed, floating-point."""
_PACKED = (10, 12, 14)
_ROWS = 256


def needs_samples(page: Directory) -> bool:
    """Check whether a page's pixels are of a kind that this module reads.

    Pillow does not, or not rightly.
    """
    bits, form, photometric = page.numbers(BITS) or (1,), page.number(SAMPLE_FORMAT, 1), page.number(PHOTOMETRIC, 1)
    return (
        page.number(COMPRESSION, 1) in _OF_BYTES
        and photometric in _COLOURS
        and page.number(SAMPLES, 1) >= _COLOURS[photometric]
        and page.number(FILL_ORDER, 1) == 1
        and len(set(bits)) == 1
        and bits[0] in _DEPTHS.get(form, ())
        and (bits[0], form) != (8, 1)
    )


def read_samples(page: Directory, height: int, name: str) -> tuple[Image.Image, tuple[str, ...]]:
    """Read the upper `height` rows of a page that `needs_samples`, as an 8-bit picture.

    Returns also what the user should know of it. Its mode is L, RGB, CMYK, LA or RGBA. Raises PhotoError for values
    that are no brightnesses, and one of `lifecast.photo.damage.DAMAGE` for a damaged page.
    """
    samples, photometric = page.number(SAMPLES, 1), page.number(PHOTOMETRIC, 1)
    width, kind = page.number(WIDTH), _type(page)
    planes = samples if page.number(PLANAR, 1) == 2 else 1
    values = np.concatenate([_plane(page, plane, samples // planes, height) for plane in range(planes)], axis=2)
    assert values.shape == (height, width, samples)
    colours = _COLOURS[photometric]
    colour, notes = eight_bits(values[..., :colours], name, inverted=photometric == 0)
    if samples == colours or not _has_alpha(page, samples - colours):
        colour = colour[..., 0] if colours == 1 else colour
        return Image.fromarray(colour, "CMYK") if colours == 4 else Image.fromarray(colour), notes
    full = 1.0 if kind.kind == "f" else float(np.iinfo(kind).max)
    alpha = np.round(255 * np.clip(values[..., colours] / full, 0, 1)).astype(np.uint8)
    if colours == 4:
        return Image.fromarray(colour, "CMYK"), notes
    return Image.fromarray(np.dstack([colour, alpha]), "LA" if colours == 1 else "RGBA"), notes


def _has_alpha(page: Directory, extra: int) -> bool:
    """Whether the first extra sample is opacity; a file that does not say what it is mostly means that."""
    kinds = page.numbers(EXTRA_SAMPLES)
    return extra > 0 and (not kinds or kinds[0] in (1, 2))


def _type(page: Directory) -> np.dtype:
    """NumPy's type of a sample; those of 10 to 14 bits take 16."""
    depth = page.number(BITS)
    letter = {1: "u", 2: "i", 3: "f"}[page.number(SAMPLE_FORMAT, 1)]
    return np.dtype(f"{letter}{2 if depth in _PACKED else depth // 8}")


def _plane(page: Directory, plane: int, samples: int, height: int) -> np.ndarray:
    """One plane of a page, (height, W, samples), of the page's own type."""
    width, depth, predictor = page.number(WIDTH), page.number(BITS), page.number(PREDICTOR, 1)
    tiled = bool(page.numbers(TILES))
    block = page.number(TILE_WIDTH) if tiled else width
    across = -(-width // block)
    row = (block * samples * depth + 7) // 8  # bytes of a block's row
    rows = np.asarray(_bytes(page, plane, across * row, row, height)).reshape(height, across, row)
    kind = _type(page)
    out = np.empty((height, across * block, samples), kind)
    for first in range(0, height, _ROWS):
        part = rows[first : first + _ROWS]
        if depth in _PACKED:
            values = _unpacked(part, block * samples, depth)
        elif predictor == 3:  # bytes of one weight together, highest first, each minus that of the sample before
            part = np.add.accumulate(part.reshape(*part.shape[:2], -1, samples), axis=2, dtype=np.uint8)
            part = part.reshape(*part.shape[:2], kind.itemsize, -1).swapaxes(2, 3)
            values = np.ascontiguousarray(part).view(kind.newbyteorder(">"))[..., 0]
        else:
            values = np.ascontiguousarray(part).view(kind.newbyteorder("<" if page.order == "<" else ">"))
        values = values.reshape(len(part), across, block, samples)
        if predictor == 2:
            values = np.add.accumulate(values.astype(kind), axis=2, dtype=kind)
        out[first : first + _ROWS] = values.reshape(len(part), across * block, samples)
    return out[:, :width]


def _unpacked(rows: np.ndarray, count: int, depth: int) -> np.ndarray:
    """Samples of 10, 12 or 14 bits, packed in bytes, the highest bit first: (..., bytes) -> (..., count) uint16."""
    bits = np.unpackbits(rows, axis=-1)[..., : count * depth].reshape(*rows.shape[:-1], count, depth)
    return bits.astype(np.uint16) @ (1 << np.arange(depth - 1, -1, -1, dtype=np.uint16))


def _bytes(page: Directory, plane: int, width: int, block: int, height: int) -> Image.Image:
    """A plane's unpacked bytes as a grey picture of `width` x `height`, its tiles or strips `block` wide."""
    tiled = bool(page.numbers(TILES))
    offsets, counts = page.numbers(TILES if tiled else STRIPS), page.numbers(TILE_BYTES if tiled else STRIP_BYTES)
    whole = page.number(HEIGHT)
    rows = page.number(TILE_HEIGHT) if tiled else min(page.number(ROWS_PER_STRIP, whole), whole)
    each = -(-whole // rows) * (width // block)  # tiles or strips of a plane
    used = slice(plane * each, plane * each + -(-height // rows) * (width // block))
    offsets, counts = offsets[used], counts[used]
    entries: list[tuple[int, tuple[int, ...]]] = [
        (WIDTH, (width,)),
        (HEIGHT, (height,)),
        (BITS, (8,)),
        (COMPRESSION, (page.number(COMPRESSION, 1),)),
        (PHOTOMETRIC, (1,)),
        (SAMPLES, (1,)),
        *([(TILE_WIDTH, (block,)), (TILE_HEIGHT, (rows,)), (TILES, offsets), (TILE_BYTES, counts)] if tiled else []),
        *([] if tiled else [(STRIPS, offsets), (ROWS_PER_STRIP, (rows,)), (STRIP_BYTES, counts)]),
    ]
    picture = TiffImagePlugin.TiffImageFile(io.BytesIO(_with_directory(page, sorted(entries))))
    picture.load()
    return picture


def _with_directory(page: Directory, entries: list[tuple[int, tuple[int, ...]]]) -> bytes:
    """The file with one directory more, which is the first."""
    word, kind = ("Q", 16) if page.big else ("I", 4)
    room = struct.calcsize(word)
    start = len(page.data) + len(page.data) % 2
    length = (8 if page.big else 2) + len(entries) * (12 if not page.big else 20) + room
    table, values = struct.pack(page.order + ("Q" if page.big else "H"), len(entries)), b""
    for tag, numbers in entries:
        packed = struct.pack(f"{page.order}{len(numbers)}{word}", *numbers)
        if len(packed) > room:
            place = struct.pack(page.order + word, start + length + len(values))
            values, packed = values + packed, place
        table += struct.pack(page.order + ("HHQ" if page.big else "HHI"), tag, kind, len(numbers)) + packed
    table += bytes(room)
    first = struct.pack(page.order + word, start)
    at = 8 if page.big else 4
    return page.data[:at] + first + page.data[at + room :].ljust(start - at - room, b"\x00") + table + values
