"""The directories of a TIFF.

Every page, and the pages inside pages where cameras keep the large ones. TIFF 6.0, its supplements' SubIFDs, and
BigTIFF. Pillow and OpenCV walk the main chain only.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
STRIPS, ORIENTATION, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES = 273, 274, 277, 278, 279
PLANAR, PREDICTOR, TILE_WIDTH, TILE_HEIGHT, TILES, TILE_BYTES = 284, 317, 322, 323, 324, 325
SUBFILE, OLD_SUBFILE, FILL_ORDER, SUBDIRECTORIES, EXTRA_SAMPLES, SAMPLE_FORMAT = 254, 255, 266, 330, 338, 339
JPEG_START, JPEG_BYTES, PROFILE, DNG_VERSION = 513, 514, 34675, 50706

_SIGNATURES = {
    b"II*\x00": ("<", False),
    b"MM\x00*": (">", False),
    b"II+\x00": ("<", True),
    b"MM\x00+": (">", True),
}
_NUMBERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
"""Types of whole numbers: format of `struct`. Others are kept as bytes."""
_WIDTHS = {2: 1, 5: 8, 7: 1, 10: 8, 11: 4, 12: 8}
_MOST = 1000


@dataclass(frozen=True)
class Directory:
    """One directory: what a page is, and where its pixels are."""

    data: bytes
    """The whole file."""
    order: str
    """'<' for little-endian, '>' for big-endian."""
    big: bool
    """Whether the file is a BigTIFF."""
    offset: int
    entries: dict[int, tuple[int, int, int]]
    """Tag -> type, how many, where the values begin."""

    def numbers(self, tag: int) -> tuple[int, ...]:
        """Read a tag's whole numbers; () if it is missing or damaged.

        It is of another type or beyond the end of the file then.
        """
        kind, count, place = self.entries.get(tag, (0, 0, 0))
        form = _NUMBERS.get(kind)
        if form is None or place + count * struct.calcsize(form) > len(self.data):
            return ()
        return struct.unpack_from(f"{self.order}{count}{form}", self.data, place)

    def number(self, tag: int, default: int = 0) -> int:
        """Read a tag's first whole number."""
        return next(iter(self.numbers(tag)), default)

    def raw(self, tag: int) -> bytes:
        """Read a tag's bytes; b"" if it is missing."""
        kind, count, place = self.entries.get(tag, (0, 0, 0))
        return self.data[place : place + count * _WIDTHS.get(kind, 1)]

    @property
    def size(self) -> tuple[int, int]:
        """Width, height in pixels."""
        return self.number(WIDTH), self.number(HEIGHT)

    @property
    def pixels(self) -> int:
        """How many."""
        return self.number(WIDTH) * self.number(HEIGHT)

    @property
    def is_full(self) -> bool:
        """Whether the page is a picture of its own, and not another's smaller version or mask."""
        return not self.number(SUBFILE) & 0b10101 and self.number(OLD_SUBFILE) != 2

    def alone(self, height: int | None = None) -> bytes:
        """Write the file with this page as its first, of fewer rows if `height` says so."""
        form, at = self.order + ("Q" if self.big else "I"), 8 if self.big else 4
        if height is None and struct.unpack_from(form, self.data, at) == (self.offset,):
            return self.data
        file = bytearray(self.data)
        struct.pack_into(form, file, at, self.offset)
        if height is not None:
            kind, _, place = self.entries[HEIGHT]
            struct.pack_into(self.order + _NUMBERS[kind], file, place, height)
        return bytes(file)


def directories(data: bytes) -> list[Directory]:
    """List a TIFF's directories with a width and a height, in the file's order.

    Each page's inner ones come after it. [] for what is no TIFF; as far as the file is whole.
    """
    if data[:4] not in _SIGNATURES or len(data) < 16:
        return []
    order, big = _SIGNATURES[data[:4]]
    (first,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
    found: list[Directory] = []
    visited: set[int] = set()
    waiting = [first]
    while waiting and len(found) < _MOST:
        offset = waiting.pop()
        if offset in visited or not 8 <= offset < len(data):
            continue
        visited.add(offset)
        read = _read(data, order, big, offset)
        if read is None:
            continue
        directory, following = read
        waiting.append(following)
        waiting += reversed(directory.numbers(SUBDIRECTORIES))
        if directory.pixels > 0:
            found.append(directory)
    return found


def _read(data: bytes, order: str, big: bool, offset: int) -> tuple[Directory, int] | None:
    """The directory at an offset and where the next one is (0: nowhere); None where the file ends within it."""
    head, size = ("Q", 20) if big else ("H", 12)
    try:
        (count,) = struct.unpack_from(order + head, data, offset)
        place = offset + struct.calcsize(head)
        entries = {}
        for at in range(place, min(place + count * size, len(data) - size + 1), size):
            tag, kind, number = struct.unpack_from(order + ("HHQ" if big else "HHI"), data, at)
            room = 8 if big else 4
            width = struct.calcsize(_NUMBERS[kind]) if kind in _NUMBERS else _WIDTHS.get(kind, 0)
            values = at + size - room
            if width * number > room:
                (values,) = struct.unpack_from(order + ("Q" if big else "I"), data, values)
            entries[tag] = (kind, number, values)
        (following,) = struct.unpack_from(order + ("Q" if big else "I"), data, place + count * size)
    except struct.error:
        return None
    return Directory(data, order, big, offset, entries), following
