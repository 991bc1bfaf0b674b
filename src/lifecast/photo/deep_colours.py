"""16-bit colours of PNG, PPM and JPEG 2000 files, of which Pillow keeps the upper 8 bits."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

_DARK = 64
"""Colours that stay below this, of 255, may be 14-bit or shallower values in 16-bit samples."""
_PNG_RGB = (2, 6)
"""Colour types of PNG with three colours."""


def deep_colours(picture: Image.Image, data: bytes) -> np.ndarray | None:
    """Read a dark picture's colours (H, W, 3) uint16 from its file's bytes.

    None if 8 bits do. Only a picture whose upper 8 bits are nearly empty needs them, and for it they are turned as
    `picture` is.
    """
    if picture.mode not in ("RGB", "RGBA") or not _is_deep(data):
        return None
    if int(np.asarray(picture)[..., :3].max(initial=0)) >= _DARK:
        return None
    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16 or values.ndim != 3 or values.shape[:2] != picture.size[::-1]:
        return None
    return values[..., 2::-1]


def _is_deep(data: bytes) -> bool:
    """Whether a file's header says that its samples have more than 8 bits."""
    if data.startswith(b"\x89PNG"):
        return data[24] == 16 and data[25] in _PNG_RGB
    return data.startswith((b"P6", b"\x00\x00\x00\x0cjP", b"\xff\x4f\xff\x51"))
