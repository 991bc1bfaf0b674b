"""The frame of an animation, or page of a file, to take: many begin black or transparent."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from lifecast.photo.damage import DAMAGE

BLANK = 8.0
"""Standard deviation of the brightnesses (of 255) below which a picture shows nothing."""
_MOST_FRAMES = 200
"""Frames that are looked at."""
_SMALL = 64
"""Pixels of the longer side at which a frame's contrast is measured."""
_SHOWN = 0.7
"""Share of the largest contrast from which a frame that fades in is taken."""
_ONE_PICTURE = ("MPO", "HEIF")
"""Formats whose first (or main) picture is the photograph, and the others its thumbnails, depth maps and second eye."""


def load_frame(picture: Image.Image) -> tuple[str, ...]:
    """Load the first frame that is not blank into `picture`.

    Returns what the user should know of it. Of a file that holds one picture, or whose frames are all blank, that is
    the first. Frames that are damaged are passed over. Raises what Pillow raises if the first frame is.
    """
    frames = _count(picture)
    if frames == 1 or picture.format in _ONE_PICTURE:
        if picture.format != "HEIF":  # where the main picture need not be the first, and is the one that is open
            picture.seek(0)
        picture.load()
        return ()

    def frame(number: int) -> Image.Image:
        picture.seek(number)
        picture.load()
        return picture

    chosen = first_shown(frames, frame)
    frame(chosen)
    if chosen == 0:
        return (f"the first of its {frames} frames or pages was taken",)
    return (f"frame {chosen + 1} of {frames} was taken: those before it show nothing, or are fading in",)


def _count(picture: Image.Image) -> int:
    """How many frames a picture has; those before the first damaged one where some are."""
    try:
        return int(getattr(picture, "n_frames", 1) or 1)
    except DAMAGE:
        for number in range(1, _MOST_FRAMES):
            try:
                picture.seek(number)
            except DAMAGE:
                return number
        return _MOST_FRAMES


def blank_note(colour: np.ndarray) -> tuple[str, ...]:
    """Remark on colours (H, W, 3) uint8 that are nearly the same everywhere.

    () if they are not.
    """
    step = max(1, max(colour.shape[:2]) // _SMALL)
    brightness = colour[::step, ::step] @ np.array([0.299, 0.587, 0.114])
    if float(brightness.std()) >= BLANK:
        return ()
    level = float(brightness.mean())
    shade = "black" if level < 32 else "white" if level > 223 else "of one colour"
    return (f"it is nearly {shade} everywhere",)


def first_shown(frames: int, frame: Callable[[int], Image.Image]) -> int:
    """Number the first frame; if it is blank, the first with nearly the largest contrast.

    `frame` gives the loaded picture of a number from 0; later ones that are damaged are passed over.
    """
    contrasts = [_contrast(frame(0))]
    if contrasts[0] >= BLANK:
        return 0
    for number in range(1, min(frames, _MOST_FRAMES)):
        try:
            contrasts.append(_contrast(frame(number)))
        except DAMAGE:
            contrasts.append(0.0)
    most = max(contrasts)
    return 0 if most < BLANK else next(i for i, value in enumerate(contrasts) if value >= _SHOWN * most)


def _contrast(picture: Image.Image) -> float:
    """Standard deviation of a frame's brightnesses; what is transparent counts as grey."""
    if picture.mode == "F" or picture.mode.startswith("I"):
        values = np.asarray(picture, dtype=np.float64)
        return float(values.std() * 255 / max(values.max(), 1e-9))
    small = _reduced(picture).convert("RGBA")
    grey = Image.new("RGBA", small.size, (128, 128, 128, 255))
    return float(np.asarray(Image.alpha_composite(grey, small).convert("L")).std())


def _reduced(picture: Image.Image) -> Image.Image:
    """Some of a picture's pixels, not averaged: noise is contrast too."""
    scale = min(1.0, _SMALL / max(picture.size))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.NEAREST)
