"""Forward kinematics and linear blend skinning in PyTorch: batched, differentiable.

A pose gives every joint a rotation relative to its parent, about the axes of the rest body (x to the person's left, y
up, z forward), as `lifecast.people.rig` does: the identity is the rest pose.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def rotations_from_vectors(vectors: Tensor) -> Tensor:
    """Convert rotation vectors (..., 3), axis times radians, to rotation matrices (..., 3, 3).

    Rodrigues' formula; its gradient is exact at zero too.
    """
    squared = (vectors * vectors).sum(-1)[..., None, None]
    small = squared < 1e-4
    safe = torch.where(small, torch.ones_like(squared), squared)
    angle = safe.sqrt()
    first = torch.where(small, 1 - squared / 6 + squared * squared / 120, torch.sin(angle) / angle)
    second = torch.where(small, 0.5 - squared / 24 + squared * squared / 720, (1 - torch.cos(angle)) / safe)
    x, y, z = vectors.unbind(-1)
    none = torch.zeros_like(x)
    cross = torch.stack([none, -z, y, z, none, -x, -y, x, none], -1).reshape(*vectors.shape[:-1], 3, 3)
    one = torch.eye(3, dtype=vectors.dtype, device=vectors.device)
    return one + first * cross + second * (cross @ cross)


def joint_transforms(parents: Sequence[int], joints: Tensor, rotations: Tensor) -> tuple[Tensor, Tensor]:
    """Compute what takes rest points to their posed places.

    Parameters
    ----------
    parents : each joint's parent, -1 for the root; a parent comes before its children.
    joints : (B, J, 3) where each joint rests.
    rotations : (B, J, 3, 3) against the parents, about the rest axes.

    Returns
    -------
    Linear parts (B, J, 3, 3) and shifts (B, J, 3).
    """
    places = joints[..., None]
    own = places - rotations @ places  # (B, J, 3, 1): what turning about a joint's place adds
    linear: list[Tensor] = []
    shift: list[Tensor] = []
    order: list[int] = []
    row: dict[int, int] = {}
    for level in _levels(parents):
        turn, step = rotations[:, level], own[:, level]
        if linear:
            above = [row[parents[joint]] for joint in level]  # rows of the level before
            turn, step = linear[-1][:, above] @ turn, linear[-1][:, above] @ step + shift[-1][:, above]
        linear.append(turn)
        shift.append(step)
        row = {joint: k for k, joint in enumerate(level)}
        order += level
    back = sorted(range(len(order)), key=order.__getitem__)
    return torch.cat(linear, 1)[:, back], torch.cat(shift, 1)[:, back, :, 0]


def _levels(parents: Sequence[int]) -> list[list[int]]:
    """Sort joints by how many stand above them, so that those of a level are computed at once."""
    depth: list[int] = []
    for parent in parents:
        depth.append(0 if parent < 0 else depth[parent] + 1)
    return [[joint for joint, deep in enumerate(depth) if deep == level] for level in range(max(depth) + 1)]


def blend(weights: Tensor, points: Tensor, linear: Tensor, shift: Tensor) -> Tensor:
    """Skin (B, V, 3) rest points by (V, J) weights and J transforms; (B, V, 3)."""
    batch, count = linear.shape[:2]
    affine = torch.cat([linear, shift[..., None]], -1).reshape(batch, count, 12)
    mixed = (weights @ affine).reshape(batch, -1, 3, 4)
    return (mixed[..., :3] @ points[..., None])[..., 0] + mixed[..., 3]
