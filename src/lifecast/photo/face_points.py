"""The face of one person: a mesh of 468 points, by MediaPipe's face landmark network on the CPU.

The network (Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs", 2019;
Apache-2.0) lies beside BlazePose inside mediapipe's wheel. Its input is an upright square around a face. The first
square follows from the pose's ears, eyes and mouth, later ones from the network's own points (`next_square`).

The mesh is a whole face even where half of it is hidden: on profiles it drifts. `find_face` refuses faces that are
turned too far, that the network does not recognise in the mirrored square too, and that are somebody else's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.special import expit

from lifecast.photo.blazepose import EARS, EYES, MOUTH, network
from lifecast.photo.turned_square import TurnedSquare
from lifecast.photo.unseen import Unseen
from lifecast.space.skeleton import Joint

POINTS = 468
SAME_PLACES: dict[Joint, int] = {
    Joint.NOSE: 1, Joint.LEFT_EYE_OUTER: 263, Joint.RIGHT_EYE_OUTER: 33, Joint.LEFT_EYE_INNER: 362,
    Joint.RIGHT_EYE_INNER: 133, Joint.MOUTH_LEFT: 291, Joint.MOUTH_RIGHT: 61,
}  # fmt: skip
"""BlazePose's landmarks of a face -> the mesh's points at the same places."""
LEFT_CHEEK, RIGHT_CHEEK = 454, 234
"""The mesh's points before the ears, the person's own left and right."""

_MODEL = "face_landmark/face_landmark.tflite"
_SIZE = 192
_FACE_TO_SQUARE = 1.5
"""Of the mesh's box: the next square's side."""
_EYES_TO_MOUTH, _EAR_TO_EAR = 3.7, 1.8
"""The first square's side in these lengths, whichever gives more: turning shortens one, bowing the other."""
_REFINED = 2
_PRESENT = 0.95
_MOST_YAW = 45.0
_MOST_POSE_YAW = 75.0
"""Degrees."""
_SAME_FACE = 0.15
"""Of the mesh's extent: mean distance of `SAME_PLACES` within which it is the pose's face."""


@dataclass(frozen=True)
class FacePoints:
    """The landmarks of one face."""

    points: np.ndarray
    """(468, 3) float32: x, y in pixels of the picture (may lie outside it), z toward the camera in about such pixels,
    0 at the middle of the head."""
    presence: float
    """Probability that a face is there; the lesser one of the square and its mirror image."""
    yaw: float
    """Degrees by which the face is turned toward the person's own left."""


def find_face(picture: Image.Image, landmarks: np.ndarray) -> FacePoints | Unseen:
    """Find the points of one person's face.

    Parameters
    ----------
    picture : RGB.
    landmarks : (33, 4) the person's, in pixels of the picture, as `Person.landmarks`.

    Returns
    -------
    The face's points, or why there are none.

    Raises
    ------
    MissingExtra
        mediapipe's networks or the interpreter are not installed.
    """
    square = first_square(landmarks)
    for _ in range(_REFINED):
        square = next_square(square.to_picture(_predict(square.cut(picture, _SIZE))[0], _SIZE))
    window = square.cut(picture, _SIZE)
    pixels, presence = _predict(window)
    presence = min(presence, _predict(window[:, ::-1])[1])
    points = square.to_picture(pixels * (1, 1, -1), _SIZE).astype(np.float32)
    return _trusted(
        FacePoints(points, presence, turned(points[RIGHT_CHEEK], points[LEFT_CHEEK], square.angle)), landmarks
    )


def first_square(landmarks: np.ndarray) -> TurnedSquare:
    """Find the upright square around a face by the pose's ears, eyes and mouth (33, 4)."""
    flat = landmarks[:, :2]
    eyes, mouth = flat[list(EYES)].mean(0), flat[list(MOUTH)].mean(0)
    upright, across = eyes - mouth, flat[EARS[0]] - flat[EARS[1]]
    side = max(_EYES_TO_MOUTH * float(np.hypot(*upright)), _EAR_TO_EAR * float(np.hypot(*across)), 1.0)
    x, y = (eyes + mouth) / 2
    return TurnedSquare(float(x), float(y), side, _tilt(flat[EYES[0]], flat[EYES[1]], mouth))


def next_square(points: np.ndarray) -> TurnedSquare:
    """Find the upright square around a face's points (468, 2 or 3), the network's next input."""
    flat = points[:, :2]
    left, right, mouth = (flat[list(pair)].mean(0) for pair in ((263, 362), (33, 133), (61, 291)))
    return TurnedSquare.around(flat, _tilt(left, right, mouth), _FACE_TO_SQUARE)


def turned(right: np.ndarray, left: np.ndarray, tilt: float) -> float:
    """Compute by how many degrees a face is turned toward the person's left.

    right, left : points (3,) of the head's two sides, z toward the camera. tilt : radians of the face's square.
    """
    across = left - right
    return float(np.degrees(np.arctan2(-across[2], across[0] * np.cos(tilt) + across[1] * np.sin(tilt))))


def _tilt(left: np.ndarray, right: np.ndarray, mouth: np.ndarray) -> float:
    """Radians by which a face leans clockwise, by the line of its eyes and the one from its mouth up to them.

    On a profile the eyes' line is too short to go by.
    """
    up = (left + right) / 2 - mouth
    x, y = left - right + (-up[1], up[0])
    return float(np.arctan2(y, x))


def _predict(window: np.ndarray) -> tuple[np.ndarray, float]:
    """Run the network on a square (192, 192, 3) in [0, 1]: its points (468, 3) in pixels, and a face's probability."""
    out = network(_MODEL, "finding faces' points in photographs")(window)
    points: np.ndarray = out["conv2d_21"].reshape(POINTS, 3).astype(np.float64)
    return points, float(expit(out["conv2d_31"].ravel()[0]))


def _trusted(face: FacePoints, landmarks: np.ndarray) -> FacePoints | Unseen:
    """The face, if it is this person's and not turned too far."""
    tilt = next_square(face.points).angle
    by_pose = turned(landmarks[Joint.RIGHT_EAR, :3], landmarks[Joint.LEFT_EAR, :3], tilt)
    if abs(by_pose) > _MOST_POSE_YAW or abs(face.yaw) > _MOST_YAW:
        return Unseen("the face is seen from the side or from behind")
    if face.presence < _PRESENT:
        return Unseen("the face is hidden, blurred or cut off")
    apart = face.points[list(SAME_PLACES.values()), :2] - landmarks[list(SAME_PLACES), :2]
    extent = float(np.hypot(*np.ptp(face.points[:, :2], axis=0)))
    if float(np.hypot(*apart.T).mean()) > _SAME_FACE * extent:
        return Unseen("the face that was found is not where the pose has it")
    return face
