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

from lifecast.body.motion.catalogue import CLIPS
from lifecast.errors import LifecastError
from lifecast.model.inference_options import STEPS
from lifecast.options import TEXTURE, TURNS
from lifecast.web.found_people import LARGEST, erase, look, trouble
from lifecast.web.queue import QueueFull, ReconstructionQueue, Ticket
from lifecast.web.style import STYLE
from lifecast.web.uploads import Upload
from lifecast.web.work import TEXTURES, file_name, reconstruct_upload, upload_options


class PhotoInput(gr.Image):
    """Gradio's picture box without Gradio's decoding.

    `read_photo` knows more formats and says better what is wrong.
    """

    is_template = True  # to the browser it is a plain Image

    def preprocess(self, payload: ImageData | None) -> str | None:
        """Pass the uploaded file's path on, as it came."""
        return None if payload is None else payload.path


STAGES = {
    "finding the person": "find the person",
    "normals": "normals",
    "features": "features",
    "body": "body",
    "surface": "surface",
    "colour": "colour",
    "saving": "save",
}
"""The stages that a reconstruction reports, as the page calls them."""
KEPT_SECONDS = 600
"""How long Gradio's own copy of an upload may stay; it is needed while the visitor tries other settings."""

FIELDS = {
    "height": "Height in metres",
    "resolution": "Grid points along a side",
    "person": "Whom",
    "box": "Box",
    "formats": "Download",
    "turn": "Turn",
    "without": "Leave out",
    "rig": "Skeleton",
    "pose": "Pose",
    "animate": "Motions",
    "texture": "Texture",
    "normal_texture": "Fine folds",
    "body": "Body",
}
"""The fields' labels, by which messages call them."""
HINTS = """<div class="lifecast-hints"><strong>The model appears here.</strong><ul>
<li>Best: the whole body in the picture, from the front, one person well apart from others, in even light.</li>
<li>The back is a guess, and so is the size: say the person's height.</li>
<li>What you make of a person is that person's data: ask first.</li></ul></div>"""
DOWNLOADS = {
    "glb": ("GLB", "with colours, for any viewer"),
    "obj": ("OBJ", "a ZIP with the colours' picture"),
    "stl": ("STL", "shape only, in millimetres, for printing"),
    "vrm": ("VRM", "an avatar in a T pose"),
    "body.glb": ("Body", "the parametric body, a GLB"),
    "body.json": ("Body's numbers", "pose, shape and lengths, JSON"),
}
POSES = {"photo": "as in the photograph", "t": "T pose", "a": "A pose"}
"""What the page calls the poses of a rigged model."""


def _waiting(queue: ReconstructionQueue, ticket: Ticket, begun: float) -> str:
    place, seconds = queue.place(ticket), f"{time.monotonic() - begun:.0f} s"
    if place:
        others = "one photograph is" if place == 1 else f"{place} photographs are"
        return (
            f'<div role="status"><span class="lifecast-place">Place {place} in the queue</span> '
            f"({others} before yours) … {seconds}</div>"
        )
    names = list(STAGES)
    now = names.index(ticket.stage) if ticket.stage in names else 0
    marks = [' class="past"'] * now + [' aria-current="step"'] + [""] * (len(names) - now - 1)
    steps = "".join(f"<li{mark}>{STAGES[name]}</li>" for mark, name in zip(marks, names, strict=True))
    return f'<div role="status">Working … {seconds}<ol class="lifecast-steps">{steps}</ol></div>'


def _shown(ticket: Ticket) -> tuple[str, str, str]:
    facts = ticket.result.facts
    base = f"/api/jobs/{ticket.token}"
    links = "".join(
        f'<a href="{base}/person.{name}" download="{file_name(name)}">{said} <small>{use}</small></a>'
        for name, (said, use) in DOWNLOADS.items()
        if name in ticket.result.files
    )
    seconds = sum(facts["seconds"].values())
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in facts["notes"])
    said = (
        f'<div role="status" class="lifecast-done">Done in {seconds:.1f} s: {facts["faces"]:,} triangles, '
        f"{facts['height']:.2f} m tall{f'<ul>{notes}</ul>' if notes else ''}</div>"
    )
    frame = f'<div class="lifecast-view"><iframe src="{base}/view" title="the 3D model" allowfullscreen></iframe></div>'
    return said, frame, f'<div class="lifecast-files">Download: {links}</div>'


def make_page(queue: ReconstructionQueue, reconstructor: Any) -> gr.Blocks:
    """Make the Gradio page on top of a running queue."""

    def run(
        path: str | None,
        person: str,
        height: float,
        resolution: int,
        box: str,
        turn: str,
        without: str,
        rig: bool,
        pose: str,
        clips: list[str],
        texture: int,
        folds: bool,
        body: bool,
    ) -> Iterator[tuple[str, str, str]]:
        if path is None:
            yield trouble("Choose a photograph first."), HINTS, ""
            return
        try:
            which = "largest" if person == LARGEST else person.removeprefix("person ")
            standing = "" if pose == "photo" else pose  # naming a pose brings a rig
            rigged = rig or bool(standing or clips)
            options = upload_options(
                FIELDS.__getitem__,
                height=height,
                resolution=resolution,
                person=which,
                box=box,
                turn=turn,
                without=without,
                rig=rigged,
                pose=standing,
                animate=",".join(clips),
                texture=texture,
                normal_texture=folds,
                body=body,
                formats="glb,obj,stl,vrm" if rigged else "glb,obj,stl",
            )
            upload = Upload.copy_of(Path(path))
            ticket = queue.submit(
                lambda progress: reconstruct_upload(reconstructor, upload, options, progress), release=upload.discard
            )
        except QueueFull as full:
            yield trouble(f"Many photographs are waiting. {full}".capitalize()), HINTS, ""
            return
        except LifecastError as error:
            yield trouble(str(error)), HINTS, ""
            return
        except FileNotFoundError:
            yield trouble("The server has deleted this upload after its time; choose the photograph again."), HINTS, ""
            return
        except OSError as error:
            yield trouble(f"The server cannot keep the photograph: {error.strerror}."), HINTS, ""
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
            yield trouble(words), HINTS, ""
            return
        yield _shown(ticket)

    page: gr.Blocks
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
                boxes = gr.Image(
                    label="Found people", visible=False, interactive=False, buttons=[], height=360, elem_id="people"
                )
                person = gr.Radio([LARGEST], value=LARGEST, label="Whom", visible=False, elem_id="person")
                height = gr.Slider(0.5, 2.3, value=1.7, step=0.01, label="Height in metres")
                rig = gr.Checkbox(
                    False,
                    label="With a skeleton that moves it",
                    info="Motions to play, and poses, are under More",
                    elem_id="rig",
                )
                with gr.Accordion("More", open=False):
                    clips = gr.CheckboxGroup(list(CLIPS), label="Motions (with a skeleton)", elem_id="clips")
                    pose = gr.Radio(
                        [(said, pose) for pose, said in POSES.items()],
                        value="photo",
                        label="Pose (another than the photograph's needs a skeleton)",
                        elem_id="pose",
                    )
                    resolution = gr.Radio([256, 384, 512], value=512, label="Grid points along a side")
                    texture = gr.Radio(
                        list(TEXTURES), value=TEXTURE, label="Texture: texels along a side", elem_id="texture"
                    )
                    folds = gr.Checkbox(True, label="Fine folds as a second texture", elem_id="folds")
                    body = gr.Checkbox(False, label="Also the body inside, as files", elem_id="body")
                    turn = gr.Radio(
                        [str(way) for way in TURNS],
                        value="0",
                        label="Turn the picture clockwise by degrees",
                        elem_id="turn",
                    )
                    box = gr.Textbox("", label="Box x,y,w,h in pixels (instead of searching)", max_lines=1)
                    without = gr.Textbox(
                        "",
                        label="Leave out these steps, separated by commas",
                        info=f"For comparing: {', '.join(STEPS)}",
                        max_lines=1,
                        elem_id="without",
                    )
                start = gr.Button("Make the model", variant="primary", elem_id="start")
            with gr.Column(scale=3, min_width=300):
                said = gr.HTML(elem_id="status")
                model = gr.HTML(HINTS, elem_id="model")
                files = gr.HTML(elem_id="files")
        for changed in (photo, turn):
            changed.change(look, [photo, turn], [person, boxes, found, photo], api_visibility="private")
        photo.clear(erase, None, [person, boxes, found], api_visibility="private")
        # Any number of visitors may watch their place in the queue; the queue itself bounds the work.
        start.click(
            run,
            [photo, person, height, resolution, box, turn, without, rig, pose, clips, texture, folds, body],
            [said, model, files],
            api_visibility="private",
            concurrency_limit=None,
            show_progress="hidden",  # the stages say more
        )
    return page


def mount_page(app: FastAPI, queue: ReconstructionQueue, reconstructor: Any, upload_limit: int) -> FastAPI:
    """Put the page at / of `app`, which has the API already."""
    # The default theme asks a font server for its fonts; the system's own work offline.
    theme = gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
    mounted: FastAPI = gr.mount_gradio_app(
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
    return mounted
