"""Truncated and damaged files: what is there is taken, and what is missing is said."""

from __future__ import annotations

import io
import re
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from lifecast.errors import PhotoError
from lifecast.photo.decode import Photo, read_photo

WIDTH, HEIGHT = 160, 128


def picture() -> np.ndarray:
    """(H, W, 3) uint8: a gradient with texture, so that every row differs and codes are long."""
    x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    noise = np.random.default_rng(0).integers(0, 40, (HEIGHT, WIDTH))
    return np.stack([x + noise, 2 * y + noise // 2, 160 - x // 2 + noise], axis=2).clip(0, 255).astype(np.uint8)


def encoded(kind: str, mode: str = "RGB", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture()).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def share_said(photo: Photo) -> float:
    """The per cent that the only note says are missing."""
    (note,) = photo.notes
    found = re.search(r"([\d.]+) % of its pixels are missing", note)
    assert found, note
    return float(found[1])


# -- JPEG --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tail", [b"", bytes(5000)], ids=["cut", "zeros"])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_without_its_end_marker_is_whole(mode: str, tail: bytes) -> None:
    data = encoded("JPEG", mode, quality=90)
    photo = read_photo(data[:-2] + tail)
    np.testing.assert_array_equal(photo.colour, read_photo(data).colour)
    assert photo.notes == ("the end of the file is missing, but none of its pixels",)


@pytest.mark.parametrize("options", [{}, {"subsampling": 0}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_truncated_jpeg_gives_the_rows_that_are_there(mode: str, options: dict[str, int]) -> None:
    data = encoded("JPEG", mode, quality=90, **options)
    whole = read_photo(data).colour
    for part in (0.97, 0.75):
        photo = read_photo(data[: int(part * len(data))])
        rows = photo.size[1]
        assert (part - 0.25) * HEIGHT < rows < HEIGHT
        np.testing.assert_array_equal(photo.colour, whole[:rows])
        assert share_said(photo) == pytest.approx(100 * (1 - rows / HEIGHT), abs=0.51)


def test_a_jpeg_with_a_hole_and_an_end_marker() -> None:
    data = encoded("JPEG", quality=90)
    photo = read_photo(data[: int(0.7 * len(data))] + b"\xff\xd9")
    np.testing.assert_array_equal(photo.colour, read_photo(data).colour[: photo.size[1]])
    assert 15 < share_said(photo) < 45


@pytest.mark.parametrize("progressive", [False, True])
def test_a_picture_that_ends_grey_is_whole(progressive: bool) -> None:
    grey = picture()
    grey[HEIGHT // 2 :] = 128
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "JPEG", quality=90, progressive=progressive)
    photo = read_photo(buffer.getvalue())
    assert photo.size == (WIDTH, HEIGHT)
    assert photo.notes == ()


def test_a_truncated_progressive_jpeg_is_coarser_or_cut() -> None:
    data = encoded("JPEG", quality=90, progressive=True)
    whole = read_photo(data).colour.astype(float)
    photo = read_photo(data[: int(0.8 * len(data))])
    assert photo.size == (WIDTH, HEIGHT)
    assert np.abs(photo.colour - whole).mean() < 12
    assert "finest detail is missing" in photo.notes[0]
    photo = read_photo(data[: data.find(b"\xff\xc4", data.find(b"\xff\xda")) + 5])  # in the tables of the second pass
    assert photo.size == (WIDTH, HEIGHT)
    assert "1 passes" in photo.notes[0]
    first_scan = data.find(b"\xff\xda")
    second = data.find(b"\xff\xda", first_scan + 2)
    photo = read_photo(data[: first_scan + (second - first_scan) * 9 // 10])
    assert 5 < share_said(photo) < 45


def test_most_of_a_jpeg_missing_is_refused() -> None:
    data = encoded("JPEG", quality=90)
    with pytest.raises(PhotoError, match=r"\d\d % of its pixels are missing"):
        read_photo(data[: len(data) // 4])


def test_the_other_pictures_of_a_file_may_be_missing() -> None:
    buffer = io.BytesIO()
    Image.fromarray(picture()).save(buffer, "MPO", save_all=True, append_images=[Image.fromarray(picture()[::-1])])
    data = buffer.getvalue()
    photo = read_photo(data[: int(0.8 * len(data))])
    np.testing.assert_array_equal(photo.colour, read_photo(data).colour)
    assert photo.notes == ()


def test_cut_rows_are_cut_before_the_picture_is_turned() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded("JPEG", quality=90, exif=exif)
    photo = read_photo(data[: int(0.8 * len(data))])
    width, height = photo.size
    assert height == WIDTH
    assert width < HEIGHT
    np.testing.assert_array_equal(photo.colour, read_photo(data).colour[:, -width:])


# -- PNG ---------------------------------------------------------------------------------------------------------------


def chunk(kind: bytes, body: bytes, damage: int = 0) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body) ^ damage)


def png(*before: bytes, cut: int = 0, damage: tuple[int, int] | None = None, pieces: int = 1, check: int = 0) -> bytes:
    """A PNG with chunks before its pixels; its stream without `cut` bytes, or with `damage` (place, xor) in it."""
    rows = b"".join(b"\x00" + row.tobytes() for row in picture())
    stream = bytearray(zlib.compress(rows))
    if damage is not None:
        stream[damage[0]] ^= damage[1]
    stream = stream[: len(stream) - cut]
    size = -(-len(stream) // pieces)
    pixels = b"".join(
        chunk(b"IDAT", bytes(stream[at : at + size]), check if at == 0 else 0) for at in range(0, len(stream), size)
    )
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(before) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (chunk(b"tEXt", b"Comment\x00hello", damage=1), "tEXt"),
        (chunk(b"iTXt", b"broken", damage=1), "iTXt"),
        (chunk(b"gAMA", struct.pack(">I", 100_000), damage=1), "gAMA"),
        (chunk(b"pHYs", b"a"), "the file is damaged"),
        (chunk(b"zTXt", b"a\x00\x00" + zlib.compress(bytes(5_000_000))), "the file is damaged"),
    ],
    ids=["text", "international text", "gamma", "short density", "text that inflates"],
)
def test_a_damaged_block_costs_no_pixel(before: bytes, said: str) -> None:
    photo = read_photo(png(before))
    np.testing.assert_array_equal(photo.colour, picture())
    assert len(photo.notes) == 1
    assert said in photo.notes[0]
    assert "its pixels are whole" in photo.notes[0]


def test_wrong_checksums_of_pixels_that_are_whole() -> None:
    broken_text = chunk(b"tEXt", b"a\x00b", damage=1)
    np.testing.assert_array_equal(read_photo(png(broken_text, check=1, pieces=3)).colour, picture())


@pytest.mark.parametrize("ending", [b"", chunk(b"IEND", b"")])
def test_a_truncated_png_gives_the_rows_that_are_there(ending: bytes) -> None:
    data = png(cut=8000, pieces=4)
    photo = read_photo(data if ending else data[:-100])
    rows = photo.size[1]
    assert HEIGHT // 2 <= rows < HEIGHT
    np.testing.assert_array_equal(photo.colour, picture()[:rows])
    assert share_said(photo) == pytest.approx(100 * (1 - rows / HEIGHT), abs=0.51)


def test_a_png_without_its_last_bytes_is_whole() -> None:
    photo = read_photo(png(cut=2))
    np.testing.assert_array_equal(photo.colour, picture())


def test_faults_in_the_pixels_of_a_png_are_said() -> None:
    photo = read_photo(png(damage=(-1, 255)))
    np.testing.assert_array_equal(photo.colour, picture())
    assert photo.notes == ("its pixels fail their checksum: look for faults",)


def test_palette_and_transparency_survive() -> None:
    buffer = io.BytesIO()
    Image.fromarray(picture()).quantize(16).save(buffer, "PNG", transparency=3)
    whole = buffer.getvalue()
    at = whole.find(b"IDAT") - 4
    photo = read_photo(whole[:at] + chunk(b"tEXt", b"a\x00b", damage=1) + whole[at:])
    np.testing.assert_array_equal(photo.colour, read_photo(whole).colour)
    assert photo.alpha is not None


def test_a_truncated_interlaced_png_says_so() -> None:
    rows = b"".join(b"\x00" + row.tobytes() for row in picture())
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 1))
    data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)[:20000])
    with pytest.raises(PhotoError, match="interlaced"):
        read_photo(data)


# -- others ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["BMP", "PPM", "TGA"])
def test_plain_formats_give_the_rows_that_are_there(kind: str) -> None:
    data = encoded(kind)
    photo = read_photo(data[: int(0.75 * len(data))])
    rows = photo.size[1]
    assert 0.7 * HEIGHT < rows < 0.8 * HEIGHT
    # BMP and TGA files begin with the lowest row.
    expected = picture()[:rows] if kind == "PPM" else picture()[-rows:]
    np.testing.assert_array_equal(photo.colour, expected)
    assert share_said(photo) == pytest.approx(100 * (1 - rows / HEIGHT), abs=0.51)


def test_a_truncated_webp_is_refused_with_what_is_missing() -> None:
    data = encoded("WEBP")
    with pytest.raises(PhotoError, match="40 % of the file is missing"):
        read_photo(data[: int(0.6 * len(data))])
