"""A TIFF's picture: the largest full page, not the thumbnail before it.

Of camera raw, the camera's own picture. Camera raw files (DNG, NEF, CR2, ARW, PEF, ...) are TIFFs: a thumbnail, the
sensor's values, which are no picture before they are developed, and mostly a JPEG of the camera's own development.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from lifecast.errors import PhotoError
from lifecast.photo.damage import DAMAGE
from lifecast.photo.frames import first_shown
from lifecast.photo.recover import missing
from lifecast.photo.size import check_size
from lifecast.photo.tiff_directory import (
    BITS,
    COMPRESSION,
    DNG_VERSION,
    HEIGHT,
    JPEG_BYTES,
    JPEG_START,
    ORIENTATION,
    PHOTOMETRIC,
    PLANAR,
    PROFILE,
    ROWS_PER_STRIP,
    STRIP_BYTES,
    STRIPS,
    TILES,
    Directory,
    directories,
)
from lifecast.photo.tiff_samples import needs_samples, read_samples

SMALLEST_PREVIEW = 1000
"""Pixels of the longer side below which a camera raw file's own JPEG is a thumbnail, and no photograph."""
_SENSOR = (32803, 34892)
"""Photometric interpretations of a sensor's values: mosaic, linear raw."""
_RAW_COMPRESSIONS = (32767, 32769, 32770, 34713, 34892, 65000, 65535)
"""Sony, packed, Samsung, Nikon, lossy DNG, Kodak, Pentax."""
_ALIKE = 0.8
"""Share of the largest page's pixels from which a page is as large."""

Opener = Callable[[bytes], Image.Image]
"""Opens a file's bytes without loading the picture."""


def is_tiff(data: bytes) -> bool:
    """Check whether a file begins as TIFFs and BigTIFFs do."""
    return data[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")


def read_tiff(data: bytes, open_picture: Opener, name: str) -> tuple[Image.Image, tuple[str, ...]]:
    """Load a TIFF's picture, and say what the user should know of it.

    Raises PhotoError for camera raw without a usable picture, for pixels of a kind that cannot be read and for a file
    most of whose pixels are missing; and one of `lifecast.photo.damage.DAMAGE` for a damaged one.
    """
    pages = directories(data)
    if not pages:
        raise PhotoError(
            f"{name}: is truncated or damaged: the TIFF's directory, which says where its pixels are, is missing or "
            "senseless; copy or export it again"
        )
    if _is_raw(data, pages):
        return _camera_picture(pages, open_picture, name)
    full = [page for page in pages if page.is_full] or pages
    large = [page for page in full if page.pixels >= _ALIKE * max(p.pixels for p in full)]
    loaded: dict[int, tuple[Image.Image, tuple[str, ...]]] = {}  # the last one only

    def load(number: int) -> Image.Image:
        loaded.clear()
        loaded[number] = _page(large[number], open_picture, name)
        return loaded[number][0]

    chosen = first_shown(len(large), load)
    if chosen not in loaded:
        load(chosen)
    picture, notes = loaded[chosen]
    if len(full) > 1:
        number = full.index(large[chosen])
        why = "the others are smaller" if len(large) == 1 else "those before it are smaller or show nothing"
        which = "the first" if number == 0 else f"page {number + 1}"
        notes += (f"{which} of its {len(full)} pages was taken" + (f": {why}" if number else ""),)
    return picture, notes


def _is_raw(data: bytes, pages: list[Directory]) -> bool:
    return (
        data[8:10] == b"CR"  # Canon's CR2
        or any(DNG_VERSION in page.entries for page in pages)
        or any(page.number(PHOTOMETRIC) in _SENSOR for page in pages)
        or any(page.number(COMPRESSION) in _RAW_COMPRESSIONS for page in pages)
    )


def _page(page: Directory, open_picture: Opener, name: str) -> tuple[Image.Image, tuple[str, ...]]:
    """One page, loaded, as far as the file holds it."""
    check_size(*page.size, name)
    height = _rows_there(page)
    notes = (missing(1 - height / page.number(HEIGHT), name),) if height < page.number(HEIGHT) else ()
    if needs_samples(page):
        picture, said = read_samples(page, height, name)
        _add_tags(picture, page, page)
        return picture, (*notes, *said)
    try:
        whole = height == page.number(HEIGHT)
        picture = open_picture(page.alone(None if whole else height))
        picture.load()
    except UnidentifiedImageError as error:
        raise PhotoError(
            f"{name}: is a TIFF whose pixels cannot be read here (compression {page.number(COMPRESSION, 1)}, "
            f"photometric interpretation {page.number(PHOTOMETRIC)}, {page.number(BITS, 1)} bits); export it as JPEG"
        ) from error
    except DAMAGE:
        embedded = _jpeg_of(page)
        if embedded is None:
            raise
        picture = open_picture(embedded)
        picture.load()
    return picture, notes


def _rows_there(page: Directory) -> int:
    """How many of a page's rows the file holds whole; all of them where that cannot be told."""
    height = page.number(HEIGHT)
    starts, counts = page.numbers(STRIPS), page.numbers(STRIP_BYTES)
    rows = min(page.number(ROWS_PER_STRIP, height), height)
    if not starts or page.numbers(TILES) or len(starts) != len(counts) or rows == 0:
        return height
    planes = len(page.numbers(BITS)) if page.number(PLANAR, 1) == 2 else 1
    each = -(-height // rows)
    there = height
    for number, (start, count) in enumerate(zip(starts, counts, strict=True)):
        strip = number % each
        if start + count <= len(page.data) or number >= planes * each:
            continue
        whole = strip * rows
        if page.number(COMPRESSION, 1) == 1 and count > 0:
            inside = min(rows, height - whole)
            whole += max(0, len(page.data) - start) * inside // count
        there = min(there, whole)
    return there


@dataclass(frozen=True)
class _Made:
    """A picture in a camera raw file that can be shown."""

    picture: Image.Image
    """Opened, not loaded."""
    page: Directory


def _camera_picture(pages: list[Directory], open_picture: Opener, name: str) -> tuple[Image.Image, tuple[str, ...]]:
    """The largest picture that the camera made; PhotoError where that is a thumbnail, or none can be read."""
    found: list[_Made] = []
    for page in pages:
        embedded = _jpeg_of(page)
        plain = page.number(COMPRESSION, 1) == 1 and page.number(PHOTOMETRIC) == 2 and set(page.numbers(BITS)) == {8}
        try:
            if embedded is not None:
                found.append(_Made(open_picture(embedded), page))
            elif plain:
                found.append(_Made(open_picture(page.alone()), page))
        except DAMAGE:
            continue  # a lossless JPEG is how Canon and DNG keep the sensor's values
    best = "none that can be read"
    for made in sorted(found, key=lambda m: -m.picture.width * m.picture.height):
        width, height = made.picture.size
        if max(width, height) < SMALLEST_PREVIEW:
            best = f"one of {width} x {height} pixels"
            break
        try:
            check_size(width, height, name)
            made.picture.load()
        except DAMAGE:
            continue
        _add_tags(made.picture, made.page, pages[0])
        return made.picture, (
            f"it is camera raw, which is not developed here: the camera's own picture in it, {width} x {height} "
            "pixels, was taken",
        )
    raise PhotoError(
        f"{name}: is camera raw, and of the pictures that the camera made there is {best} in it; "
        "develop it and export it as JPEG"
    )


def _jpeg_of(page: Directory) -> bytes | None:
    """A JPEG that a page points to, or whose only strip is one; None where there is none."""
    start, count = page.number(JPEG_START), page.number(JPEG_BYTES)
    if not count and page.number(COMPRESSION) in (6, 7) and len(page.numbers(STRIPS)) == 1:
        start, count = page.number(STRIPS), page.number(STRIP_BYTES)
    found = page.data[start : start + count]
    return found if found.startswith(b"\xff\xd8\xff") else None


def _add_tags(picture: Image.Image, page: Directory, first: Directory) -> None:
    """Give a picture the page's colour profile, and as its EXIF the page's orientation or else the first page's."""
    orientation = page.number(ORIENTATION) or first.number(ORIENTATION, 1)
    exif = picture.getexif()
    if ORIENTATION not in exif and 2 <= orientation <= 8:
        exif[ORIENTATION] = orientation
    if page.raw(PROFILE) and not picture.info.get("icc_profile"):
        picture.info["icc_profile"] = page.raw(PROFILE)
