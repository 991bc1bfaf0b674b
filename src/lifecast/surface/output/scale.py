"""The scale of a person: by the mesh's own height where they stand, else by the length of trunk and legs."""

from __future__ import annotations

import numpy as np

from lifecast.surface.output.metres import MetricFrame, metric_frame

STANDS_STRAIGHT = (0.87, 1.25)
"""A mesh of such a part of the person's standing height stands: then the mesh itself is the better measure."""
ESTIMATED = "not standing upright, or cut off: the scale follows from the length of trunk and legs"


def person_frame(
    vertices: np.ndarray, faces: np.ndarray, height: float, standing: float | None
) -> tuple[MetricFrame, tuple[str, ...]]:
    """Find the way from view space to metres, and notes on how the scale was found.

    vertices: (V, 3) view space, faces: (F, 3). height: of the person, in metres. standing: of the person standing
    straight, in view units, whatever the pose; None where the landmarks do not say. UsageError as in `metric_frame`.
    """
    if standing is None:
        return metric_frame(vertices, faces, height), ()
    extent = float(vertices[:, 1].max() - vertices[:, 1].min())
    least, most = STANDS_STRAIGHT
    if least <= extent / standing <= most:
        return metric_frame(vertices, faces, height), ()
    return metric_frame(vertices, faces, height, standing), (ESTIMATED,)
