"""The page: drop or paste a photograph, choose the person, watch the stages, turn the model around, take it along.

Gradio draws it; the model is shown by lifecast's own viewer in a frame, because that one has normals and wireframe,
needs no other server, and works by keyboard. Everything runs through the same queue as the HTTP API.
"""

from __future__ import annotations

import html
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi import FastAPI
from gradio.data_classes import ImageData
from PIL import Image, ImageDraw

from lifecast.errors import LifecastError
from lifecast.photo import blazepose
from lifecast.photo.decode import Photo, read_photo
from lifecast.photo.person import Person, find_people
from lifecast.results import parse_box
from lifecast.web.queue import QueueFull, ReconstructionQueue, Ticket
from lifecast.web.uploads import Upload
from lifecast.web.work import Options, reconstruct_upload


class PhotoInput(gr.Image):
    """Gradio's picture box without Gradio's decoding: `read_photo` knows more formats and says better what is wrong."""

    is_template = True  # to the browser it is a plain Image

    def preprocess(self, payload: ImageData | None) -> str | None:
        """The uploaded file's path, as it came."""
        return None if payload is None else payload.path


LARGEST = "the largest"
KEPT_SECONDS = 600
"""How long Gradio's own copy of an upload may stay; it is needed while the visitor tries other settings."""

STYLE = """
.lifecast-view iframe { width: 100%; height: min(70vh, 640px); border: 0; border-radius: 8px; display: block }
.lifecast-files a { display: inline-block; padding: .5em 1em; margin: 0 .5em .5em 0; border-radius: 6px;
  border: 1px solid currentColor; text-decoration: none; font-weight: 600 }
.lifecast-error { border-left: 4px solid #c62828; padding: .6em 1em }
"""


def _names(people: list[Person]) -> list[str]:
    return [f"person {k}" for k in range(1, len(people) + 1)]


def _outlined(photo: Photo, people: list[Person]) -> Image.Image:
    """The photograph, small, with a numbered box around each person."""
    scale = min(1.0, 640 / max(photo.size))
    picture = photo.image().resize((max(1, round(photo.size[0] * scale)), max(1, round(photo.size[1] * scale))))
    pen = ImageDraw.Draw(picture)
    for number, person in enumerate(people, start=1):
        left, top, right, bottom = (side * scale for side in person.box)
        pen.rectangle((left, top, right, bottom), outline=(255, 196, 0), width=3)
        pen.text(
            (max(0, left) + 6, max(0, top) + 4),
            str(number),
            fill=(255, 196, 0),
            font_size=24,
            stroke_width=2,
            stroke_fill=(0, 0, 0),
        )
    return picture


def look(path: str | None) -> tuple[Any, Any, str]:
    """People in the photograph: (choice of person, picture with boxes, what to say)."""
    nobody = gr.update(choices=[LARGEST], value=LARGEST, visible=False), gr.update(visible=False)
    if path is None:
        return *nobody, ""
    try:
        photo = read_photo(path, name=Path(path).name)
    except LifecastError as error:
        return *nobody, _trouble(str(error))
    if not blazepose.available():
        return *nobody, "People cannot be searched for here; the whole picture, or the box below, is used."
    people = find_people(photo)
    if not people:
        return *nobody, _trouble("Nobody was found in this picture. If there is somebody, give a box below.")
    choices = [LARGEST, *_names(people)]
    said = f"{len(people)} people found." if len(people) > 1 else "One person found."
    remarks = " ".join(
        f"Person {n}: {person.refusal or ', '.join(person.notes)}."
        for n, person in enumerate(people, start=1)
        if person.refusal or person.notes
    )
    return (
        gr.update(choices=choices, value=LARGEST, visible=len(people) > 1),
        gr.update(value=_outlined(photo, people), visible=True),
        f"{said} {html.escape(remarks)}",
    )


def _trouble(words: str) -> str:
    return f'<div class="lifecast-error" role="alert">{html.escape(words)}</div>'


def _waiting(queue: ReconstructionQueue, ticket: Ticket, begun: float) -> str:
    place = queue.place(ticket)
    where = f"place {place} in the queue" if place else ticket.stage
    return f'<div role="status">{html.escape(where)} … {time.monotonic() - begun:.0f} s</div>'


def _shown(ticket: Ticket) -> tuple[str, str, str]:
    facts = ticket.result.facts
    base = f"/api/jobs/{ticket.token}"
    links = "".join(
        f'<a href="{base}/person.{name}" download="person.{"zip" if name == "obj" else name}">{name.upper()}</a>'
        for name in ("glb", "obj", "stl")
    )
    seconds = sum(facts["seconds"].values())
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in facts["notes"])
    said = (
        f'<div role="status">done in {seconds:.1f} s: {facts["faces"]:,} triangles, {facts["height"]:.2f} m tall'
        f"{f'<ul>{notes}</ul>' if notes else ''}</div>"
    )
    frame = f'<div class="lifecast-view"><iframe src="{base}/view" title="the 3D model" allowfullscreen></iframe></div>'
    return said, frame, f'<div class="lifecast-files">{links}</div>'


def make_page(queue: ReconstructionQueue, reconstructor: Any) -> gr.Blocks:
    """The Gradio page on top of a running queue."""

    def run(path: str | None, person: str, height: float, resolution: int, box: str) -> Iterator[tuple[str, str, str]]:
        if path is None:
            yield _trouble("Choose a photograph first."), "", ""
            return
        try:
            which = "largest" if person == LARGEST else person.removeprefix("person ")
            options = Options(float(height), int(resolution), which, parse_box(box), ("glb", "obj", "stl"))
            upload = Upload.copy_of(Path(path))
            ticket = queue.submit(
                lambda progress: reconstruct_upload(reconstructor, upload, options, progress), release=upload.discard
            )
        except QueueFull as full:
            yield _trouble(f"Many photographs are waiting. {full}".capitalize()), "", ""
            return
        except LifecastError as error:
            yield _trouble(str(error)), "", ""
            return
        except FileNotFoundError:
            yield _trouble("The server has deleted this upload after its time; choose the photograph again."), "", ""
            return
        begun = time.monotonic()
        try:
            while not ticket.wait(0.25):
                yield _waiting(queue, ticket, begun), "", ""
        finally:  # the visitor left: nobody waits for this any longer
            if not ticket.wait(0):
                queue.cancel(ticket)
        if ticket.error is not None:
            known = isinstance(ticket.error, LifecastError)
            words = str(ticket.error) if known else "The server failed on this photograph; its log says more."
            queue.drop(ticket)
            yield _trouble(words), "", ""
            return
        yield _shown(ticket)

    with gr.Blocks(title="lifecast", analytics_enabled=False, delete_cache=(60, KEPT_SECONDS)) as page:
        gr.Markdown(
            "# lifecast\nOne photograph of a person in, a 3D model of that person out. It stays on this server "
            "for some minutes only. Use photographs of people who agree to it."
        )
        with gr.Row():
            with gr.Column(scale=2, min_width=300):
                photo = PhotoInput(
                    label="Photograph (drop, paste or choose)",
                    type="filepath",
                    elem_id="photo",
                    sources=["upload", "clipboard"],
                    height=360,
                )
                found = gr.HTML(elem_id="found")
                boxes = gr.Image(label="People", visible=False, interactive=False, buttons=[], height=280)
                person = gr.Radio([LARGEST], value=LARGEST, label="Whom", visible=False, elem_id="person")
                height = gr.Slider(0.5, 2.3, value=1.7, step=0.01, label="Height in metres")
                with gr.Accordion("More", open=False):
                    resolution = gr.Radio([256, 384, 512], value=512, label="Grid points along a side")
                    box = gr.Textbox("", label="Box x,y,w,h in pixels (instead of searching)", max_lines=1)
                start = gr.Button("Make the model", variant="primary", elem_id="start")
            with gr.Column(scale=3, min_width=300):
                said = gr.HTML(elem_id="status")
                model = gr.HTML(elem_id="model")
                files = gr.HTML(elem_id="files")
        photo.change(look, photo, [person, boxes, found], api_visibility="private")
        # Any number of visitors may watch their place in the queue; the queue itself bounds the work.
        start.click(
            run,
            [photo, person, height, resolution, box],
            [said, model, files],
            api_visibility="private",
            concurrency_limit=None,
        )
    return page


def mount_page(app: FastAPI, queue: ReconstructionQueue, reconstructor: Any, upload_limit: int) -> FastAPI:
    """Put the page at / of `app`, which has the API already."""
    # The default theme asks a font server for its fonts; the system's own work offline.
    theme = gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
    return gr.mount_gradio_app(
        app,
        make_page(queue, reconstructor),
        path="/",
        max_file_size=upload_limit,
        theme=theme,
        css=STYLE,
        footer_links=[],
        ssr_mode=False,
        show_error=True,
    )
