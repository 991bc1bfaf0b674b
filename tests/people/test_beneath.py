"""Inner surfaces drawn in beneath outer ones: two bumpy balls, one in the other."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

pytest.importorskip("embreex")

from lifecast.people.beneath import DrawnIn, draw_beneath
from lifecast.people.surface_mesh import averaging

LENGTHS = DrawnIn()
Mesh = tuple[np.ndarray, np.ndarray]


def ball(radius: float, bumps: float, seed: int, detail: int = 5) -> Mesh:
    """A ball whose radius goes up and down by `bumps` metres."""
    made = trimesh.creation.icosphere(detail, 1.0)
    ways = np.random.default_rng(seed).normal(size=(6, 3))
    waves = np.sin(6 * made.vertices @ ways.T).mean(1)
    points = made.vertices * (radius + bumps * waves / np.abs(waves).max())[:, None]
    return points.astype(np.float32), made.faces.astype(np.int32)


def sticking_out(points: np.ndarray, faces: np.ndarray, outer: Mesh) -> np.ndarray:
    """How far the middle of each triangle lies outside of a ball, seen from its middle; below 0 inside, metres."""
    middles = points[faces].mean(1)
    away = np.linalg.norm(middles, axis=1)
    closed = trimesh.Trimesh(*outer, process=False)
    places, ray, _ = closed.ray.intersects_location(np.zeros_like(middles), middles, multiple_hits=False)
    assert len(ray) == len(middles)
    reach = np.empty(len(middles))
    reach[ray] = np.linalg.norm(places, axis=1)
    return away - reach


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_nothing_shows_through_afterwards(seed: int) -> None:
    points, faces = ball(0.2, 0.004, seed)
    outer = ball(0.201, 0.004, seed + 10, 4)
    moved = draw_beneath(points.astype(float), faces, averaging(faces, len(points)), *outer)
    before, after = (sticking_out(p, faces, outer) for p in (points, moved))
    assert (before > 0).mean() > 0.2
    assert (after > 0).mean() < 0.002
    deep = before < -3 * LENGTHS.clear
    np.testing.assert_allclose(after[deep], before[deep], atol=0.004)
    # It goes no deeper than is needed.
    assert np.linalg.norm(moved - points, axis=1).max() < before.max() + 0.004


def test_what_is_not_covered_stays() -> None:
    points, faces = ball(0.2, 0.0, 0)
    average = averaging(faces, len(points))
    outer_points, outer_faces = ball(0.197, 0.0, 0)
    upper = outer_faces[(outer_points[outer_faces][:, :, 1] > 0).all(1)]
    moved = draw_beneath(points, faces, average, outer_points, upper)
    way = np.linalg.norm(points, axis=1) - np.linalg.norm(moved, axis=1)
    assert way[points[:, 1] > 0.02] == pytest.approx(0.003 + LENGTHS.clear, abs=2e-4)
    np.testing.assert_array_equal(moved[points[:, 1] < -0.03], points[points[:, 1] < -0.03])
    few = np.flatnonzero(points[:, 0] > 0)
    moved = draw_beneath(points, faces, average, outer_points, outer_faces, few)
    np.testing.assert_array_equal(moved[points[:, 0] <= 0], points[points[:, 0] <= 0])
    assert np.linalg.norm(moved[few], axis=1).max() < 0.1965


def test_what_lies_beside_the_cloth_and_the_cloth_of_another_limb_is_let_be() -> None:
    points, faces = ball(0.2, 0.0, 0, 4)
    average = averaging(faces, len(points))
    deep = ball(0.2 - LENGTHS.deepest - 0.003, 0.0, 0, 4)
    np.testing.assert_array_equal(draw_beneath(points, faces, average, *deep), points)
    inside_out = ball(0.197, 0.0, 0, 4)
    turned = inside_out[0], np.ascontiguousarray(inside_out[1][:, ::-1])
    np.testing.assert_array_equal(draw_beneath(points, faces, average, *turned), points)
