"""Sheets: compacting, welding at seams, borders, and parts that hang together."""

import numpy as np
import scipy.sparse as sp

from lifecast.people.tailor import Sheet, border_edges, components, weld

SQUARE = np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def test_compacting_drops_lone_vertices_and_collapsed_faces() -> None:
    faces = np.array([[1, 2, 4], [4, 4, 1]], np.int32)
    uv = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    sheet = Sheet(sp.identity(6, format="csr"), faces, uv).compact()
    np.testing.assert_array_equal(sheet.matrix.toarray().argmax(1)[sheet.faces], [[1, 2, 4]])
    assert sheet.matrix.shape == (3, 6)
    np.testing.assert_array_equal(sheet.corner_uv, uv[:1])


def test_welding_splits_only_at_seams() -> None:
    uv = np.array([[[0, 0], [1, 0], [1, 1]], [[0, 0], [1, 1], [0, 1]]], np.float32)
    assert len(weld(SQUARE, uv)[1]) == 4
    uv[1] += 5
    split, old, texel = weld(SQUARE, uv)
    assert len(old) == 6
    np.testing.assert_array_equal(old[split], SQUARE)
    np.testing.assert_allclose(texel[split], uv)


def test_border_edges_run_as_their_faces_do() -> None:
    found = {tuple(edge) for edge in border_edges(SQUARE).tolist()}
    assert found == {(0, 1), (1, 2), (2, 3), (3, 0)}


def test_parts_that_share_no_vertex_are_apart() -> None:
    quads = np.array([[0, 1, 2, 3], [3, 2, 4, 5], [6, 7, 8, 9]], np.int32)
    number = components(quads, 10)
    assert len(set(number[:6])) == 1
    assert len(set(number[6:])) == 1
    assert number[0] != number[6]
