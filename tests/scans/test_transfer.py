"""Radiance transfer against closed forms and against a slow count of rays."""

from __future__ import annotations

import numpy as np
import trimesh

from lifecast.scans.lighting import DIFFUSE, harmonics
from lifecast.scans.rays import build_scene
from lifecast.scans.transfer import stratified_hemisphere, tangent_frames, transfer_at, vertex_transfer


def test_a_convex_body_shadows_nothing() -> None:
    ball = trimesh.creation.icosphere(4, radius=0.5)
    vertices, faces = ball.vertices.astype(np.float32), ball.faces.astype(np.int32)
    normals = (vertices / 0.5).astype(np.float32)
    transfer = vertex_transfer(build_scene(vertices, faces), vertices, faces, normals, rays=16)
    np.testing.assert_allclose(transfer, harmonics(normals) * DIFFUSE, atol=2e-3)


def test_at_the_foot_of_a_wall_half_the_sky_is_left() -> None:
    """Ground z = 0, wall over x < 0: T_k = 1/pi * integral of Y_k z over the quarter sphere x > 0, z > 0."""
    wall = np.array([[-1e-4, -500, 0], [-1e-4, 500, 0], [-1e-4, 500, 500], [-1e-4, -500, 500]], np.float32)
    scene = build_scene(wall, np.array([[0, 1, 2], [0, 2, 3]], np.int32))
    up = np.array([[0, 0, 1]], np.float32)
    got = transfer_at(scene, np.zeros((1, 3), np.float32), up, rays=4096, seed=0, offset=1e-3)[0]
    expected = {0: 0.28209479 / 2, 1: 0.0, 2: 0.48860251 / 3, 3: 0.48860251 * 2 / (3 * np.pi), 4: 0.0}
    for k, value in expected.items():
        assert abs(got[k] - value) < 4e-3, (k, got[k], value)


def test_transfer_agrees_with_a_slow_uniform_count() -> None:
    """Uniform rays over the hemisphere weighted by the cosine, instead of cosine-weighted strata and a closed form."""
    rng = np.random.default_rng(3)
    radii, places = rng.uniform(0.1, 0.4, 8), rng.normal(0, 0.5, (8, 3))
    balls = trimesh.util.concatenate(
        [trimesh.creation.icosphere(2, radius=r).apply_translation(p) for r, p in zip(radii, places, strict=True)]
    )
    scene = build_scene(balls.vertices, balls.faces)
    points = rng.uniform(-1, 1, (6, 3)).astype(np.float32)
    normals = rng.normal(size=(6, 3)).astype(np.float32)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    fast = transfer_at(scene, points, normals, rays=2048, seed=1, offset=0.0)
    for point, normal, got in zip(points, normals, fast, strict=True):
        directions = rng.normal(size=(60000, 3))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        directions = directions[directions @ normal > 0].astype(np.float32)
        free = scene.run(np.repeat(point[None], len(directions), 0), directions, query="OCCLUDED") == -1
        slow = (harmonics(directions) * (free * (directions @ normal))[:, None]).mean(axis=0) * 2  # 2 pi / pi
        np.testing.assert_allclose(got, slow, atol=0.025)


def test_directions_are_cosine_weighted_units() -> None:
    directions = stratified_hemisphere(64, np.random.default_rng(0), 200)
    assert directions.shape == (200, 64, 3)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=-1), 1, atol=1e-5)
    assert abs(directions[..., 2].mean() - 2 / 3) < 5e-3  # the mean of the cosine under the cosine
    np.testing.assert_allclose(directions[..., :2].mean(axis=(0, 1)), 0, atol=0.01)


def test_frames_are_orthonormal_at_both_poles() -> None:
    normals = np.array([[0, 0, 1], [0, 0, -1], [1, 0, 0], [0.6, 0, -0.8]], np.float32)
    tangent, bitangent = tangent_frames(normals)
    frames = np.stack([tangent, bitangent, normals], axis=1)
    np.testing.assert_allclose(frames @ frames.transpose(0, 2, 1), np.tile(np.eye(3), (4, 1, 1)), atol=1e-6)


def test_shadow_lies_where_a_lid_covers_the_floor_and_repeats() -> None:
    floor = trimesh.creation.box([2, 0.02, 2])
    for _ in range(5):
        floor = floor.subdivide()
    lid = trimesh.creation.box([0.6, 0.02, 0.6]).apply_translation([0, 0.2, 0])
    both = trimesh.util.concatenate([floor, lid])
    vertices, faces = both.vertices.astype(np.float32), both.faces.astype(np.int32)
    normals = both.vertex_normals.astype(np.float32)
    scene = build_scene(vertices, faces)
    transfer = vertex_transfer(scene, vertices, faces, normals, rays=64, seed=2)
    top = (np.abs(vertices[:, 1] - 0.01) < 1e-3) & (normals[:, 1] > 0.99)
    distance = np.abs(vertices[:, [0, 2]]).max(axis=1)
    openness = transfer[:, 0] / 0.28209479
    # The form factor of a square of half side 0.3 at height 0.18, seen from under its middle.
    x = 0.3 / 0.18
    blocked = 4 / np.pi * x / np.sqrt(1 + x * x) * np.arctan(x / np.sqrt(1 + x * x))
    assert abs(openness[top & (distance < 0.01)].mean() - (1 - blocked)) < 0.06
    assert openness[top & (distance > 0.8)].min() > 0.85
    np.testing.assert_array_equal(transfer, vertex_transfer(scene, vertices, faces, normals, rays=64, seed=2))
