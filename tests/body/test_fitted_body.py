"""A fitted body in view space."""

from __future__ import annotations

import numpy as np

from lifecast.body.fitted_body import FittedBody, shipped_body


def test_a_fitted_body_is_the_posed_body_scaled_and_moved() -> None:
    body = shipped_body()
    rng = np.random.default_rng(0)
    angle = 0.7
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    rotations = np.tile(np.eye(3, dtype=np.float32), (len(body.joints), 1, 1))
    rotations[0] = turn
    shape = rng.normal(size=24).astype(np.float32)
    offset = np.array([0.1, -0.2, 0.05], np.float32)
    fitted = FittedBody(shape, np.zeros(len(body.actions), np.float32), rotations, offset, 0.8)
    rest = fitted.rest()
    vertices, joints = fitted.posed
    pivot = rest.joints[0, 0].numpy()  # the root's joint stays where it is
    for found, at_rest in ((vertices, rest.vertices[0]), (joints, rest.joints[0])):
        wanted = 0.8 * ((at_rest.numpy() - pivot) @ turn.T + pivot) + offset
        np.testing.assert_allclose(found, wanted, atol=2e-5)
