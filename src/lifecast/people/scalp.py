"""Hair without assets.

A cap is grown from the scalp (cropped, short, afro); long hair is MakeHuman's helper hood.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifecast.people.body import SKIN_VERTICES
from lifecast.people.drape import Points, Weave
from lifecast.people.noise import smooth_noise
from lifecast.people.tailor import Cloth, Sheet, Tailor, helper_fit
from lifecast.space.mesh_normals import vertex_normals

LENGTHS = {"chin": -0.02, "shoulder": -0.13, "long": -0.5}
"""Metres from the head's joint (at the top of the neck) down to where the hood of hair is cut."""
TILT = np.array([0.0, 0.68, -0.73])
"""The scalp is the part of the skull on this side of its middle: top and back, down to the nape."""


class Scalp:
    """Hair of the tailor's reference body; each style is prepared once."""

    def __init__(self, tailor: Tailor) -> None:
        self.tailor = tailor
        self._made: dict[str, tuple[Cloth, Weave]] = {}

    def style(self, name: str) -> tuple[Cloth, Weave]:
        """ "cap", or a hood of a length in `LENGTHS`."""
        if name not in self._made:
            cloth = self._cap() if name == "cap" else self._hood(LENGTHS[name])
            self._made[name] = cloth, Weave(cloth)
        return self._made[name]

    def _sheet(self, quads: NDArray[np.int32], fine: float) -> tuple[NDArray[np.int64], Sheet]:
        unique, inverse = np.unique(quads.ravel(), return_inverse=True)
        used = unique.astype(np.int64)
        faces: NDArray[np.int32] = inverse.reshape(-1, 4).astype(np.int32)
        flat = np.zeros((len(used), 2), np.float32)
        return used, self.tailor.sheet(helper_fit("scalp", used), faces, faces, flat, fine)

    def _cap(self) -> Cloth:
        model, rest = self.tailor.model, self.tailor.rest.vertices
        owner = np.asarray(model.weights[:SKIN_VERTICES].argmax(1)).ravel()
        skull = np.flatnonzero(owner == model.bone("head"))
        top = rest[skull, 1].max()
        high = rest[skull][rest[skull, 1] > top - 0.12]
        middle = np.array([0.0, top - 0.105, (high[:, 2].min() + high[:, 2].max()) / 2])
        rows = model.mesh.groups["body"]
        quads = model.mesh.faces[rows]
        quads = quads[((rest[quads] - middle)[..., 1] > -0.14).all(1) & np.isin(quads, skull).all(1)]
        used, sheet = self._sheet(quads, 0.007)
        offset = sheet.matrix @ rest[used] - middle
        away = offset / np.linalg.norm(offset, axis=1, keepdims=True)
        ear = (np.abs(offset[:, 0]) > 0.083) & (offset[:, 1] < 0.01)
        sheet = sheet.cut(np.where(ear, -0.1, away @ TILT - 0.02))
        offset = sheet.matrix @ rest[used] - middle
        return self._with_uv("helper-cap", used, sheet, offset)

    def _hood(self, low: float) -> Cloth:
        model, rest = self.tailor.model, self.tailor.rest
        used, sheet = self._sheet(model.mesh.faces[model.mesh.groups["helper-hair"]], 0.012)
        points = sheet.matrix @ rest.vertices[used]
        head = rest.heads[model.bone("head")]
        sheet = sheet.cut(points[:, 1] - head[1] - low)
        x, y, z = (sheet.matrix @ rest.vertices[used] - head).T
        # The hood hangs before the face like a curtain; part it there.
        sheet = sheet.cut(np.maximum.reduce([np.abs(x) - 0.072, 0.05 - z, y - 0.1]))
        offset = sheet.matrix @ rest.vertices[used] - head
        return self._with_uv("helper-hood", used, sheet, offset)

    def _with_uv(self, name: str, used: NDArray[np.int64], sheet: Sheet, offset: NDArray[np.floating]) -> Cloth:
        corner = offset[sheet.faces]
        angle = np.arctan2(corner[..., 0], corner[..., 2])
        angle = angle[:, :1] + (angle - angle[:, :1] + np.pi) % (2 * np.pi) - np.pi
        sheet.corner_uv = np.stack([angle / (2 * np.pi) * 2, corner[..., 1] * 3], -1).astype(np.float32)
        return self.tailor.finish(name, "hair", helper_fit(name, used), sheet)


def grow(cloth: Cloth, weave: Weave, fitted: Points, thickness: float, curl: float, rng: np.random.Generator) -> Points:
    """Stand hair off the scalp by about `thickness` metres.

    Strands are anisotropic noise; `curl` is the height of tufts in metres.
    """
    normals = vertex_normals(fitted, cloth.sheet.faces, "area")
    for _ in range(5):
        normals = weave.average @ normals
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
    rim = np.clip(cloth.hem / max(2.0 * thickness, 0.012), 0, 1) ** 0.5
    strands = smooth_noise(cloth.reference, np.array([0.012, 0.05, 0.012]), rng, 48)
    tufts = smooth_noise(cloth.reference, 0.03, rng, 48)
    off = rim * (thickness * (1 + 0.12 * strands) + curl * tufts) + 0.0015
    result: Points = (fitted + normals * np.maximum(off, 0.0015)[:, None]).astype(np.float32)
    return result
