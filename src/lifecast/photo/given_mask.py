"""A person where a mask file or the transparency of a cut-out says so, once it has been checked.

Both are compared with the people whom BlazePose finds (`mask_check`). A mask file that cannot be right is refused. An
alpha channel that is only a frame, or has several people in it, is no mask: the person is searched for inside of it. If
nobody is found (a statue, a doll, a back, or no BlazePose here), only what the shape alone can tell is checked.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from PIL import Image

from lifecast.errors import PhotoError
from lifecast.photo import blazepose
from lifecast.photo.borders import border_notes
from lifecast.photo.cut_out import without_outline, without_shadow
from lifecast.photo.decode import Photo, read_photo
from lifecast.photo.framing import Box
from lifecast.photo.groups import faces_around, group_notes, strange_faces
from lifecast.photo.mask import ArrayMask, Mask, PoseMask, bounding_box
from lifecast.photo.mask_check import GRID, Verdict, against, by_itself, overlap, small
from lifecast.photo.orientation import turn_notes, turned_array
from lifecast.photo.person import Person, find_people, standing_height
from lifecast.photo.poses import pose_in

NEARLY_ALL = 0.98
"""A mask that shows more of the picture than this does not tell where anybody is."""
_SAME = 0.7
"""Overlap of a mask with the first pose found in it from which nobody else is looked for."""
_ALIKE = 1.5
"""... up to so many times the pose's area; beyond, it is said that a mask has more in it than the person."""
_PART = 0.5
"""Share of the person found from which a mask shows this person; below, it is said that it leaves much out."""
_SECOND = 0.2
"""Area of another person over that of the largest from which there are several."""


class Given(NamedTuple):
    """What a mask or an alpha channel was found to be."""

    person: Person | None
    """None if it is no person's outline."""
    verdict: Verdict | None
    """Why not; or None, and the picture has several people to choose from."""


def read_mask(
    source: str | os.PathLike[str] | bytes | Image.Image | np.ndarray | Photo, degrees: int = 0
) -> tuple[np.ndarray, str]:
    """Read a mask and turn it clockwise as its photograph was turned.

    Returns (H, W) float32 in [0, 1], and how messages call it. A mask of two values only, such as 0 and 1 in 8 bits,
    is 0 and 1, however dark the picture looks. Raises PhotoError where the file cannot be read.
    """
    if isinstance(source, np.ndarray) and source.dtype.kind in "iu" and np.isin(source, (0, 1)).all():
        source = source.astype(bool)
    given = source if isinstance(source, Photo) else read_photo(source)
    values = given.alpha if given.alpha is not None else given.colour.max(2).astype(np.float32) / 255
    top = float(values.max())
    if top > 0 and bool(((values == 0) | (values == top)).all()):
        values = (values > 0).astype(np.float32)
    return turned_array(values, degrees), given.name


def person_by_mask(photo: Photo, mask: np.ndarray, name: str = "the mask") -> Person:
    """Make a person of a mask (H, W) in [0, 1].

    Raises PhotoError where it shows nobody, does not fit the photograph, or cannot be a person's: a frame, inverted,
    turned, far larger than the person, beside them.
    """
    width, height = photo.size
    if mask.shape == (width, height) and width != height:
        verdict = against(small(mask), [shape for _, shape in _found(photo)], transposed=True)
        assert verdict is not None
        raise PhotoError(
            f"{name}: {verdict.words}: it is {height} x {width} pixels and {photo.name} {width} x {height} "
            "(a mask made from a file with an EXIF orientation must be turned as the photograph is)"
        )
    if mask.shape != (height, width):
        raise PhotoError(
            f"{name}: {mask.shape[1]} x {mask.shape[0]} pixels do not fit {photo.name} of {width} x {height}"
        )
    box = bounding_box(mask)
    if box is None:
        raise PhotoError(
            f"{name}: shows nobody (no value above a half; the highest is {mask.max() * 255:.0f} of 255); "
            "the person must be white on black"
        )
    if box == (0, 0, width, height) and float((mask > 0.5).mean()) > NEARLY_ALL:
        raise PhotoError(f"{name}: covers the whole picture; the person must be white and the background black")
    given = _given(photo, mask.astype(np.float32), box)
    if given.person is None:
        assert given.verdict is not None
        raise PhotoError(f"{name}: {given.verdict.words}; {_remedy(given.verdict, box, photo)}")
    return given.person


def person_by_alpha(photo: Photo) -> Given:
    """Make the person of a cut-out.

    The picture must have transparency; if that is no person's outline, the reason is returned. Raises PhotoError where
    it shows nobody, or the person is what is transparent.
    """
    assert photo.alpha is not None
    name = f"the transparency of {photo.name}"
    notes: tuple[str, ...] = ()
    alpha = without_shadow(photo.alpha, photo.colour)
    if alpha is None:
        alpha = photo.alpha
    else:
        notes = ("the soft shadow or glow around the cut-out was left out",)
    box = bounding_box(alpha)
    if box is None:
        raise PhotoError(f"{name}: shows nobody (no value above a half)")
    given = _given(replace(photo, alpha=alpha), alpha, box, cut_out=True)
    if given.verdict is not None and given.verdict.fault == "inverted":
        raise PhotoError(f"{name}: is inverted: the person is what is transparent; invert it, or save it without")
    if given.person is None:
        return given
    return given._replace(person=replace(given.person, notes=(*notes, *given.person.notes)))


def _given(photo: Photo, mask: np.ndarray, box: Box, cut_out: bool = False) -> Given:
    """What a mask (H, W) that shows something within `box` is; of a `cut_out` several people are no mask."""
    verdict = by_itself(small(mask))
    if verdict is not None:
        return Given(None, verdict)
    notes: list[str] = []
    trimmed = without_outline(mask, photo.colour)
    if trimmed is not None:
        inner = bounding_box(trimmed[0])
        if inner is not None:
            mask, box = trimmed[0], inner
            notes.append(f"an outline of one colour around the person, {trimmed[1]} pixels wide, was left out")
    pose = pose_in(photo, box)
    landmarks = None if pose is None else pose.landmarks
    shape = small(mask)
    fits = pose is not None and _fits(shape, _shape(PoseMask(pose, photo.size), photo))
    seen = faces_around(photo, box) if blazepose.available() else []
    strangers = strange_faces(ArrayMask(mask), landmarks, standing_height(landmarks), seen)
    if not fits or strangers:
        found = _found(photo)
        shapes = [one for _, one in found]
        if shapes:
            verdict = against(shape, shapes)
            group = verdict is not None and verdict.fault == "larger" and strangers > 0
            if verdict is not None and not group:
                return Given(None, verdict)
            inside = [one for one in shapes if (one & shape).sum() > _PART * one.sum()]
            several = sum(one.sum() > _SECOND * max(other.sum() for other in inside) for one in inside)
            if cut_out and (group or several > 1):
                return Given(None, None)
            strangers = max(strangers, several - 1)
            meant, outline = max(found, key=lambda one: int((one[1] & shape).sum()))
            part = float((outline & shape).sum() / outline.sum())
            if part < _PART:
                notes.append(f"the mask shows {part:.0%} of the person who is found; nothing is made of the rest")
            times = shape.sum() / sum(one.sum() for one in inside) if inside else 0.0
            if times > _ALIKE and not group:
                notes.append(f"the mask has {times:.1f} times the area of the person found: all of it is made")
            if not fits:
                landmarks = meant.landmarks
    notes += [*border_notes(box, photo.size), *turn_notes(landmarks), *group_notes(strangers)]
    return Given(Person(box, landmarks, ArrayMask(mask), notes=tuple(notes)), None)


def _fits(mask: np.ndarray, person: np.ndarray) -> bool:
    """Whether a mask (h, w) bool is so like a person's that nobody else need be looked for."""
    return overlap(mask, person) >= _SAME and bool(mask.sum() <= _ALIKE * person.sum())


def _found(photo: Photo) -> list[tuple[Person, np.ndarray]]:
    """Everybody whom BlazePose finds, with the mask on `mask_check`'s grid, (h, w) bool."""
    if not blazepose.available():
        return []
    people = [(person, _shape(person.mask, photo)) for person in find_people(photo) if person.mask is not None]
    return [(person, shape) for person, shape in people if shape.any()]


def _shape(mask: Mask, photo: Photo) -> np.ndarray:
    """A mask of the whole photograph on `mask_check`'s grid, (h, w) bool."""
    width, height = photo.size
    longer = max(width, height)
    size = min(GRID, longer)
    rows, columns = max(1, round(height * size / longer)), max(1, round(width * size / longer))
    return mask.window(0, 0, longer, size)[:rows, :columns] > 0.5


def _remedy(verdict: Verdict, box: Box, photo: Photo) -> str:
    """What to do about a fault of a mask file."""
    if verdict.fault in ("frame", "larger"):
        left, top, right, bottom = box
        region = f"--box {left:g},{top:g},{right - left:g},{bottom - top:g}"
        return f"leave the mask out, or give {region} in its place"
    if verdict.fault == "beside":
        return f"check that it belongs to {photo.name}, or cut the photograph to the person who is meant"
    return "save it the other way round" if verdict.fault == "inverted" else "lay it as the photograph lies"
