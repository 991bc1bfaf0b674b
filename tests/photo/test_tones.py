"""Samples to 8 bits: by the range that the values have, and a remark where that is a guess."""

from __future__ import annotations

import io
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from lifecast.errors import PhotoError
from lifecast.photo.decode import read_photo
from lifecast.photo.tones import eight_bits, srgb_from_light

RAMP = np.linspace(0, 1, 60 * 80).reshape(60, 80)
COLOURS = np.stack([RAMP, RAMP[::-1], RAMP[:, ::-1]], axis=2)


@pytest.mark.parametrize("bits", [8, 10, 12, 14])
def test_fewer_bits_than_the_samples_have(bits: int) -> None:
    values = np.round(RAMP * (2**bits - 1))
    for kind in (np.uint16, np.int32):
        scaled, notes = eight_bits(values.astype(kind), "x.tif")
        assert np.abs(scaled - 255 * RAMP).max() <= 1
        assert notes == (f"its values reach only {2**bits - 1}: taken for those of a {bits}-bit picture",)


def test_all_sixteen_bits_need_no_remark() -> None:
    scaled, notes = eight_bits(np.round(RAMP * 65535).astype(np.uint16), "x.png")
    assert np.abs(scaled - 255 * RAMP).max() <= 1
    assert notes == ()


def test_a_range_is_a_depth_and_not_the_brightest_value() -> None:
    scaled, _ = eight_bits(np.full((60, 80), 2100, np.uint16), "x.tif")
    assert scaled.max() == round(255 * 2100 / 4095)


@pytest.mark.parametrize("inverted", [False, True])
def test_floats_in_zero_to_one(inverted: bool) -> None:
    scaled, notes = eight_bits(RAMP.astype(np.float32), "x.tif", inverted)
    assert np.abs(scaled - 255 * (1 - RAMP if inverted else RAMP)).max() <= 1
    assert notes == ()


def test_what_resizing_leaves_beyond_the_range_is_clipped() -> None:
    values = RAMP.copy()
    values[0, 0], values[-1, -1] = -0.02, 1.2
    scaled, notes = eight_bits(values, "x.tif")
    assert np.abs(scaled.astype(int) - 255 * RAMP).max() <= 1
    assert notes == ()


@pytest.mark.parametrize(("full", "said"), [(255, "8-bit"), (4095, "12-bit"), (65535, "16-bit")])
def test_floats_that_hold_integers(full: int, said: str) -> None:
    scaled, notes = eight_bits(RAMP * full, "x.tif")
    assert np.abs(scaled - 255 * RAMP).max() <= 1
    assert said in notes[0]


def test_light_without_a_limit_becomes_bright() -> None:
    light = 4 * RAMP**2
    light[0, :4] = 30.0  # the sun
    scaled, notes = eight_bits(light, "x.tif")
    assert scaled[-1, -1] == 255
    assert "was taken for white" in notes[0]
    assert scaled[40, 0] == pytest.approx(255 * float(srgb_from_light(RAMP[40, 0] ** 2)), abs=3)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.full((60, 80), np.nan), "not finite"),
        (np.full((60, 80), np.inf), "not finite"),
        (RAMP - 0.5, "no brightnesses"),
        (np.full((60, 80), -5, np.int16), "no brightnesses"),
        (np.zeros((60, 80), np.uint16), "no brightnesses"),
    ],
)
def test_what_is_no_picture(values: np.ndarray, words: str) -> None:
    with pytest.raises(PhotoError, match=words):
        eight_bits(values, "x.tif")


@pytest.mark.parametrize("suffix", [".png", ".ppm", ".jp2"])
def test_twelve_bits_in_colour_files_of_sixteen(suffix: str) -> None:
    values = np.round(COLOURS * 4095).astype(np.uint16)
    parameters = [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000] if suffix == ".jp2" else []
    done, data = cv2.imencode(suffix, values[..., ::-1], parameters)
    assert done
    photo = read_photo(data.tobytes())
    assert np.abs(photo.colour - 255 * COLOURS).mean() < 1
    assert photo.notes == ("its values reach only 4095: taken for those of a 12-bit picture",)


def test_sixteen_bit_colours_with_opacity_and_orientation() -> None:
    # OpenCV writes no EXIF: the chunk is put in by hand.
    alpha = np.where(RAMP > 0.5, 65535, 0)
    values = np.dstack([np.round(COLOURS * 4095), alpha]).astype(np.uint16)
    _, encoded = cv2.imencode(".png", values[..., [2, 1, 0, 3]])
    exif = Image.Exif()
    exif[0x0112] = 3
    body = exif.tobytes().removeprefix(b"Exif\x00\x00")
    data = encoded.tobytes()
    chunk = len(body).to_bytes(4, "big") + b"eXIf" + body
    data = data[:33] + chunk + zlib.crc32(chunk[4:]).to_bytes(4, "big") + data[33:]
    photo = read_photo(data)
    assert np.abs(photo.colour[::-1, ::-1] - 255 * COLOURS).max() <= 1
    assert photo.alpha is not None
    np.testing.assert_array_equal(photo.alpha[::-1, ::-1], alpha / 65535)


def test_an_eight_bit_picture_of_the_night_stays_dark() -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.round(COLOURS * 40).astype(np.uint8)).save(buffer, "PNG")
    assert read_photo(buffer.getvalue()).colour.max() == 40
