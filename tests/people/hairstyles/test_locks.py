"""Spheres, functions on directions, and swept locks against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from lifecast.people.hairstyles.growth import Guides
from lifecast.people.hairstyles.locks import Section, sweep, triangles_each
from lifecast.people.hairstyles.sphere import geodesic, grid_directions, sample
from lifecast.people.rest_part import Solid, along_chain, union
from lifecast.space.mesh_normals import vertex_normals


def straight(count: int, length: float) -> Guides:
    line = np.zeros((count, 30, 3))
    line[..., 1] = -np.linspace(0, length, 30)
    line[..., 0] = np.arange(count)[:, None]
    facing = np.broadcast_to([0.0, 0.0, 1.0], line.shape).copy()
    return Guides(line, facing, np.full(count, length))


@pytest.mark.parametrize("frequency", [1, 5, 20])
def test_a_geodesic_sphere_is_closed_with_known_counts(frequency: int) -> None:
    points, faces = geodesic(frequency)
    assert points.shape == (10 * frequency**2 + 2, 3)
    assert faces.shape == (20 * frequency**2, 3)
    assert Solid(points, faces, points[:, :2]).unmatched_edges() == 0
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1)


def test_a_fine_geodesic_sphere_has_a_balls_volume() -> None:
    points, faces = geodesic(20)
    assert Solid(points, faces, points[:, :2]).volume() == pytest.approx(4 / 3 * np.pi, rel=0.01)


def test_sampling_gives_back_a_smooth_function_of_direction() -> None:
    ways = np.random.default_rng(0).normal(size=(200, 3))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    np.testing.assert_allclose(sample(grid_directions(), ways), ways, atol=2e-3)


def test_a_plain_round_lock_has_the_volume_of_its_oval() -> None:
    """Of a tube without grooves, taper or root; random sizes are taken out by their mean over many locks."""
    section = Section(0.02, 0.01, strands=6, groove=0.0, tip=1.0, taper=0.5, swell=1e-6, round=True)
    solid = sweep(straight(400, 1.0), section, np.random.default_rng(0))
    oval = np.pi * 0.01 * 0.9 * 0.01
    assert solid.volume() / 400 == pytest.approx(oval, rel=0.15)


@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize("strands", [1, 2, 4])
def test_locks_are_closed_wound_outward_and_counted(strands: int, rounded: bool) -> None:
    section = Section(strands=strands, round=rounded)
    solid = sweep(straight(3, 0.2), section, np.random.default_rng(0))
    assert solid.unmatched_edges() == 0
    assert solid.volume() > 0
    assert len(solid.faces) == 3 * triangles_each(section, 30)


def test_a_lock_stays_within_its_width_and_length() -> None:
    section = Section(width=0.02, thickness=0.004, groove=0.0005)
    points = sweep(straight(1, 0.2), section, np.random.default_rng(1)).points
    assert np.abs(points[:, 0]).max() < 1.4 * 0.02
    assert points[:, 1].min() > -0.2 - 0.02
    assert points[:, 1].max() < 0.01


def test_a_grooved_lock_has_normals_that_lean_to_both_sides() -> None:
    """Ridges between which all vertex normals point up would not show in a normal map."""

    def unrest(groove: float) -> float:
        section = Section(width=0.03, thickness=0.002, strands=4, groove=groove)
        solid = sweep(straight(1, 0.2), section, np.random.default_rng(0))
        around = (len(solid.points) - 2) // 30
        across = vertex_normals(solid.points, solid.faces, "area")[15 * around : 15 * around + 13, 0]
        return float(np.abs(np.diff(across, n=2)).mean())

    assert unrest(0.001) > 3 * unrest(0.0)


def test_a_union_keeps_every_solid() -> None:
    points, faces = geodesic(3)
    ball = Solid(points, faces, points[:, :2])
    both = union([ball, ball.moved(np.eye(3), np.array([5.0, 0, 0]))])
    assert both.volume() == pytest.approx(2 * ball.volume())
    assert len(both.uv) == len(both.points) == 2 * len(points)


def test_a_mirrored_solid_keeps_its_outside() -> None:
    points, faces = geodesic(3)
    mirrored = Solid(points, faces, points[:, :2]).moved(np.diag([-1.0, 1, 1]), np.zeros(3))
    assert mirrored.volume() > 0


def test_weights_along_a_chain_are_linear_between_its_knots() -> None:
    weights = along_chain(np.array([-1.0, 0.0, 0.25, 1.0, 3.0]), [0.0, 1.0, 2.0], [4, 2, 0], 5).toarray()
    np.testing.assert_allclose(weights[:, 4], [1, 1, 0.75, 0, 0])
    np.testing.assert_allclose(weights[:, 2], [0, 0, 0.25, 1, 0])
    np.testing.assert_allclose(weights[:, 0], [0, 0, 0, 0, 1])
