"""Heights and joints of a body that garments are sorted and shaped by: shoulder, wrist, waist, hip, crotch, ankle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lifecast.people.body import BodyModel, RestBody

_Real = TypeVar("_Real", bound=np.floating)


@dataclass(frozen=True)
class Landmarks:
    """Places of a rest body, metres: joints (3,) of the left arm, heights of the others."""

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


def leg_share(points: NDArray[_Real], marks: Landmarks) -> NDArray[_Real]:
    """Compute how far down the leg each point is (V,): 0 at the hip joint, 1 at the ankle, by height."""
    share = (marks.hip - points[:, 1]) / (marks.hip - marks.ankle)
    return share.astype(points.dtype, copy=False)
