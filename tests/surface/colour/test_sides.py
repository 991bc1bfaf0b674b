"""Sides of a cylinder that continue its front."""

import numpy as np
import trimesh

from lifecast.surface.colour.diffusion import edge_graph
from lifecast.surface.colour.sides import continue_cloth


def test_a_side_continues_the_front_folded_over():
    body = trimesh.creation.cylinder(0.2, 1.0, sections=96).subdivide().subdivide()
    body.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, [1, 0, 0]))  # its axis along y
    wall = np.hypot(body.vertices[:, 0], body.vertices[:, 2]) > 0.199
    normals = np.asarray(body.vertices) * (1, 0, 1) / 0.2
    angle = np.arctan2(body.vertices[:, 0], body.vertices[:, 2])  # from the camera, to the right
    clear = (np.abs(angle) < np.pi / 3) & wall
    wanted = np.flatnonzero(
        (angle > np.pi / 3 + 0.02) & (angle < np.pi / 2) & wall & (np.abs(body.vertices[:, 1]) < 0.3)
    )
    graph = edge_graph(body.faces, len(body.vertices))
    got = continue_cloth(graph, np.asarray(body.vertices), normals, clear, wanted)
    assert clear[got.start].all()
    off = 0.2 * (angle[wanted] - np.pi / 3)  # along the surface, from where the front ends
    expected = 0.2 * np.sin(np.pi / 3) - off * np.cos(np.pi / 3)
    assert np.abs(got.places[:, 0] - expected).max() < 0.03
    assert np.abs(got.places[:, 1] - body.vertices[wanted, 1]).mean() < 0.02


def test_what_nothing_clear_is_joined_to_stays():
    ball = trimesh.creation.icosphere(1)
    clear = np.zeros(len(ball.vertices), bool)
    graph = edge_graph(ball.faces, len(ball.vertices))
    got = continue_cloth(graph, np.asarray(ball.vertices), np.asarray(ball.vertices), clear, np.arange(5))
    assert (got.start == -1).all()
    assert np.array_equal(got.places, ball.vertices[:5])
