"""Vertex colours of files that are not glTF: numbers of any type to sRGB bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifecast.errors import ScanError


def colour_bytes(values: NDArray[Any], path: Path) -> NDArray[np.uint8]:
    """(N, 3 or more) colours of any type as (N, 3) sRGB bytes.

    Bytes are taken as they are and 16-bit integers as 0..65535. Other numbers are 0..1 where none is larger, else
    0..255.

    Raises
    ------
    ScanError
        The numbers are in no such range.
    """
    values = values[:, :3]
    if values.dtype == np.uint8:
        return values.copy()
    if values.dtype == np.uint16:
        return ((values.astype(np.int64) + 128) // 257).astype(np.uint8)
    numbers = values.astype(np.float64)
    if not np.isfinite(numbers).all() or numbers.min(initial=0) < 0 or numbers.max(initial=0) > 255:
        raise ScanError(f"{path}: has vertex colours that are neither 0 to 1 nor 0 to 255; export it again")
    whole = values.dtype.kind in "iu" or numbers.max(initial=0) > 1
    return np.round(numbers * (1 if whole else 255)).astype(np.uint8)
