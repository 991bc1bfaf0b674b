"""Which region every face of a made person belongs to (`scans.regions`): of the skin, of clothes, of what is worn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from lifecast.body.face_vertices import FACE_VERTICES
from lifecast.people.body import SKIN_VERTICES, BodyModel
from lifecast.people.garment import Garment
from lifecast.people.patterns.kinds import KINDS
from lifecast.scans.regions import (
    FACE,
    HAIR,
    LEFT_FOOT,
    LEFT_HAND,
    LOOSE_CLOTH,
    REST,
    RIGHT_FOOT,
    RIGHT_HAND,
    Regions,
)

Points = NDArray[np.floating]

FACE_REACH = 0.013
"""Metres from the nearest of a photograph's 468 face points, on the mean body, within which skin is the face."""
HANDS, FEET = ("wrist", "finger", "metacarpal"), ("foot", "toe")
"""How the bones of hands and feet begin."""
TIGHT = ("belt",)
"""Accessories that do not hang."""
OF_PART = {"eyes": FACE, "teeth": FACE, "brows": FACE, "hair": HAIR, "beard": HAIR}
"""Region of whole parts, by the beginning of their names."""


def skin_regions(model: BodyModel, faces: NDArray[np.integer]) -> Regions:
    """Find the regions of the skin's faces (F, 3), the same on every body: (F,)."""
    names = np.array(model.bones)[np.asarray(model.weights[:SKIN_VERTICES].argmax(1)).ravel()]
    points = model.rest({}, {}, {}).vertices[:SKIN_VERTICES]
    of = np.full(SKIN_VERTICES, REST, np.uint8)
    of[cKDTree(points[np.unique(FACE_VERTICES)]).query(points)[0] < FACE_REACH] = FACE
    left = np.char.endswith(names, ".L")
    for beginnings, (ours, others) in ((HANDS, (LEFT_HAND, RIGHT_HAND)), (FEET, (LEFT_FOOT, RIGHT_FOOT))):
        here = np.array([name.startswith(beginnings) for name in names])
        of[here] = np.where(left[here], ours, others)
    return _of_most(of[faces])


def _of_most(corners: Regions) -> Regions:
    """(F,) the region of most of a face's corners (F, 3); the first one's where all differ."""
    return np.where(corners[:, 1] == corners[:, 2], corners[:, 1], corners[:, 0])


def garment_regions(garment: Garment, kind: str, hip: float) -> Regions:
    """Find the regions of a garment's faces, as it starts around the body at rest: (F,).

    Parameters
    ----------
    kind : what a benchmark counts it as (`dressed.class_of`).
    hip : height of the hip joints, metres: a dress hangs below them.
    """
    loose = np.zeros(len(garment.faces), bool)
    if kind == "skirt" or _open(garment.name) or (garment.part == "accessory" and garment.name not in TIGHT):
        loose[:] = True
    elif kind == "dress":
        loose = garment.points[garment.faces][..., 1].mean(1) < hip
    return np.where(loose, LOOSE_CLOTH, REST).astype(np.uint8)


def _open(name: str) -> bool:
    """Whether garments of a sewn kind are open in front."""
    return name in KINDS and getattr(KINDS[name].cuts.base, "front", None) == "open"


def part_regions(name: str, points: Points, faces: NDArray[np.integer]) -> Regions:
    """Find the regions (F,) of what is worn beside clothes; points (V, 3) at rest, the person's left at +x."""
    kind = name.split(":")[0]
    if kind == "shoes":
        left = points[faces][..., 0].mean(1) > 0
        return np.where(left, LEFT_FOOT, RIGHT_FOOT).astype(np.uint8)
    return whole(OF_PART.get(kind, REST), faces)


def whole(region: int, faces: Sequence[object] | NDArray[np.integer]) -> Regions:
    """(F,) of one region."""
    return np.full(len(faces), region, np.uint8)
