"""The people in a photograph: a box, landmarks and a mask of each, by BlazePose, an alpha channel, or the user's word.

    people = find_people(photo)                      # the largest first
    person = choose(people, "largest", photo.name)   # or 1, 2, ...

The detector sees 224 pixels at a time, so besides the whole photograph it is shown overlapping square tiles of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from lifecast.errors import PhotoError
from lifecast.photo import blazepose, faces
from lifecast.photo.blazepose import ANKLES, HEELS_AND_TOES, HIPS, KNEES, LANDMARKS, NOSE, SHOULDERS, Circle, Pose
from lifecast.photo.decode import Photo
from lifecast.photo.faces import Face
from lifecast.photo.framing import Box
from lifecast.photo.mask import ArrayMask, Mask, PoseMask, bounding_box
from lifecast.photo.neighbours import GUESSED, SEEN, Limbs

SMALLEST_PERSON = 64
"""Pixels of the longer side of a person's box below which nobody is reconstructed unless told where (`--box`)."""
LITTLE_DETAIL = 256
"""... and below which the result carries a remark."""
NEARLY_ALL = 0.98
"""A mask that shows more of the picture than this does not tell where anybody is."""
_TILES, _SMALL_TILES = (1.0, 0.6), (0.36,)
"""Sides of the square tiles, over the photograph's shorter side."""
_WORK_SIZE = 2048
"""The finder works on the photograph reduced to about this size."""
_PRESENCE = 0.7
_MOST_CIRCLES = 12
_NEAR_NOSE = 0.75
"""Widths of a face within which a pose's nose belongs to it."""
_TWO_PEOPLE = 0.5
"""Trunks' lengths that poses must be apart to be two people's."""
_ONE_BODY = 0.5
"""Overlap of the boxes of two poses, one of them without a face, from which they are one person's."""
# Anatomy says 0.779 and 0.288 (Drillis and Contini 1964: ankle at 0.039 of the height, hip at 0.530, shoulder at
# 0.818); with BlazePose's joints, shoes and hair, seven standing people of photographs measured 0.924 times that.
_LIMBS, _TRUNK = 0.72, 0.266
_HELP = "name the region with --box x,y,width,height, or give a --mask"


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

    @property
    def extent(self) -> float:
        """The longer side of the box in pixels."""
        return max(self.box[2] - self.box[0], self.box[3] - self.box[1])

    def landmark_box(self) -> Box | None:
        """The box of the confident landmarks (the released checkpoint is framed by it), or None without any."""
        if self.landmarks is None:
            return None
        sure = self.landmarks[self.landmarks[:, 3] > 0.5]
        if len(sure) < 2:
            return None
        (left, top), (right, bottom) = sure[:, :2].min(0), sure[:, :2].max(0)
        return float(left), float(top), float(right), float(bottom)


def find_people(photo: Photo) -> list[Person]:
    """Everybody that BlazePose finds, the largest first; needs `blazepose.available()`.

    Small tiles are looked at only where the coarser look found nobody: beside somebody large, a passer-by far away is
    hardly meant.
    """
    scale = min(1.0, _WORK_SIZE / max(photo.size))
    picture = photo.image()
    if scale < 1:
        picture = picture.resize(
            (max(1, round(picture.width * scale)), max(1, round(picture.height * scale))), reducing_gap=2.0
        )
    poses = _poses(picture, _squares(picture, _TILES))
    if not poses:
        poses = _poses(picture, _squares(picture, _SMALL_TILES))
    to_photo = photo.size[0] / picture.width
    poses = [_scaled(pose, to_photo) for pose in poses]
    boxes = [_pose_box(pose, photo.size) for pose in poses]
    people = [_person(pose, photo.size, _close_by(number, poses, boxes)) for number, pose in enumerate(poses)]
    return sorted((p for p in people if p is not None), key=lambda p: -p.extent)


def person_by_mask(photo: Photo, mask: np.ndarray, name: str = "the mask") -> Person:
    """A person where `mask` (H, W) in [0, 1] says so."""
    if mask.shape != photo.colour.shape[:2]:
        raise PhotoError(
            f"{name}: {mask.shape[1]} x {mask.shape[0]} pixels do not fit {photo.name} "
            f"of {photo.size[0]} x {photo.size[1]}"
        )
    box = bounding_box(mask)
    if box is None:
        raise PhotoError(f"{name}: shows nobody (no value above a half); the person must be white on black")
    if box == (0, 0, *photo.size) and float((mask > 0.5).mean()) > NEARLY_ALL:
        raise PhotoError(f"{name}: covers the whole picture; the person must be white and the background black")
    person = Person(box, _landmarks_in(photo, box), ArrayMask(mask.astype(np.float32)))
    return replace(person, notes=_border_notes(box, photo.size))


MOST_BOX = 2.0
"""The longest side of a box that is given, over that of the picture: somebody may be cut off."""


def person_by_box(photo: Photo, box: Box) -> Person:
    """A person in a box that the user gave; a mask is added where BlazePose sees somebody in it."""
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
    pose = _pose_in(photo, box)
    if pose is None:
        return Person(box, notes=("no mask: nobody was recognised in the box",) if blazepose.available() else ())
    mask = PoseMask(pose, photo.size, _limbs(pose, GUESSED), _others_in(photo, box))
    return Person(box, pose.landmarks, mask, pose.presence)


def _others_in(photo: Photo, box: Box) -> tuple[Limbs, ...]:
    """The limbs of everybody whose box meets `box` and who is not meant by it."""
    found = []
    for person in find_people(photo):
        height = standing_height(person.landmarks)
        if person.landmarks is not None and height is not None and 0 < _overlap(person.box, box) < 0.4:
            found.append(Limbs.of(person.landmarks, height))
    return tuple(found)


def choose(people: Sequence[Person], which: str | int, name: str) -> list[Person]:
    """The people meant by "largest", "all" or a number from 1 (the largest), `refusal`s obeyed.

    Raises PhotoError where nobody is left. With "all", those with a refusal are skipped as long as somebody
    stays, whose notes say so.
    """
    if not people:
        raise PhotoError(f"{name}: no person was found in it; if there is one, {_HELP}")
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
        raise PhotoError(f"{name}: {chosen.refusal}; to reconstruct it anyway, {_HELP}")
    return [chosen]


def _squares(picture: Image.Image, tiles: Sequence[float]) -> list[tuple[float, float, float]]:
    """Left, top, side of the whole picture's square and of overlapping tiles of it."""
    longer, shorter = max(picture.size), min(picture.size)
    squares = [((picture.width - longer) / 2, (picture.height - longer) / 2, float(longer))]
    for part in tiles:
        side = shorter * part
        if side < SMALLEST_PERSON or side >= longer:
            continue
        columns = int(np.ceil((picture.width - side) / (side / 2))) + 1
        rows = int(np.ceil((picture.height - side) / (side / 2))) + 1
        squares += [
            (float(x), float(y), side)
            for y in np.linspace(0, picture.height - side, rows)
            for x in np.linspace(0, picture.width - side, columns)
        ]
    return squares


def _poses(picture: Image.Image, squares: Sequence[tuple[float, float, float]]) -> list[Pose]:
    """One pose a person, the surest first."""
    circles = sorted((c for s in squares for c in blazepose.detect(picture, s)), key=lambda c: -c.score)
    kept: list[Circle] = []
    for circle in circles:
        if not any(_alike(circle, other, 0.25) for other in kept):
            kept.append(circle)
    settled = [pose for circle in kept[:_MOST_CIRCLES] if (pose := _settle(picture, circle)) is not None]
    boxes: list[Box] = []
    poses: list[Pose] = []
    for pose in sorted(settled, key=lambda p: -p.presence):
        box = _pose_box(pose, picture.size)
        if box is None or any(_overlap(box, other) > 0.35 or _inside(box, other) > 0.8 for other in boxes):
            continue
        poses.append(pose)
        boxes.append(box)
    return _with_faces(picture, squares, poses, boxes)


def _with_faces(
    picture: Image.Image, squares: Sequence[tuple[float, float, float]], poses: Sequence[Pose], boxes: Sequence[Box]
) -> list[Pose]:
    """`poses` and those of faces that none of them has: of people in a group whom the detector took for one with a
    neighbour. Where one without a face is about the same body, the pose with the face takes its place."""
    if not poses or not faces.available():
        return list(poses)
    seen = faces.find_faces(picture, squares)
    poses, bodies = list(poses), list(boxes)
    for face in seen:
        if any(_has_face(pose, face) for pose in poses):
            continue
        pose = _settle_by_face(picture, face)
        box = None if pose is None else _pose_box(pose, picture.size)
        if pose is None or box is None:
            continue
        # A hand or a print on a shirt that passes for a face has its whole body within somebody's.
        if any(_inside(box, body) > 0.8 and _taller(body, box) for body in bodies):
            continue
        faceless = [i for i, other in enumerate(poses) if not any(_has_face(other, one) for one in seen)]
        same = next((i for i in faceless if _overlap(bodies[i], box) > _ONE_BODY), None)
        if same is not None:
            poses[same], bodies[same] = pose, box
        elif all(_apart(pose, other) > _TWO_PEOPLE for other in poses):
            poses.append(pose)
            bodies.append(box)
    return poses


def _taller(a: Box, b: Box) -> bool:
    """Whether a box is much taller than another."""
    return b[3] - b[1] < 0.7 * (a[3] - a[1])


def _has_face(pose: Pose, face: Face) -> bool:
    """Whether the pose's nose is the face's."""
    return bool(np.hypot(*(pose.landmarks[NOSE, :2] - face.nose)) < _NEAR_NOSE * face.width)


def _apart(a: Pose, b: Pose) -> float:
    """Median distance of nose, shoulders and hips of two poses, in lengths of the longer trunk."""
    same = [NOSE, *SHOULDERS, *HIPS]
    both = (a.landmarks, b.landmarks)
    trunk = max(float(np.hypot(*(p[list(SHOULDERS), :2].mean(0) - p[list(HIPS), :2].mean(0)))) for p in both)
    return float(np.median(np.hypot(*(a.landmarks[same, :2] - b.landmarks[same, :2]).T))) / max(trunk, 1.0)


def _settle_by_face(picture: Image.Image, face: Face) -> Pose | None:
    """The pose below a face, if the landmark network sees somebody there whose nose it is."""
    for circle in face.bodies():
        best = blazepose.settled(picture, circle, _PRESENCE)
        if best is None or best.presence < _PRESENCE or not _has_face(best, face):
            best = blazepose.landmarks(picture, circle)
        if best.presence >= _PRESENCE and _has_face(best, face):
            return replace(best, presence=best.presence * face.score)
    return None


def _alike(a: Circle, b: Circle, tolerance: float) -> bool:
    """Whether two circles are around the same body."""
    apart = np.hypot(a.x - b.x, a.y - b.y) / max(a.radius, b.radius)
    return bool(apart < tolerance and 0.7 < a.radius / b.radius < 1.4)


def _settle(picture: Image.Image, circle: Circle) -> Pose | None:
    """The pose in a circle, looked at until it has settled; None where nobody is.

    The detector, shown the body as large as it likes it, must see it where the landmarks are: that turns most legs
    without a body, posters and mixtures of two people away. `presence` becomes the product of both answers.
    """
    best = blazepose.settled(picture, circle, _PRESENCE)
    if best is None:
        return None
    around = best.next_circle
    if around.radius > 2 * max(picture.size):
        return None
    side = 2 * around.radius * 1.25
    seen = blazepose.detect(picture, (around.x - side / 2, around.y - side / 2, side))
    confirmed = max((c.score for c in seen if _alike(c, around, 0.3)), default=0.0)
    return replace(best, presence=best.presence * confirmed) if confirmed else None


def _scaled(pose: Pose, factor: float) -> Pose:
    """The same pose in a picture `factor` times as large."""

    def grown(c: Circle) -> Circle:
        return replace(c, x=c.x * factor, y=c.y * factor, radius=c.radius * factor)

    points = pose.landmarks * np.array([factor, factor, factor, 1], np.float32)
    return replace(pose, landmarks=points, circle=grown(pose.circle), next_circle=grown(pose.next_circle))


def _pose_in(photo: Photo, box: Box) -> Pose | None:
    """The surest pose around a box, or None (also where BlazePose is not installed)."""
    if not blazepose.available():
        return None
    left, top, right, bottom = box
    longer = max(right - left, bottom - top)
    x, y = (left + right) / 2, (top + bottom) / 2
    picture = photo.image()
    side = longer * 1.25
    circles = blazepose.detect(picture, (x - side / 2, y - side / 2, side), threshold=0.3)
    circles.append(Circle(x, y, longer * 0.55, 0.0, 0.0))
    poses = [pose for circle in circles[:8] if (pose := _settle(picture, circle)) is not None]
    inside = [p for p in poses if _overlap(_pose_box(p, photo.size), box) > 0.4]
    return max(inside, key=lambda p: _overlap(_pose_box(p, photo.size), box), default=None)


def _landmarks_in(photo: Photo, box: Box) -> np.ndarray | None:
    pose = _pose_in(photo, box)
    return None if pose is None else pose.landmarks


def _overlap(a: Box | None, b: Box) -> float:
    """Intersection over union of two boxes."""
    if a is None:
        return 0.0
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)


def _inside(a: Box, b: Box) -> float:
    """The part of box `a` that lies in box `b`."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    return width * height / ((a[2] - a[0]) * (a[3] - a[1]))


def _pose_box(pose: Pose, photo_size: tuple[int, int]) -> Box | None:
    """The box of a pose's mask, neighbours included, inside the photograph; None where nothing is to be seen there."""
    return _mask_box(PoseMask(pose, photo_size))


def _mask_box(mask: PoseMask) -> Box | None:
    pose = mask.pose
    side = 2 * 1.5 * pose.circle.radius
    left, top = pose.circle.x - side / 2, pose.circle.y - side / 2
    size = 384
    found = bounding_box(mask.window(left, top, side, size))
    if found is None:
        return None
    box = np.array(found) * side / size + (left, top, left, top)
    return tuple(np.clip(box, 0, (*mask.photo_size, *mask.photo_size)).tolist())


def _limbs(pose: Pose, seen: float = SEEN) -> Limbs | None:
    height = standing_height(pose.landmarks)
    return None if height is None else Limbs.of(pose.landmarks, height, seen)


def _close_by(number: int, poses: Sequence[Pose], boxes: Sequence[Box | None]) -> tuple[Limbs, ...]:
    """The limbs of those whose boxes meet that of pose `number`."""
    box = boxes[number]
    if box is None:
        return ()
    meeting = [pose for i, pose in enumerate(poses) if i != number and _overlap(boxes[i], box) > 0]
    return tuple(limbs for pose in meeting if (limbs := _limbs(pose)) is not None)


def _person(pose: Pose, photo_size: tuple[int, int], close_by: tuple[Limbs, ...] = ()) -> Person | None:
    """Box, remarks and refusal of a pose, with `close_by` the limbs of people who may touch them."""
    mask = PoseMask(pose, photo_size, _limbs(pose, GUESSED), close_by)
    visible = _mask_box(mask)
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
    cut = _cut_sides(tuple(box.tolist()), photo_size)
    extent = float(max(box[2] - box[0], box[3] - box[1]))
    notes: list[str] = []
    refusal = None
    if cut:
        notes.append(f"cut off by the photograph's {_borders(cut)}; what is missing is guessed")
        box = _beyond(box, points, cut)
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
    return Person(tuple(box.tolist()), points, mask, pose.presence, tuple(notes), refusal)


def standing_height(landmarks: np.ndarray | None) -> float | None:
    """A person's height standing straight, in pixels, whatever the pose; None where too little can be seen.

    The length from ankle over knee and hip to shoulder, in depth too, is `_LIMBS` of the height from soles to hair, or
    from hip to shoulder `_TRUNK` where the legs are not in the picture.
    """
    if landmarks is None:
        return None
    place, seen = landmarks[:, :3], landmarks[:, 3] > 0.5

    def middle(pair: tuple[int, int]) -> np.ndarray:
        return place[list(pair)].mean(0)

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


def _cut_sides(box: Box, photo_size: tuple[int, int]) -> list[str]:
    """The photograph's borders that a person's box touches (within 1% of the person)."""
    near = 0.01 * max(box[2] - box[0], box[3] - box[1]) + 1
    sides = {
        "left": box[0] <= near,
        "upper": box[1] <= near,
        "right": box[2] >= photo_size[0] - near,
        "lower": box[3] >= photo_size[1] - near,
    }
    return [side for side, touched in sides.items() if touched]


def _border_notes(box: Box, photo_size: tuple[int, int]) -> tuple[str, ...]:
    cut = _cut_sides(box, photo_size)
    return (f"touches the photograph's {_borders(cut)}; it may be cut off",) if cut else ()


def _borders(sides: list[str]) -> str:
    """Sides, at least one, in words: 'left, upper and lower borders'."""
    *before, last = sides
    return f"{', '.join(before)} and {last} borders" if before else f"{last} border"


def _beyond(box: np.ndarray, points: np.ndarray, cut: list[str]) -> np.ndarray:
    """The box grown over the borders that cut the body, to where the landmarks place the rest of it.

    Never by more than the visible extent: landmarks far outside are guesses.
    """
    extent = max(box[2] - box[0], box[3] - box[1])
    feet = points[list(ANKLES + HEELS_AND_TOES), :2]
    reach = points[:, :2]
    grown = box.copy()
    if "left" in cut:
        grown[0] = max(min(grown[0], reach[:, 0].min()), box[0] - extent)
    if "upper" in cut:
        # The top of the head is about as far above the nose as the shoulders are below it.
        nose, shoulders = points[NOSE, 1], points[list(SHOULDERS), 1].mean()
        grown[1] = max(min(grown[1], reach[:, 1].min(), nose - abs(shoulders - nose)), box[1] - extent)
    if "right" in cut:
        grown[2] = min(max(grown[2], reach[:, 0].max()), box[2] + extent)
    if "lower" in cut:
        grown[3] = min(max(grown[3], feet[:, 1].max(), reach[:, 1].max()), box[3] + extent)
    return grown
