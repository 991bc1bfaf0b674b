"""A made person's joints, in the order of BlazePose's landmarks.

They are the target of the pose lifter. BlazePose marks the middles of joints, which are the rig's own; of the head it
marks points on the skin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifecast.people.body import SKIN_VERTICES, BodyModel, RestBody
from lifecast.people.rig import skin
from lifecast.scans.landmark_file import LANDMARKS

BONES: dict[int, str] = {
    2: "eye.L", 5: "eye.R", 11: "upperarm01.L", 12: "upperarm01.R", 13: "lowerarm01.L", 14: "lowerarm01.R",
    15: "wrist.L", 16: "wrist.R", 17: "finger5-1.L", 18: "finger5-1.R", 19: "finger2-1.L", 20: "finger2-1.R",
    21: "finger1-2.L", 22: "finger1-2.R", 23: "upperleg01.L", 24: "upperleg01.R", 25: "lowerleg01.L",
    26: "lowerleg01.R", 27: "foot.L", 28: "foot.R", 31: "toe1-1.L", 32: "toe1-1.R",
}  # fmt: skip
"""Landmark -> the bone whose head is that joint. BlazePose's left is the person's own, as the rig's is."""
NOSE, LEFT_EAR, RIGHT_EAR = 0, 7, 8
_MIDDLE = 0.012
"""Metres from the middle of the face within which the tip of the nose lies."""
_EAR_BAND = 0.04
"""Metres above and below the eyes within which the head is widest at the ears."""


class JointFinder:
    """Holds which vertices of the skin are a nose and ears, and which bones the other joints."""

    def __init__(self, model: BodyModel) -> None:
        self.bones = {landmark: model.bone(name) for landmark, name in BONES.items()}
        rest = model.rest({}, {}, {})
        points = rest.vertices[:SKIN_VERTICES]
        eye = rest.heads[model.bone("eye.L")]
        face = (np.abs(points[:, 0]) < _MIDDLE) & (points[:, 1] > rest.heads[model.bone("head")][1])
        middle = np.flatnonzero(face)
        band = np.flatnonzero(np.abs(points[:, 1] - eye[1]) < _EAR_BAND)
        self.skin_points = {
            NOSE: int(middle[points[middle, 2].argmax()]),
            LEFT_EAR: int(band[points[band, 0].argmax()]),
            RIGHT_EAR: int(band[points[band, 0].argmin()]),
        }
        self._weights = model.weights[list(self.skin_points.values())]

    def joints(self, rest: RestBody, transforms: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the posed joints (33, 3) of a body, by (B, 3, 4) bone transforms, in their frame.

        Landmarks without a joint (corners of eyes and mouth, heels) are nan.
        """
        found = np.full((LANDMARKS, 3), np.nan)
        for landmark, bone in self.bones.items():
            found[landmark] = transforms[bone, :, :3] @ rest.heads[bone] + transforms[bone, :, 3]
        found[list(self.skin_points)] = skin(rest.vertices[list(self.skin_points.values())], self._weights, transforms)
        return found
