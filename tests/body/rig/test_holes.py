"""Holes closed: closed meshes come out, flat where the rim is, and what a cut took apart stays apart."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from lifecast.body.rig.holes import close_holes, rims


def as_arrays(mesh: trimesh.Trimesh) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(mesh.vertices, np.float32), np.asarray(mesh.faces, np.int64)


def closed(vertices: np.ndarray, faces: np.ndarray) -> trimesh.Trimesh:
    mesh = trimesh.Trimesh(vertices, faces, process=False)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    return mesh


def test_a_closed_mesh_stays_as_it_is() -> None:
    vertices, faces = as_arrays(trimesh.creation.icosphere(2))
    filled = close_holes(vertices, faces, vertices)
    assert rims(faces) == []
    assert np.array_equal(filled.faces, faces)
    assert np.array_equal(filled.made_of.toarray(), np.eye(len(vertices)))


@pytest.mark.parametrize("share", [0.5, 0.8])
def test_a_cap_cut_off_a_ball_is_closed(share: float) -> None:
    vertices, faces = as_arrays(trimesh.creation.icosphere(4, radius=0.1))
    faces = faces[vertices[faces][:, :, 1].mean(1) < share * 0.1]
    assert len(rims(faces)) == 1
    filled = close_holes(vertices, faces, vertices)
    assert np.array_equal(filled.faces[: len(faces)], faces)
    used = np.unique(filled.faces)
    mesh = closed(filled.vertices, filled.faces)
    assert mesh.volume > 0
    assert filled.vertices[used, 1].max() < 0.101 + 0.03
    np.testing.assert_allclose(np.asarray(filled.made_of.sum(1)).ravel(), 1, atol=1e-5)
    assert np.array_equal(filled.made_of[: len(vertices)].toarray(), np.eye(len(vertices), len(vertices)))


def test_a_fill_has_edges_as_long_as_the_meshs() -> None:
    vertices, faces = as_arrays(trimesh.creation.icosphere(4, radius=0.1))
    faces = faces[vertices[faces][:, :, 1].mean(1) < 0.05]
    filled = close_holes(vertices, faces, vertices)
    own = trimesh.Trimesh(vertices, faces, process=False).edges_unique_length.mean()
    fill = filled.faces[len(faces) :]
    lengths = trimesh.Trimesh(filled.vertices, fill, process=False).edges_unique_length
    assert lengths.max() < 6 * own


def test_two_plates_that_a_cut_took_apart_are_closed_one_by_one() -> None:
    """Two halves of a ball that touch at home: their rims are one loop each, and each is closed by itself."""
    vertices, faces = as_arrays(trimesh.creation.icosphere(3, radius=0.1))
    upper = vertices[faces][:, :, 1].mean(1) > 0
    count = len(vertices)
    faces = np.concatenate([faces[upper], faces[~upper] + count])
    home = np.concatenate([vertices, vertices])
    moved = home.copy()
    moved[:count, 1] += 0.5
    filled = close_holes(moved, faces, home)
    pieces = closed(filled.vertices, filled.faces).split(only_watertight=True)
    assert len(pieces) == 2
