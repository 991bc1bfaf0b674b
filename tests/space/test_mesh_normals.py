"""Vertex normals against trimesh's and against a shape whose normals are known."""

import numpy as np
import trimesh

from lifecast.space.mesh_normals import vertex_normals


def test_equal_to_trimeshs_angle_weighted_normals() -> None:
    mesh = trimesh.creation.torus(1.0, 0.4)
    mesh.vertices *= (1, 2, 0.5)
    np.testing.assert_allclose(vertex_normals(mesh.vertices, mesh.faces), mesh.vertex_normals, atol=1e-5)


def test_a_corner_cut_in_any_way_has_one_normal() -> None:
    box = trimesh.creation.box()
    corners = np.asarray(box.vertices)
    np.testing.assert_allclose(vertex_normals(corners, box.faces), corners * 2 / np.sqrt(3), atol=1e-6)


def test_a_vertex_without_faces_has_none() -> None:
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [5, 5, 5]], float)
    normals = vertex_normals(vertices, np.array([[0, 1, 2], [0, 0, 0]]))
    np.testing.assert_array_equal(normals, [[0, 0, 1]] * 3 + [[0, 0, 0]])


def test_area_weights_are_the_mean_of_the_faces_by_their_area() -> None:
    rng = np.random.default_rng(0)
    vertices, faces = rng.normal(size=(9, 3)), rng.integers(0, 9, (20, 3))
    expected = np.zeros((9, 3))
    for a, b, c in faces:
        for corner in (a, b, c):
            expected[corner] += np.cross(vertices[b] - vertices[a], vertices[c] - vertices[a])
    expected /= np.maximum(np.linalg.norm(expected, axis=1, keepdims=True), 1e-20)
    np.testing.assert_allclose(vertex_normals(vertices, faces, "area"), expected, atol=1e-6)
    lone = vertex_normals(
        np.array([[0, 0, 0], [2, 0, 0], [0, 1, 0], [5, 5, 5]], np.float32), np.array([[0, 1, 2]]), "area"
    )
    np.testing.assert_array_equal(lone, [[0, 0, 1]] * 3 + [[0, 0, 0]])
