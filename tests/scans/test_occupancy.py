"""Labels of analytic solids, of open and overlapping shells, and where points are drawn."""

from __future__ import annotations

import igl
import numpy as np
import pytest
import trimesh

from lifecast.errors import ScanError
from lifecast.scans.lighting import sphere_directions
from lifecast.scans.morton import morton_order
from lifecast.scans.normalise import CM
from lifecast.scans.occupancy import (
    DOUBT,
    ROUGH,
    Solid,
    outer_surface_points,
    sample_pools,
    surface_points,
    winding_number,
)


def inside(mesh: trimesh.Trimesh, points: np.ndarray) -> np.ndarray:
    return winding_number(mesh.vertices, mesh.faces, points) > 0.5


def test_a_box_contains_what_lies_within_its_sides() -> None:
    rng = np.random.default_rng(0)
    box = trimesh.creation.box([0.8, 1.2, 0.5])
    points = rng.uniform(-1, 1, (5000, 3))
    clear = np.abs(np.abs(points) - [0.4, 0.6, 0.25]).min(axis=1) > 1e-3
    expected = (np.abs(points) < [0.4, 0.6, 0.25]).all(axis=1)
    np.testing.assert_array_equal(inside(box, points)[clear], expected[clear])


def test_overlapping_balls_are_their_union() -> None:
    rng = np.random.default_rng(1)
    centres = np.array([[0, 0, 0], [0.3, 0.1, 0], [0, 0.4, 0.1]])
    balls = trimesh.util.concatenate([trimesh.creation.icosphere(4, 0.3).apply_translation(c) for c in centres])
    points = rng.uniform(-0.6, 0.8, (4000, 3))
    distance = np.linalg.norm(points[:, None] - centres, axis=2).min(axis=1) - 0.3
    clear = np.abs(distance) > 3e-3
    np.testing.assert_array_equal(inside(balls, points)[clear], (distance < 0)[clear])


def test_an_open_sleeve_over_a_closed_arm() -> None:
    """The sleeve is an open cylinder of radius 0.08 around an arm of radius 0.05 that sticks out at both ends."""
    arm = trimesh.creation.capsule(radius=0.05, height=1.0, count=[48, 48]).apply_translation([0, 0, -0.5])
    sleeve = trimesh.creation.cylinder(radius=0.08, height=0.4, sections=96)
    sleeve.update_faces(np.abs(sleeve.face_normals[:, 2]) < 0.5)  # without the caps
    assert not sleeve.is_watertight
    soup = trimesh.util.concatenate([arm, sleeve])
    rng = np.random.default_rng(2)
    angle, height = rng.uniform(0, 2 * np.pi, 500), rng.uniform(-0.15, 0.15, 500)

    def ring(radius: float) -> np.ndarray:
        return np.stack([radius * np.cos(angle), radius * np.sin(angle), height], axis=1)

    assert not inside(soup, ring(0.0815)).any()  # on the outside of the sleeve
    assert inside(soup, ring(0.0785)).all()  # under the cloth
    assert inside(soup, ring(0.03)).all()  # in the arm
    beyond = ring(0.06) + np.array([0, 0, 0.45])
    assert not inside(soup, beyond).any()  # beside the bare arm


def test_the_fast_winding_number_agrees_with_the_exact_one() -> None:
    rng = np.random.default_rng(3)
    soup = trimesh.util.concatenate(
        [trimesh.creation.icosphere(3, 0.2).apply_translation(p) for p in rng.uniform(-0.3, 0.3, (6, 3))]
    )
    soup.update_faces(soup.triangles_center[:, 2] > 0.05)
    points = rng.uniform(-0.6, 0.6, (2000, 3))
    exact = igl.winding_number(np.asarray(soup.vertices), np.asarray(soup.faces, np.int64), points)
    np.testing.assert_allclose(winding_number(soup.vertices, soup.faces, points), exact, atol=0.03)


def test_a_rough_number_decides_only_where_the_usual_one_would_say_the_same() -> None:
    """Beside sheets, at cuts and in overlaps of a soup, where the numbers take every value."""
    rng = np.random.default_rng(8)
    soup = trimesh.util.concatenate(
        [trimesh.creation.icosphere(4, 0.2).apply_translation(p) for p in rng.uniform(-0.3, 0.3, (6, 3))]
    )
    soup.update_faces(soup.triangles_center[:, 2] > 0.05)
    near, _ = surface_points(soup.vertices, soup.faces, 4000, rng)
    points = np.concatenate([rng.uniform(-0.6, 0.6, (4000, 3)), near + rng.normal(0, 5e-4, near.shape)])
    solid = Solid(soup.vertices, soup.faces)
    usual = solid.winding_number(points)
    assert np.abs(solid.winding_number(points, ROUGH) - usual).max() < DOUBT / 2
    assert (np.abs(usual - 0.5) < DOUBT).sum() > 300
    np.testing.assert_array_equal(solid.wound(points), usual > 0.5)


@pytest.mark.parametrize("count", [0, 1, 3000])
def test_the_order_of_asking_changes_no_answer(count: int) -> None:
    ball = trimesh.creation.icosphere(3, 0.4)
    points = np.random.default_rng(4).uniform(-0.6, 0.6, (count, 3))
    assert sorted(morton_order(points)) == list(range(count))
    faces = np.asarray(ball.faces, np.int64)
    one_by_one = [igl.fast_winding_number(np.asarray(ball.vertices), faces, point[None])[0] for point in points[:200]]
    np.testing.assert_array_equal(winding_number(ball.vertices, faces, points)[:200], one_by_one)


def test_points_in_turn_are_neighbours() -> None:
    points = np.random.default_rng(5).uniform(-1, 1, (4000, 3))
    apart = np.linalg.norm(np.diff(points, axis=0), axis=1).mean()
    assert np.linalg.norm(np.diff(points[morton_order(points)], axis=0), axis=1).mean() < 0.2 * apart


def test_surface_points_are_uniform_over_area() -> None:
    vertices = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [5, 0, 0], [6, 0, 0], [5, 6, 0]], float)
    faces = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6]])
    points, face = surface_points(vertices, faces, 40000, np.random.default_rng(4))
    np.testing.assert_allclose(np.bincount(face) / 40000, [0.125, 0.125, 0.75], atol=0.01)
    square = points[face < 2]
    counts = np.histogram2d(square[:, 0], square[:, 1], bins=4, range=[[0, 1], [0, 1]])[0]
    np.testing.assert_allclose(counts / len(square), 1 / 16, atol=0.01)


def test_only_the_outermost_shell_counts_as_surface() -> None:
    clothes, body = trimesh.creation.icosphere(3, 0.5), trimesh.creation.icosphere(3, 0.45)
    soup = trimesh.util.concatenate([body, clothes])
    points = outer_surface_points(Solid(soup.vertices, soup.faces), 2000, np.random.default_rng(5))
    assert points.shape == (2000, 3)
    assert np.linalg.norm(points, axis=1).min() > 0.48


def test_a_sheet_that_encloses_nothing_is_refused() -> None:
    sheet = trimesh.Trimesh([[0, 0, 0], [0.01, 0, 0], [0, 0.01, 0]], [[0, 1, 2]])
    with pytest.raises(ScanError, match="encloses nothing"):
        outer_surface_points(Solid(sheet.vertices, sheet.faces), 100, np.random.default_rng(0))


def test_pools_have_the_papers_spread_and_true_labels() -> None:
    ball = trimesh.creation.icosphere(5, 0.5)
    counts = {"uniform": 4000, "near5": 8000, "near3": 8000}
    pools = sample_pools(ball.vertices, ball.faces, counts, np.random.default_rng(6))
    for name, (points, labels) in pools.items():
        assert points.shape == (counts[name], 3)
        assert points.dtype == np.float32
        distance = np.linalg.norm(points, axis=1) - 0.5
        clear = np.abs(distance) > 2e-3
        np.testing.assert_array_equal(labels[clear], (distance < 0)[clear])
    # Across the surface an isotropic Gaussian is one-dimensional (the ball's curvature adds a little outward).
    for name, sigma in (("near5", 5 * CM), ("near3", 3 * CM)):
        distance = np.linalg.norm(pools[name][0], axis=1) - 0.5
        assert distance.std() == pytest.approx(sigma, rel=0.05)
    assert (np.abs(pools["uniform"][0]) <= 1).all()
    assert pools["uniform"][1].mean() == pytest.approx(4 / 3 * np.pi * 0.125 / 8, abs=0.012)


def head_with_a_mouth(gap: float) -> trimesh.Trimesh:
    """A ball of radius 0.5 with a hollow of radius 0.3 that opens to the front (+z) through a round tube of `gap`."""
    angle = np.linspace(0, np.pi, 121)
    profile = []
    start = np.arcsin(gap / 0.5)
    profile += [(0.5 * np.sin(t), 0.5 * np.cos(t)) for t in angle[angle > start]][::-1]  # outside, from the back
    profile += [(gap, 0.5 * np.cos(start))]
    inner = np.arcsin(gap / 0.3)
    profile += [(0.3 * np.sin(t), 0.3 * np.cos(t)) for t in angle[angle > inner]]  # the hollow, to its back
    profile[0], profile[-1] = (0.0, -0.5), (0.0, -0.3)
    return trimesh.creation.revolve(np.array(profile), sections=96)


def test_a_closed_mouth_is_inside_and_an_open_one_outside() -> None:
    hollow = np.array([[0, 0, 0], [0.05, 0.1, -0.05], [0, -0.12, 0.02]])
    solid = np.array([[0, 0, -0.4], [0.4, 0, 0]])
    for gap, counts_as_inside in ((0.01, True), (0.28, False)):
        head = head_with_a_mouth(gap)
        assert head.is_watertight
        assert head.volume > 0
        np.testing.assert_array_equal(winding_number(head.vertices, head.faces, hollow) > 0.5, False)
        np.testing.assert_array_equal(Solid(head.vertices, head.faces).occupied(hollow), counts_as_inside)
        assert Solid(head.vertices, head.faces).occupied(solid).all()
        assert (
            not Solid(head.vertices, head.faces).occupied(np.array([[0, 0, 0.6], [2.0, 0, 0], [0.4, 0.4, 0.4]])).any()
        )


def test_no_pool_and_no_surface_has_a_closed_mouth() -> None:
    head = head_with_a_mouth(0.01)
    points = outer_surface_points(Solid(head.vertices, head.faces), 500, np.random.default_rng(1))
    assert np.linalg.norm(points, axis=1).min() > 0.3
    pools = sample_pools(head.vertices, head.faces, {"uniform": 3000, "near5": 2000}, np.random.default_rng(2))
    for places, inside in pools.values():
        distance = np.linalg.norm(places, axis=1)
        assert inside[distance < 0.45].mean() > 0.99
        assert not inside[distance > 0.51].any()


def test_sealed_agrees_with_all_rays_cast_one_by_one() -> None:
    """On a soup of plates: trimesh's own rays, every direction for every point."""
    rng = np.random.default_rng(7)
    plates = [
        trimesh.creation.box([0.5, 0.5, 0.01], trimesh.transformations.random_rotation_matrix(rng.random(3)))
        for _ in range(12)
    ]
    for plate in plates:
        plate.apply_translation(rng.uniform(-0.25, 0.25, 3))
    soup = trimesh.util.concatenate(plates)
    points = rng.uniform(-0.4, 0.4, (60, 3))
    directions = sphere_directions(64).astype(np.float64)
    free = np.zeros(len(points), int)
    for direction in directions:
        hit = soup.ray.intersects_any(points, np.tile(direction, (len(points), 1)))
        free += ~hit
    expected = free <= 1
    assert 0 < expected.sum() < len(points)
    np.testing.assert_array_equal(Solid(soup.vertices, soup.faces).sealed(points), expected)
