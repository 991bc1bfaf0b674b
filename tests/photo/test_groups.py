"""Faces in a body that are somebody else's."""

from __future__ import annotations

import numpy as np

from lifecast.photo.blazepose import LANDMARKS, NOSE
from lifecast.photo.faces import Face
from lifecast.photo.groups import group_notes, strange_faces
from lifecast.photo.mask import ArrayMask
from lifecast.space.skeleton import Joint


def face(x: float, y: float, width: float = 20, score: float = 0.9) -> Face:
    return Face(x, y, width, (x, y), score)


def test_other_faces_in_a_mask_are_counted() -> None:
    mask = ArrayMask(np.pad(np.ones((100, 100), np.float32), 50))  # 50 to 150
    points = np.zeros((LANDMARKS, 4), np.float32)
    points[NOSE, :2] = 80, 70
    seen = [
        face(82, 70),  # the person's own
        face(120, 72),
        face(140, 60, width=15),
        face(170, 70),  # beside the body
        face(110, 120, width=4),  # a print on a shirt
        face(100, 130, score=0.62),  # a knee
    ]
    assert strange_faces(mask, points, 11.5 * 20, seen) == 2
    assert strange_faces(mask, points, 11.5 * 20, [face(92, 70), face(68, 72)]) == 1  # a nose between two faces
    assert strange_faces(mask, None, None, seen[:3]) == 2  # whose pose is not known, but one of them is theirs
    assert strange_faces(mask, None, None, []) == 0
    # Nobody who was found has the face beside the body: it is in this person's box.
    assert strange_faces(mask, points, 11.5 * 20, seen[3:], unclaimed_in=(50, 50, 180, 150)) == 1
    assert strange_faces(mask, points, 11.5 * 20, [face(400, 400)], unclaimed_in=(50, 50, 180, 150)) == 0


def test_a_hand_that_is_found_as_a_face_is_nobody_else() -> None:
    """As in the sample picture with its lowest rows cut off: the hand scored 0.77."""
    mask = ArrayMask(np.ones((400, 400), np.float32))
    points = np.zeros((33, 4))
    points[0] = (80, 70, 0, 1)
    points[Joint.LEFT_INDEX] = (150, 200, 0, 1)
    for x, count in ((150, 0), (157, 0), (160, 1)):
        assert strange_faces(mask, points, 11.5 * 20, [face(80, 70), face(x, 200)]) == count


def test_what_is_said_of_a_group() -> None:
    assert group_notes(0) == ()
    assert "another face lies" in group_notes(1)[0]
    assert "2 more faces lie" in group_notes(2)[0]
