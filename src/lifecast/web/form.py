"""The form that a client sends with a photograph: those of `ReconstructOptions`' fields that a server offers."""

from __future__ import annotations

from dataclasses import fields
from inspect import Parameter, Signature
from typing import Annotated, Any

from fastapi import Depends, Form

from lifecast.body.motion.catalogue import CLIPS
from lifecast.model.inference_options import STEPS
from lifecast.options import FORMATS, ReconstructOptions
from lifecast.web.work import TEXTURES

DESCRIPTIONS: dict[str, str] = {
    "height": "The person's height in metres.",
    "resolution": "Grid points along a side: 128, 256, 384 or 512.",
    "person": "'largest', or the number of a found person from 1.",
    "box": "x,y,w,h in pixels: overrules the search for people.",
    "formats": f"Comma-separated, among {', '.join(FORMATS)}. A vrm is rigged, and stands in a T pose.",
    "turn": "0, 90, 180 or 270: turn the picture clockwise first; auto: so that its largest person stands.",
    "without": f"Steps to leave out, comma-separated, among {', '.join(STEPS)}.",
    "rig": "true: give the GLB a skeleton that moves it. Where there is none, the notes say why.",
    "pose": "t, a or photo: how the rigged model stands; brings a rig.",
    "animate": f"Clips for the GLB, comma-separated, among {', '.join(CLIPS)}; they bring a rig.",
    "body": "true: also the parametric body that was fitted to the person, as body.glb and body.json.",
    "texture": f"Texels along each side of the texture: {', '.join(map(str, TEXTURES))}.",
    "normal_texture": "false: leave the second texture, of fine folds, out of the GLB.",
}
"""The fields that a server offers, by the options' names."""
FIELDS = ("photo", *DESCRIPTIONS)


def _written(value: Any) -> float | int | str:
    """An option's default as a form has it: a number, true or false, or else a text."""
    if isinstance(value, tuple):
        return ",".join(value)
    if value is None:
        return ""
    return value if isinstance(value, (float, int)) else str(value)


def _parameters() -> list[Parameter]:
    defaults = {field.name: _written(field.default) for field in fields(ReconstructOptions) if field.name != "turn"}
    defaults["turn"] = "0"  # a text, for "auto" is one, too
    return [
        Parameter(
            name,
            Parameter.KEYWORD_ONLY,
            default=defaults[name],
            annotation=Annotated[type(defaults[name]), Form(description=said)],
        )
        for name, said in DESCRIPTIONS.items()
    ]


async def form_fields(**given: Any) -> dict[str, Any]:
    """Read the fields as they came, for `upload_options`.

    Those that did not come have the options' own defaults.
    """
    return given


form_fields.__signature__ = Signature(_parameters())  # type: ignore[attr-defined]  # what FastAPI reads, and documents

Fields = Annotated[dict[str, Any], Depends(form_fields)]
