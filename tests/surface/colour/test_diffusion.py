"""Diffusion against a dense solve, and what a guess does."""

import numpy as np
import pytest
import trimesh

from lifecast.surface.colour.diffusion import clusters, diffuse, edge_graph, steps_kept


@pytest.fixture
def ball():
    return trimesh.creation.icosphere(4)


def test_graph_has_each_edge_both_ways(ball):
    graph = edge_graph(ball.faces, len(ball.vertices))
    edges = np.sort(ball.edges_unique, axis=1)
    assert graph.nnz == 2 * len(edges)
    assert (graph != graph.T).nnz == 0
    assert set(map(tuple, edges)) == {(i, j) for i, j in zip(*graph.nonzero(), strict=True) if i < j}


def test_open_edges_count_too():
    graph = edge_graph(np.array([[0, 1, 2]]), 4)
    assert np.array_equal(graph.toarray(), [[0, 1, 1, 0], [1, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]])


def test_equals_the_dense_solution(ball):
    rng = np.random.default_rng(0)
    count = len(ball.vertices)
    graph = edge_graph(ball.faces, count)
    given = ball.vertices[:, 2] > 0.3
    values = rng.uniform(0, 255, (count, 3)).astype(np.float32)
    belief = np.where(ball.vertices[:, 0] > 0, 0.05, 0.0) * ~given
    got = diffuse(graph, clusters(ball.vertices, ball.vertices, 0.2), values, given, belief)

    weights = graph.toarray().astype(np.float64)
    laplacian = np.diag(weights.sum(1)) - weights
    u = ~given
    want = values.astype(np.float64)
    right = belief[u, None] * values[u] - laplacian[np.ix_(u, given)] @ values[given]
    want[u] = np.linalg.solve(laplacian[np.ix_(u, u)] + np.diag(belief[u]), right)
    assert np.array_equal(got[given], values[given])
    assert np.abs(got - want).max() < 2
    assert np.abs(got - want).mean() < 0.3


def test_parts_that_nothing_is_known_of_get_the_mean():
    two = trimesh.util.concatenate([trimesh.creation.icosphere(2), trimesh.creation.icosphere(2)])
    half = len(two.vertices) // 2
    given = np.arange(len(two.vertices)) < half
    values = np.zeros((len(two.vertices), 1), np.float32)
    values[:half] = np.linspace(0, 100, half)[:, None]
    graph, groups = edge_graph(two.faces, len(given)), clusters(two.vertices, two.vertices, 0.5)
    got = diffuse(graph, groups, values, given, 0.0 * given)
    assert np.allclose(got[half:], 50, atol=2)


def test_nothing_known_changes_nothing(ball):
    values = np.ones((len(ball.vertices), 3), np.float32)
    given = np.zeros(len(values), bool)
    graph = edge_graph(ball.faces, len(values))
    assert np.array_equal(diffuse(graph, np.zeros(len(values), int), values, given, 0.0 * given), values)


def test_steps_kept_equal_their_definition(ball):
    rng = np.random.default_rng(1)
    graph = edge_graph(ball.faces, len(ball.vertices))
    graph.data[:] = 0.5
    guess = rng.uniform(0, 255, (len(ball.vertices), 3)).astype(np.float32)
    kept = rng.random(len(guess)) < 0.6
    want = np.zeros(guess.shape)
    for i, j in zip(*graph.nonzero(), strict=True):
        if kept[i] and kept[j]:
            want[i] += 0.5 * (guess[i].astype(float) - guess[j])
    assert np.abs(steps_kept(graph, guess, kept) - want).max() < 1e-2


def test_a_guess_whose_steps_are_kept_stays_sharp(ball):
    """A seen half that is 20 brighter than its guess lifts the guess beside it, and blurs no edge of it."""
    graph = edge_graph(ball.faces, len(ball.vertices))
    given = ball.vertices[:, 2] > 0.3
    guess = np.where(ball.vertices[:, 1:2] > 0, 200.0, 60.0).astype(np.float32)
    values = guess + 20 * given[:, None]
    belief = 0.02 * ~given
    groups = clusters(ball.vertices, ball.vertices, 0.2)
    kept = diffuse(graph, groups, values, given, belief, steps_kept(graph, guess, ~given))
    blurred = diffuse(graph, groups, values, given, belief)
    edge = (np.abs(ball.vertices[:, 1]) < 0.12) & (ball.vertices[:, 2] < 0)
    assert np.abs(kept - guess)[edge].max() < 20
    assert np.abs(blurred - guess)[edge].max() > 40
