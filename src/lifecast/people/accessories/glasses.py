"""Glasses: a thin frame before the eyes, arms to the ears; sunglasses have dark lenses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifecast.people.body import SKIN_VERTICES, BodyModel, RestBody
from lifecast.people.hairstyles.skull import Skull
from lifecast.people.rest_part import RestPart, Solid, Vector, nothing_hidden, rigid, union
from lifecast.people.solids import hoop, loft, resampled, tube


@dataclass(frozen=True)
class Frame:
    """The shape of a pair of glasses, in metres."""

    width: float = 0.049
    height: float = 0.039
    power: float = 2.6
    """2 round lenses, 4 nearly rectangular ones."""
    thick: float = 0.0026
    dark: bool = False
    """Sunglasses."""


def draw_frame(rng: np.random.Generator) -> Frame:
    """Draw a shape: round, oval, rectangular; wire or plastic; a fifth are sunglasses."""
    dark = bool(rng.random() < 0.2)
    width = float(rng.uniform(0.045, 0.053)) + 0.004 * dark
    height = width * float(rng.uniform(0.62, 0.98))
    return Frame(width, height, float(rng.uniform(2.0, 4.2)), float(rng.uniform(0.0018, 0.0045)), dark)


def make_glasses(model: BodyModel, rest: RestBody, frame: Frame, colour: Vector) -> RestPart:
    """Put glasses on a head; they follow it. `colour` (3,) of the frame is a share of sRGB."""
    skull = Skull(model, rest)
    skin = rest.vertices[:SKIN_VERTICES].astype(np.float64)
    count = 40
    turn = np.arange(count) * 2 * np.pi / count
    x, y = (np.sign(f) * np.abs(f) ** (2 / frame.power) for f in (np.cos(turn), np.sin(turn)))
    solids: list[Solid] = []
    lenses: list[Solid] = []
    inner, outer = [], []
    level = rest.heads[model.bone("eye.L")][1] - 0.003
    front = _front(rest, model, skin, frame, level)
    for side in (1, -1):
        middle = np.array([side * (frame.width / 2 + 0.0085), level, front])
        # The frame follows the face a little.
        outline = middle + np.stack([frame.width / 2 * x, frame.height / 2 * y, np.zeros(count)], 1)
        outline[:, 2] -= 2.2 * outline[:, 0] ** 2
        solids.append(hoop(outline, np.array([0.0, 0.0, 1.0]), frame.thick, max(frame.thick, 0.003)))
        inner.append(middle + np.array([-side * frame.width / 2, 0.15 * frame.height, 0.0]))
        outer.append(outline[np.argmax(side * outline[:, 0] + 0.5 * outline[:, 1])])
        if frame.dark:
            lens = np.stack([outline, outline + (middle - outline) * 0.5, outline + (middle - outline) * 0.96])
            plate = np.concatenate([(lens + np.array([0, 0, 0.001]))[::-1], lens - [0, 0, 0.001]])
            lenses.append(loft(plate))
    bridge = np.stack([inner[0], (inner[0] + inner[1]) / 2 + [0, 0.004, 0.002], inner[1]])
    solids.append(tube(resampled(bridge, 9), np.array([0.0, 0.0, 1.0]), frame.thick, max(frame.thick, 0.003)))
    for side, corner in zip((1, -1), outer, strict=True):
        solids.append(_arm(skull, corner, side, frame.thick))
    whole = union(solids)
    whole.uv = np.full((len(whole.points), 2), [0.25, 0.5])
    if lenses:
        dark = union(lenses)
        dark.uv = np.full((len(dark.points), 2), [0.75, 0.5])
        whole = union([whole, dark])
    texture = np.zeros((8, 8, 3), np.uint8)
    texture[:, :4] = np.clip(colour, 0, 1) * 255
    texture[:, 4:] = (14, 14, 17)
    return RestPart(
        "glasses:sun" if frame.dark else "glasses:clear", whole.points.astype(np.float32),
        rigid(len(whole.points), model.bone("head"), len(model.bones)), whole.faces, whole.uv.astype(np.float32),
        texture, nothing_hidden(), 0.3,
    )  # fmt: skip


def _front(rest: RestBody, model: BodyModel, skin: Vector, frame: Frame, level: float) -> float:
    """z of the frame: before brows, lids and cheeks wherever the frame passes."""
    eye = rest.heads[model.bone("eye.L")]
    x, y = np.abs(skin[:, 0]), skin[:, 1] - level
    near = (x > 0.012) & (x < 0.01 + frame.width) & (np.abs(y) < 0.5 * frame.height + 0.002)
    near &= skin[:, 2] > eye[2] - 0.03
    reach = skin[near, 2] + 2.2 * skin[near, 0] ** 2
    return float(max(reach.max() + 0.0025, eye[2] + 0.020))


def _arm(skull: Skull, corner: Vector, side: int, thick: float) -> Solid:
    """From the frame's corner along the temple over the ear and down behind it."""
    ears = skull.ears[skull.ears[:, 0] * side > 0]
    top = ears[:, 1].max() - 0.004
    middle = float(ears[:, 2].mean())
    # Where the ear meets the head.
    root = ears[(np.abs(ears[:, 1] - top) < 0.012)]
    beside = float(np.abs(root[:, 0]).min()) + 0.001 if len(root) else float(np.abs(ears[:, 0]).min())
    hinge = corner + np.array([side * 0.003, 0.0, -0.004])
    over = np.array([side * max(beside, abs(hinge[0]) - 0.004), top + 0.001, middle + 0.004])
    behind = np.array([side * (beside + 0.001), top - 0.006, middle - 0.012])
    end = np.array([side * (beside - 0.004), top - 0.026, middle - 0.020])
    line = resampled(np.stack([corner, hinge, over, behind, end]), 26)
    # Clear of the temples.
    ways, away = skull.directions(line)
    least = np.linalg.norm(skull.skin(ways) - skull.centre, axis=1) + 0.002
    line = skull.centre + ways * np.maximum(away, least)[:, None]
    return tube(line, np.array([float(side), 0.0, 0.0]), max(thick, 0.003), 0.0018)
