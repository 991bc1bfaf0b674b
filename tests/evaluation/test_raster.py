"""Rendered normals and depth of a sphere in closed form, and the sides of a person in their places."""

import numpy as np
import pytest
import trimesh

from lifecast.evaluation.normal_error import angle_error_degrees
from lifecast.evaluation.raster import raster, render_normals, render_sides, turn
from lifecast.evaluation.triangles import Triangles


def sphere(radius: float, shift: tuple[float, float, float] = (0, 0, 0)) -> Triangles:
    mesh = trimesh.creation.icosphere(5, radius)
    return Triangles(np.asarray(mesh.vertices) + shift, np.asarray(mesh.faces))


def pixel_centres(size: int) -> tuple[np.ndarray, np.ndarray]:
    column, row = np.meshgrid(np.arange(size), np.arange(size))
    return -1 + (2 * column + 1) / size, 1 - (2 * row + 1) / size


def test_a_sphere_has_the_normals_and_depth_of_a_sphere() -> None:
    size, radius, centre = 96, 0.6, (0.1, -0.2, 0.3)
    normals, mask = render_normals(sphere(radius, centre), 0.0, size)
    x, y = pixel_centres(size)
    dx, dy = (x - centre[0]) / radius, (y - centre[1]) / radius
    inside = dx**2 + dy**2 < 0.97
    assert mask[inside].all()
    assert not mask[dx**2 + dy**2 > 1].any()
    true = np.stack([dx, dy, np.sqrt(np.maximum(1 - dx**2 - dy**2, 0))], -1)
    assert angle_error_degrees(normals, true, inside) < 0.5
    np.testing.assert_array_equal(normals[~mask], 0)
    depth = raster(sphere(radius, centre), size).depth
    np.testing.assert_allclose(depth[inside], (centre[2] + radius * true[..., 2])[inside], atol=2e-3)
    assert np.isnan(depth[~mask]).all()


def test_first_hit_agrees_with_every_triangle_tried() -> None:
    rng = np.random.default_rng(0)
    soup = Triangles(rng.uniform(-0.9, 0.9, (24, 3)), np.arange(24).reshape(8, 3))
    found = raster(soup, 24)
    x, y = pixel_centres(24)
    best = np.full((24, 24), -np.inf)
    for a, b, c in soup.vertices[soup.faces]:
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        u = ((x - a[0]) * (c[1] - a[1]) - (y - a[1]) * (c[0] - a[0])) / area
        v = ((b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])) / area
        z = a[2] + u * (b[2] - a[2]) + v * (c[2] - a[2])
        best = np.where((u >= 0) & (v >= 0) & (u + v <= 1), np.maximum(best, z), best)
    np.testing.assert_array_equal(found.mask, np.isfinite(best))
    np.testing.assert_allclose(found.depth[found.mask], best[found.mask], atol=1e-4)


@pytest.mark.parametrize("degrees", [0.0, 90.0, 180.0, 270.0, 33.0])
def test_turned_rays_see_what_a_turned_mesh_shows(degrees: float) -> None:
    rng = np.random.default_rng(2)
    soup = Triangles(rng.uniform(-0.6, 0.6, (60, 3)), np.arange(60).reshape(20, 3))
    turned = soup.moved(turn(degrees), np.zeros(3))
    by_rays, by_mesh = raster(soup, 48, degrees), raster(turned, 48)
    assert by_mesh.mask.sum() > 400
    np.testing.assert_array_equal(by_rays.face, by_mesh.face)
    np.testing.assert_allclose(by_rays.depth, by_mesh.depth, atol=1e-5)
    np.testing.assert_allclose(by_rays.barycentric, by_mesh.barycentric, atol=1e-4)
    expected, mask = render_normals(turned, 0.0, 48)
    normals, seen = render_normals(soup, degrees, 48)
    np.testing.assert_array_equal(seen, mask)
    np.testing.assert_allclose(normals, expected, atol=1e-3)


def test_sides_show_the_persons_own_left_and_right() -> None:
    # A big ball with a nose (toward the camera, +z) and a small ball at the person's left hand (+x).
    nose, left = sphere(0.1, (0, 0, 0.5)), sphere(0.1, (0.5, 0.6, 0))
    body = sphere(0.4)
    parts = [body, nose, left]
    vertices = np.concatenate([p.vertices for p in parts])
    offsets = np.cumsum([0] + [len(p.vertices) for p in parts[:-1]])
    mesh = Triangles(vertices, np.concatenate([p.faces + o for p, o in zip(parts, offsets, strict=True)]))
    sides = {side: mask for side, (_, mask) in render_sides(mesh, 64).items()}
    x, _ = pixel_centres(64)
    at_hand = np.abs(pixel_centres(64)[1] - 0.6) < 0.08
    assert x[sides["front"] & at_hand].mean() > 0.4
    assert x[sides["back"] & at_hand].mean() < -0.4
    for side in ("left", "right"):
        assert abs(x[sides[side] & at_hand].mean()) < 0.05
    # Looking at the person's left side, the nose points to the picture's left; at the right side, to its
    # right.
    assert sides["left"][32, np.argmin(np.abs(x[0] + 0.55))]
    assert not sides["left"][32, np.argmin(np.abs(x[0] - 0.55))]
    assert sides["right"][32, np.argmin(np.abs(x[0] - 0.55))]


def test_an_open_sheet_seen_from_behind_shows_the_side_seen() -> None:
    square = Triangles(
        np.array([[-0.5, -0.5, 0], [0.5, -0.5, 0], [0.5, 0.5, 0], [-0.5, 0.5, 0.0]]),
        np.array([[0, 2, 1], [0, 3, 2]]),
    )
    assert (square.face_normals[:, 2] < 0).all()
    normals, mask = render_normals(square, 0, 32)
    np.testing.assert_allclose(normals[mask], np.broadcast_to([0, 0, 1.0], normals[mask].shape), atol=1e-9)
