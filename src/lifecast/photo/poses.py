"""The poses in a picture, one a person: BlazePose asked on tiles and in circles, and told by faces.

The detector looks at 224 pixels at a time, so besides the whole picture it is given overlapping square tiles of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from lifecast.photo import blazepose, faces
from lifecast.photo.blazepose import HIPS, NOSE, SHOULDERS, Circle, Pose
from lifecast.photo.decode import Photo
from lifecast.photo.faces import Face
from lifecast.photo.framing import Box
from lifecast.photo.mask import PoseMask, bounding_box

SMALLEST_TILE = 64
"""Pixels of a tile's side: a person whose box has a shorter longer side is not reconstructed."""
_PRESENCE = 0.7
_MOST_CIRCLES = 12
_NEAR_NOSE = 0.75
"""Widths of a face within which a pose's nose belongs to it."""
_TWO_PEOPLE = 0.5
"""Trunks' lengths that poses must be apart to be two people's."""
_ONE_BODY = 0.5
"""Overlap of the boxes of two poses, one of them without a face, from which they are one person's."""


def squares(picture: Image.Image, tiles: Sequence[float]) -> list[tuple[float, float, float]]:
    """List left, top, side of the whole picture's square and of overlapping tiles of it."""
    longer, shorter = max(picture.size), min(picture.size)
    squares = [((picture.width - longer) / 2, (picture.height - longer) / 2, float(longer))]
    for part in tiles:
        side = shorter * part
        if side < SMALLEST_TILE or side >= longer:
            continue
        columns = int(np.ceil((picture.width - side) / (side / 2))) + 1
        rows = int(np.ceil((picture.height - side) / (side / 2))) + 1
        squares += [
            (float(x), float(y), side)
            for y in np.linspace(0, picture.height - side, rows)
            for x in np.linspace(0, picture.width - side, columns)
        ]
    return squares


def find_poses(picture: Image.Image, squares: Sequence[tuple[float, float, float]]) -> tuple[list[Pose], list[Face]]:
    """Find one pose a person, the surest first, and all faces if there is a pose."""
    circles = sorted((c for s in squares for c in blazepose.detect(picture, s)), key=lambda c: -c.score)
    kept: list[Circle] = []
    for circle in circles:
        if not any(_alike(circle, other, 0.25) for other in kept):
            kept.append(circle)
    settled = [pose for circle in kept[:_MOST_CIRCLES] if (pose := _settle(picture, circle)) is not None]
    boxes: list[Box] = []
    poses: list[Pose] = []
    for pose in sorted(settled, key=lambda p: -p.presence):
        box = pose_box(pose, picture.size)
        if box is None or any(overlap(box, other) > 0.35 or _inside(box, other) > 0.8 for other in boxes):
            continue
        poses.append(pose)
        boxes.append(box)
    return _with_faces(picture, squares, poses, boxes)


def _with_faces(
    picture: Image.Image, squares: Sequence[tuple[float, float, float]], poses: Sequence[Pose], boxes: Sequence[Box]
) -> tuple[list[Pose], list[Face]]:
    """`poses` and those of faces that none of them has: of people in a group whom the detector took for one with a
    neighbour. Where one without a face is about the same body, the pose with the face takes its place. And all
    faces."""
    if not poses or not faces.available():
        return list(poses), []
    seen = faces.find_faces(picture, squares)
    poses, bodies = list(poses), list(boxes)
    for face in seen:
        if any(has_face(pose, face) for pose in poses):
            continue
        pose = _settle_by_face(picture, face)
        box = None if pose is None else pose_box(pose, picture.size)
        if pose is None or box is None:
            continue
        # A hand or a print on a shirt that passes for a face has its whole body within somebody's.
        if any(_inside(box, body) > 0.8 and _taller(body, box) for body in bodies):
            continue
        faceless = [i for i, other in enumerate(poses) if not any(has_face(other, one) for one in seen)]
        same = next((i for i in faceless if overlap(bodies[i], box) > _ONE_BODY), None)
        if same is not None:
            poses[same], bodies[same] = pose, box
        elif all(_apart(pose, other) > _TWO_PEOPLE for other in poses):
            poses.append(pose)
            bodies.append(box)
    return poses, seen


def _taller(a: Box, b: Box) -> bool:
    """Whether a box is much taller than another."""
    return b[3] - b[1] < 0.7 * (a[3] - a[1])


def has_face(pose: Pose, face: Face) -> bool:
    """Check whether the pose's nose is the face's."""
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
        if best is None or best.presence < _PRESENCE or not has_face(best, face):
            best = blazepose.landmarks(picture, circle)
        if best.presence >= _PRESENCE and has_face(best, face):
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


def scaled(pose: Pose, factor: float) -> Pose:
    """Scale the pose to a picture `factor` times as large."""

    def grown(c: Circle) -> Circle:
        return replace(c, x=c.x * factor, y=c.y * factor, radius=c.radius * factor)

    points = pose.landmarks * np.array([factor, factor, factor, 1], np.float32)
    return replace(pose, landmarks=points, circle=grown(pose.circle), next_circle=grown(pose.next_circle))


def pose_in(photo: Photo, box: Box) -> Pose | None:
    """Find the surest pose around a box, or None (also if BlazePose is not installed)."""
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
    inside = [p for p in poses if overlap(pose_box(p, photo.size), box) > 0.4]
    return max(inside, key=lambda p: overlap(pose_box(p, photo.size), box), default=None)


def overlap(a: Box | None, b: Box) -> float:
    """Compute the intersection over union of two boxes."""
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


def pose_box(pose: Pose, photo_size: tuple[int, int]) -> Box | None:
    """Find the box of a pose's mask, neighbours included, inside the photograph.

    None if nothing of it is visible there.
    """
    return mask_box(PoseMask(pose, photo_size))


def mask_box(mask: PoseMask) -> Box | None:
    """Find the box of a pose's mask inside the photograph, without the neighbours.

    None if nothing of it is visible there.
    """
    pose = mask.pose
    side = 2 * 1.5 * pose.circle.radius
    left, top = pose.circle.x - side / 2, pose.circle.y - side / 2
    size = 384
    found = bounding_box(mask.window(left, top, side, size))
    if found is None:
        return None
    box = np.array(found) * side / size + (left, top, left, top)
    return tuple(np.clip(box, 0, (*mask.photo_size, *mask.photo_size)).tolist())
