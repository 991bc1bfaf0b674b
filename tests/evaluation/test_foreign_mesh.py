"""Other programs' meshes: found by name, brought into place, refused in plain words."""

from pathlib import Path

import numpy as np
import pytest
import trimesh

from lifecast.errors import ScanError, UsageError
from lifecast.evaluation.benchmark import read_items, read_true_mesh
from lifecast.evaluation.foreign_mesh import check_folder, find_mesh, fit_to_person, read_mesh
from lifecast.evaluation.metrics import compare_surfaces
from lifecast.evaluation.truth import bounding_triangles


def test_meshes_are_found_by_either_name(benchmark_data: Path, tmp_path: Path) -> None:
    items = read_items(benchmark_data)
    with pytest.raises(UsageError, match=r"anna_view_000\.obj"):
        check_folder(tmp_path, items)
    with pytest.raises(UsageError, match="no such folder"):
        check_folder(tmp_path / "nowhere", items)
    trimesh.creation.box().export(tmp_path / "anna_view_000.obj")
    (tmp_path / "anna").mkdir()
    trimesh.creation.box().export(tmp_path / "anna" / "view_001.glb")
    check_folder(tmp_path, items)
    assert find_mesh(tmp_path, items[0]) == tmp_path / "anna_view_000.obj"
    assert find_mesh(tmp_path, items[1]) == tmp_path / "anna" / "view_001.glb"
    assert find_mesh(tmp_path, items[2]) is None


def test_a_scene_is_read_with_its_transforms(tmp_path: Path) -> None:
    scene = trimesh.Scene()
    for place in (0.0, 5.0):
        scene.add_geometry(trimesh.creation.box(), transform=trimesh.transformations.translation_matrix([place, 0, 0]))
    scene.export(tmp_path / "two.glb")
    mesh = read_mesh(tmp_path / "two.glb")
    np.testing.assert_allclose(mesh.bounds, [[-0.5, -0.5, -0.5], [5.5, 0.5, 0.5]])


@pytest.mark.parametrize("content", [b"", b"ply\nformat ascii 1.0\nelement vertex 3\n", b"\x00\x01 no mesh"])
def test_a_broken_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.ply"
    path.write_bytes(content)
    with pytest.raises(ScanError, match=r"broken\.ply"):
        read_mesh(path)


def test_a_person_in_metres_anywhere_is_brought_back(benchmark_data: Path) -> None:
    truth = bounding_triangles(read_true_mesh(benchmark_data, read_items(benchmark_data, 1)[0]))
    elsewhere = truth.moved(np.eye(3), np.array([3.0, 0.8, -2.0]), 1.27)
    fitted = fit_to_person(elsewhere, truth)
    assert compare_surfaces(fitted, truth, 10_000).summary()["chamfer_cm"] < 0.1
