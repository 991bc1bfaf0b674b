"""The people in a photograph: a box, landmarks and a mask of each, by BlazePose, an alpha channel, or the user's word.

people = find_people(photo)                      # the largest first
person = choose(people, "largest", photo.name)   # or 1, 2, ...
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from lifecast.errors import PhotoError
from lifecast.photo import blazepose
from lifecast.photo.blazepose import ANKLES, HIPS, KNEES, NOSE, SHOULDERS, Pose
from lifecast.photo.borders import beyond, cut_sides, in_words
from lifecast.photo.decode import Photo
from lifecast.photo.faces import Face
from lifecast.photo.framing import Box
from lifecast.photo.groups import faces_around, group_notes, strange_faces
from lifecast.photo.mask import ArrayMask, Mask, PoseMask
from lifecast.photo.neighbours import GUESSED, SEEN, Limbs
from lifecast.photo.orientation import turn_notes
from lifecast.photo.poses import find_poses, has_face, mask_box, overlap, pose_box, pose_in, scaled, squares
from lifecast.space.skeleton import LANDMARKS

SMALLEST_PERSON = 64
"""Pixels of the longer side of a person's box below which nobody is reconstructed unless told where (`--box`)."""
LITTLE_DETAIL = 256
"""... and below which the result carries a remark."""
_TILES, _SMALL_TILES = (1.0, 0.6), (0.36,)
"""Sides of the square tiles, over the photograph's shorter side."""
_WORK_SIZE = 2048
"""The finder works on the photograph reduced to about this size."""
# Anatomy says 0.779 and 0.288 (Drillis and Contini 1964: ankle at 0.039 of the height, hip at 0.530, shoulder at
# 0.818); with BlazePose's joints, shoes and hair, seven standing people of photographs measured 0.924 times that.
_LIMBS, _TRUNK = 0.72, 0.266
HELP = "name the region with --box x,y,width,height, or give a --mask"
_HIDDEN = 127
"""Grey that stands for what a photograph's transparency hides: nobody is found in it."""


@dataclass(frozen=True, eq=False)
class Person:
    """One person in one photograph."""

    box: Box
    """The whole person, estimated beyond the photograph's border where it cuts the body off."""
    landmarks: np.ndarray | None = None
    """(33, 4): x, y, depth in pixels of the photograph, visibility in [0, 1]; BlazePose's order."""
    mask: Mask | None = None
    score: float = 1.0
    notes: tuple[str, ...] = ()
    """What the user should know: cut off, small, ..."""
    refusal: str | None = None
    """Why this person is not reconstructed unless the user insists."""
    cut: tuple[str, ...] = ()
    """The photograph's borders that cut the body off: "left", "upper", "right", "lower"."""

    @property
    def extent(self) -> float:
        """The longer side of the box in pixels."""
        return max(self.box[2] - self.box[0], self.box[3] - self.box[1])

    def landmark_box(self) -> Box | None:
        """Compute the box of the confident landmarks, or None without any.

        The released checkpoint is framed by it.
        """
        if self.landmarks is None:
            return None
        sure = self.landmarks[self.landmarks[:, 3] > 0.5]
        if len(sure) < 2:
            return None
        (left, top), (right, bottom) = sure[:, :2].min(0), sure[:, :2].max(0)
        return float(left), float(top), float(right), float(bottom)


def find_people(photo: Photo) -> list[Person]:
    """Find everybody with BlazePose, the largest first; needs `blazepose.available()`.

    Where the photograph has transparency, in what it lets through only. Small tiles are looked at only where the
    coarser look found nobody: beside somebody large, a passer-by far away is hardly meant.
    """
    scale = min(1.0, _WORK_SIZE / max(photo.size))
    picture = shown_part(photo)
    if scale < 1:
        picture = picture.resize(
            (max(1, round(picture.width * scale)), max(1, round(picture.height * scale))), reducing_gap=2.0
        )
    poses, seen = find_poses(picture, squares(picture, _TILES))
    if not poses:
        poses, seen = find_poses(picture, squares(picture, _SMALL_TILES))
    to_photo = photo.size[0] / picture.width
    poses = [scaled(pose, to_photo) for pose in poses]
    seen = [face.scaled(to_photo) for face in seen]
    unclaimed = [face for face in seen if not any(has_face(pose, face) for pose in poses)]
    boxes = [pose_box(pose, photo.size) for pose in poses]
    visible = None if photo.alpha is None else ArrayMask(photo.alpha)
    people = [
        _person(pose, photo.size, _close_by(number, poses, boxes), visible, seen, unclaimed)
        for number, pose in enumerate(poses)
    ]
    return sorted((p for p in people if p is not None), key=lambda p: -p.extent)


def shown_part(photo: Photo) -> Image.Image:
    """Draw the photograph's colours, and grey where its transparency hides it."""
    if photo.alpha is None:
        return photo.image()
    cover = photo.alpha[..., None]
    return Image.fromarray(np.round(photo.colour * cover + _HIDDEN * (1 - cover)).astype(np.uint8))


MOST_BOX = 2.0
"""The longest side of a box that is given, over that of the picture: somebody may be cut off."""


def person_by_box(photo: Photo, box: Box) -> Person:
    """Make a person of a box that the user gave.

    A mask is added if BlazePose finds somebody in it.
    """
    left, top, right, bottom = box
    if right - left < 8 or bottom - top < 8:
        raise PhotoError(f"{photo.name}: the box {left:g},{top:g},{right - left:g},{bottom - top:g} is too small")
    if right <= 0 or bottom <= 0 or left >= photo.size[0] or top >= photo.size[1]:
        raise PhotoError(
            f"{photo.name}: the box {left:g},{top:g},{right - left:g},{bottom - top:g} lies outside "
            f"the {photo.size[0]} x {photo.size[1]} picture"
        )
    if max(right - left, bottom - top) > MOST_BOX * max(photo.size):  # what is beyond the picture takes memory too
        raise PhotoError(
            f"{photo.name}: the box {left:g},{top:g},{right - left:g},{bottom - top:g} is far larger than "
            f"the {photo.size[0]} x {photo.size[1]} picture"
        )
    pose = pose_in(photo, box)
    if pose is None:
        return Person(box, notes=("no mask: nobody was recognised in the box",) if blazepose.available() else ())
    mask = PoseMask(pose, photo.size, _limbs(pose, GUESSED), _others_in(photo, box))
    strangers = strange_faces(mask, pose.landmarks, standing_height(pose.landmarks), faces_around(photo, box))
    notes = (*turn_notes(pose.landmarks), *group_notes(strangers))
    return Person(box, pose.landmarks, mask, pose.presence, notes)


def _others_in(photo: Photo, box: Box) -> tuple[Limbs, ...]:
    """The limbs of everybody whose box meets `box` and who is not meant by it."""
    found = []
    for person in find_people(photo):
        height = standing_height(person.landmarks)
        if person.landmarks is not None and height is not None and 0 < overlap(person.box, box) < 0.4:
            found.append(Limbs.of(person.landmarks, height))
    return tuple(found)


def choose(people: Sequence[Person], which: str | int, name: str) -> list[Person]:
    """Choose the people meant by "largest", "all" or a number from 1 (the largest).

    `refusal`s are obeyed. Raises PhotoError where nobody is left. With "all", those with a refusal are skipped as long
    as somebody stays, whose notes say so.
    """
    if not people:
        raise PhotoError(f"{name}: no person was found in it; if there is one, {HELP}")
    if which == "all":
        fine = [p for p in people if p.refusal is None]
        if fine:
            left_out = tuple(f"somebody else was left out: {p.refusal}" for p in people if p.refusal is not None)
            first = replace(fine[0], notes=(*fine[0].notes, *left_out)) if left_out else fine[0]
            return [first, *fine[1:]]
        which = 1
    if which == "largest":
        fine = [p for p in people if p.refusal is None]
        chosen = fine[0] if fine else people[0]
    else:
        number = int(which)
        if not 1 <= number <= len(people):
            raise PhotoError(f"{name}: person {number} was asked for, and {len(people)} found; 1 is the largest")
        chosen = people[number - 1]
    if chosen.refusal is not None:
        raise PhotoError(f"{name}: {chosen.refusal}; to reconstruct it anyway, {HELP}")
    return [chosen]


def _limbs(pose: Pose, seen: float = SEEN) -> Limbs | None:
    height = standing_height(pose.landmarks)
    return None if height is None else Limbs.of(pose.landmarks, height, seen)


def _close_by(number: int, poses: Sequence[Pose], boxes: Sequence[Box | None]) -> tuple[Limbs, ...]:
    """The limbs of those whose boxes meet that of pose `number`."""
    box = boxes[number]
    if box is None:
        return ()
    meeting = [pose for i, pose in enumerate(poses) if i != number and overlap(boxes[i], box) > 0]
    return tuple(limbs for pose in meeting if (limbs := _limbs(pose)) is not None)


def _person(
    pose: Pose,
    photo_size: tuple[int, int],
    close_by: tuple[Limbs, ...] = (),
    shown: ArrayMask | None = None,
    seen_faces: Sequence[Face] = (),
    unclaimed: Sequence[Face] = (),
) -> Person | None:
    """Box, remarks and refusal of a pose, with `close_by` the limbs of people who may touch them."""
    mask = PoseMask(pose, photo_size, _limbs(pose, GUESSED), close_by, shown=shown)
    visible = mask_box(mask)
    if visible is None:
        return None
    points = pose.landmarks
    inside = (
        (points[:, 0] >= 0) & (points[:, 0] <= photo_size[0]) & (points[:, 1] >= 0) & (points[:, 1] <= photo_size[1])
    )
    sure = points[inside & (points[:, 3] > 0.8), :2]
    box = np.array(visible)
    if len(sure):
        box = np.concatenate([np.minimum(box[:2], sure.min(0)), np.maximum(box[2:], sure.max(0))])
    cut = cut_sides(tuple(box.tolist()), photo_size)
    extent = float(max(box[2] - box[0], box[3] - box[1]))
    notes: list[str] = []
    refusal = None
    if cut:
        notes.append(f"cut off by the photograph's {in_words(cut)}")
        box = beyond(box, points, cut)
    seen = inside & (points[:, 3] > 0.5)
    assert len(seen) == LANDMARKS
    if not seen[list(HIPS)].any() and not seen[list(KNEES + ANKLES)].any():
        refusal = "only the head and shoulders of the person can be seen (no hips, no legs)"
    elif cut and not (seen[list(SHOULDERS)].any() or seen[NOSE]):
        refusal = "the person's head and shoulders lie outside the photograph"
    elif cut and not seen[list(ANKLES + KNEES)].any():
        notes.append("half a body: the legs cannot be seen")
    if extent < SMALLEST_PERSON:
        refusal = f"the person is only {extent:.0f} pixels tall, and at least {SMALLEST_PERSON} are needed"
    elif extent < LITTLE_DETAIL:
        notes.append(f"the person is only {extent:.0f} pixels tall: expect little detail")
    notes += turn_notes(points)
    height = standing_height(points)
    strangers = max(
        strange_faces(mask, points, height, seen_faces), strange_faces(mask, points, height, unclaimed, visible)
    )
    notes += group_notes(strangers)
    return Person(tuple(box.tolist()), points, mask, pose.presence, tuple(notes), refusal, tuple(cut))


def standing_height(landmarks: np.ndarray | None) -> float | None:
    """Estimate a person's height standing straight, in pixels, whatever the pose.

    None if too little is visible. The length from ankle over knee and hip to shoulder, in depth too, is `_LIMBS` of the
    height from soles to hair, or from hip to shoulder `_TRUNK` where the legs are not in the picture.
    """
    if landmarks is None:
        return None
    place, seen = landmarks[:, :3], landmarks[:, 3] > 0.5

    def middle(pair: tuple[int, int]) -> np.ndarray:
        result: np.ndarray = place[list(pair)].mean(0)
        return result

    if not (seen[list(SHOULDERS)].any() and seen[list(HIPS)].any()):
        return None
    trunk = float(np.linalg.norm(middle(SHOULDERS) - middle(HIPS)))
    legs = [
        float(np.linalg.norm(place[hip] - place[knee]) + np.linalg.norm(place[knee] - place[ankle]))
        for hip, knee, ankle in zip(HIPS, KNEES, ANKLES, strict=True)
        if seen[knee] and seen[ankle]
    ]
    if legs:
        return (trunk + sum(legs) / len(legs)) / _LIMBS
    return trunk / _TRUNK
