"""Clean surfaces: welded, two triangles to an edge at most, wound the same way."""

import numpy as np
import trimesh

from lifecast.people.manifold import coincident, manifold, weld_polygons

SQUARE = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], float)


def most_to_an_edge(faces: np.ndarray) -> int:
    ends = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    return int(np.unique(ends, axis=0, return_counts=True)[1].max())


def directed_twice(faces: np.ndarray) -> int:
    """How many edges two triangles run through the same way."""
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    return int((np.unique(ends, axis=0, return_counts=True)[1] > 1).sum())


def test_coincident_points_are_one() -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 0, 0.00009], [1, 0.01, 0], [0, 0, 0.00016]])
    assert coincident(points).tolist() == [0, 1, 0, 3, 0]


def test_welded_quads_become_triangles_or_go() -> None:
    quads = np.array([[0, 1, 2, 3], [0, 1, 4, 3], [0, 5, 4, 3], [6, 1, 2, 2]], np.int32)
    first = np.array([0, 1, 2, 3, 3, 0, 0], np.int32)  # 4 is 3; 5 and 6 are 0
    faces, uv = weld_polygons(quads, quads * 10, first)
    assert faces.tolist() == [[0, 1, 2, 3], [0, 1, 3, 3], [0, 1, 2, 2]]
    assert uv.tolist() == [[0, 10, 20, 30], [0, 10, 30, 30], [60, 10, 20, 20]]


def test_a_ball_wound_at_random_is_wound_consistently_again() -> None:
    ball = trimesh.creation.icosphere(subdivisions=2)
    faces = np.asarray(ball.faces).astype(np.int32)
    rng = np.random.default_rng(0)
    turned = rng.random(len(faces)) < 0.3
    faces[turned] = faces[turned][:, [0, 2, 1]]
    corner_uv = rng.random((len(faces), 3, 2)).astype(np.float32)
    surface = manifold(ball.vertices, faces)
    assert directed_twice(surface.faces) == 0
    assert trimesh.Trimesh(ball.vertices[surface.origin], surface.faces, process=False).volume > 4
    np.testing.assert_array_equal(surface.turned, turned)  # most decide
    # values of corners stay with their vertices
    assert len(surface.faces) == len(faces)
    for k in range(3):
        for row in (0, 17, 100):
            vertex = surface.origin[surface.faces[row, k]]
            old = faces[surface.rows[row]].tolist().index(vertex)
            np.testing.assert_array_equal(surface.corners(corner_uv)[row, k], corner_uv[surface.rows[row], old])


def test_a_lining_is_cut_from_the_cloth_and_not_the_cloth_in_two() -> None:
    """Three sheets meet at x = 1: the flat one goes on, the one that stands up is cut loose."""
    points = np.array(
        [[0, 0, 0], [0, 1, 0], [1, 0, 0], [1, 1, 0], [2, 0, 0.1], [2, 1, 0.1], [1, 0, 1], [1, 1, 1]], float
    )
    quads = [[0, 2, 3, 1], [2, 4, 5, 3], [2, 6, 7, 3]]
    faces = np.array([t for a, b, c, d in quads for t in ([a, b, c], [a, c, d])], np.int32)
    surface = manifold(points, faces)
    assert most_to_an_edge(surface.faces) == 2
    assert directed_twice(surface.faces) == 0
    part = trimesh.graph.connected_component_labels(
        trimesh.Trimesh(points[surface.origin], surface.faces, process=False).face_adjacency, node_count=6
    )
    assert part[0] == part[1] == part[2] == part[3] != part[4] == part[5]
    assert len(surface.origin) == 10  # the two vertices of the seam are there twice


def test_doubled_and_collapsed_triangles_go() -> None:
    faces = np.array([[0, 1, 2], [2, 0, 1], [1, 0, 2], [0, 0, 3], [0, 2, 3]], np.int32)
    surface = manifold(SQUARE, faces)
    assert surface.rows.tolist() == [0, 4]
    assert surface.origin[surface.faces].tolist() == [[0, 1, 2], [0, 2, 3]]


def test_a_strip_that_is_twisted_once_is_cut_open() -> None:
    turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    points = []
    for t in turn:
        out = np.array([np.cos(t), 0, np.sin(t)])
        across = np.cos(t / 2) * np.array([0, 1, 0]) + np.sin(t / 2) * out
        points += [2 * out - across * 0.3, 2 * out + across * 0.3]
    quads = [[2 * k, 2 * k + 2, 2 * k + 3, 2 * k + 1] for k in range(11)] + [[22, 1, 0, 23]]
    faces = np.array([t for a, b, c, d in quads for t in ([a, b, c], [a, c, d])], np.int32)
    surface = manifold(np.array(points), faces)
    assert len(surface.faces) == 24
    assert directed_twice(surface.faces) == 0
    assert len(surface.origin) == 26


def test_sheets_that_meet_in_one_point_come_apart() -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [-1, 0, 0], [-1, -1, 0]], float)
    surface = manifold(points, np.array([[0, 1, 2], [0, 3, 4]], np.int32))
    assert len(surface.origin) == 6
    assert not set(surface.faces[0]) & set(surface.faces[1])
