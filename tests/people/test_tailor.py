"""Cutting, welding, borders and the nearest place on a triangle."""

import numpy as np
import pytest
import scipy.sparse as sp

from lifecast.people.tailor import Sheet, border_distance, border_edges, closest_in_triangle, weld
from lifecast.people.wavefront import triangles


def grid(n: int = 9) -> tuple[Sheet, np.ndarray]:
    x, y = np.meshgrid(np.linspace(0, 1, n), np.linspace(0, 1, n))
    points = np.stack([x.ravel(), y.ravel(), np.zeros(n * n)], 1)
    index = np.arange(n * n).reshape(n, n)
    quads = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1).reshape(-1, 4)
    faces = triangles(quads.astype(np.int32))
    return Sheet(sp.identity(n * n, format="csr"), faces, points[faces][..., :2].astype(np.float32)), points


def area(sheet: Sheet, points: np.ndarray) -> float:
    a, b, c = ((sheet.matrix @ points)[sheet.faces[:, k]] for k in range(3))
    return float(np.cross(b - a, c - a)[:, 2].sum() / 2)


@pytest.mark.parametrize(("normal", "offset", "kept"), [((1, 0), 0.3, 0.7), ((1, 1), 1.0, 0.5), ((0, -1), -0.41, 0.41)])
def test_a_cut_keeps_exactly_the_positive_side(normal: tuple[float, float], offset: float, kept: float) -> None:
    sheet, points = grid()
    cut = sheet.cut(points[:, :2] @ np.array(normal, float) - offset + 1e-9)
    assert area(cut, points) == pytest.approx(kept, abs=1e-6)
    placed = cut.matrix @ points
    assert (placed[:, :2] @ np.array(normal) - offset).min() > -1e-6
    # texture coordinates were the places: they still are
    np.testing.assert_allclose(placed[cut.faces][..., :2], cut.corner_uv, atol=1e-5)


def test_both_sides_of_a_cut_edge_share_their_vertex() -> None:
    sheet, points = grid()
    cut = sheet.cut(points[:, 0] - 0.3)
    assert len(np.unique(np.round(cut.matrix @ points, 6), axis=0)) == cut.matrix.shape[0]
    loop = border_edges(cut.faces)
    assert np.bincount(loop.ravel()).max() == 2  # one closed border, no cracks


def test_welding_splits_only_at_seams() -> None:
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    uv = np.array([[[0, 0], [1, 0], [1, 1]], [[0, 0], [1, 1], [0, 1]]], np.float32)
    assert len(weld(faces, uv)[1]) == 4
    uv[1] += 5
    split, old, texel = weld(faces, uv)
    assert len(old) == 6
    np.testing.assert_array_equal(old[split], faces)
    np.testing.assert_allclose(texel[split], uv)


def test_border_distance_grows_inward() -> None:
    sheet, points = grid(9)
    distance = border_distance(points.astype(np.float32), sheet.faces, 5.0)
    expected = np.minimum.reduce([points[:, 0], 1 - points[:, 0], points[:, 1], 1 - points[:, 1]])
    np.testing.assert_allclose(distance, expected, atol=1e-5)


def test_closest_place_in_a_triangle_beats_every_sample() -> None:
    rng = np.random.default_rng(0)
    p, a, b, c = rng.normal(size=(4, 200, 3))
    share = closest_in_triangle(p, a, b, c)
    np.testing.assert_allclose(share.sum(1), 1, atol=1e-5)
    corners = np.stack([a, b, c], 1)
    best = np.linalg.norm(np.einsum("nk,nkx->nx", share, corners) - p, axis=1)
    samples = rng.dirichlet([0.5, 0.5, 0.5], 2000)
    brute = np.linalg.norm(np.einsum("sk,nkx->nsx", samples, corners) - p[:, None], axis=2).min(1)
    assert (best <= brute + 1e-5).all()
    assert np.median(brute - best) < 0.02
