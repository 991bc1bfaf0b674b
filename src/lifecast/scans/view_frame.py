"""The part of a view's picture that a person covers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass
class Frame:
    """The part of a view's picture that the person covers, and the view's geometry."""

    rotation: NDArray[np.float64]
    shift: NDArray[np.float64]
    rows: slice
    columns: slice

    @property
    def shape(self) -> tuple[int, int]:
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start

    def centres(self, size: int, half: float, factor: int = 1) -> NDArray[np.float32]:
        """(N, 2) view positions of the box's pixel centres, in a picture of size / factor that spans [-half, half]."""
        x = np.arange(self.columns.start // factor, -(-self.columns.stop // factor), dtype=np.float32)
        y = np.arange(self.rows.start // factor, -(-self.rows.stop // factor), dtype=np.float32)
        count = np.float32(size // factor)
        grid = np.empty((len(y), len(x), 2), np.float32)
        grid[..., 0] = (-1 + (2 * x + 1) / count)[None]
        grid[..., 1] = (1 - (2 * y + 1) / count)[:, None]
        grid *= np.float32(half)
        return grid.reshape(-1, 2)
