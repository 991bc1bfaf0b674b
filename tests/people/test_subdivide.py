"""Catmull-Clark against its published masks, and what every refinement must keep."""

import numpy as np
import pytest

from lifecast.people.subdivide import catmull_clark, refine

CUBE = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]], np.int32)
CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
SHEET = np.array([[0, 1, 2, 2], [0, 2, 3, 3], [1, 4, 5, 2]], np.int32)  # two triangles and a quad
PLACES = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [2, 0], [2, 1]], float)


def area(faces: np.ndarray, points: np.ndarray) -> np.ndarray:
    a, b = points[faces], points[np.roll(faces, -1, axis=1)]
    return ((a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]) / 2).sum(1)


def test_cube_points_are_those_of_the_masks() -> None:
    fine = catmull_clark(CUBE, 8).matrix @ CORNERS
    np.testing.assert_allclose(fine[:8], CORNERS * 5 / 9)  # (F + 2R + (n - 3) P) / n with F = 1/3, R = 2/3 of P
    np.testing.assert_allclose(np.sort(np.linalg.norm(fine[8:20], axis=1)), np.full(12, 0.75 * np.sqrt(2)))
    np.testing.assert_allclose(np.sort(np.linalg.norm(fine[20:], axis=1)), np.ones(6))


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_rows_sum_to_one_and_all_faces_keep_their_side(steps: int) -> None:
    surface, uv_matrix, face_uv = refine(SHEET, SHEET, 6, 6, steps)
    np.testing.assert_allclose(np.asarray(surface.matrix.sum(1)).ravel(), 1)
    np.testing.assert_allclose(np.asarray(uv_matrix.sum(1)).ravel(), 1)
    assert (area(surface.faces, surface.matrix @ PLACES) > 0).all()
    texture = area(face_uv, uv_matrix @ PLACES)
    assert (texture > 0).all()
    assert texture.sum() == pytest.approx(2)


def test_texture_faces_stay_beside_their_surface_faces() -> None:
    surface, uv_matrix, face_uv = refine(SHEET, SHEET, 6, 6, 2)
    middle = (surface.matrix @ PLACES)[surface.faces].mean(1)
    texel = (uv_matrix @ PLACES)[face_uv].mean(1)
    assert np.abs(middle - texel).max() < 0.25  # smoothing rounds the corners, no more
    assert np.corrcoef(middle[:, 0], texel[:, 0])[0, 1] > 0.98


def test_a_flat_grid_stays_itself_inside() -> None:
    n = 5
    x, y = np.meshgrid(np.arange(n), np.arange(n))
    points = np.stack([x.ravel(), y.ravel()], 1).astype(float)
    index = np.arange(n * n).reshape(n, n)
    faces = (
        np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1).reshape(-1, 4).astype(np.int32)
    )
    fine = catmull_clark(faces, n * n).matrix @ points
    np.testing.assert_allclose(fine[12], points[12])  # the middle vertex
    assert fine.min() >= 0
    assert fine.max() <= n - 1
