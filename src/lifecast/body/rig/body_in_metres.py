"""A fitted body in a model's metres: at rest, posed as in the photograph, and what leads from one to the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from lifecast.body.components import SKIN_VERTICES
from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.body.kinematics import joint_transforms
from lifecast.body.limbs import limb_vertices

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class BodyInMetres:
    """A person's body in the metres of their model.

    At rest its soles are on y = 0 and its root joint over x = z = 0.
    """

    rest_joints: Floats
    """(J, 3)"""
    skin: Floats
    """(13380, 3) the skin as posed in the photograph."""
    skin_rest: Floats
    """(13380, 3)"""
    pose: Floats
    """(J, 4, 4) from rest to the photograph's pose."""
    doubtful: frozenset[str] = frozenset()
    """Limbs that do not lie where the surface has them, by their joints; nothing of the surface is theirs."""

    @property
    def trusted(self) -> NDArray[np.int64]:
        """The rows of `skin` that are not of a doubtful limb, ascending."""
        doubtful = np.zeros(SKIN_VERTICES, bool)
        for joint in self.doubtful:
            doubtful |= limb_vertices(joint)[:SKIN_VERTICES]
        return np.flatnonzero(~doubtful)

    def transforms(self, rotations: NDArray[np.floating]) -> Floats:
        """Compute what takes rest to another pose, (J, 4, 4).

        rotations: (J, 3, 3) of each joint against its parent, about the rest body's axes. The root joint stays where it
        is at rest.
        """
        return pose_transforms(self.rest_joints, rotations)


def pose_transforms(rest_joints: NDArray[np.floating], rotations: NDArray[np.floating]) -> Floats:
    """Compute the transforms (J, 4, 4) that take the body at rest to a pose.

    rest_joints: (J, 3). rotations: (J, 3, 3).
    """
    given = [torch.from_numpy(np.asarray(one, np.float64))[None] for one in (rest_joints, rotations)]
    linear, shift = joint_transforms(shipped_body().parents, *given)
    return _affine(linear[0].numpy(), shift[0].numpy())


def body_in_metres(fitted: FittedBody, metres_per_unit: float, origin: NDArray[np.floating]) -> BodyInMetres:
    """Bring a fitted body from view space to metres.

    metres_per_unit, origin (3,): of the model's `MetricFrame`.
    """
    rest = fitted.rest()
    scale = float(fitted.scale) * metres_per_unit  # metres of the model a metre of the body
    skin, joints = (one[0].numpy().astype(np.float64) for one in (rest.vertices[:, :SKIN_VERTICES], rest.joints))
    below = np.array([joints[0, 0], skin[:, 1].min(), joints[0, 2]])
    linear, shift = (
        one[0].numpy()
        for one in joint_transforms(
            shipped_body().parents,
            rest.joints.double(),
            torch.from_numpy(np.asarray(fitted.rotations, np.float64))[None],
        )
    )
    moved = (np.asarray(fitted.offset, np.float64) - origin) * metres_per_unit
    shift = scale * (shift + np.einsum("jxy,y->jx", linear, below)) + moved
    posed = (fitted.posed[0][:SKIN_VERTICES] - origin) * metres_per_unit
    return BodyInMetres(
        (scale * (joints - below)).astype(np.float32), posed.astype(np.float32),
        (scale * (skin - below)).astype(np.float32), _affine(linear, shift), fitted.doubtful,
    )  # fmt: skip


def _affine(linear: NDArray[np.floating], shift: NDArray[np.floating]) -> Floats:
    """(J, 4, 4) of linear parts (J, 3, 3) and shifts (J, 3)."""
    out = np.tile(np.eye(4), (len(linear), 1, 1))
    out[:, :3, :3], out[:, :3, 3] = linear, shift
    return out.astype(np.float32)
