"""Normal errors in closed form."""

import numpy as np
import pytest
import trimesh

from lifecast.evaluation.normal_error import angle_error_degrees, mask_iou, reprojection_errors
from lifecast.evaluation.raster import render_sides
from lifecast.evaluation.triangles import Triangles


def sphere(radius: float, shift: tuple[float, float, float] = (0, 0, 0)) -> Triangles:
    mesh = trimesh.creation.icosphere(5, radius)
    return Triangles(np.asarray(mesh.vertices) + shift, np.asarray(mesh.faces))


def test_equal_meshes_have_no_error_and_an_absent_one_costs_one_a_pixel() -> None:
    ball = render_sides(sphere(0.5), 64)
    errors = reprojection_errors(ball, ball)
    assert errors["normal_l2"] == 0
    assert errors["normal_degrees"] == 0
    assert errors["silhouette_iou"] == 1
    nothing = {side: (np.zeros_like(n), np.zeros_like(m)) for side, (n, m) in ball.items()}
    errors = reprojection_errors(nothing, ball)
    assert errors["normal_l2"] == pytest.approx(1, abs=1e-6)
    assert errors["silhouette_iou"] == 0
    assert np.isnan(errors["normal_degrees"])


def test_angles_in_closed_form() -> None:
    up = np.zeros((4, 4, 3))
    up[..., 1] = 1
    mask = np.ones((4, 4), bool)
    for degrees in (0, 1e-4, 30, 90, 180):
        angle = np.radians(degrees)
        other = np.zeros((4, 4, 3))
        other[..., 0], other[..., 1] = np.sin(angle), np.cos(angle)
        assert angle_error_degrees(up, other, mask) == pytest.approx(degrees, abs=1e-9)
    assert np.isnan(angle_error_degrees(up, up, ~mask))


def test_where_no_normal_is_predicted_nothing_is_right() -> None:
    up = np.zeros((4, 4, 3))
    up[..., 1] = 1
    lost = up.copy()
    lost[0] = 0  # a quarter of the person
    assert angle_error_degrees(lost, up, np.ones((4, 4), bool)) == pytest.approx(90 / 4)
    assert angle_error_degrees(1e-6 * up, up, np.ones((4, 4), bool)) == pytest.approx(0)  # faint is not absent


def test_mask_iou_counts_pixels() -> None:
    a, b = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    assert mask_iou(a, b) == 1
    a[:2], b[1:3] = True, True
    assert mask_iou(a, b) == pytest.approx(1 / 3)
