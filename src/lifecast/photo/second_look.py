"""A second look at arms of which BlazePose is not sure: does it have them where it had them, from closer by?

An arm that is raised before the trunk may be taken for one that hangs. BlazePose marks such a wrist as half visible;
with the upper body alone as its input it often has the wrist elsewhere, and then neither place is to be believed.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from PIL import Image

from lifecast.photo import blazepose
from lifecast.photo.blazepose import HIPS, SHOULDERS, Circle
from lifecast.space.skeleton import Joint

Side = Literal["L", "R"]
_WRISTS: dict[Side, Joint] = {"L": Joint.LEFT_WRIST, "R": Joint.RIGHT_WRIST}
_HALF_VISIBLE = (0.3, 0.8)
"""Visibility of a wrist that is neither hidden nor sure."""
_MIDDLE, _RADIUS = 0.5, 0.66
"""Of the closer circle: its middle, in lengths of the trunk above the hips, and its radius in those of the body's."""
_ELSEWHERE = 0.25
"""Lengths of the trunk between the two places of a wrist from which they are two;"""
_SAME_BODY = 0.15
"""and up to which shoulders are where they were: else the second look is at something else."""


def unsure_arms(picture: Image.Image, landmarks: np.ndarray) -> frozenset[Side]:
    """Find the sides whose half visible wrist is elsewhere from closer by.

    Parameters
    ----------
    picture : RGB.
    landmarks : (33, 4) the person's, in pixels of the picture, as `Person.landmarks`.

    Raises
    ------
    MissingExtra
        mediapipe's networks or the interpreter are not installed.
    """
    low, high = _HALF_VISIBLE
    asked = [side for side, wrist in _WRISTS.items() if low < landmarks[wrist, 3] < high]
    places = landmarks[:, :2].astype(np.float64)
    hips, shoulders = places[list(HIPS)].mean(0), places[list(SHOULDERS)].mean(0)
    up = shoulders - hips
    trunk = float(np.hypot(*up))
    if not asked or trunk < 1:
        return frozenset()
    x, y = hips + _MIDDLE * up
    radius = _RADIUS * float(np.linalg.norm(places - hips, axis=1).max())
    closer = blazepose.landmarks(picture, Circle(x, y, radius, float(np.arctan2(up[0], -up[1])), 1.0), both_ways=True)
    moved = np.linalg.norm(closer.landmarks[:, :2] - places, axis=1) / trunk
    if moved[list(SHOULDERS)].max() > _SAME_BODY:
        return frozenset()
    return frozenset(side for side in asked if moved[_WRISTS[side]] > _ELSEWHERE)
