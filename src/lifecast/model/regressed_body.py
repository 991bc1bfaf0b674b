"""Bodies of people by the body regressor: lifted landmarks and found hands in, fitted bodies out.

regressor = shipped_regressor()
bodies = regressed_bodies(regressor, framed.joints)       # one `FittedBody` each
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.errors import UsageError
from lifecast.model.heads.body_regressor import HAND_POINTS, BodyRegressor, regress
from lifecast.space.view import Camera

SIDES = ("L", "R")


def hand_in_view(camera: Camera, points: NDArray[np.floating]) -> NDArray[np.float32]:
    """Convert a hand's points (21, 3) to view units.

    They are as `photo.hands` finds them in a photograph; z is 0 at the wrist.
    """
    depth = points[:, 2:3] * 2 / camera.side
    return np.concatenate([camera.to_view(points[:, :2]), depth], 1).astype(np.float32)


def regressed_bodies(
    regressor: BodyRegressor, landmarks: Tensor, hands: Tensor | None = None, found: Tensor | None = None
) -> list[FittedBody]:
    """Predict the bodies of people.

    Parameters
    ----------
    landmarks : (B, 33, 4) lifted landmarks in view space: x, y, z and visibility in [0, 1].
    hands : (B, 2, 21, 3) points of the left and the right hand in view units; None where no hands were looked for.
    found : (B, 2) bool, whether each was found; the others' fingers are at ease. All of them where `hands` are given
        without it.

    Returns
    -------
    One body a person, whose `fitted` names the hands that were found.

    Raises
    ------
    UsageError
        Somebody has no landmarks, or shapes differ from these.
    """
    count = len(landmarks)
    if hands is None:
        hands, found = torch.zeros(count, 2, HAND_POINTS, 3), torch.zeros(count, 2, dtype=torch.bool)
    elif found is None:
        found = torch.ones(count, 2, dtype=torch.bool)
    if hands.shape != (count, 2, HAND_POINTS, 3) or found.shape != (count, 2):
        raise UsageError(
            f"hands of shape {tuple(hands.shape)}, found of {tuple(found.shape)}: for {count} people they must be "
            f"({count}, 2, {HAND_POINTS}, 3) and ({count}, 2)"
        )
    body = shipped_body()
    values = regress(regressor, landmarks, hands, found)
    expression = torch.zeros(count, len(body.actions))
    roots = body.rest(values.shape, expression).joints[:, 0]  # the root's own turn leaves it in place
    offsets = values.pelvis - values.scale[:, None] * roots
    return [
        FittedBody(
            shape=values.shape[row].numpy(), expression=expression[row].numpy(),
            rotations=values.rotations[row].numpy(), offset=offsets[row].numpy(), scale=float(values.scale[row]),
            fitted=frozenset(f"hand.{side}" for side, there in zip(SIDES, found[row].tolist(), strict=True) if there),
        )
        for row in range(count)
    ]  # fmt: skip
