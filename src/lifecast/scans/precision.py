"""Whether a scan's coordinates are stored finely enough for its shape."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifecast.errors import ScanError

FINEST = 1000
"""Coordinates may not come in steps coarser than this part of the scan's extent."""
FEWEST = 100
"""Vertices from which a shape is more than boxes, whose coordinates may well be round."""


def check_steps(stored: list[NDArray[Any]], path: Path) -> None:
    """ScanError where coordinates far from 0 were rounded to steps that destroy the shape.

    `stored` are the (V, 3) coordinates of the scan's parts as they are in the file, before any transform. Single
    precision has 24 bits; text often has two decimals.
    """
    stored = [vertices.astype(np.float64) for vertices in stored if len(vertices)]
    stored = [vertices for vertices in stored if np.isfinite(vertices).all()]
    extent = max([float(np.ptp(vertices, axis=0).max()) for vertices in stored], default=0.0)
    worst = (0.0, 0.0)
    for values in (axis for vertices in stored if len(vertices) >= FEWEST for axis in vertices.T):
        furthest = float(np.abs(values).max())
        if np.array_equal(values, values.astype(np.float32)):
            worst = max(worst, (float(np.spacing(np.float32(furthest))), furthest))
        if furthest > FINEST * extent:
            rounded = [10.0**-digits for digits in range(4) if np.array_equal(values, np.round(values, digits))]
            worst = max([worst, *((step, furthest) for step in rounded[:1])])
    step, furthest = worst
    if step * FINEST > extent:
        raise ScanError(
            f"{path}: its coordinates lie around {furthest:.0f} and are stored in steps of {step:.2g}, which is too "
            f"coarse for a scan {extent:.3g} across; move it to the origin before it is exported"
        )
