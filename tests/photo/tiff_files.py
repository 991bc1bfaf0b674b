"""TIFF files of any structure, written by hand: what cameras write and no library does."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np

RGB8 = (8, 8, 8)


def gradient(width: int = 96, height: int = 80) -> np.ndarray:
    """(H, W, 3) in [0, 1]: red to the right, green downward, blue to the left; bright enough to be no night."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    return np.stack([x, y, 1 - x], axis=2)


def bytes8(values: np.ndarray) -> np.ndarray:
    return np.round(255 * values).astype(np.uint8)


def assert_is_gradient(colour: np.ndarray, tolerance: float = 2.0) -> None:
    expected = 255 * gradient(colour.shape[1], colour.shape[0])
    assert np.abs(colour - expected).mean() < tolerance


def as_type(values: np.ndarray, kind: str) -> np.ndarray:
    if np.dtype(kind).kind == "f":
        return values.astype(kind)
    return np.round(values * np.iinfo(kind).max).astype(kind)


@dataclass
class Page:
    """A directory: its tags (numbers, or bytes), its strips or tiles, the pages inside it, and a JPEG it points to."""

    tags: dict[int, int | tuple[int, ...] | bytes]
    strips: list[bytes] = field(default_factory=list)
    inner: list[Page] = field(default_factory=list)
    jpeg: bytes = b""


def page(width: int, height: int, photometric: int, strip: bytes, bits: int | tuple[int, ...] = 8, **more: int) -> Page:
    """A page of one strip; `more` are tags written as t254=1."""
    samples = len(bits) if isinstance(bits, tuple) else 1
    tags: dict[int, int | tuple[int, ...] | bytes] = {
        256: width, 257: height, 258: bits, 259: 1, 262: photometric, 277: samples, 278: height,
    }  # fmt: skip
    tags |= {int(name[1:]): value for name, value in more.items()}
    return Page(tags, [strip])


def tiff(pages: list[Page], order: str = "<", magic: bytes = b"") -> bytes:
    """The file; `magic` stands after the header, where Canon writes CR."""
    file = bytearray((b"II*\x00" if order == "<" else b"MM\x00*") + bytes(4) + magic)
    places = _write(file, pages, order)
    struct.pack_into(order + "I", file, 4, places[0])
    return bytes(file)


def _append(file: bytearray, data: bytes) -> int:
    file.extend(bytes(len(file) % 2))
    place = len(file)
    file.extend(data)
    return place


def _write(file: bytearray, pages: list[Page], order: str) -> list[int]:
    """Append pages as a chain; their offsets."""
    places, links = [], []
    for one in pages:
        tags = dict(one.tags)
        if one.strips:
            starts, lengths = (324, 325) if 322 in tags else (273, 279)
            tags[starts] = tuple(_append(file, strip) for strip in one.strips)
            tags[lengths] = tuple(map(len, one.strips))
        if one.jpeg:
            tags[513], tags[514] = _append(file, one.jpeg), len(one.jpeg)
        if one.inner:
            tags[330] = tuple(_write_each(file, one.inner, order))
        entries = b""
        for tag, value in sorted(tags.items()):
            if isinstance(value, bytes):
                kind, count, packed = 7, len(value), value
            else:
                numbers = value if isinstance(value, tuple) else (value,)
                kind, count, packed = 4, len(numbers), struct.pack(f"{order}{len(numbers)}I", *numbers)
            if len(packed) > 4:
                packed = struct.pack(order + "I", _append(file, packed))
            entries += struct.pack(order + "HHI", tag, kind, count) + packed.ljust(4, b"\x00")
        places.append(_append(file, struct.pack(order + "H", len(tags)) + entries + bytes(4)))
        links.append(len(file) - 4)
    for link, following in zip(links, places[1:], strict=False):
        struct.pack_into(order + "I", file, link, following)
    return places


def _write_each(file: bytearray, pages: list[Page], order: str) -> list[int]:
    return [_write(file, [one], order)[0] for one in pages]
