"""A fitted body in metres: its mesh, its joints, and the lengths that a tape would measure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifecast.body.components import SKIN_VERTICES
from lifecast.body.fit.fit_points import vectors_of
from lifecast.body.fit.landmark_points import FINGERTIPS
from lifecast.body.fitted_body import FittedBody, shipped_body

Floats = NDArray[np.float32]
_MIDLINE = 0.012
"""Metres at rest on either side of the middle within which the crotch is looked for."""
_LIMBS: dict[str, tuple[str, str]] = {
    "upper_arm": ("upperarm01", "lowerarm01"), "forearm": ("lowerarm01", "wrist"),
    "thigh": ("upperleg01", "lowerleg01"), "shin": ("lowerleg01", "foot"),
}  # fmt: skip
"""Length -> the joints that it lies between."""
_MIDDLE_FINGER = 2


@dataclass(frozen=True, eq=False)
class MeasuredBody:
    """One person's body in the metres of their model: y up, feet on y = 0, front toward +z."""

    fitted: FittedBody
    metres_per_unit: float
    origin: tuple[float, float, float]
    """The view-space point that is (0, 0, 0) in metres."""

    @property
    def scale(self) -> float:
        """Metres of the model a metre of the parametric body."""
        return self.fitted.scale * self.metres_per_unit

    @property
    def vertices(self) -> Floats:
        """(V, 3) posed as in the photograph."""
        return self._metres(self.fitted.posed[0])

    @property
    def joints(self) -> dict[str, Floats]:
        """Name of each of the 61 joints -> its place (3,)."""
        return dict(zip(shipped_body().joints, self._metres(self.fitted.posed[1]), strict=True))

    @property
    def faces(self) -> NDArray[np.int64]:
        """(F, 3) triangles of skin, eyes, lashes, teeth and tongue, counter-clockwise from outside."""
        faces: NDArray[np.int64] = shipped_body().faces.numpy()
        return faces

    def _metres(self, points: Floats) -> Floats:
        moved: Floats = ((points - np.asarray(self.origin)) * self.metres_per_unit).astype(np.float32)
        return moved

    @cached_property
    def lengths(self) -> dict[str, float]:
        """Lengths in metres, by name: of the body standing straight, limbs as means of both sides.

        `height`; `arm_span`, between the middle fingers' ends with arms stretched out; `inseam`, from the crotch down;
        `shoulder_width`, between the shoulders' joints; `upper_arm`, `forearm`, `hand`, `thigh`, `shin`, `foot`.
        """
        rest = self.fitted.rest()
        skin = rest.vertices[0, :SKIN_VERTICES].numpy() * self.scale
        joints = dict(zip(shipped_body().joints, rest.joints[0].numpy() * self.scale, strict=True))
        soles = float(skin[:, 1].min())
        middle = skin[np.abs(skin[:, 0]) < _MIDLINE * self.scale]

        def between(one: str, other: str) -> float:
            return float(np.mean([np.linalg.norm(joints[f"{one}.{s}"] - joints[f"{other}.{s}"]) for s in "LR"]))

        found = {name: between(*ends) for name, ends in _LIMBS.items()}
        found["hand"] = float(np.mean([
            np.linalg.norm(skin[FINGERTIPS[s][_MIDDLE_FINGER]] - joints[f"wrist.{s}"]) for s in "LR"
        ]))  # fmt: skip
        shoulders = float(np.linalg.norm(joints["upperarm01.L"] - joints["upperarm01.R"]))
        feet = [skin[(skin[:, 1] < soles + 0.1 * self.scale) & (side * skin[:, 0] > 0)] for side in (1, -1)]
        return {
            "height": float(skin[:, 1].max()) - soles,
            "arm_span": shoulders + 2 * (found["upper_arm"] + found["forearm"] + found["hand"]),
            "inseam": float(middle[:, 1].min()) - soles,
            "shoulder_width": shoulders,
            **found,
            "foot": float(np.mean([np.ptp(one[:, 2]) for one in feet])),
        }

    def to_dict(self) -> dict[str, Any]:
        """Describe the body in JSON values.

        The parameters are those of `lifecast.body.model.Body`: a vertex's place is `scale` times where the posed body
        has it, plus `offset`.
        """
        fitted, body = self.fitted, shipped_body()
        offset = self._metres(np.asarray(fitted.offset, np.float32)[None])[0]
        turns = vectors_of(fitted.rotations)
        return {
            "format": 1,
            "units": "metres, y up, front toward +z, feet on y = 0; rotations in radians",
            "lengths": {name: round(length, 4) for name, length in self.lengths.items()},
            "joints": {name: _rounded(place) for name, place in self.joints.items()},
            "shape": _rounded(fitted.shape),
            "expression": {
                name: round(float(value), 4)
                for name, value in zip(body.actions, fitted.expression, strict=True)
                if abs(value) >= 0.00005
            },
            "rotation_vectors": {name: _rounded(turn) for name, turn in zip(body.joints, turns, strict=True)},
            "scale": round(self.scale, 6),
            "offset": _rounded(offset),
            "fitted": sorted(fitted.fitted),
            "notes": list(fitted.notes),
        }


def _rounded(values: NDArray[np.floating]) -> list[float]:
    return [round(float(value), 5) for value in values]
