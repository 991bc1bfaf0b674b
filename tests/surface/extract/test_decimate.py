"""Fewer triangles, still closed, still the same shape."""

import numpy as np
import pytest
import trimesh

from lifecast.errors import UsageError
from lifecast.surface.extract.decimate import decimate, is_closed


@pytest.fixture(scope="module")
def dented() -> trimesh.Trimesh:
    mesh = trimesh.creation.icosphere(subdivisions=5)
    mesh.vertices *= (1 + 0.1 * np.sin(6 * mesh.vertices[:, :1])) * 0.01  # a hundredth of the usual size
    return mesh


@pytest.mark.parametrize("target", [8000, 1000, 200])
def test_a_simplified_mesh_is_closed_and_keeps_its_shape(dented: trimesh.Trimesh, target: int) -> None:
    vertices, faces, normals = decimate(dented.vertices, dented.faces, target)
    mesh = trimesh.Trimesh(vertices, faces, process=False)
    assert target * 0.9 <= len(faces) <= target * 1.05
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.volume == pytest.approx(dented.volume, rel=0.03)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    assert (normals * vertices).sum(axis=1).mean() > 0


def test_a_target_above_the_mesh_keeps_it(dented: trimesh.Trimesh) -> None:
    vertices, faces, _ = decimate(dented.vertices, dented.faces, 10**6)
    np.testing.assert_array_equal(faces, dented.faces)
    np.testing.assert_allclose(vertices, dented.vertices, rtol=1e-6)


def test_where_no_simpler_mesh_is_closed_the_given_one_stays(
    dented: trimesh.Trimesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fast_simplification.simplify", lambda v, f, **_: (v, f[:-3]))
    _, faces, _ = decimate(dented.vertices, dented.faces, 100)
    np.testing.assert_array_equal(faces, dented.faces)


def test_is_closed_sees_holes_flips_and_repeats(dented: trimesh.Trimesh) -> None:
    faces = np.asarray(dented.faces)
    flipped = faces.copy()
    flipped[0] = flipped[0, ::-1]
    assert is_closed(faces)
    assert not is_closed(faces[1:])
    assert not is_closed(flipped)
    assert not is_closed(np.concatenate((faces, faces[:1])))


def test_impossible_targets_are_named(dented: trimesh.Trimesh) -> None:
    with pytest.raises(UsageError, match="3"):
        decimate(dented.vertices, dented.faces, 3)
