"""Straight borders between parts, slivers that move as one, rims without teeth."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from lifecast.body.rig.seams import even_borders, shared_weights, smoothed_rims
from lifecast.body.rig.skin_weights import Match
from lifecast.surface.colour.diffusion import edge_graph

SIDE, STEP = 24, 0.01


def sheet() -> tuple[np.ndarray, np.ndarray, sparse.csr_matrix]:
    """A flat square of 24 x 24 vertices 1 cm apart, with its triangles and edges."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    vertices = np.stack([columns * STEP, rows * STEP, 0 * rows], -1).reshape(-1, 3).astype(np.float32)
    k = (np.arange(SIDE - 1)[:, None] * SIDE + np.arange(SIDE - 1)).ravel()
    faces = np.concatenate([np.stack([k, k + 1, k + SIDE], 1), np.stack([k + 1, k + SIDE + 1, k + SIDE], 1)])
    return vertices, faces.astype(np.int64), edge_graph(faces, len(vertices))


def border_of(part: np.ndarray) -> np.ndarray:
    """Vertices of part 1 in each row, (24,)."""
    found: np.ndarray = part.reshape(SIDE, SIDE).sum(1)
    return found


def test_a_ragged_border_is_straightened() -> None:
    vertices, _, graph = sheet()
    column = np.arange(len(vertices)) % SIDE
    row = np.arange(len(vertices)) // SIDE
    part = (column >= 12 + np.where(row % 2, 1, -1)).astype(int)
    part[5 * SIDE + 3] = 1  # a vertex for itself
    weights = np.eye(3, dtype=np.float32)[part]
    weights[column < 4] = (0, 0, 1)  # another joint of part 0
    weights[5 * SIDE + 3] = (0, 1, 0)
    every = np.ones(len(vertices), bool)
    match = Match(weights, every, np.zeros(len(vertices), np.float32), np.arange(len(vertices)))
    found = even_borders(match, graph, np.array([0, 1, 0]), STEP)
    middle = border_of(found.weights.argmax(1) == 1)[3:-3]
    assert np.ptp(middle) <= 1 < np.ptp(border_of(part)[3:-3])
    assert abs(middle.mean() - 12) <= 1
    assert found.weights[5 * SIDE + 3].argmax() == 2  # its neighbours' joint
    np.testing.assert_array_equal(found.weights, weights[found.skin])  # nothing is mixed
    away = np.abs(column - 12) > 4
    away[5 * SIDE + 3] = False
    np.testing.assert_array_equal(found.weights[away], weights[away])


def test_vertices_of_a_sliver_share_their_weights() -> None:
    vertices, _, graph = sheet()
    weights = np.random.default_rng(0).dirichlet((1, 1, 1), len(vertices)).astype(np.float32)
    np.testing.assert_array_equal(shared_weights(vertices, graph, weights, 0.003), weights)
    near = [100, 101, 102]
    vertices[near] = vertices[101] + np.array([[0.001, 0, 0], [0, 0, 0], [0, 0.001, 0]], np.float32)
    shared = shared_weights(vertices, graph, weights, 0.003)
    np.testing.assert_allclose(shared[near], np.repeat(weights[near].mean(0, keepdims=True), 3, 0), rtol=1e-5)
    others = np.setdiff1d(np.arange(len(vertices)), near)
    np.testing.assert_array_equal(shared[others], weights[others])


def test_teeth_of_a_rim_are_smoothed_and_nothing_far_from_it() -> None:
    """The last row of vertices is a fill's; the rows beside it go up and down by 4 mm."""
    vertices, faces, _ = sheet()
    row, column = np.divmod(np.arange(len(vertices)), SIDE)
    bent = vertices.copy()
    teeth = row >= SIDE - 3
    bent[teeth, 2] = np.where(column[teeth] % 2, 0.004, -0.004)
    own = len(vertices) - SIDE
    found = smoothed_rims(bent, faces, own)
    inner = teeth & (column > 2) & (column < SIDE - 3)
    assert np.abs(found[inner, 2]).max() < 0.001
    np.testing.assert_array_equal(found[row < SIDE - 6], vertices[row < SIDE - 6])
    assert abs(float(np.ptp(found[:, 0]) - np.ptp(vertices[:, 0]))) < 0.003  # nothing shrinks
