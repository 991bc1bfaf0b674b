"""Garments cut from the base mesh's own helper meshes.

These are tights (the whole body but head and hands) and a long skirt. They need no assets. Each is cut along smooth
curves of the reference body (sleeves, legs, neckline, waist, front opening) and gets texture coordinates in metres,
wrapped around trunk, arms and legs, so that generated cloth keeps its scale.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lifecast.people.body import BodyModel, RestBody
from lifecast.people.tailor import Cloth, Sheet, Tailor, helper_fit

_Real = TypeVar("_Real", bound=np.floating)
Boundary = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
"""Points (V, 3) and their shares of the arm (V,) to values (V,), positive where the garment is."""
SLEEVES = {"none": -0.02, "short": 0.36, "elbow": 0.52, "three-quarter": 0.76, "long": 0.99}
"""Share of the way from shoulder to wrist."""
LEGS = {"brief": -0.08, "short": 0.17, "knee": 0.46, "cropped": 0.8, "long": 0.985}
"""Share of the way from hip joint to ankle."""
SKIRTS = {"mini": 0.16, "knee": 0.44, "midi": 0.68, "maxi": 0.93}


@dataclass(frozen=True)
class Landmarks:
    """Places of the reference body that cuts are measured from (metres)."""

    shoulder: NDArray[np.float64]
    wrist: NDArray[np.float64]
    hip: float
    ankle: float
    waist: float
    neck: float
    crotch: float

    @classmethod
    def of(cls, model: BodyModel, rest: RestBody) -> Landmarks:
        """Measure a rest body (left side)."""
        head = {
            name: rest.heads[model.bone(name)]
            for name in ("upperarm01.L", "wrist.L", "upperleg01.L", "foot.L", "neck01", "spine04")
        }
        hip, neck = float(head["upperleg01.L"][1]), float(head["neck01"][1])
        return cls(
            head["upperarm01.L"], head["wrist.L"], hip, float(head["foot.L"][1]),
            waist=hip + 0.22 * (neck - hip), neck=neck, crotch=hip - 0.1 * (hip - float(head["foot.L"][1])),
        )  # fmt: skip


def arm_share(points: NDArray[np.float64], on_arm: NDArray[np.float64], marks: Landmarks) -> NDArray[np.float64]:
    """Compute the share (V,) of the arm: 0 at the shoulder, 1 at the wrist.

    It is strongly negative for points that are not on an arm.
    """
    mirrored = np.stack([np.abs(points[:, 0]), points[:, 1], points[:, 2]], 1)
    axis = marks.wrist - marks.shoulder
    share = (mirrored - marks.shoulder) @ axis / (axis @ axis)
    # The skinning weights tell arm from trunk and legs, which lie along the arm's direction too.
    result: NDArray[np.float64] = share + np.minimum(on_arm - 0.5, 0) * 8
    return result


def leg_share(points: NDArray[_Real], marks: Landmarks) -> NDArray[_Real]:
    """(V,) 0 at the hip joint, 1 at the ankle, by height."""
    share = (marks.hip - points[:, 1]) / (marks.hip - marks.ankle)
    return share.astype(points.dtype, copy=False)


def neckline(points: NDArray[np.float64], marks: Landmarks, style: str) -> NDArray[np.float64]:
    """(V,) positive below the neckline: "crew", "v", "scoop", "boat", "turtle" or "strap"."""
    x, y, z = points.T
    front = np.clip(z / 0.1, -1, 1)
    side = np.abs(x)
    border: NDArray[np.float64]
    if style == "turtle":
        border = marks.neck + 0.035 + 0.01 * -front - y
    elif style == "v":
        border = (
            marks.neck - 0.01 + 0.9 * (side - 0.07) - 0.13 * np.clip(front, 0, 1) * np.clip(1 - side / 0.09, 0, 1) - y
        )
    elif style == "scoop":
        border = marks.neck - 0.02 - 0.05 * front + 7.0 * np.clip(side - 0.03, 0, 1) ** 2 * 3 - 0.04 - y
    elif style == "boat":
        border = marks.neck - 0.03 - 0.015 * front + 0.9 * (side - 0.1) * (side > 0.1) - y
    elif style == "strap":
        border = np.minimum(marks.neck - 0.1 - 0.03 * front - y, 9.0)
    else:
        border = marks.neck - 0.005 - 0.03 * front + 0.35 * np.clip(side - 0.05, 0, 1) - y
    return border


def _helper_sheet(tailor: Tailor, group: str) -> tuple[NDArray[np.int64], Sheet]:
    mesh = tailor.model.mesh
    rows = mesh.groups[group]
    unique, inverse = np.unique(mesh.faces[rows].ravel(), return_inverse=True)
    used = unique.astype(np.int64)
    faces: NDArray[np.int32] = inverse.reshape(-1, 4).astype(np.int32)
    fit = helper_fit(group, used)
    return used, tailor.sheet(fit, faces, faces, np.zeros((len(used), 2), np.float32))


def wrapped_uv(
    points: NDArray[np.float64], faces: NDArray[np.int32], marks: Landmarks, arm: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Compute texture coordinates (F, 3, 2) in metres, around and along trunk, arms and legs.

    A face never straddles the cut behind.
    """
    corner = points[faces]  # (F, 3, 3)
    middle = corner.mean(1)
    on_arm = arm[faces].mean(1) > 0.1
    on_leg = ~on_arm & (middle[:, 1] < marks.crotch)
    side = np.sign(middle[:, 0])
    axis = (marks.wrist - marks.shoulder) / np.linalg.norm(marks.wrist - marks.shoulder)
    uv = np.zeros((len(faces), 3, 2))
    for which, centre, radius in (
        (~on_arm & ~on_leg, None, 0.15),
        (on_leg, 0.13, 0.085),
    ):
        if not which.any():
            continue
        shift = np.zeros((which.sum(), 1)) if centre is None else side[which, None] * centre
        angle = np.arctan2(corner[which, :, 0] - shift, corner[which, :, 2] - 0.02)
        angle = angle[:, :1] + (angle - angle[:, :1] + np.pi) % (2 * np.pi) - np.pi
        uv[which] = np.stack([angle * radius, corner[which, :, 1]], -1)
        if centre is not None:
            uv[which, :, 0] += side[which, None] * 0.7
    if on_arm.any():
        mirrored = corner[on_arm].copy()
        mirrored[..., 0] = np.abs(mirrored[..., 0])
        offset = mirrored - marks.shoulder
        along = offset @ axis
        across = offset - along[..., None] * axis
        up = np.cross(axis, [0, 0, 1.0])
        angle = np.arctan2(across @ up, across[..., 2])
        angle = angle[:, :1] + (angle - angle[:, :1] + np.pi) % (2 * np.pi) - np.pi
        uv[on_arm] = np.stack([angle * 0.055 + side[on_arm, None] * 1.4, -along], -1)
    return uv.astype(np.float32)


def _on_arm(tailor: Tailor, used: NDArray[np.int64], sheet: Sheet) -> NDArray[np.float64]:
    weights = tailor.model.weights[used]
    total = sum(np.asarray(weights[:, tailor.arm[side]].sum(1)).ravel() for side in (1, -1))
    return np.asarray(sheet.matrix @ total).ravel()


class HelperGarments:
    """Cuts garments from the helper meshes of the tailor's model."""

    def __init__(self, tailor: Tailor) -> None:
        self.tailor = tailor
        self.marks = Landmarks.of(tailor.model, tailor.rest)
        self._tights = _helper_sheet(tailor, "helper-tights")
        self._skirt = _helper_sheet(tailor, "helper-skirt")

    def _points(self, used: NDArray[np.int64], sheet: Sheet) -> NDArray[np.float64]:
        result: NDArray[np.float64] = sheet.matrix @ self.tailor.rest.vertices[used]
        return result

    def upper(self, sleeve: str, neck: str, hem: float) -> Sheet:
        """A top: down to `hem` (share of the leg, negative above the hip joint)."""
        used, sheet = self._tights
        values = [
            lambda p, a: SLEEVES[sleeve] - arm_share(p, a, self.marks),
            lambda p, a: hem - leg_share(p, self.marks),
            lambda p, a: neckline(p, self.marks, neck),
        ]
        return self._cut(used, sheet, values)

    def lower(self, leg: str, waist: float) -> Sheet:
        """Cut trousers, shorts or leggings from `waist` down.

        `waist` is a share of the leg, negative above the hip joint.
        """
        used, sheet = self._tights
        values = [
            lambda p, a: LEGS[leg] - leg_share(p, self.marks) + (0.02 if leg == "brief" else 0) * 0,
            lambda p, a: leg_share(p, self.marks) - waist,
            lambda p, a: -arm_share(p, a, self.marks) - 0.05,
        ]
        if leg == "brief":  # high on the outside, low between the legs
            values[0] = lambda p, a: (
                0.01 + 0.085 * np.clip(1 - np.abs(p[:, 0]) / 0.16, -1, 1) - leg_share(p, self.marks) + 0.02
            )
        return self._cut(used, sheet, values)

    def skirt(self, length: str, waist: float) -> Sheet:
        """A skirt from `waist` down."""
        used, sheet = self._skirt
        values = [
            lambda p, a: SKIRTS[length] - leg_share(p, self.marks),
            lambda p, a: leg_share(p, self.marks) - waist,
        ]
        return self._cut(used, sheet, values)

    def _cut(self, used: NDArray[np.int64], sheet: Sheet, values: Sequence[Boundary]) -> Sheet:
        for value in values:
            points = self._points(used, sheet)
            arm = _on_arm(self.tailor, used, sheet)
            sheet = sheet.cut(np.asarray(value(points, arm)))
        return sheet

    def finish(self, name: str, kind: str, upper: Sheet | None, lower: Sheet | None, opening: float = 0.0) -> Cloth:
        """Make one cloth of a piece of the tights and a piece of the skirt.

        `opening` parts its front (metres).
        """
        import scipy.sparse as sp

        pieces = []
        for (used, _), sheet in ((self._tights, upper), (self._skirt, lower)):
            if sheet is None:
                continue
            if opening:
                points = self._points(used, sheet)
                behind = np.where(points[:, 2] > 0, 0.0, 1.0)
                wide = opening * (0.5 + np.clip((self.marks.neck - points[:, 1]) / 0.5, 0, 1.2))
                sheet = sheet.cut(np.abs(points[:, 0]) - wide + behind)
            pieces.append((used, sheet))
        used = np.concatenate([u for u, _ in pieces])
        starts = np.cumsum([0, *(s.matrix.shape[0] for _, s in pieces[:-1])])
        sheet = Sheet(
            sp.block_diag([s.matrix for _, s in pieces]).tocsr(),
            np.concatenate([s.faces + start for (_, s), start in zip(pieces, starts, strict=True)]).astype(np.int32),
            np.concatenate([s.corner_uv for _, s in pieces]),
        )  # fmt: skip
        points = self._points(used, sheet)
        arm = arm_share(points, _on_arm(self.tailor, used, sheet), self.marks)
        sheet.corner_uv = wrapped_uv(points, sheet.faces, self.marks, arm)
        return self.tailor.finish(name, kind, helper_fit(name, used), sheet)
