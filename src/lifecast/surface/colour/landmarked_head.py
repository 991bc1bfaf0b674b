"""Where the head is, by the landmarks of a photograph."""

from __future__ import annotations

import numpy as np

from lifecast.space.skeleton import Joint
from lifecast.space.view import Camera
from lifecast.surface.colour.head import HEAD_SHARE, Head

_NOSE_AND_EARS = [Joint.NOSE, Joint.LEFT_EAR, Joint.RIGHT_EAR]
_NOSE_OVER_CHIN = 0.45
"""Nose and ears lie a little under the middle between chin and crown; in heads."""
_HALF_WIDTH = 0.07
"""In heights of the person standing straight."""


def landmarked_head(landmarks: np.ndarray | None, standing: float | None, camera: Camera) -> Head | None:
    """Find the head in view space by nose and ears.

    None if these are hidden or the height is unknown. landmarks: (33, 4) in pixels of the photograph, visibility last.
    standing: the person's height standing straight, in the same pixels.
    """
    if landmarks is None or standing is None:
        return None
    points = landmarks[_NOSE_AND_EARS]
    if not (points[:, 3] > 0.5).any():
        return None
    unit = 2 / camera.side
    x, middle = camera.to_view(points[:, :2].mean(0))
    height = HEAD_SHARE * standing * unit
    chin = float(middle) - _NOSE_OVER_CHIN * height
    return Head(float(x), chin, chin + height, _HALF_WIDTH * standing * unit)
