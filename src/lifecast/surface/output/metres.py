"""From view space to the metres in which a model leaves the program.

y up, feet on y = 0, front toward +z.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifecast.errors import UsageError


@dataclass(frozen=True)
class MetricFrame:
    """The map p -> (p - origin) * metres_per_unit; directions, and so normals, stay as they are."""

    metres_per_unit: float
    origin: tuple[float, float, float]
    """The view-space point that becomes (0, 0, 0): on the floor, under the middle of the body."""

    def to_metres(self, points: np.ndarray) -> np.ndarray:
        """Convert view-space points (N, 3) to metres, float32."""
        metres: np.ndarray = ((points - np.asarray(self.origin)) * self.metres_per_unit).astype(np.float32)
        return metres

    def to_view(self, points: np.ndarray) -> np.ndarray:
        """Convert metres to view space, float32: the inverse of `to_metres`."""
        view: np.ndarray = (points / self.metres_per_unit + np.asarray(self.origin)).astype(np.float32)
        return view


def metric_frame(
    vertices: np.ndarray, faces: np.ndarray, height: float = 1.70, units: float | None = None
) -> MetricFrame:
    """Choose the frame with the feet on y = 0 and the surface's centroid over x = z = 0.

    vertices: (V, 3) view space, faces: (F, 3). `height` is the person's height in metres. `units` is what that height
    measures in view space; without it the mesh's own extent in y is taken, which is right for somebody who stands
    and is wholly in the picture, too large for a cut-off or crouching one.
    """
    if not 0.01 <= height <= 100:
        raise UsageError(f"a height of {height:g} m cannot be used: give the person's height in metres, like 1.70")
    if len(vertices) == 0:
        raise UsageError("the surface has no vertices, so there is nothing to bring to metres")
    low, high = vertices.min(0).astype(np.float64), vertices.max(0).astype(np.float64)
    extent = float(high[1] - low[1]) if units is None else units
    if not extent > 0:
        raise UsageError(f"a surface {extent:g} view units high cannot be scaled to {height:g} m")
    corners = vertices[faces].astype(np.float64)  # (F, 3, 3)
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    middle = (low + high) / 2
    if area.sum() > 0:
        middle = np.average(corners.mean(1), axis=0, weights=area)
    return MetricFrame(height / extent, (float(middle[0]), float(low[1]), float(middle[2])))
