"""The hands of one person: 21 points of each, by MediaPipe's hand landmark network on the CPU.

The network (Zhang et al., "MediaPipe Hands: On-device Real-time Hand Tracking", 2020; Apache-2.0) lies beside BlazePose
inside mediapipe's wheel. Its input is a turned square around a hand, fingers up. The first square follows from the
pose's wrist and knuckles, later ones from the network's own points (`next_square`). The last square is predicted both
ways, as it is and mirrored: where the two disagree, the network guesses.

A prediction always has 21 points of a plausible hand. `find_hands` refuses those that are hidden, another hand, or
somebody else's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image

from lifecast.photo.blazepose import network
from lifecast.photo.turned_square import TurnedSquare, upright_angle
from lifecast.photo.unseen import Unseen
from lifecast.space.skeleton import Joint

Side = Literal["left", "right"]

POINTS = 21
"""Points of a hand: the wrist, then four of each finger from thumb to little finger, the tip last."""
WRIST, KNUCKLES = 0, (5, 9, 13, 17)
"""The wrist, and where the four fingers leave the palm, index finger first."""

_MODEL = "hand_landmark/hand_landmark_full.tflite"
_SIZE = 224
_PALM = (0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18)
"""The points that the next square lies around: fingertips move too much."""
_PALM_TO_SQUARE, _TOWARD_FINGERS = 2.0, 0.1
"""Of the palm's box: the next square's side, and how far its middle lies toward the fingers."""
_FIRST_SIDES = (2.6, 3.6)
"""Sides of the first squares, in lengths from the wrist to the knuckles."""
_HAND_OF_FOREARM = 0.3
"""Shortest such length, of the forearm's: a hand that points at the camera is short in the picture."""
_REFINED = 2
_PRESENT, _SURE = 0.9, 0.95
"""Presence from which a hand is believed, and from which no other first square is tried."""
_VISIBLE = 0.5
"""Visibility of the pose's wrist below which its place is a guess, and a hand there may be anybody's."""
_HANDED = 0.6
"""Probability of being the hand of its side from which it is taken for that."""
_AGREED = 0.08
"""Of the hand's extent: mean distance of the points predicted from a square and from its mirror image."""
_AT_WRIST = 0.8
"""Lengths from the wrist to the middle knuckle within which a hand's wrist is the pose's."""
_ONE_HAND = 0.5
"""Such lengths: mean distance of two hands' points up to which they are the same hand."""


@dataclass(frozen=True)
class HandPoints:
    """The landmarks of one hand."""

    side: Side
    """Whose side it is on: the person's own left or right."""
    points: np.ndarray
    """(21, 3) float32: x, y in pixels of the picture (may lie outside it), z toward the camera in about such pixels, 0
    at the wrist."""
    presence: float
    """Probability that a hand is there, visible."""
    handedness: float
    """Probability that it is a hand of `side` by its looks."""

    @property
    def length(self) -> float:
        """The length from the wrist to the middle finger's knuckle in pixels, depth included."""
        return float(np.linalg.norm(self.points[KNUCKLES[1]] - self.points[WRIST]))


class Hands(NamedTuple):
    """Both hands of a person."""

    left: HandPoints | Unseen
    right: HandPoints | Unseen


def find_hands(picture: Image.Image, landmarks: np.ndarray) -> Hands:
    """Find the hands of one person.

    Parameters
    ----------
    picture : RGB.
    landmarks : (33, 4) the person's, in pixels of the picture, as `Person.landmarks`.

    Returns
    -------
    Each hand's points, or why there are none.

    Raises
    ------
    MissingExtra
        mediapipe's networks or the interpreter are not installed.
    """
    left, right = (_trusted(_best(picture, landmarks, side), landmarks) for side in ("left", "right"))
    if isinstance(left, HandPoints) and isinstance(right, HandPoints):
        return _told_apart(left, right)
    return Hands(left, right)


def first_squares(landmarks: np.ndarray, side: Side) -> list[TurnedSquare]:
    """Find squares of two sizes around a hand by the pose's elbow, wrist and knuckles (33, 4)."""
    elbow, wrist, pinky, index = (landmarks[joint, :3] for joint in _ARM[side])
    knuckle = (2 * index + pinky) / 3
    along = knuckle - wrist
    length = max(float(np.hypot(*along[:2])), _HAND_OF_FOREARM * float(np.linalg.norm(wrist - elbow)), 1.0)
    angle = upright_angle(along[:2])
    return [TurnedSquare(float(knuckle[0]), float(knuckle[1]), times * length, angle) for times in _FIRST_SIDES]


def next_square(points: np.ndarray) -> TurnedSquare:
    """Find the square around a hand's points (21, 2 or 3), fingers up."""
    first, second, third, _ = points[list(KNUCKLES), :2]
    up = (first + third) / 4 + second / 2 - points[WRIST, :2]
    return TurnedSquare.around(points[list(_PALM)], upright_angle(up), _PALM_TO_SQUARE, _TOWARD_FINGERS)


_ARM: dict[Side, tuple[Joint, Joint, Joint, Joint]] = {
    "left": (Joint.LEFT_ELBOW, Joint.LEFT_WRIST, Joint.LEFT_PINKY, Joint.LEFT_INDEX),
    "right": (Joint.RIGHT_ELBOW, Joint.RIGHT_WRIST, Joint.RIGHT_PINKY, Joint.RIGHT_INDEX),
}


class _Output(NamedTuple):
    """The network's output for a square."""

    pixels: np.ndarray
    """(21, 2) in pixels of the square."""
    metres: np.ndarray
    """(21, 3), x right, y down, z away from the camera."""
    presence: float
    right: float
    """Probability that it is a right hand."""


def _predict(window: np.ndarray) -> _Output:
    """Run the network on a square (224, 224, 3) in [0, 1]."""
    out = network(_MODEL, "finding hands in photographs")(window)
    pixels, metres = (out[name].reshape(POINTS, 3).astype(np.float64) for name in ("Identity", "Identity_3"))
    return _Output(pixels[:, :2], metres, float(out["Identity_1"][0]), float(out["Identity_2"][0]))


def _both_ways(window: np.ndarray) -> tuple[_Output, float]:
    """The mean output for a square and for its mirror image, and how far apart they are, of the hand's extent."""
    one, other = _predict(window), _predict(window[:, ::-1])
    turned = _Output(
        other.pixels * (-1, 1) + (_SIZE, 0), other.metres * (-1, 1, 1), other.presence, 1 - other.right
    )  # fmt: skip
    extent = max(float(np.hypot(*np.ptp(one.pixels, axis=0))), 1e-6)
    apart = float(np.hypot(*(one.pixels - turned.pixels).T).mean()) / extent
    mean = _Output(
        (one.pixels + turned.pixels) / 2,
        (one.metres + turned.metres) / 2,
        (one.presence + turned.presence) / 2,
        (one.right + turned.right) / 2,
    )
    return mean, apart


class _Guess(NamedTuple):
    """A hand that was predicted, and how far apart its two predictions are."""

    hand: HandPoints
    apart: float


def _best(picture: Image.Image, landmarks: np.ndarray, side: Side) -> _Guess:
    """The surest prediction that follows from the first squares, or the first one that is sure enough."""
    guesses: list[_Guess] = []
    for square in first_squares(landmarks, side):
        guesses.append(_refined(picture, square, side))
        if guesses[-1].hand.presence >= _SURE:
            break
    return max(guesses, key=lambda guess: guess.hand.presence)


def _refined(picture: Image.Image, square: TurnedSquare, side: Side) -> _Guess:
    """The prediction that follows from a first square."""
    for _ in range(_REFINED):
        square = next_square(square.to_picture(_predict(square.cut(picture, _SIZE)).pixels, _SIZE))
    output, apart = _both_ways(square.cut(picture, _SIZE))
    # As with BlazePose, the depth that comes with the picture's x and y is exaggerated; that in metres is not.
    flat, spread = (values - values[WRIST] for values in (output.metres[:, :2], output.pixels))
    scale = float((flat * spread).sum() / max(float((flat * flat).sum()), 1e-12))
    depth = -(output.metres[:, 2:] - output.metres[WRIST, 2]) * scale
    points = square.to_picture(np.concatenate([output.pixels, depth], axis=1), _SIZE).astype(np.float32)
    handedness = output.right if side == "right" else 1 - output.right
    return _Guess(HandPoints(side, points, output.presence, handedness), apart)


def _trusted(guess: _Guess, landmarks: np.ndarray) -> HandPoints | Unseen:
    """The hand, if it is one of this person's and of its side."""
    hand, apart = guess
    wrist = _ARM[hand.side][1]
    away = float(np.hypot(*(hand.points[WRIST, :2] - landmarks[wrist, :2])))
    if landmarks[wrist, 3] < _VISIBLE:
        return Unseen(f"the {hand.side} wrist is hidden")
    if hand.presence < _PRESENT or apart > _AGREED:
        return Unseen(f"the {hand.side} hand is hidden, blurred or cut off")
    if away > _AT_WRIST * hand.length:
        return Unseen(f"what was found is not at the {hand.side} wrist")
    if hand.handedness < _HANDED:
        other = "left" if hand.side == "right" else "right"
        return Unseen(f"at the {hand.side} wrist is what may be a {other} hand")
    return hand


def _told_apart(left: HandPoints, right: HandPoints) -> Hands:
    """Both hands, or only the likelier one where both are the same hand of the picture."""
    apart = float(np.hypot(*(left.points - right.points)[:, :2].T).mean())
    if apart > _ONE_HAND * min(left.length, right.length):
        return Hands(left, right)
    if left.handedness * left.presence >= right.handedness * right.presence:
        return Hands(left, Unseen("the right hand was found where the left one is"))
    return Hands(Unseen("the left hand was found where the right one is"), right)
