"""People who come out as one body: other people's faces within one person's mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lifecast.photo import faces
from lifecast.photo.blazepose import NOSE
from lifecast.photo.decode import Photo
from lifecast.photo.faces import Face
from lifecast.photo.framing import Box
from lifecast.photo.mask import Mask
from lifecast.space.skeleton import Joint


@dataclass(frozen=True)
class Strangers:
    """Which faces in a person's mask are somebody else's."""

    own: float = 1.5
    """Widths of a face within which the nearest face to the pose's nose is the person's own, seen however obliquely."""
    least: float = 0.45
    most: float = 2.5
    """Width of a face over the person's own, between which somebody is beside them: prints and dolls are smaller."""
    sure: float = 0.7
    """Score from which a face is believed: knees and shirts are found with less."""
    own_hand: float = 0.4
    """Widths of a face within which a hand or a knee of the pose is taken for one: skin with dark creases."""
    covered: float = 0.5
    """Share of a face that lies in the mask from which its person is part of the body."""


STRANGERS = Strangers()
HANDS_AND_KNEES = [*range(Joint.LEFT_WRIST, Joint.RIGHT_THUMB + 1), Joint.LEFT_KNEE, Joint.RIGHT_KNEE]
HEIGHT_IN_FACES = 11.5
"""A standing person's height in widths of the face, as the detector draws it."""


def faces_around(photo: Photo, box: Box) -> list[Face]:
    """Find the faces in a box of a photograph, and around it up to a square.

    No faces if the network is missing.
    """
    if not faces.available():
        return []
    left, top, right, bottom = box
    side = max(right - left, bottom - top) * 1.1
    start, above = (left + right - side) / 2, top - 0.05 * side
    # The heads of standing people are small in the whole square: its upper half is looked at from closer by.
    closer = [(start + shift * side / 4, above, side / 2) for shift in range(3)]
    return faces.find_faces(photo.image(), [(start, above, side), *closer])


def strange_faces(
    mask: Mask,
    landmarks: np.ndarray | None,
    height: float | None,
    seen: Sequence[Face],
    unclaimed_in: Box | None = None,
    rule: Strangers = STRANGERS,
) -> int:
    """Count the faces of a person's body that are not the person's own.

    mask: the person's: faces in it count.
    landmarks: (33, 4) or None: then one of the faces is theirs.
    height: the person standing, in pixels, or None.
    unclaimed_in: with `seen` the faces of nobody who was found, those in this box count too.
    """
    inside = [
        face
        for face in seen
        if face.score >= rule.sure
        and (_covered(mask, face) > rule.covered or (unclaimed_in is not None and _within(face, unclaimed_in)))
    ]
    if landmarks is None:
        return max(0, len(inside) - 1)
    if height is not None:
        width = height / HEIGHT_IN_FACES
        inside = [face for face in inside if rule.least * width < face.width < rule.most * width]
    limbs = landmarks[HANDS_AND_KNEES, :2]  # (K, 2)
    inside = [face for face in inside if np.hypot(*(limbs - (face.x, face.y)).T).min() > rule.own_hand * face.width]
    nose = landmarks[NOSE, :2]
    away = [float(np.hypot(*(nose - face.nose))) / face.width for face in inside]
    return len(inside) - (min(away, default=np.inf) <= rule.own)  # a mixture of two people is near two faces


def group_notes(strangers: int) -> tuple[str, ...]:
    """Note that a body has other people's faces in it: nothing, or one note."""
    if not strangers:
        return ()
    more = "another face lies" if strangers == 1 else f"{strangers} more faces lie"
    return (
        f"{more} within this person's outline: people who stand so close come out as one body "
        "(a --mask that shows one of them parts them)",
    )


def _within(face: Face, box: Box) -> bool:
    """Whether a face's middle is in a box."""
    return box[0] <= face.x <= box[2] and box[1] <= face.y <= box[3]


def _covered(mask: Mask, face: Face) -> float:
    """The share of a face's middle that lies in a mask."""
    side = face.width / 2
    return float(mask.window(face.x - side / 2, face.y - side / 2, side, 8).mean())
