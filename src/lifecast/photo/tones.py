"""Samples of any depth to 8 bits, by the range that the file's values really have.

A camera's or scanner's 10, 12 or 14 bits often lie unscaled in samples of 16; taken by the sample's own range such a
picture is nearly black.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lifecast.errors import PhotoError

_DEPTHS = (8, 10, 12, 14, 16, 24, 32, 64)
"""Bits that cameras, scanners and programs use."""
_OVERSHOOT = 0.05
"""Values of a floating-point picture below 0 or above 1, by less than this, are what sharpening and resizing leave."""
_MOST_BRIGHT = 0.999
"""Share of a floating-point picture's values that a range must hold."""
_ROWS = 512


def eight_bits(values: np.ndarray, name: str, inverted: bool = False) -> tuple[np.ndarray, tuple[str, ...]]:
    """Scale samples (H, W[, C]) of any type to uint8; and what the user should know of it.

    Integers are scaled by the smallest usual depth that holds them. Floating-point values lie in [0, 1], or are whole
    numbers, or are light without an upper limit, whose brightest part then becomes white. With `inverted`, 0 is white.
    Raises PhotoError for values that are not finite or negative.
    """
    if np.issubdtype(values.dtype, np.floating):
        return _from_floats(values, name, inverted)
    if values.dtype == np.uint8:
        return (255 - values if inverted else values), ()
    low, top = int(values.min(initial=0)), int(values.max(initial=0))
    if low < 0 or top <= 0:
        raise _no_brightnesses(low, top, name)
    bits = next(b for b in _DEPTHS if top < 2**b)
    notes = (f"its values reach only {top}: taken for those of a {bits}-bit picture",) if bits < 16 else ()
    if values.dtype == np.uint16:
        table = _scaled(np.arange(2**16), 2.0**bits - 1, inverted)
        return table[values], notes
    return _by_rows(values, lambda rows: _scaled(rows, 2.0**bits - 1, inverted)), notes


def _from_floats(values: np.ndarray, name: str, inverted: bool) -> tuple[np.ndarray, tuple[str, ...]]:
    low, top = float(values.min(initial=0)), float(values.max(initial=0))
    if not np.isfinite([low, top]).all():  # min and max pass NaN on
        raise PhotoError(f"{name}: holds values that are not finite (NaN or infinity); export it as an 8-bit picture")
    if top <= 0 or low < -_OVERSHOOT * max(top, 1.0):
        raise _no_brightnesses(low, top, name)
    if top <= 1:
        return _by_rows(values, lambda rows: _scaled(rows, 1.0, inverted)), ()
    sample = values[:: max(1, len(values) // _ROWS)]
    bright = float(np.quantile(sample, _MOST_BRIGHT))
    if bright <= 1 + _OVERSHOOT and top < 2:
        return _by_rows(values, lambda rows: _scaled(rows, 1.0, inverted)), ()
    depth = next((b for b in (8, 10, 12, 14, 16) if bright <= (1 + _OVERSHOOT) * 2**b and top < 2 ** (b + 1)), None)
    whole = bool((sample % 1 == 0).all())
    if depth is not None and (whole or bright > 2 ** (depth - 2)):
        said = f"its floating-point values reach {top:g}: taken for those of a {depth}-bit picture"
        return _by_rows(values, lambda rows: _scaled(rows, 2.0**depth - 1, inverted)), (said,)
    said = f"its floating-point values reach {top:.3g}: {bright:.3g} was taken for white"
    return _by_rows(values, lambda rows: _scaled(srgb_from_light(rows / bright), 1.0, inverted)), (said,)


def srgb_from_light(light: np.ndarray) -> np.ndarray:
    """Encode linear light in [0, 1] as sRGB does (IEC 61966-2-1), to [0, 1].

    Values outside are clipped.
    """
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def _scaled(values: np.ndarray, full: float, inverted: bool) -> np.ndarray:
    share = np.clip(values.astype(np.float64) / full, 0, 1)
    return np.round(255 * (1 - share if inverted else share)).astype(np.uint8)


def _by_rows(values: np.ndarray, scale: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Apply `scale` to some rows at a time: 150 million pixels of float64 would be 3.6 GB."""
    out = np.empty(values.shape, np.uint8)
    for first in range(0, len(values), _ROWS):
        out[first : first + _ROWS] = scale(values[first : first + _ROWS])
    return out


def _no_brightnesses(low: float, top: float, name: str) -> PhotoError:
    return PhotoError(f"{name}: its values ({low:g} to {top:g}) are no brightnesses; export it as 8-bit")
