"""Truncated and damaged files: what is there of their pictures, and how much is missing.

An unfinished file is decoded twice, continued in two ways: rows that come out the same are the file's own. (Pillow's
`LOAD_TRUNCATED_IMAGES` is one switch for all threads, and does not tell what is missing.)
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

from lifecast.errors import PhotoError
from lifecast.photo.size import check_size

MOST_MISSING = 0.5
"""Share of the pixels; where more is missing, the picture is refused."""
_END = b"\xff\xd9"
_MARKER = re.compile(rb"\xff[\xc0-\xcf\xda-\xfe]")
"""What begins a segment among a JPEG's coded pixels, where a byte 255 is followed by 0 or a restart's number."""
_GREY = 128
"""What libjpeg fills missing pixels with."""
_PNG = b"\x89PNG\r\n\x1a\n"
_KEPT = (b"PLTE", b"tRNS", b"iCCP", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"eXIf")
"""Chunks besides the pixels' that change how a PNG looks."""
_PIECE = 16384

_NO_PIXELS = "the end of the file is missing, but none of its pixels"

Opener = Callable[[bytes], Image.Image]
"""Opens a file's bytes and loads its picture; raises one of `lifecast.photo.damage.DAMAGE`."""


def is_unfinished_jpeg(data: bytes) -> bool:
    """Check whether a JPEG's end marker is missing after the start of its pixels."""
    start = _pixels_of_jpeg(data)
    return start is not None and data.find(_END, start) < 0


def recover(data: bytes, opened: Image.Image | None, open_picture: Opener, name: str) -> tuple[Image.Image, str] | None:
    """Decode what is there of a file, and say what is missing.

    None if nothing can be done for its format. `opened` is the picture if at least its header could be read. Rows that
    are missing are cut off. Raises PhotoError if more than `MOST_MISSING` is, and what `open_picture` raises.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg(data, open_picture, name)
    if data.startswith(_PNG):
        return _png(data, open_picture, name)
    if data.startswith(b"RIFF") and len(data) < (whole := int.from_bytes(data[4:8], "little") + 8):
        raise PhotoError(
            f"{name}: is truncated: {_percent(1 - len(data) / whole)} of the file is missing, and a WebP file cannot "
            "be decoded in part; copy or export it again"
        )
    if opened is not None and opened.format in ("BMP", "DIB", "PPM", "TGA"):
        rest = 6 * opened.width * opened.height + 65536  # at most 6 bytes a pixel
        return _cut(open_picture(data + bytes(rest)), open_picture(data + b"\xff" * rest), name)
    return None


def has_grey_end(data: bytes, picture: Image.Image) -> bool:
    """Check whether a loaded baseline JPEG's last row is libjpeg's stand-in for missing pixels."""
    if not data.startswith(b"\xff\xd8\xff") or "progressive" in picture.info or picture.mode not in ("RGB", "L"):
        return False
    last = np.asarray(picture.crop((0, picture.height - 1, picture.width, picture.height)))
    return bool((np.abs(last.astype(int) - _GREY) <= 1).all())


def _jpeg(data: bytes, open_picture: Opener, name: str) -> tuple[Image.Image, str] | None:
    start = _pixels_of_jpeg(data)
    if start is None:
        return None
    end = data.find(_END, start)
    # An unfinished copy often has its full length, with zeros where the rest should be.
    body = data[:end] if end >= 0 else data.rstrip(b"\x00").rstrip(b"\xff")
    last = max((found.start() for found in _MARKER.finditer(body, start)), default=start)
    if last + 4 > len(body) or last + 2 + int.from_bytes(body[last + 2 : last + 4], "big") > len(body):
        body = body[:last]  # half the tables of the next pass
    picture = open_picture(body + _END)
    unharmed = _NO_PIXELS if end < 0 else ""
    if "progressive" in picture.info:
        scans = body.count(b"\xff\xda", start)
        unharmed = f"the file is truncated: {scans} passes over the picture are there, and its finest detail is missing"
        if scans > 1:
            return picture, unharmed
    # Codes at random in place of the rest change everything from the first row that is not whole; after a picture that
    # is whole they change nothing.
    noise = np.random.default_rng(0).integers(0, 255, 65536, dtype=np.uint8).tobytes()
    return _cut(picture, open_picture(body + noise + _END), name, unharmed)


def _pixels_of_jpeg(data: bytes) -> int | None:
    """Where a JPEG's first scan begins; None where its headers do not lead there."""
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xDA:
            return place
        if marker == 0xFF:  # a fill byte
            place += 1
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return None


def _png(data: bytes, open_picture: Opener, name: str) -> tuple[Image.Image, str] | None:
    """A PNG written anew from its sound chunks, with as many rows as its pixels' stream gives."""
    chunks, broken = _chunks(data)
    header = chunks[0][1] if chunks and chunks[0][0] == b"IHDR" and len(chunks[0][1]) == 13 else None
    if header is None:
        return None
    width, height, bits, colours, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    check_size(width, height, name)
    stream = b"".join(body for kind, body in chunks if kind == b"IDAT")
    row = 1 + (width * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colours, 4) * bits + 7) // 8  # bytes, with the filter's
    pixels, sound, whole = _inflated(stream, 2 * row * height + 65536)
    if whole and sound:
        said = "the file is damaged, but its pixels are whole"
        if broken:
            said = f"the file is damaged ({', '.join(broken)}) and was read without that; its pixels are whole"
    elif interlaced:
        raise PhotoError(
            f"{name}: is truncated or damaged, and being interlaced cannot be taken in part; copy or export it again"
        )
    else:
        rows = min(len(pixels) // row, height)
        if rows < height:
            said = missing(1 - rows / height, name) + ("" if sound else ", and those before them may be faulty")
        else:
            said = _NO_PIXELS if sound else "its pixels fail their checksum: look for faults"
        header = struct.pack(">II", width, rows) + header[8:]
        stream = zlib.compress(pixels[: rows * row], 1)
    kept = [(b"IHDR", header), *(c for c in chunks if c[0] in _KEPT), (b"IDAT", stream), (b"IEND", b"")]
    return open_picture(_PNG + b"".join(map(_chunk, kept))), said


def _chunk(chunk: tuple[bytes, bytes]) -> bytes:
    kind, body = chunk
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _chunks(data: bytes) -> tuple[list[tuple[bytes, bytes]], list[str]]:
    """A PNG's chunks (kind, body) whose checksums are right, and all with pixels; and the kinds of the broken others.

    The list ends where the chunks can no longer be followed.
    """
    chunks: list[tuple[bytes, bytes]] = []
    broken: list[str] = []
    place = len(_PNG)
    while place + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        end = place + 8 + length
        body = data[place + 8 : end]
        if kind == b"IDAT":  # zlib has a checksum of its own, and what is there of the last one counts
            chunks.append((kind, body))
        elif not kind.isalpha() or end > len(data):
            break  # a damaged length: what follows is out of step
        elif data[end : end + 4] == struct.pack(">I", zlib.crc32(kind + body)):
            chunks.append((kind, body))
        elif kind != b"IEND":
            broken.append(kind.decode())
        place = end + 4
    return chunks, broken


def _inflated(stream: bytes, most: int) -> tuple[bytes, bool, bool]:
    """What zlib can make of a stream, about `most` bytes of it; whether no fault was met, and whether its end was."""
    inflate, out = zlib.decompressobj(), bytearray()
    for first in range(0, len(stream), _PIECE):
        before = inflate.copy()
        piece = stream[first : first + _PIECE]
        try:
            out += inflate.decompress(piece)
        except zlib.error:  # what precedes the damage within this piece
            for place in range(len(piece)):
                try:
                    out += before.decompress(piece[place : place + 1])
                except zlib.error:
                    break
            return bytes(out), False, False
        if len(out) > most:
            return bytes(out), False, False
    return bytes(out), True, inflate.eof


def _cut(one: Image.Image, other: Image.Image, name: str, unharmed: str = _NO_PIXELS) -> tuple[Image.Image, str]:
    """The rows that are the same in two decodings of an unfinished file; and what to say of the others."""
    height = one.height
    same = (np.asarray(one) == np.asarray(other)).reshape(height, -1).all(1)
    if same.all():
        return one, unharmed
    above, below = int(np.argmin(same)), int(np.argmin(same[::-1]))  # BMP files begin with the lowest row
    rows = max(above, below)
    said = missing(1 - rows / height, name)
    return one.crop((0, 0, one.width, above) if above >= below else (0, height - below, one.width, height)), said


def missing(share: float, name: str) -> str:
    """Note the share of pixels that is missing; PhotoError if it is too large."""
    if share > MOST_MISSING:
        raise PhotoError(
            f"{name}: is truncated or damaged: {_percent(share)} of its pixels are missing; copy or export it again"
        )
    return f"the file is truncated or damaged: {_percent(share)} of its pixels are missing and were cut off"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{max(100 * share, 0.1):.1f} %"
