"""The people in a visitor's photograph: found as soon as it is there, with what the page says of them."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image, ImageDraw

from lifecast.errors import LifecastError
from lifecast.options import parse_turn
from lifecast.photo import blazepose
from lifecast.photo.decode import Photo, read_photo
from lifecast.photo.person import Person, find_people
from lifecast.photo.search import turn_photo, turn_that_finds

LARGEST = "the largest"
"""The choice that needs no search."""
OUTLINE = (255, 196, 0)
UNSEEN = frozenset({".heic", ".heif", ".tif", ".tiff", ".jp2", ".tga", ".ppm", ".pgm", ".pbm", ".pnm"})
"""Formats that few browsers show."""


def trouble(words: str) -> str:
    """Write what went wrong as the page shows it."""
    return f'<div class="lifecast-error" role="alert">{html.escape(words)}</div>'


def _names(people: list[Person]) -> list[str]:
    return [f"person {k}" for k in range(1, len(people) + 1)]


def _outlined(photo: Photo, people: list[Person]) -> Image.Image:
    """The photograph, small, with a numbered box around each person."""
    scale = min(1.0, 640 / max(photo.size))
    picture = photo.image().resize((max(1, round(photo.size[0] * scale)), max(1, round(photo.size[1] * scale))))
    pen = ImageDraw.Draw(picture)
    size = max(picture.size) / 18
    for number, person in enumerate(people, start=1):
        left, top, right, bottom = (side * scale for side in person.box)
        pen.rectangle((left, top, right, bottom), outline=OUTLINE, width=max(2, round(size / 8)))
        # The number over the box where there is room, else in its corner.
        corner = max(0.0, left), top - size * 1.2 if top > size * 1.2 else max(0.0, top)
        width = size * (0.5 + 0.6 * len(str(number)))
        pen.rectangle((*corner, corner[0] + width, corner[1] + size * 1.2), fill=OUTLINE)
        middle = corner[0] + width / 2, corner[1] + size * 0.6
        pen.text(middle, str(number), fill=(0, 0, 0), font_size=size, anchor="mm")
    return picture


def erase() -> tuple[Any, Any, str]:
    """Show nobody: (choice of person, picture with boxes, what to say)."""
    return gr.update(choices=[LARGEST], value=LARGEST, visible=False), gr.update(visible=False), ""


def look(path: str | None, turn: str = "0") -> tuple[Any, Any, Any, Any]:
    """Find the people in the photograph, turned.

    (choice of person, picture with boxes, what to say, the photograph again).
    """
    if path is None:  # by `erase` or below; the reason stays readable
        return gr.skip(), gr.skip(), gr.skip(), gr.skip()
    nobody = erase()[:2]
    try:
        photo = turn_photo(read_photo(path, name=Path(path).name), parse_turn(turn))
    except LifecastError as error:
        return *nobody, trouble(str(error)), None  # in the box it would only look broken
    if not blazepose.available():
        return *nobody, "People cannot be searched for here: the picture, or the box under More, is used.", gr.skip()
    people = find_people(photo)
    of_file = f" The file: {'; '.join(photo.notes)}." if photo.notes else ""
    if not people:
        degrees = turn_that_finds(photo)
        advice = f"Turned by {degrees} degrees" if degrees else "If there is somebody, give a box under More"
        said = f"Nobody was found here. {advice}{', somebody is: see Turn under More' * bool(degrees)}.{of_file}"
        return *nobody, trouble(said), gr.skip()
    unseen = Path(path).suffix.lower() in UNSEEN
    choices = [LARGEST, *_names(people)]
    said = f"{len(people)} people found." if len(people) > 1 else "One person found."
    remarks = " ".join(
        f"Person {n}: {person.refusal or ', '.join(person.notes)}."
        for n, person in enumerate(people, start=1)
        if person.refusal or person.notes
    )
    return (
        gr.update(choices=choices, value=LARGEST, visible=len(people) > 1),
        # With one person it is the browser's own picture again, unless turned or where no browser can show that.
        gr.update(value=_outlined(photo, people), visible=len(people) > 1 or bool(photo.turned) or unseen),
        f"{said} {html.escape(remarks + of_file)}",
        gr.skip(),
    )
