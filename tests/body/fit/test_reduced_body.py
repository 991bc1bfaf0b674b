"""The reduced body poses as the whole one does, and its derivatives are right."""

from __future__ import annotations

import numpy as np
import torch

from lifecast.body.fit.reduced_body import ReducedBody, right_jacobians, rotations_of
from lifecast.body.fitted_body import shipped_body

VERTICES = np.array([0, 500, 4242, 9100, 13000])


def test_points_are_where_the_whole_body_has_them() -> None:
    body, rng = shipped_body(), np.random.default_rng(0)
    shape, acted = rng.normal(size=24), rng.uniform(0, 1, len(body.actions))
    vectors = rng.normal(scale=0.5, size=(len(body.joints), 3))
    reduced = ReducedBody.of(body, VERTICES, expression=True).posed(np.concatenate([shape, acted]), vectors)
    one, other, turns = (
        torch.from_numpy(values.astype(np.float32))[None] for values in (shape, acted, rotations_of(vectors))
    )
    whole = body.pose(one, other, turns)
    wanted = np.concatenate([whole.joints[0].numpy(), whole.vertices[0, VERTICES].numpy()])
    np.testing.assert_allclose(reduced.points, wanted, atol=2e-6)


def test_derivatives_are_those_of_small_steps() -> None:
    body, rng = shipped_body(), np.random.default_rng(1)
    reduced = ReducedBody.of(body, VERTICES)
    shape, vectors = rng.normal(size=24), rng.normal(scale=0.6, size=(len(body.joints), 3))
    vectors[5] = 0
    here = reduced.posed(shape, vectors)
    step = 1e-6
    for joint in (0, 3, 5, body.joints.index("upperarm01.L"), body.joints.index("finger3-2.R")):
        for axis in range(3):
            more, less = vectors.copy(), vectors.copy()
            more[joint, axis] += step
            less[joint, axis] -= step
            slope = (reduced.posed(shape, more).points - reduced.posed(shape, less).points) / (2 * step)
            np.testing.assert_allclose(here.by_rotation[:, :, joint, axis], slope, atol=1e-8)
    for component in (0, 7, 23):
        more = shape.copy()
        more[component] += 1
        slope = reduced.posed(more, vectors).points - here.points  # it is linear
        np.testing.assert_allclose(here.by_shape[:, :, component], slope, atol=1e-12)


def test_right_jacobians_hold_for_small_and_large_turns() -> None:
    rng = np.random.default_rng(2)
    vectors = np.concatenate([rng.normal(size=(5, 3)), rng.normal(scale=1e-6, size=(2, 3)), np.zeros((1, 3))])
    small = rng.normal(scale=1e-5, size=vectors.shape)
    wanted = rotations_of(vectors + small)
    found = rotations_of(vectors) @ rotations_of(np.einsum("nij,nj->ni", right_jacobians(vectors), small))
    np.testing.assert_allclose(found, wanted, atol=1e-9)
