"""A picture file to plain 8-bit colour and, where it has one, an alpha mask: upright, first frame, sRGB.

    photo = read_photo("holiday.jpg")
    photo.colour                                     # (H, W, 3) uint8
    photo.alpha                                      # (H, W) float32 in [0, 1], or None where all of it is opaque

Whatever cannot be read is a `PhotoError` that names the file, the reason and what to do. Formats are listed, so that
nothing of a stranger's file ever starts another program (Pillow hands EPS to Ghostscript).
"""

from __future__ import annotations

import importlib.util
import io
import os
import struct
import warnings
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from lifecast.errors import PhotoError

MAX_PIXELS = 150_000_000
"""A larger picture is refused before anything of it is decoded (a decompression bomb, or worth shrinking first)."""
MIN_SIDE = 16
"""A picture whose longer side is shorter, in pixels, cannot show a person well enough."""
MAX_ASPECT = 20
"""Longer side over shorter side; beyond, it is a strip and not a photograph."""
SUFFIXES = frozenset({
    ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".tif", ".tiff", ".bmp", ".dib", ".gif",
    ".ppm", ".pgm", ".pbm", ".pnm", ".heic", ".heif", ".avif", ".jp2", ".tga",
})  # fmt: skip
"""Names that a folder's pictures end in. A file named outright is read whatever its name ends in."""

_FORMATS = ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "DIB", "GIF", "PPM", "AVIF", "JPEG2000", "TGA"]
# What Pillow's decoders raise on damaged files; anything else is a bug worth a traceback.
_DAMAGE = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, OverflowError, struct.error,
    zlib.error, NotImplementedError, RuntimeError, AttributeError,
)  # fmt: skip
_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript file"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML file"),
    (b"<!DOCTYPE", "a web page"),
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"8BPS", "a Photoshop document"),
    (b"gimp xcf", "a GIMP document"),
    (b"RIFF????AVI ", "a video"),
    (b"\x1aE\xdf\xa3", "a video"),
    (b"????ftypisom", "a video"),
    (b"????ftypmp4", "a video"),
    (b"????ftypqt", "a video"),
    (b"\x7fELF", "a program"),
    (b"glTF", "a 3D model"),
    (b"{", "a JSON file"),
)


@dataclass(frozen=True, eq=False)
class Photo:
    """A decoded picture."""

    colour: np.ndarray
    """(H, W, 3) uint8, sRGB, upright."""
    alpha: np.ndarray | None = None
    """(H, W) float32 in [0, 1], or None where the picture has no transparency."""
    name: str = "picture"
    """How messages call it."""
    notes: tuple[str, ...] = field(default=())
    """What the reader of the result should know (other frames were left out, ...)."""
    turned: int = 0
    """Degrees clockwise by which it was turned on demand, after its EXIF orientation (`orientation.turned`)."""

    @property
    def size(self) -> tuple[int, int]:
        """Width, height in pixels."""
        return self.colour.shape[1], self.colour.shape[0]

    def image(self) -> Image.Image:
        """The colours as a Pillow picture."""
        return Image.fromarray(self.colour)


def read_photo(source: str | os.PathLike[str] | bytes | Image.Image | np.ndarray, name: str | None = None) -> Photo:
    """Decode a file, the bytes of one, a Pillow picture, or an array (H, W[, 1 | 3 | 4]).

    Arrays are of uint8, uint16 or bool, or floating-point in [0, 1]. Raises `PhotoError`; see the module.
    """
    if isinstance(source, Image.Image):
        name = name or getattr(source, "filename", "") or "picture"
        return _decoded(source, name)
    if isinstance(source, np.ndarray):
        return _from_array(source, name or "array")
    if isinstance(source, bytes):
        return _from_bytes(source, name or "upload")
    path = Path(source)
    return _from_bytes(_file_bytes(path), name or str(path))


def _file_bytes(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise PhotoError(f"{path}: is a folder where a picture was expected")
        if not path.exists():
            raise PhotoError(f"{path}: no such file")
        if not path.is_file():
            raise PhotoError(f"{path}: is not a regular file (a device, pipe or socket); save it as a file first")
        return path.read_bytes()
    except PermissionError as error:
        raise PhotoError(f"{path}: may not be read by this user; change its permissions (chmod +r)") from error
    except (OSError, ValueError) as error:  # too long a name, a NUL in it, an I/O error
        raise PhotoError(f"{path}: cannot be read: {error}") from error


def _from_bytes(data: bytes, name: str) -> Photo:
    if not data:
        raise PhotoError(f"{name}: is empty (0 bytes); copy or download it again")
    foreign = _foreign(data)
    if foreign:
        raise PhotoError(f"{name}: is {foreign}, not a picture; export it as JPEG or PNG")
    heif = data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis")
    if heif and not _register_heif():
        raise PhotoError(
            f"{name}: is HEIC, which needs the package 'pillow-heif': pip install 'lifecast[heic]', "
            "or export the picture as JPEG"
        )
    try:
        Image.init()
        readable = [f for f in (*_FORMATS, *(["HEIF"] if heif else [])) if f in Image.OPEN]
        with warnings.catch_warnings():
            # lifecast has its own limit, stated in the message below.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=readable)
    except UnidentifiedImageError as error:
        if _is_text(data):
            raise PhotoError(f"{name}: is text, not a picture, whatever its name says") from error
        raise PhotoError(
            f"{name}: is no picture that can be read here, or its beginning is damaged "
            "(JPEG, PNG, WebP, TIFF, BMP, GIF, PPM, AVIF, JPEG 2000, TGA and HEIC can); open it and export it as JPEG"
        ) from error
    except Image.DecompressionBombError as error:
        raise PhotoError(
            f"{name}: has more than {MAX_PIXELS // 1_000_000} million pixels; make it smaller first"
        ) from error
    except (*_DAMAGE, MemoryError) as error:
        raise PhotoError(f"{name}: is damaged and cannot be decoded ({error}); copy or export it again") from error
    return _decoded(picture, name)


def _foreign(data: bytes) -> str | None:
    """What a file is that is known not to be a picture, by its first bytes ('?' stands for any byte)."""
    start = data[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    for magic, kind in _FOREIGN:
        if len(start) >= len(magic) and all(m in (ord("?"), b) for m, b in zip(magic, start, strict=False)):
            if kind == "a JSON file" and not _is_text(data):
                continue
            return "an SVG drawing" if b"<svg" in data[:1024] else kind
    return None


def _is_text(data: bytes) -> bool:
    try:
        start = data[:512].decode("utf-8", errors="strict" if len(data) <= 512 else "ignore")
    except UnicodeDecodeError:
        return False
    return bool(start) and sum(c.isprintable() or c.isspace() for c in start) > 0.95 * len(start)


def _register_heif() -> bool:
    if importlib.util.find_spec("pillow_heif") is None:
        return False
    import pillow_heif

    pillow_heif.register_heif_opener()
    return True


def _check_size(width: int, height: int, name: str) -> None:
    if width * height > MAX_PIXELS:
        raise PhotoError(
            f"{name}: {width} x {height} is {width * height / 1e6:,.0f} million pixels; "
            f"at most {MAX_PIXELS // 1_000_000} million are read. Make it smaller first"
        )
    if max(width, height) < MIN_SIDE:
        raise PhotoError(
            f"{name}: {width} x {height} pixels are too few; the longer side needs at least {MIN_SIDE}, "
            "and detail starts at about 500"
        )
    if max(width, height) > MAX_ASPECT * max(min(width, height), 1):
        raise PhotoError(f"{name}: {width} x {height} is a strip; crop it to the person")


def _decoded(picture: Image.Image, name: str) -> Photo:
    """First frame, checked, decoded, upright, 8-bit sRGB."""
    _check_size(*picture.size, name)
    notes = []
    try:
        frames = int(getattr(picture, "n_frames", 1) or 1)
    except _DAMAGE:
        frames = 1  # the later frames are damaged; the first may be whole
    if frames > 1 and picture.format not in ("MPO", "HEIF", "AVIF"):
        notes.append(f"the first of its {frames} frames or pages was taken")
    try:
        picture.seek(0)
        picture.load()
        picture = _upright(picture)
        colour, alpha = _eight_bit(picture, name)
    except PhotoError:
        raise
    except Image.DecompressionBombError as error:
        raise PhotoError(
            f"{name}: has more than {MAX_PIXELS // 1_000_000} million pixels; make it smaller first"
        ) from error
    except MemoryError as error:
        raise PhotoError(f"{name}: decoding it needs more memory than there is; make it smaller first") from error
    except _DAMAGE as error:
        raise PhotoError(
            f"{name}: is truncated or damaged and cannot be decoded ({error}); copy or export it again"
        ) from error
    return Photo(colour, _useful(alpha, name), name, tuple(notes))


def _upright(picture: Image.Image) -> Image.Image:
    """Turned as its EXIF orientation says; a picture whose EXIF block is damaged is taken as it lies."""
    try:
        return ImageOps.exif_transpose(picture)
    except (SyntaxError, ValueError, TypeError, KeyError, struct.error):
        return picture


def _eight_bit(picture: Image.Image, name: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Any of Pillow's modes -> colour (H, W, 3) uint8, alpha (H, W) float32 or None."""
    mode = picture.mode
    if mode == "F" or mode.startswith("I"):
        grey = _stretch(np.asarray(picture), name)
        return np.repeat(grey[..., None], 3, 2), None
    if mode in ("PA", "La", "RGBa", "LA") or (mode in ("P", "L", "1", "RGB") and "transparency" in picture.info):
        picture = picture.convert("RGBA")
    elif mode == "P":
        picture = picture.convert("RGB")
    alpha = None
    if picture.mode == "RGBA":
        alpha = np.asarray(picture.getchannel("A"), dtype=np.float32) / 255
        profile = picture.info.get("icc_profile")
        picture = picture.convert("RGB")
        picture.info["icc_profile"] = profile
    picture = _to_srgb(picture)
    return np.array(picture.convert("RGB"), dtype=np.uint8), alpha


def _to_srgb(picture: Image.Image) -> Image.Image:
    """Colours through an embedded profile (Display P3 of telephones, CMYK of print); a broken profile is ignored."""
    profile = picture.info.get("icc_profile")
    if not profile or picture.mode not in ("RGB", "CMYK", "L"):
        return picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, TypeError):
        return picture
    return picture if converted is None else converted


def _stretch(values: np.ndarray, name: str) -> np.ndarray:
    """16-bit, 32-bit or floating-point greys to 8 bit, by the smallest usual range that holds them."""
    if not np.isfinite(values).all():
        raise PhotoError(f"{name}: holds values that are not finite (NaN or infinity); export it as an 8-bit picture")
    top = float(values.max(initial=0))
    if top <= 0 or float(values.min(initial=0)) < 0:
        raise PhotoError(f"{name}: its values ({values.min():g} to {top:g}) are no brightnesses; export it as 8-bit")
    if np.issubdtype(values.dtype, np.floating) and top <= 1:
        full = 1.0
    else:
        full = next((f for f in (255.0, 65535.0) if top <= f), top)
        if values.dtype == np.uint16:
            full = 65535.0
    return np.round(values.astype(np.float32) * (255 / full)).astype(np.uint8)


def _from_array(values: np.ndarray, name: str) -> Photo:
    """(H, W), (H, W, 1), (H, W, 3) or (H, W, 4), of uint8, uint16, bool or float in [0, 1]."""
    if values.ndim not in (2, 3) or (values.ndim == 3 and values.shape[2] not in (1, 3, 4)):
        raise PhotoError(f"{name}: an array of shape {values.shape} is no picture; (H, W), (H, W, 3) or (H, W, 4) are")
    _check_size(values.shape[1], values.shape[0], name)
    if np.issubdtype(values.dtype, np.floating):
        if not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
            raise PhotoError(f"{name}: floating-point pictures must lie in [0, 1]")
        values = np.round(values * 255).astype(np.uint8)
    elif values.dtype == np.uint16:
        values = np.round(values / 257).astype(np.uint8)
    elif values.dtype == bool:
        values = values.astype(np.uint8) * 255
    elif values.dtype != np.uint8:
        raise PhotoError(f"{name}: arrays of {values.dtype} are ambiguous; use uint8, uint16 or float in [0, 1]")
    if values.ndim == 2:
        values = values[..., None]
    colour = np.repeat(values, 3, 2) if values.shape[2] == 1 else values[..., :3]
    alpha = values[..., 3].astype(np.float32) / 255 if values.shape[2] == 4 else None
    return Photo(np.array(colour), _useful(alpha, name), name)


def _useful(alpha: np.ndarray | None, name: str) -> np.ndarray | None:
    """An alpha channel that hides something and shows something; None where it hides nothing."""
    if alpha is None or float(alpha.min()) > 0.98:
        return None
    if float(alpha.max()) < 0.5:
        raise PhotoError(f"{name}: is transparent everywhere; nothing of it can be seen")
    return alpha
