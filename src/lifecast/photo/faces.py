"""Faces in a picture, by BlazeFace.

They part people who stand so close that BlazePose's detector finds one body. The full-range network (Bazarevsky et al.,
"BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019; Apache-2.0) lies in mediapipe's wheel too, and
is run as `blazepose` runs its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image
from scipy.special import expit

from lifecast.photo.blazepose import Circle, cut_square, models_folder, network

_DETECTOR = "face_detection/face_detection_full_range_sparse.tflite"
_SIZE, _STRIDE = 192, 4
_NOSE = 2
"""Of the six points of a face: eyes, nose, mouth, ears."""
_SURE = 0.6
_ONE_FACE = 0.6
"""Distance of two centres, in widths, up to which two answers are of one face."""
_BODIES = ((3.6, 5.2), (4.6, 6.3))
"""Where the middle of the hips is below a face, and the circle's radius, in widths of the face. Upright people are some
11.5 widths tall, which is the second; in a group the tighter first one is answered with the right person more often."""


@dataclass(frozen=True)
class Face:
    """A face, in pixels of the picture."""

    x: float
    y: float
    """Its middle."""
    width: float
    nose: tuple[float, float]
    score: float

    def scaled(self, factor: float) -> Face:
        """Scale the face to a picture `factor` times as large."""
        nose = self.nose[0] * factor, self.nose[1] * factor
        return Face(self.x * factor, self.y * factor, self.width * factor, nose, self.score)

    def bodies(self) -> list[Circle]:
        """Estimate circles that the rest of an upright body would be in, the likeliest first."""
        return [
            Circle(self.x, self.y + below * self.width, radius * self.width, 0.0, self.score)
            for below, radius in _BODIES
        ]


@lru_cache(maxsize=1)
def anchors() -> np.ndarray:
    """Compute the centres of the network's 2304 cells in [0, 1]: (2304, 2)."""
    centre = (np.arange(_SIZE // _STRIDE) + 0.5) * _STRIDE / _SIZE
    y, x = np.meshgrid(centre, centre, indexing="ij")
    return np.stack([x, y], -1).reshape(-1, 2)


def available() -> bool:
    """Check whether the network is among those of the mediapipe that is installed."""
    folder = models_folder()
    return folder is not None and (folder / _DETECTOR).is_file()


def find_faces(picture: Image.Image, squares: Sequence[tuple[float, float, float]]) -> list[Face]:
    """Find the faces in `squares` (left, top, side) of `picture`, each once, the surest first.

    Needs `available()`.
    """
    found = [face for square in squares for face in _in_square(picture, square)]
    kept: list[Face] = []
    for face in sorted(found, key=lambda face: -face.score):
        if all(np.hypot(face.x - k.x, face.y - k.y) > _ONE_FACE * max(face.width, k.width) for k in kept):
            kept.append(face)
    return kept


def _in_square(picture: Image.Image, square: tuple[float, float, float]) -> list[Face]:
    left, top, side = square
    out = network(_DETECTOR)(cut_square(picture, left + side / 2, top + side / 2, side, 0.0, _SIZE) * 2 - 1)
    score = expit(out["Identity_1"][:, 0])
    faces = []
    for cell in np.flatnonzero(score >= _SURE):
        values = out["Identity"][cell] / _SIZE
        middle = (values[:2] + anchors()[cell]) * side + (left, top)
        nose = (values[4 + 2 * _NOSE : 6 + 2 * _NOSE] + anchors()[cell]) * side + (left, top)
        x, y, width = float(middle[0]), float(middle[1]), float(values[2] * side)
        faces.append(Face(x, y, width, (float(nose[0]), float(nose[1])), float(score[cell])))
    return faces
