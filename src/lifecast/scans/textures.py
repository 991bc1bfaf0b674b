"""Pictures of surfaces: bytes of a file to sRGB and coverage, or a reason why not."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

KTX2 = b"\xabKTX 20\xbb"
SIXTEEN_BIT = ("I", "I;16", "I;16L", "I;16B", "I;16N")
"""Pillow's names of grey pictures with 16 bits, which its conversion to RGB would clip at 255."""


class TextureError(ValueError):
    """A picture cannot be used as a texture; the message says why, without the picture's name."""


def decode_texture(data: bytes) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Decode the bytes of a picture file into sRGB and coverage.

    Returns
    -------
    rgb (H, W, 3) uint8, alpha (H, W) uint8 or None where the picture is opaque throughout.

    Raises
    ------
    TextureError
        The bytes are no picture, a damaged one, or of a kind that is not read.
    """
    if data.startswith(KTX2):
        raise TextureError("is a KTX2 texture, which is not read here; export it as PNG or JPEG")
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            return _rgb_and_alpha(image)
    except TextureError:
        raise
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:  # SyntaxError: damaged PNG
        raise TextureError(f"is no readable picture ({error})") from error


def _rgb_and_alpha(image: Image.Image) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """A loaded Pillow picture as (H, W, 3) and (H, W), or None where it is opaque."""
    if image.mode in SIXTEEN_BIT:
        grey = np.asarray(image).astype(np.int64)
        if grey.min(initial=0) < 0 or grey.max(initial=0) > 65535:
            raise TextureError("has grey values beyond 16 bits; export it with 8 bits")
        bytes_ = ((grey + 128) // 257).astype(np.uint8)
        return np.repeat(bytes_[..., None], 3, axis=2), None
    if image.mode == "F":
        raise TextureError("holds floating-point values; export it with 8 bits")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = np.asarray(image.convert("RGBA"))
        alpha = np.ascontiguousarray(rgba[..., 3])
        return np.ascontiguousarray(rgba[..., :3]), None if alpha.min() == 255 else alpha
    return np.ascontiguousarray(np.asarray(image.convert("RGB"))), None
