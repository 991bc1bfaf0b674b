"""Rotation vectors, forward kinematics and skinning beside those in NumPy that made people are posed by."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch
from scipy.spatial.transform import Rotation

from lifecast.body.kinematics import blend, joint_transforms, rotations_from_vectors
from lifecast.people.rig import bone_transforms, skin

PARENTS = [-1, 0, 1, 1, 3]


def test_rotation_vectors_are_scipys() -> None:
    vectors = np.random.default_rng(0).normal(size=(40, 3)) * np.geomspace(1e-9, 3, 40)[:, None]
    ours = rotations_from_vectors(torch.from_numpy(vectors))
    np.testing.assert_allclose(ours, Rotation.from_rotvec(vectors).as_matrix(), atol=1e-12)


def test_the_gradient_at_zero_is_that_of_small_turns() -> None:
    vector = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    jacobian = torch.autograd.functional.jacobian(rotations_from_vectors, vector)
    for axis in range(3):
        turn = np.zeros(3)
        turn[axis] = 1e-6
        slope = (Rotation.from_rotvec(turn).as_matrix() - Rotation.from_rotvec(-turn).as_matrix()) / 2e-6
        np.testing.assert_allclose(jacobian[..., axis], slope, atol=1e-9)


def test_bodies_are_posed_as_made_people_are() -> None:
    rng = np.random.default_rng(2)
    joints, points = rng.normal(size=(len(PARENTS), 3)), rng.normal(size=(11, 3)).astype(np.float32)
    weights = rng.dirichlet(np.ones(len(PARENTS)), 11)
    rotations = Rotation.random(len(PARENTS), random_state=4).as_matrix()
    expected = bone_transforms(PARENTS, joints, dict(enumerate(rotations)))
    linear, shift = joint_transforms(PARENTS, torch.from_numpy(joints)[None], torch.from_numpy(rotations)[None])
    np.testing.assert_allclose(linear[0], expected[:, :, :3], atol=1e-12)
    np.testing.assert_allclose(shift[0], expected[:, :, 3], atol=1e-12)
    posed = blend(torch.from_numpy(weights), torch.from_numpy(points.astype(np.float64))[None], linear, shift)
    np.testing.assert_allclose(posed[0], skin(points, sp.csr_matrix(weights), expected), atol=1e-6)
