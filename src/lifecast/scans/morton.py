"""An order of points in which neighbours in space follow each other.

Trees are then walked in the cache.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def morton_order(points: NDArray[np.floating]) -> NDArray[np.int64]:
    """(N,) indices that visit (N, 3) points along a Z-order curve of 1,024 steps an axis."""
    low = points.min(axis=0, initial=np.inf)
    extent = np.maximum(points.max(axis=0, initial=-np.inf) - low, 1e-12)
    step = ((points - low) / extent * 1023).astype(np.int64)
    code = np.zeros(len(points), np.int64)
    for bit in range(10):
        for axis in range(3):
            code |= ((step[:, axis] >> bit) & 1) << (3 * bit + axis)
    return np.argsort(code, kind="stable")
