"""Which way up a picture lies: turning it by quarters, and seeing in a pose that it may want turning.

A picture without an EXIF orientation says nothing about its way up, and a person may lie or stand on their hands. So
nothing is turned by itself: where trunk, head and legs agree on another way up, a note names `--turn`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lifecast.photo.blazepose import ANKLES, EYES, HIPS, MOUTH, SHOULDERS
from lifecast.photo.decode import Photo

TRUNK_OFF, HEAD_OFF, LEGS_OFF = 35.0, 40.0, 60.0
"""Degrees that trunk, head and legs may be off a quarter turn and still agree on it. People who stand and walk
are mostly within 23 of upright with trunk and head; sitting people's legs are further off. In a slide or a one-hand
handstand trunk or head are further off."""
VISIBLE = 0.5
"""BlazePose's visibility from which ankles count."""

_WAYS = {90: "lies with the head to the left", 180: "is upside down", 270: "lies with the head to the right"}


def turned(photo: Photo, degrees: int) -> Photo:
    """Turn a photograph clockwise by 0, 90, 180 or 270 degrees, and note that it was done.

    Its transparency is turned with it.
    """
    if degrees % 360 == 0:
        return photo
    alpha = None if photo.alpha is None else turned_array(photo.alpha, degrees)
    note = f"turned by {degrees} degrees clockwise"
    total = (photo.turned + degrees) % 360
    return replace(
        photo, colour=turned_array(photo.colour, degrees), alpha=alpha, notes=(*photo.notes, note), turned=total
    )


def turned_array(values: np.ndarray, degrees: int) -> np.ndarray:
    """Turn (H, W[, C]) clockwise by a multiple of 90 degrees."""
    return np.ascontiguousarray(np.rot90(values, -(degrees // 90)))


def turn_needed(landmarks: np.ndarray | None) -> int:
    """Find the degrees clockwise that would make a person stand: 0, 90, 180 or 270.

    landmarks: (33, 4) in pixels. 0 without any, and where trunk, head and legs do not agree.
    """
    if landmarks is None:
        return 0
    parts = [(_up(landmarks, SHOULDERS, HIPS), TRUNK_OFF), (_up(landmarks, EYES, MOUTH), HEAD_OFF)]
    if (landmarks[list(ANKLES), 3] > VISIBLE).any():
        parts.append((_up(landmarks, HIPS, ANKLES), LEGS_OFF))
    together = np.sum([direction for direction, _ in parts], 0)
    quarter = round(_lean(together) / 90)
    for direction, tolerance in parts:
        off = (_lean(direction) - quarter * 90 + 180) % 360 - 180
        if abs(off) > tolerance:
            return 0
    return int(-quarter * 90 % 360)


def turn_notes(landmarks: np.ndarray | None) -> tuple[str, ...]:
    """Note that a person does not stand upright in the picture: nothing, or one note."""
    degrees = turn_needed(landmarks)
    if not degrees:
        return ()
    return (f"the person {_WAYS[degrees]}; if it is the picture that is turned, give --turn {degrees}",)


def _up(landmarks: np.ndarray, upper: tuple[int, ...], lower: tuple[int, ...]) -> np.ndarray:
    """The unit vector (x, y) from the middle of some landmarks to that of others above them."""
    away = landmarks[list(upper), :2].mean(0) - landmarks[list(lower), :2].mean(0)
    result: np.ndarray = away / max(float(np.hypot(*away)), 1e-6)
    return result


def _lean(direction: np.ndarray) -> float:
    """Degrees clockwise from straight up, in (-180, 180]."""
    return float(np.degrees(np.arctan2(direction[0], -direction[1])))
