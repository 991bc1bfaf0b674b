"""Searching a photograph for whom is meant, where no mask or box says so; and turning it so that the person stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lifecast.errors import MissingExtra, PhotoError
from lifecast.options import Turn
from lifecast.photo import blazepose
from lifecast.photo.decode import Photo
from lifecast.photo.given_mask import person_by_alpha
from lifecast.photo.orientation import turn_needed, turned
from lifecast.photo.person import HELP, Person, choose, find_people, shown_part

Otherwise = Callable[[Photo], Person]
"""Finds the person without BlazePose."""


def search(photo: Photo, which: str | int, otherwise: Otherwise) -> list[Person]:
    """Find the people meant by "largest", "all" or a number from 1.

    Raises PhotoError if nobody is found; it says so if somebody is found in the picture turned.
    """
    if not blazepose.available():
        return [otherwise(replace(photo, colour=np.asarray(shown_part(photo)), alpha=None))]
    people = find_people(photo)
    if not people:
        raise PhotoError(f"{photo.name}: no person was found in it; {nobody_hint(photo)}")
    return choose(people, which, photo.name)


def search_cut_out(photo: Photo, which: str | int, otherwise: Otherwise) -> list[Person]:
    """Find the people meant in a picture with transparency.

    It is the shape, or whoever is inside if the shape is only a frame. Raises PhotoError as `search` and
    `person_by_alpha` do.
    """
    person, verdict = person_by_alpha(photo)
    if person is not None:
        return [person]
    if verdict is None:
        why = "the cut-out shows several people: each is taken out of it"
    else:
        why = f"the transparency {verdict.words}: the person was searched for inside it"
    try:
        people = search(photo, which, otherwise)
    except PhotoError as error:
        raise PhotoError(f"{error} ({why})") from error
    return [replace(person, notes=(why, *person.notes)) for person in people]


def nobody_hint(photo: Photo) -> str:
    """Explain what to do if nobody was found in a photograph.

    Turn it, if somebody is found then; else name the region.
    """
    degrees = turn_that_finds(photo)
    return f"turned, somebody is: give --turn {degrees}" if degrees else f"if there is one, {HELP}"


def turn_that_finds(photo: Photo) -> int:
    """Find the degrees clockwise after which somebody who stands is found.

    0 if there are none; needs BlazePose.
    """
    for degrees in (180, 90, 270):
        people = find_people(turned(photo, degrees))
        if people and not turn_needed(people[0].landmarks):
            return degrees
    return 0


def turn_photo(photo: Photo, turn: Turn) -> Photo:
    """Turn a photograph clockwise by 90, 180 or 270 degrees.

    With "auto" it is turned so that its largest person stands. Raises MissingExtra for "auto" without BlazePose.
    """
    if turn != "auto":
        return turned(photo, turn)
    if not blazepose.available():
        raise MissingExtra("mediapipe", "person", "turning photographs by who is in them")
    people = find_people(photo)
    return turned(photo, turn_needed(people[0].landmarks) if people else turn_that_finds(photo))
