"""Rotations as six numbers, the first two columns of their matrices, and rotations of mirrored bodies.

Six numbers are continuous where angles and quaternions jump, so that networks predict them well (Zhou et al. 2019, "On
the continuity of rotation representations in neural networks").
"""

from __future__ import annotations

import torch
from torch import Tensor

from lifecast.body.names import JOINT_NAMES

_OTHER_SIDE = {"L": "R", "R": "L"}


def _mirrored_name(name: str) -> str:
    stem, _, side = name.rpartition(".")
    return f"{stem}.{_OTHER_SIDE[side]}" if stem else name


MIRRORED_JOINTS: tuple[int, ...] = tuple(list(JOINT_NAMES).index(_mirrored_name(name)) for name in JOINT_NAMES)
"""(J,) of each of the body's joints, the one that plays its part in the mirrored body."""


def rotations_from_six(six: Tensor) -> Tensor:
    """Convert six numbers (..., 6) to rotation matrices (..., 3, 3) by Gram and Schmidt.

    The numbers are two vectors of any length; only their directions count.
    """
    first, second = six[..., :3], six[..., 3:]
    x = torch.nn.functional.normalize(first, dim=-1)
    y = torch.nn.functional.normalize(second - (x * second).sum(-1, keepdim=True) * x, dim=-1)
    return torch.stack((x, y, torch.linalg.cross(x, y)), dim=-1)


def six_from_rotations(rotations: Tensor) -> Tensor:
    """Convert rotation matrices (..., 3, 3) to six numbers (..., 6): their first two columns."""
    return rotations[..., :2].mT.flatten(-2)


def mirrored_rotations(rotations: Tensor) -> Tensor:
    """Mirror the body's rotations (..., J, 3, 3) in x, left for right."""
    sign = torch.tensor([-1.0, 1.0, 1.0], dtype=rotations.dtype, device=rotations.device)
    return rotations[..., list(MIRRORED_JOINTS), :, :] * sign[:, None] * sign
