"""TIFF: the largest full page, and the camera's own picture of camera raw."""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lifecast.errors import PhotoError
from lifecast.photo.decode import read_photo

sys.path.insert(0, str(Path(__file__).parent))
from tiff_files import RGB8, Page, as_type, assert_is_gradient, bytes8, gradient, page, tiff


def jpeg(width: int, height: int, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(bytes8(gradient(width, height))).save(buffer, "JPEG", quality=95, **options)
    return buffer.getvalue()


def thumbnail(**tags: int) -> Page:
    """What cameras put first: 160 x 120 pixels, green."""
    return page(160, 120, 2, bytes((0, 200, 0)) * (160 * 120), RGB8, t254=1, **tags)


def sensor(width: int = 1600, height: int = 1200, photometric: int = 32803) -> Page:
    """A mosaic of which the file holds little: nobody decodes it."""
    return page(width, height, photometric, bytes(64), 16)


# -- camera raw --------------------------------------------------------------------------------------------------------


def nef(preview: tuple[int, int], order: str = "<", **tags: int) -> bytes:
    """Nikon's layout (also Sony's and Pentax's): thumbnail, in it the camera's JPEG and the sensor's values."""
    large = Page({254: 1, 256: preview[0], 257: preview[1], 259: 6}, jpeg=jpeg(*preview))
    first = thumbnail(**tags)
    first.inner = [large, sensor()]
    return tiff([first], order)


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_cameras_own_picture_of_raw_is_taken(order: str) -> None:
    photo = read_photo(nef((1200, 900), order))
    assert photo.size == (1200, 900)
    assert_is_gradient(photo.colour)
    assert len(photo.notes) == 1
    assert "camera raw" in photo.notes[0]
    assert "1200 x 900" in photo.notes[0]


def test_the_orientation_of_raw_turns_its_picture() -> None:
    photo = read_photo(nef((1200, 900), t274=6))
    assert photo.size == (900, 1200)
    assert_is_gradient(np.rot90(photo.colour))


def test_dng_keeps_its_picture_as_a_strip() -> None:
    first = thumbnail()
    first.tags[50706] = b"\x01\x04\x00\x00"
    data = jpeg(1024, 768)
    preview = page(1024, 768, 6, data, RGB8, t254=1)
    preview.tags[259] = 7
    linear = sensor(photometric=34892)
    first.inner = [linear, preview]
    photo = read_photo(tiff([first]))
    assert photo.size == (1024, 768)
    assert_is_gradient(photo.colour)


def test_cr2_keeps_its_picture_first() -> None:
    large = page(1100, 800, 6, jpeg(1100, 800), RGB8)
    large.tags[259] = 6
    lossless = page(2000, 1500, 0, b"\xff\xd8\xff\xc4\x00\x02" + bytes(50), 16)
    lossless.tags[259] = 6
    photo = read_photo(tiff([large, thumbnail(), lossless], magic=b"CR\x02\x00"))
    assert photo.size == (1100, 800)
    assert "camera raw" in photo.notes[0]


@pytest.mark.parametrize(
    "make",
    [
        lambda: nef((640, 480)),
        lambda: tiff([thumbnail(), sensor()]),
        lambda: tiff([sensor()]),
        lambda: tiff([thumbnail()], magic=b"CR\x02\x00"),
    ],
    ids=["small preview", "no preview", "sensor alone", "CR2 without"],
)
def test_raw_without_a_large_picture_is_refused(make: Callable[[], bytes]) -> None:
    with pytest.raises(PhotoError, match="camera raw"):
        read_photo(make())


@pytest.mark.parametrize(
    "start",
    [
        b"FUJIFILMCCD-RAW 0201",
        b"\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01",
        b"IIRO\x08\x00\x00\x00",
        b"IIU\x00\x18\x00\x00\x00",
        b"FOVb\x01\x00\x03\x00",
        b"\x00MRM\x00\x01",
        b"II\x1a\x00\x00\x00HEAPCCDR",
    ],
)
def test_raw_that_is_no_tiff_is_named(start: bytes) -> None:
    with pytest.raises(PhotoError, match="camera raw"):
        read_photo(start + bytes(200))


# -- pages -------------------------------------------------------------------------------------------------------------


def rgb_page(width: int, height: int, **tags: int) -> Page:
    return page(width, height, 2, bytes8(gradient(width, height)).tobytes(), RGB8, **tags)


def test_a_thumbnail_page_before_the_picture_is_passed_over() -> None:
    for first in (thumbnail(), page(160, 120, 2, bytes((0, 200, 0)) * (160 * 120), RGB8)):
        photo = read_photo(tiff([first, rgb_page(300, 240)]))
        assert photo.size == (300, 240)
        assert_is_gradient(photo.colour)


def test_the_picture_inside_the_thumbnail() -> None:
    first = thumbnail()
    first.inner = [rgb_page(300, 240)]
    assert read_photo(tiff([first])).size == (300, 240)


def test_smaller_versions_after_the_picture_are_no_pages() -> None:
    photo = read_photo(tiff([rgb_page(300, 240), rgb_page(150, 120, t254=1), rgb_page(75, 60, t254=1)]))
    assert photo.size == (300, 240)
    assert photo.notes == ()


def test_a_mask_page_is_no_picture() -> None:
    mask = page(300, 240, 4, b"\xff" * (38 * 240), 1, t254=4)
    assert read_photo(tiff([mask, rgb_page(300, 240)])).notes == ()


def test_the_first_of_pages_alike_and_a_blank_one() -> None:
    white = page(100, 80, 2, b"\xff" * (100 * 80 * 3), RGB8)
    photo = read_photo(tiff([rgb_page(100, 80), white]))
    assert_is_gradient(photo.colour)
    assert photo.notes == ("the first of its 2 pages was taken",)
    photo = read_photo(tiff([white, rgb_page(100, 80)]))
    assert_is_gradient(photo.colour)
    assert photo.notes == ("page 2 of its 2 pages was taken: those before it are smaller or show nothing",)


def test_directories_in_a_circle_end() -> None:
    data = bytearray(tiff([rgb_page(60, 40)]))
    data[-4:] = data[4:8]
    assert read_photo(bytes(data)).size == (60, 40)


# -- what is missing ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [8, 16])
def test_rows_that_the_file_lacks_are_cut_off_and_said(bits: int) -> None:
    values = as_type(gradient(100, 80), f"<u{bits // 8}")
    whole = tiff([page(100, 80, 2, values.tobytes(), (bits,) * 3)])
    # As Pillow and most programs write it: the directory first, the pixels at the end.
    start = len(whole)
    (first,) = struct.unpack_from("<I", whole, 4)
    data = bytearray(whole)
    for at in range(first + 2, first + 2 + 12 * 9, 12):
        if struct.unpack_from("<H", data, at) == (273,):
            struct.pack_into("<I", data, at + 8, start)
    data += values.tobytes()[: 60 * values[0].nbytes + 7]
    photo = read_photo(bytes(data))
    assert photo.size == (100, 60)
    np.testing.assert_array_equal(photo.colour, bytes8(gradient(100, 80))[:60])
    assert photo.notes == ("the file is truncated or damaged: 25 % of its pixels are missing and were cut off",)


def test_a_lost_directory_is_said() -> None:
    with pytest.raises(PhotoError, match="directory"):
        read_photo(tiff([rgb_page(60, 40)])[:-200])
