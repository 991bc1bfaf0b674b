"""Colours as a file means them to sRGB.

By its ICC profile, or the curve and primaries that PNG, AVIF and EXIF name. A PNG says them as gAMA and cHRM (PNG
specification 11.3.2), PNG and AVIF as code points of ITU-T H.273 (cICP, nclx), cameras set to Adobe RGB often only in
EXIF's interoperability index.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image, ImageCms

from lifecast.photo.damage import DAMAGE
from lifecast.photo.tones import srgb_from_light

Primaries = tuple[tuple[float, float], ...]
"""x, y of red, green, blue and white."""
_SRGB: Primaries = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), (0.3127, 0.3290))
_PRIMARIES: dict[int, Primaries] = {
    1: _SRGB,
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), (0.3127, 0.3290)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.3127, 0.3290)),
}
"""H.273: code point -> x, y of red, green, blue and white (BT.709, BT.2020, Display P3)."""
_ADOBE = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), (0.3127, 0.3290))
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_WHITE_NITS = 203.0
"""Luminance of diffuse white in HDR pictures (ITU-R BT.2408)."""
_ROWS = 512


@dataclass(frozen=True)
class Encoding:
    """How 8-bit colours encode light."""

    light: np.ndarray
    """(256,) float64: linear light of each value, 1 being white."""
    primaries: Primaries = _SRGB


def to_srgb(picture: Image.Image, data: bytes = b"") -> Image.Image:
    """Convert an RGB, CMYK or grey picture's colours to sRGB.

    The picture or its file's bytes define them. A profile or a chunk that is broken is ignored.
    """
    if picture.mode not in ("RGB", "CMYK", "L"):
        return picture
    if picture.info.get("icc_profile"):
        return _by_profile(picture)
    encoding = _named(picture, data)
    return picture if encoding is None or picture.mode == "CMYK" else _by_encoding(picture.convert("RGB"), encoding)


def _by_profile(picture: Image.Image) -> Image.Image:
    """Colours through an embedded profile (Display P3 of telephones, CMYK of print)."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(picture.info["icc_profile"]))
        converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, TypeError):
        return picture
    return picture if converted is None else converted


def _by_encoding(picture: Image.Image, encoding: Encoding) -> Image.Image:
    values = np.array(picture)  # (H, W, 3)
    same = np.allclose(encoding.primaries, _SRGB, atol=0.002)
    if same:
        return Image.fromarray(np.round(255 * srgb_from_light(encoding.light)).astype(np.uint8)[values])
    matrix = np.linalg.inv(_to_xyz(_SRGB)) @ _to_xyz(encoding.primaries)
    for first in range(0, len(values), _ROWS):
        light = encoding.light[values[first : first + _ROWS]] @ matrix.T
        values[first : first + _ROWS] = np.round(255 * srgb_from_light(light)).astype(np.uint8)
    return Image.fromarray(values)


def _to_xyz(primaries: Primaries) -> np.ndarray:
    """Linear RGB -> XYZ with D65 as white, (3, 3); another white is adapted (Bradford)."""

    def xyz(x: float, y: float) -> np.ndarray:
        return np.array([x / y, 1.0, (1 - x - y) / y])

    colours = np.stack([xyz(x, y) for x, y in primaries[:3]], axis=1)
    white, d65 = xyz(*primaries[3]), xyz(*_SRGB[3])
    matrix = colours * np.linalg.solve(colours, white)
    result: np.ndarray = (
        np.linalg.inv(_BRADFORD) @ np.diag((_BRADFORD @ d65) / (_BRADFORD @ white)) @ _BRADFORD @ matrix
    )
    return result


def _named(picture: Image.Image, data: bytes) -> Encoding | None:
    """The encoding that a file without a profile names; None where that is sRGB, or nothing is named."""
    ramp = np.linspace(0, 1, 256)
    points = _code_points(data)
    if points is not None:
        primaries, transfer = _PRIMARIES.get(points[0], _SRGB), points[1]
        light = _light(transfer)
        if light is None and primaries != _SRGB:
            light = _srgb_light(ramp)
        return None if light is None else Encoding(light, primaries)
    gamma = picture.info.get("gamma")
    if gamma and "srgb" not in picture.info:
        primaries = _chromaticities(picture)
        usual = abs(gamma * 2.2 - 1) < 0.02  # the power that stands for sRGB's own curve
        if usual and np.allclose(primaries, _SRGB, atol=0.002):
            return None
        if not 0.1 <= gamma <= 10:
            return None
        return Encoding(_srgb_light(ramp) if usual else ramp ** (1 / gamma), primaries)
    return Encoding(ramp**2.2, _ADOBE) if _is_adobe_rgb(picture) else None


def _code_points(data: bytes) -> tuple[int, int] | None:
    """Code points of primaries and transfer function, of a PNG's cICP chunk or an AVIF's nclx box."""
    if data.startswith(b"\x89PNG"):
        place = data.find(b"\x00\x00\x00\x04cICP", 8, 4096)
        return (data[place + 8], data[place + 9]) if 0 <= place < len(data) - 9 else None
    if data[4:8] == b"ftyp":
        place = data.find(b"colrnclx", 8, 65536)
        if 0 <= place < len(data) - 12:
            primaries, transfer = struct.unpack(">HH", data[place + 8 : place + 12])
            return primaries, transfer
    return None


def _light(transfer: int) -> np.ndarray | None:
    """Linear light of 256 values by a transfer function of H.273; None for sRGB's and those taken for it."""
    v = np.linspace(0, 1, 256)
    if transfer in (4, 5):
        return v ** (2.2 if transfer == 4 else 2.8)
    if transfer == 8:
        return v
    if transfer == 16:  # SMPTE ST 2084: nits
        root = v ** (1 / 78.84375)
        return (
            10_000
            / _WHITE_NITS
            * (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125)
        )
    if transfer == 18:  # hybrid log-gamma: its diffuse white is at 0.75 of the signal
        light = np.where(v <= 0.5, v**2 / 3, (np.exp((v - 0.55991073) / 0.17883277) + 0.28466892) / 12)
        result: np.ndarray = light / light[191]
        return result
    return None


def _srgb_light(values: np.ndarray) -> np.ndarray:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _chromaticities(picture: Image.Image) -> Primaries:
    """A cHRM chunk's red, green, blue and white; sRGB's where there is none or it makes no sense."""
    numbers = picture.info.get("chromaticity")  # x, y of white, red, green, blue
    if not numbers or len(numbers) != 8 or min(numbers[1::2]) <= 0.01 or max(numbers) >= 1:
        return _SRGB
    white, red, green, blue = (tuple(numbers[i : i + 2]) for i in (0, 2, 4, 6))
    area = (green[0] - red[0]) * (blue[1] - red[1]) - (blue[0] - red[0]) * (green[1] - red[1])
    return (red, green, blue, white) if abs(area) > 0.01 else _SRGB


def _is_adobe_rgb(picture: Image.Image) -> bool:
    try:
        index = picture.getexif().get_ifd(ExifTags.IFD.Interop).get(1, "")
    except DAMAGE:
        return False
    return str(index).startswith("R03")
