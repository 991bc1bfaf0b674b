"""Arrays on the device that cloth is computed on."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
import warp as wp
from numpy.typing import NDArray

wp.config.log_level = wp.LOG_WARNING  # no banner of its devices on standard output


class Arrays:
    """Makes arrays on a device ("cpu", "cuda:0") and runs kernels there."""

    def __init__(self, device: str) -> None:
        self.device = device

    def vectors(self, values: NDArray[Any]) -> Any:
        """Copy (N, 3) values."""
        return wp.array(np.ascontiguousarray(values, np.float32), dtype=wp.vec3, device=self.device)

    def floats(self, values: NDArray[Any]) -> Any:
        """Copy (N,) values."""
        return wp.array(np.ascontiguousarray(values, np.float32), dtype=float, device=self.device)

    def ints(self, values: NDArray[Any]) -> Any:
        """Copy (N,) whole numbers."""
        return wp.array(np.ascontiguousarray(values, np.int32), dtype=int, device=self.device)

    def corners(self, faces: NDArray[np.integer], count: int) -> tuple[Any, Any]:
        """List the triangles about each of `count` vertices: where each one's list begins, and all lists."""
        rows = np.repeat(np.arange(len(faces)), 3)
        table = sp.csr_matrix((np.ones(faces.size), (faces.ravel(), rows)), (count, len(faces)))
        return self.ints(table.indptr), self.ints(table.indices)

    def launch(self, kernel: Any, size: int, *inputs: Any) -> None:
        """Run a kernel on `size` threads."""
        wp.launch(kernel, dim=size, inputs=list(inputs), device=self.device)
