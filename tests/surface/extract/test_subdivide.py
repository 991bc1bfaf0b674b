"""Chosen triangles are split, the mesh stays closed, and new vertices lie on what the mesh approximates."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from lifecast.surface.extract.decimate import is_closed
from lifecast.surface.extract.subdivide import curved_middles, split_faces


@pytest.fixture
def sphere() -> trimesh.Trimesh:
    return trimesh.creation.icosphere(subdivisions=3, radius=1.0)


def with_middles(vertices: np.ndarray, edges: np.ndarray) -> np.ndarray:
    return np.concatenate([vertices, vertices[edges].mean(1)])


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_a_closed_mesh_stays_closed_and_keeps_its_volume(sphere: trimesh.Trimesh, share: float) -> None:
    faces, vertices = np.asarray(sphere.faces), np.asarray(sphere.vertices)
    chosen = np.random.default_rng(3).random(len(faces)) < share
    split = split_faces(faces, chosen)
    assert is_closed(split.faces)
    moved = trimesh.Trimesh(with_middles(vertices, split.edges), split.faces, process=False)
    # Middles of straight edges change nothing of the shape.
    np.testing.assert_allclose(moved.volume, sphere.volume, rtol=1e-9)
    np.testing.assert_allclose(moved.area, sphere.area, rtol=1e-9)


def test_a_chosen_face_becomes_four_and_far_ones_stay(sphere: trimesh.Trimesh) -> None:
    faces = np.asarray(sphere.faces)
    chosen = np.zeros(len(faces), bool)
    chosen[17] = True
    split = split_faces(faces, chosen)
    assert len(split.edges) == 3
    assert len(split.faces) == len(faces) + 3 + 3  # itself in four, its three neighbours in two
    kept = {tuple(face) for face in split.faces.tolist()} & {tuple(face) for face in faces.tolist()}
    assert len(kept) == len(faces) - 4


def test_curved_middles_lie_on_a_sphere(sphere: trimesh.Trimesh) -> None:
    vertices = np.asarray(sphere.vertices)
    split = split_faces(np.asarray(sphere.faces), np.ones(len(sphere.faces), bool))
    straight = np.linalg.norm(vertices[split.edges].mean(1), axis=1)
    curved = np.linalg.norm(curved_middles(vertices, vertices, split.edges), axis=1)
    assert np.abs(curved - 1).max() < 0.01 * np.abs(straight - 1).max()


def test_curved_middles_of_a_plane_are_straight() -> None:
    rng = np.random.default_rng(0)
    vertices = np.concatenate([rng.random((9, 2)), np.zeros((9, 1))], 1)
    edges = rng.integers(0, 9, (12, 2))
    found = curved_middles(vertices, np.tile([0.0, 0.0, 1.0], (9, 1)), edges)
    np.testing.assert_allclose(found, vertices[edges].mean(1), atol=1e-7)
