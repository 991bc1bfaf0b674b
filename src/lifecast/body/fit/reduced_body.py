"""The body's points that residuals need, and their derivatives, in float64 NumPy.

Posing some hundreds of the body's 14,136 vertices, and writing their derivatives down, takes milliseconds: autograd
through the whole `Body` would take a second a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lifecast.body.model import Body

Floats = NDArray[np.floating[Any]]


def rotations_of(vectors: Floats) -> Floats:
    """Convert rotation vectors (..., 3), axis times radians, to matrices (..., 3, 3)."""
    angle = np.linalg.norm(vectors, axis=-1)[..., None, None]
    safe = np.maximum(angle, 1e-8)
    cross = _cross_matrices(vectors)
    first = np.where(angle < 1e-4, 1 - angle**2 / 6, np.sin(safe) / safe)
    second = np.where(angle < 1e-4, 0.5 - angle**2 / 24, (1 - np.cos(safe)) / safe**2)
    turned: Floats = np.eye(3) + first * cross + second * (cross @ cross)
    return turned


def right_jacobians(vectors: Floats) -> Floats:
    """Compute J (..., 3, 3) with R(v + d) = R(v) R(J d) for small d, R being `rotations_of`."""
    angle = np.linalg.norm(vectors, axis=-1)[..., None, None]
    safe = np.maximum(angle, 1e-8)
    cross = _cross_matrices(vectors)
    first = np.where(angle < 1e-4, 0.5 - angle**2 / 24, (1 - np.cos(safe)) / safe**2)
    second = np.where(angle < 1e-4, 1 / 6 - angle**2 / 120, (safe - np.sin(safe)) / safe**3)
    found: Floats = np.eye(3) - first * cross + second * (cross @ cross)
    return found


def _cross_matrices(vectors: Floats) -> Floats:
    out = np.zeros((*vectors.shape[:-1], 3, 3))
    x, y, z = np.moveaxis(vectors, -1, 0)
    out[..., 0, 1], out[..., 0, 2], out[..., 1, 2] = -z, y, -x
    out[..., 1, 0], out[..., 2, 0], out[..., 2, 1] = z, -y, x
    return out


class PosedPoints(NamedTuple):
    """Points of a posed body in metres, and what their derivatives are made of."""

    points: Floats
    """(N, 3)"""
    turns: Floats
    """(N, 3, 3) what skinning turns the surface at each point by (not quite rotations)."""
    by_rotation: Floats
    """(N, 3, J, 3) derivatives by the joints' rotation vectors."""
    by_shape: Floats
    """(N, 3, S) derivatives by what shapes the body."""


@dataclass(frozen=True, eq=False)
class ReducedBody:
    """N points of a body, shaped by S numbers and posed by J joints.

    A point's place at rest is linear in the numbers; it follows the joints by its weights.
    """

    parents: Sequence[int]
    weights: Floats
    """(N, J)"""
    rest: Floats
    """(N, 3)"""
    directions: Floats
    """(N, 3, S) how far each of the numbers moves it."""
    joints: Floats
    """(J, 3)"""
    joint_directions: Floats
    """(J, 3, S)"""
    below: Floats
    """(J, J) 1 where the column's joint is the row's or one that it carries."""

    @classmethod
    def of(cls, body: Body, vertices: NDArray[np.int64], expression: bool = False) -> ReducedBody:
        """Take the joints (first, as points that rest at them) and some vertices of a body.

        S are its shape components, and with `expression` its facial actions after them.
        """
        count, joint_count = len(body.vertex_rows), len(body.joints)
        rows = np.concatenate([count + np.arange(joint_count), vertices])

        def picked(values: NDArray[np.float32]) -> Floats:
            every = values.reshape(count + joint_count, 3, -1)
            chosen: Floats = every[rows].astype(np.float64)
            return chosen

        parts = [body.directions.numpy(), *([body.expressions.numpy()] if expression else [])]
        directions = np.concatenate([picked(part) for part in parts], axis=2)
        rest = picked(body.mean.numpy())[..., 0]
        weights = np.concatenate([np.eye(joint_count), body.weights.numpy()[vertices].astype(np.float64)])
        below = np.eye(joint_count)
        for joint in range(joint_count - 1, 0, -1):
            below[body.parents[joint]] += below[joint]
        return cls(
            body.parents, weights, rest, directions, rest[:joint_count], directions[:joint_count], below
        )  # fmt: skip

    def posed(self, shape: Floats, vectors: Floats) -> PosedPoints:
        """Shape by S numbers and pose by (J, 3) rotation vectors, as `Body.pose` does."""
        joint_count = len(self.parents)
        rest = self.rest + self.directions @ shape
        places = rest[:joint_count]
        local = rotations_of(vectors)
        world, shift = np.empty_like(local), np.empty((joint_count, 3))
        above = np.empty_like(local)  # of each joint, its parent's rotation
        for joint, parent in enumerate(self.parents):
            above[joint] = np.eye(3) if parent < 0 else world[parent]
            world[joint] = above[joint] @ local[joint]
            carried = np.zeros(3) if parent < 0 else shift[parent]
            shift[joint] = carried + (above[joint] - world[joint]) @ places[joint]
        affine = np.concatenate([world.reshape(joint_count, 9), shift], axis=1)
        mixed = self.weights @ affine
        turns = mixed[:, :9].reshape(-1, 3, 3)
        points = np.einsum("nij,nj->ni", turns, rest) + mixed[:, 9:]

        # A joint's turn moves what it carries about its own place: d p = w x (sum of carried parts - share * place).
        parts = np.einsum("kij,nj->nki", world, rest) + shift  # (N, J, 3)
        parts *= self.weights[:, :, None]
        share = self.weights @ self.below.T  # (N, J) how much of the point each joint carries
        carried_parts = np.einsum("mk,nki->nmi", self.below, parts, optimize=True)
        posed_joints = points[:joint_count]
        arms = carried_parts - share[:, :, None] * posed_joints
        axes = world @ right_jacobians(vectors)  # (J, 3, 3), a column for each number
        by_rotation = np.cross(axes.transpose(0, 2, 1)[None], arms[:, :, None, :])  # (N, J, 3 numbers, 3 xyz)
        moved_joints = (above - world) @ self.joint_directions  # (J, 3, S)
        by_shape = turns @ self.directions + np.tensordot(share, moved_joints, 1)
        return PosedPoints(points, turns, by_rotation.transpose(0, 3, 1, 2), by_shape)
