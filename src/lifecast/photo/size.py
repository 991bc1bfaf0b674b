"""Sizes of pictures that are read."""

from __future__ import annotations

from lifecast.errors import PhotoError

MAX_PIXELS = 150_000_000
"""A larger picture is refused before anything of it is decoded (a decompression bomb, or worth shrinking first)."""
MIN_SIDE = 16
"""A picture whose longer side is shorter, in pixels, cannot show a person well enough."""
MAX_ASPECT = 20
"""Longer side over shorter side; beyond, it is a strip and not a photograph."""


def check_size(width: int, height: int, name: str) -> None:
    """Raise PhotoError for a picture of too many or too few pixels, or of the shape of a strip."""
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
