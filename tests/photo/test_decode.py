"""Decoding: every kind of picture comes out upright, 8-bit and coloured; what is no picture says so."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from lifecast.errors import PhotoError
from lifecast.photo import decode
from lifecast.photo.decode import read_photo

ORIENTATION = 0x0112


def scene(width: int = 120, height: int = 90) -> np.ndarray:
    """A picture whose corners differ: red top left, green top right, blue bottom left, white bottom right."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2] = 250, 10, 10
    picture[: height // 2, width // 2 :] = 10, 250, 10
    picture[height // 2 :, : width // 2] = 10, 10, 250
    picture[height // 2 :, width // 2 :] = 250, 250, 250
    return picture


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def corners(colour: np.ndarray) -> list[list[int]]:
    """The four corners' colours, rounded to hundreds."""
    height, width = colour.shape[:2]
    places = ((0.2, 0.2), (0.2, 0.8), (0.8, 0.2), (0.8, 0.8))
    return [np.round(colour[int(height * y), int(width * x)] / 125.0).astype(int).tolist() for y, x in places]


EXPECTED = [[2, 0, 0], [0, 2, 0], [0, 0, 2], [2, 2, 2]]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "TGA", "JPEG2000", "AVIF"])
def test_every_format_gives_the_same_picture(kind: str) -> None:
    Image.init()
    if kind not in Image.SAVE:
        pytest.skip(f"this Pillow writes no {kind}")
    photo = read_photo(encoded(Image.fromarray(scene()), kind))
    assert photo.size == (120, 90)
    assert photo.colour.dtype == np.uint8
    assert corners(photo.colour) == EXPECTED
    assert photo.alpha is None


def test_heic() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    photo = read_photo(encoded(Image.fromarray(scene()), "HEIF"))
    assert corners(photo.colour) == EXPECTED


def test_heic_without_its_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "_register_heif", lambda: False)
    with pytest.raises(PhotoError, match=r"lifecast\[heic\]"):
        read_photo(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00heicmif1" + bytes(100))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(orientation: int) -> None:
    upright = Image.fromarray(scene())
    stored = {
        1: lambda p: p,
        2: lambda p: p.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: lambda p: p.transpose(Image.Transpose.ROTATE_180),
        4: lambda p: p.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: lambda p: p.transpose(Image.Transpose.TRANSPOSE),
        6: lambda p: p.transpose(Image.Transpose.ROTATE_90),
        7: lambda p: p.transpose(Image.Transpose.TRANSVERSE),
        8: lambda p: p.transpose(Image.Transpose.ROTATE_270),
    }[orientation](upright)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    photo = read_photo(encoded(stored, "JPEG", exif=exif, quality=95))
    assert photo.size == (120, 90)
    assert corners(photo.colour) == EXPECTED


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "I;16", "I", "F"])
def test_modes_of_pixels(mode: str) -> None:
    grey = Image.fromarray(scene()).convert("L")
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    elif mode == "F":
        picture = Image.fromarray(np.asarray(grey).astype(np.float32) / 255)
    elif mode == "I":
        picture = Image.fromarray(np.asarray(grey).astype(np.int32) * 257)
    else:
        picture = Image.fromarray(scene()).convert(mode)
    kind = {"CMYK": "JPEG", "YCbCr": "JPEG"}.get(mode, "TIFF")
    photo = read_photo(encoded(picture, kind))
    expected = np.asarray(Image.fromarray(scene()).convert("L" if mode in ("L", "I;16", "I", "F", "LA") else "RGB"))
    if mode == "1":
        expected = np.asarray(picture.convert("L"))
    expected = expected if expected.ndim == 3 else np.repeat(expected[..., None], 3, 2)
    # A palette of the web's 216 colours is 12 away on average; every other mode keeps the colours.
    assert np.abs(photo.colour.astype(int) - expected).mean() < (14 if mode == "P" else 4)


def test_sixteen_bit_png() -> None:
    values = np.linspace(0, 65535, 100 * 80).astype(np.uint16).reshape(80, 100)
    photo = read_photo(encoded(Image.fromarray(values), "PNG"))
    assert np.abs(photo.colour[..., 0].astype(float) - values / 257).max() <= 1


def test_alpha_becomes_the_mask() -> None:
    alpha = np.zeros((90, 120), np.uint8)
    alpha[20:70, 40:80] = 255
    picture = Image.fromarray(np.dstack([scene(), alpha]))
    for kind in ("PNG", "WEBP", "TIFF"):
        photo = read_photo(encoded(picture, kind, **({"lossless": True} if kind == "WEBP" else {})))
        assert photo.alpha is not None
        np.testing.assert_array_equal(photo.alpha > 0.5, alpha > 127)


def test_palette_transparency_becomes_the_mask() -> None:
    picture = Image.fromarray(scene()).quantize(8)
    index = picture.getpixel((0, 0))
    photo = read_photo(encoded(picture, "PNG", transparency=index))
    assert photo.alpha is not None
    assert photo.alpha[0, 0] == 0
    assert photo.alpha[-1, -1] == 1


@pytest.mark.parametrize("kind", ["TGA", "PNG", "WEBP"])
def test_an_alpha_channel_that_hides_everything_is_left_out_of_account(kind: str) -> None:
    # Programs that know no opacity write the fourth byte of a pixel as 0.
    picture = Image.fromarray(np.dstack([scene(), np.zeros((90, 120), np.uint8)]))
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    photo = read_photo(encoded(picture, kind, **options))
    assert corners(photo.colour) == EXPECTED
    assert photo.alpha is None
    assert photo.notes == ("its transparency would hide all of it, and was left out of account",)


def test_an_alpha_channel_of_zeros_and_ones() -> None:
    alpha = np.zeros((90, 120), np.uint8)
    alpha[20:70, 40:80] = 1
    photo = read_photo(np.dstack([scene(), alpha]))
    assert photo.alpha is not None
    np.testing.assert_array_equal(photo.alpha, alpha)
    assert "1 of 255" in photo.notes[0]


def test_opaque_alpha_is_no_mask() -> None:
    assert read_photo(np.dstack([scene(), np.full((90, 120), 255, np.uint8)])).alpha is None


def test_animations_give_their_first_frame() -> None:
    frames = [Image.fromarray(scene()), Image.fromarray(scene()[:, ::-1])]
    for kind in ("GIF", "WEBP", "TIFF", "PNG"):
        photo = read_photo(encoded(frames[0], kind, save_all=True, append_images=frames[1:]))
        assert corners(photo.colour) == EXPECTED
        assert any("first" in note for note in photo.notes)


def test_an_embedded_profile_is_applied() -> None:
    grey = np.full((90, 120, 3), 128, np.uint8)
    linear = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    plain = read_photo(encoded(Image.fromarray(grey), "PNG", icc_profile=linear.tobytes()))
    assert abs(int(plain.colour[0, 0, 0]) - 128) <= 1
    broken = read_photo(encoded(Image.fromarray(grey), "PNG", icc_profile=b"not a profile"))
    assert broken.colour[0, 0].tolist() == [128, 128, 128]


def test_a_damaged_exif_block_costs_only_the_orientation() -> None:
    photo = read_photo(encoded(Image.fromarray(scene()), "JPEG", exif=b"Exif\x00\x00MM\x00*\x00\x00\xff\xff"))
    assert corners(photo.colour) == EXPECTED


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, bool])
def test_arrays(dtype: type) -> None:
    full = {np.uint8: 255, np.uint16: 65535, np.float32: 1.0, bool: True}[dtype]
    values = np.zeros((80, 70), dtype)
    values[:40] = full
    photo = read_photo(values)
    assert photo.colour.shape == (80, 70, 3)
    assert photo.colour[0, 0].tolist() == [255, 255, 255]
    assert photo.colour[-1, 0].tolist() == [0, 0, 0]


def test_the_array_given_is_not_shared() -> None:
    values = scene()
    photo = read_photo(values)
    values[:] = 0
    assert photo.colour.max() > 200


@pytest.mark.slow
def test_a_hundred_megapixels_are_read() -> None:
    data = encoded(Image.new("RGB", (12_500, 8_000), (90, 120, 150)), "JPEG")
    assert read_photo(data).size == (12_500, 8_000)
