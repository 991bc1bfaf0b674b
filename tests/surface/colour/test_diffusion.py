"""Diffusion against a dense solve, and what a guess does."""

import numpy as np
import pytest
import trimesh

from lifecast.surface.colour.diffusion import clusters, diffuse, edge_graph


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


def test_a_pull_closes_a_step(ball):
    """Where two halves meet with a step of 40, the pull of their edges lets them meet in the middle."""
    graph = edge_graph(ball.faces, len(ball.vertices))
    upper = ball.vertices[:, 1] > 0
    copied = np.where(upper, 100.0, 60.0)[:, None].astype(np.float32)
    pull = np.zeros_like(copied)
    for i, j in zip(*graph.nonzero(), strict=True):
        if upper[i] != upper[j]:
            pull[i] += copied[j] - copied[i]
    nothing = np.zeros_like(copied)
    given = np.zeros(len(copied), bool)
    groups = clusters(ball.vertices, ball.vertices, 0.2)
    got = copied + diffuse(graph, groups, nothing, given, np.full(len(copied), 0.05, np.float32), pull)
    i, j = (ends[upper[graph.nonzero()[0]] != upper[graph.nonzero()[1]]] for ends in graph.nonzero())
    assert np.abs(got[i] - got[j]).max() < 15
    assert np.abs(got - copied)[np.abs(ball.vertices[:, 1]) > 0.8].max() < 6
