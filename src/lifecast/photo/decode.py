"""A picture file to plain 8-bit colour, and an alpha mask if it has one.

Upright, first frame, sRGB.

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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from lifecast.errors import PhotoError
from lifecast.photo import recover
from lifecast.photo.address import address_problem
from lifecast.photo.colour_space import to_srgb
from lifecast.photo.damage import DAMAGE
from lifecast.photo.deep_colours import deep_colours
from lifecast.photo.frames import blank_note, load_frame
from lifecast.photo.signatures import foreign, is_text
from lifecast.photo.size import MAX_PIXELS, check_size
from lifecast.photo.tiff import is_tiff, read_tiff
from lifecast.photo.tones import eight_bits

SUFFIXES = frozenset({
    ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".tif", ".tiff", ".bmp", ".dib", ".gif",
    ".ppm", ".pgm", ".pbm", ".pnm", ".heic", ".heif", ".avif", ".jp2", ".tga",
})  # fmt: skip
"""Names that a folder's pictures end in. A file named outright is read whatever its name ends in."""

_FORMATS = ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "DIB", "GIF", "PPM", "AVIF", "JPEG2000", "TGA"]
_HEIF = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis")


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
        """Convert the colours to a Pillow picture."""
        return Image.fromarray(self.colour)


def read_photo(source: str | os.PathLike[str] | bytes | Image.Image | np.ndarray, name: str | None = None) -> Photo:
    """Decode a file, the bytes of one, a Pillow picture, or an array (H, W[, 1 | 3 | 4]).

    Arrays are of uint8, uint16 or bool, or floating-point in [0, 1]. Raises `PhotoError`; see the module.
    """
    if isinstance(source, Image.Image):
        name = name or getattr(source, "filename", "") or "picture"
        with _explained(name):
            check_size(*source.size, name)
            return _decoded(source, name, load_frame(source))
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
            raise PhotoError(f"{path}: {address_problem(path) or 'no such file'}")
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
    other = foreign(data)
    if other:
        raise PhotoError(f"{name}: is {other}, not a picture; export it as JPEG or PNG")
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF and not _register_heif():
        raise PhotoError(
            f"{name}: is HEIC, which needs the package 'pillow-heif': pip install 'lifecast[heic]', "
            "or export the picture as JPEG"
        )
    with _explained(name):
        try:
            picture, notes = read_tiff(data, _open, name) if is_tiff(data) else _load(data, name)
        except UnidentifiedImageError as error:
            if is_text(data):
                raise PhotoError(f"{name}: is text, not a picture, whatever its name says") from error
            raise PhotoError(
                f"{name}: is no picture that can be read here, or its beginning is damaged (JPEG, PNG, WebP, TIFF, "
                "BMP, GIF, PPM, AVIF, JPEG 2000, TGA and HEIC can); open it and export it as JPEG"
            ) from error
        return _decoded(picture, name, notes, data)


def _open(data: bytes) -> Image.Image:
    """Open one of the formats that are read; lifecast has its own limit of pixels, `MAX_PIXELS`."""
    Image.init()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(io.BytesIO(data), formats=[f for f in (*_FORMATS, "HEIF") if f in Image.OPEN])


def _load(data: bytes, name: str) -> tuple[Image.Image, tuple[str, ...]]:
    """The loaded picture of a file that is no TIFF, as far as it is there; and what the user should know of it."""

    def loaded(some: bytes) -> Image.Image:
        picture = _open(some)
        check_size(*picture.size, name)
        picture.load()
        return picture

    picture: Image.Image | None = None
    try:
        picture = _open(data)
        check_size(*picture.size, name)
        notes = load_frame(picture)
        if not recover.is_unfinished_jpeg(data) and not recover.has_grey_end(data, picture):
            return picture, notes
    except DAMAGE:
        recovered = recover.recover(data, picture, loaded, name)
        if recovered is None:
            raise
    else:
        recovered = recover.recover(data, picture, loaded, name) or (picture, "")
    picture, said = recovered
    return picture, (said,) if said else ()


def _register_heif() -> bool:
    if importlib.util.find_spec("pillow_heif") is None:
        return False
    import pillow_heif

    pillow_heif.register_heif_opener()
    return True


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """What decoders raise, as PhotoError."""
    try:
        yield
    except Image.DecompressionBombError as error:
        raise PhotoError(
            f"{name}: has more than {MAX_PIXELS // 1_000_000} million pixels; make it smaller first"
        ) from error
    except MemoryError as error:
        raise PhotoError(f"{name}: decoding it needs more memory than there is; make it smaller first") from error
    except DAMAGE as error:
        raise PhotoError(
            f"{name}: is truncated or damaged and cannot be decoded ({error}); copy or export it again"
        ) from error


def _decoded(picture: Image.Image, name: str, notes: tuple[str, ...] = (), data: bytes = b"") -> Photo:
    """A loaded picture, and the file's bytes where it is from one: upright, 8-bit sRGB."""
    picture, said = _eight_bit(picture, name, data)
    picture = _upright(picture)
    alpha = None
    if picture.mode in ("PA", "La", "RGBa", "LA", "RGBA") or "transparency" in picture.info:
        picture = _as(picture.convert("RGBA"), picture)
        alpha = np.asarray(picture.getchannel("A"), dtype=np.float32) / 255
    if picture.mode in ("P", "RGBA"):
        picture = _as(picture.convert("RGB"), picture)
    colour = np.array(to_srgb(picture, data).convert("RGB"), dtype=np.uint8)
    alpha, hidden = _useful(alpha, colour, name)
    return Photo(colour, alpha, name, (*notes, *said, *hidden, *blank_note(colour)))


def _upright(picture: Image.Image) -> Image.Image:
    """Turned as its EXIF orientation says; a picture whose EXIF block is damaged is taken as it lies."""
    try:
        return ImageOps.exif_transpose(picture)
    except (SyntaxError, ValueError, TypeError, KeyError, struct.error):
        return picture


def _eight_bit(picture: Image.Image, name: str, data: bytes) -> tuple[Image.Image, tuple[str, ...]]:
    """A picture of any of Pillow's modes in one of 8 bits; and what the user should know of it."""
    if picture.mode == "F" or picture.mode.startswith("I"):
        grey, notes = eight_bits(np.asarray(picture), name)
        return _as(Image.fromarray(grey), picture), notes
    deep = deep_colours(picture, data)
    if deep is None:
        return picture, ()
    colours, notes = eight_bits(deep, name)
    converted = _as(Image.fromarray(colours), picture)
    if picture.mode == "RGBA":
        converted.putalpha(picture.getchannel("A"))
    return converted, notes


def _as(picture: Image.Image, origin: Image.Image) -> Image.Image:
    """With the profile, EXIF and colours' names of the picture that it is made from, but no second transparency."""
    picture.info = {key: value for key, value in origin.info.items() if key != "transparency"}
    return picture


def _from_array(values: np.ndarray, name: str) -> Photo:
    """(H, W), (H, W, 1), (H, W, 3) or (H, W, 4), of uint8, uint16, bool or float in [0, 1]."""
    if values.ndim not in (2, 3) or (values.ndim == 3 and values.shape[2] not in (1, 3, 4)):
        raise PhotoError(f"{name}: an array of shape {values.shape} is no picture; (H, W), (H, W, 3) or (H, W, 4) are")
    check_size(values.shape[1], values.shape[0], name)
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
    alpha, hidden = _useful(alpha, colour, name)
    return Photo(np.array(colour), alpha, name, (*hidden, *blank_note(np.array(colour))))


def _useful(alpha: np.ndarray | None, colour: np.ndarray, name: str) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """An alpha channel that hides something and shows something, None where it hides nothing; and what to say of it."""
    if alpha is None or float(alpha.min()) > 0.98:
        return None, ()
    top = float(alpha.max())
    if top >= 0.5:
        return alpha, ()
    if top > float(alpha.min()):  # written as 0 and 1, or faded
        return alpha / top, (f"its opacity reaches only {255 * top:.0f} of 255, which was taken for opaque",)
    if blank_note(colour):
        raise PhotoError(f"{name}: is transparent everywhere; nothing of it can be seen")
    return None, ("its transparency would hide all of it, and was left out of account",)
