"""Human parsing of made people: what each face of one is, by the mesh that it belongs to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifecast.scans.regions import FACE, Regions
from lifecast.space.parsing import Part

OF_MESH = {
    "body": Part.SKIN, "gloves": Part.SKIN, "eyes": Part.FACE, "teeth": Part.FACE, "brows": Part.FACE,
    "beard": Part.FACE, "glasses": Part.FACE, "hair": Part.HAIR, "hat": Part.HAIR, "top": Part.UPPER,
    "dress": Part.UPPER, "bottom": Part.LOWER, "outer": Part.OUTER, "shoes": Part.SHOES, "bag": Part.BELONGINGS,
}  # fmt: skip
"""By what the names of a person's meshes begin with. A glove is a hand."""
OF_ACCESSORY = {"belt": Part.LOWER, "apron": Part.UPPER}
"""By a word in the name; scarves and shawls are worn over the rest."""
CLIPPED = 0.3
"""How densely hair darkens skin, 0 to 1, from which on it is hair."""


def part_of_mesh(name: str) -> Part:
    """Tell what part a mesh of a person is by its name, such as `top:hoodie`.

    `ValueError` for a name that says nothing.
    """
    kind, _, what = name.partition(":")
    if kind == "accessory":
        return next((part for word, part in OF_ACCESSORY.items() if word in what), Part.OUTER)
    found = next((part for beginning, part in OF_MESH.items() if kind.startswith(beginning)), None)
    if found is None:
        raise ValueError(f"nobody knows what part of a person the mesh {name!r} is; name it in people/parsing.py")
    return found


def parse_mesh(name: str, faces: int) -> NDArray[np.uint8]:
    """Tell the part of each of a mesh's faces by its name: (faces,) uint8, all alike."""
    return np.full(faces, part_of_mesh(name), np.uint8)


def parse_skin(regions: Regions, shade: NDArray[np.floating], faces: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Tell face, clipped hair and other skin apart: (F,) uint8 `Part` of the skin's faces (F, 3).

    regions: (F,) of the same faces; shade: (V,) how densely hair darkens the skin.
    """
    clipped = shade[faces].min(1) > CLIPPED
    found = np.where(regions == FACE, Part.FACE, np.where(clipped, Part.HAIR, Part.SKIN))
    return found.astype(np.uint8)
