"""Normals of scans: seams do not show, sheets back to back keep their own."""

from __future__ import annotations

import numpy as np
import trimesh

from lifecast.scans.seamless_normals import seamless_normals


def test_normals_of_a_ball_are_radial_also_at_a_seam() -> None:
    ball = trimesh.creation.uv_sphere(1.0, count=[48, 48])
    faces = np.asarray(ball.faces)
    # Cut it along a seam: the faces on one side get vertices of their own.
    right = np.asarray(ball.triangles_center)[:, 0] > 0
    vertices = np.concatenate([ball.vertices, ball.vertices]).astype(np.float32)
    cut = np.where(right[:, None], faces + len(ball.vertices), faces)
    used = np.unique(cut)
    normals = seamless_normals(vertices, cut.astype(np.int32))[used]
    np.testing.assert_allclose(normals, vertices[used], atol=5e-3)


def test_two_sheets_back_to_back_keep_their_own_normals() -> None:
    square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
    faces = np.array([[0, 1, 2], [0, 2, 3], [6, 5, 4], [7, 6, 4]], np.int32)
    normals = seamless_normals(np.concatenate([square, square]), faces)
    np.testing.assert_allclose(normals[:4], [[0, 0, 1]] * 4, atol=1e-6)
    np.testing.assert_allclose(normals[4:], [[0, 0, -1]] * 4, atol=1e-6)
