"""Colours to sRGB: by PNG's gAMA and cHRM, code points, EXIF's Adobe RGB; an ICC profile before all of them."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from lifecast.photo.decode import read_photo
from lifecast.photo.tones import srgb_from_light

VALUES = np.stack([np.tile(np.arange(256), (40, 1))] * 3, axis=2).astype(np.uint8)
P3 = (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
"""x, y of white, red, green, blue: cHRM's order."""


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(values: np.ndarray, *chunks: bytes, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG", **options)
    data = buffer.getvalue()
    return data[:33] + b"".join(chunks) + data[33:]


def gamma(value: float) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", round(value * 100_000)))


def chromaticities(numbers: tuple[float, ...]) -> bytes:
    return chunk(b"cHRM", struct.pack(">8I", *(round(n * 100_000) for n in numbers)))


@pytest.mark.parametrize("value", [1.0, 0.7, 1 / 1.8])
def test_gamma_is_applied(value: float) -> None:
    expected = 255 * srgb_from_light((VALUES / 255) ** (1 / value))
    assert np.abs(read_photo(png(VALUES, gamma(value))).colour - expected).max() <= 1
    grey = read_photo(png(VALUES[..., 0], gamma(value)))
    assert np.abs(grey.colour - expected).max() <= 1


@pytest.mark.parametrize(
    "chunks",
    [
        (gamma(0.45455),),
        (chunk(b"sRGB", b"\x00"), gamma(1.0)),
        (gamma(0.45455), chromaticities((0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06))),
        (gamma(0),),
        (chunk(b"cICP", bytes((1, 13, 0, 1))), gamma(1.0)),
    ],
    ids=["usual", "sRGB before gAMA", "sRGB's primaries", "senseless", "cICP before gAMA"],
)
def test_srgb_under_other_names_is_left_alone(chunks: tuple[bytes, ...]) -> None:
    np.testing.assert_array_equal(read_photo(png(VALUES, *chunks)).colour, VALUES)


def test_a_profile_counts_before_gamma() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    buffer = png(VALUES, icc_profile=profile)
    assert np.abs(read_photo(buffer[:33] + gamma(1.0) + buffer[33:]).colour - VALUES.astype(int)).max() <= 1


@pytest.mark.parametrize(
    "chunks",
    [(gamma(0.45455), chromaticities(P3)), (chunk(b"cICP", bytes((12, 13, 0, 1))),)],
    ids=["cHRM", "cICP"],
)
def test_wider_primaries(chunks: tuple[bytes, ...]) -> None:
    colours = np.zeros((40, 60, 3), np.uint8)
    colours[:, :20], colours[:, 20:40], colours[:, 40:] = (128, 128, 128), (180, 120, 90), (60, 140, 70)
    found = read_photo(png(colours, *chunks)).colour
    assert np.abs(found[0, 0].astype(int) - 128).max() <= 1  # grey is grey
    # Display P3 -> sRGB by the matrix of CSS Color 4.
    matrix = np.array([[1.2249, -0.2247, 0], [-0.0420, 1.0419, 0], [-0.0197, -0.0786, 1.0979]])
    share = colours / 255
    light = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    assert np.abs(found - 255 * srgb_from_light(light @ matrix.T)).max() <= 1.5


def test_high_dynamic_range_becomes_usual() -> None:
    # ST 2084: 203 nits, diffuse white, is 0.58 of the signal.
    found = read_photo(png(VALUES, chunk(b"cICP", bytes((1, 16, 0, 1))))).colour
    assert found[0, 148].tolist() == pytest.approx([255] * 3, abs=2)
    assert found[0, 130].tolist() == pytest.approx([187] * 3, abs=2)  # 100 nits: 0.51 of the signal
    found = read_photo(png(VALUES, chunk(b"cICP", bytes((1, 18, 0, 1))))).colour
    assert found[0, 191].tolist() == [255] * 3


def test_adobe_rgb_named_by_exif_alone() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA005] = {1: "R03\x00"}
    colours = np.tile(np.array([70, 160, 70], np.uint8), (40, 60, 1))
    buffer = io.BytesIO()
    Image.fromarray(colours).save(buffer, "JPEG", quality=100, subsampling=0, exif=exif)
    green = read_photo(buffer.getvalue()).colour[20, 30]
    assert green[0] < 40  # out of sRGB's green, nearly
    assert green[1] == pytest.approx(161, abs=3)
