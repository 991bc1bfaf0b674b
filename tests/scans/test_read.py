"""Scans of every format become the same soup of triangles, with their colours; bad files are named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

from lifecast.errors import ScanError
from lifecast.scans.read import find_scans, read_scan


def coloured_box() -> trimesh.Trimesh:
    box = trimesh.creation.box([1, 2, 3])
    box.visual.vertex_colors = np.concatenate(
        [np.arange(24).reshape(8, 3) * 10, np.full((8, 1), 255)], axis=1
    ).astype(np.uint8)
    return box


@pytest.mark.parametrize("suffix", ["glb", "ply", "obj", "off", "stl"])
def test_every_format_gives_the_same_surface(tmp_path: Path, suffix: str) -> None:
    box = coloured_box()
    path = tmp_path / f"box.{suffix}"
    box.export(path)
    scan = read_scan(path)
    assert scan.faces.shape == (12, 3)
    area = trimesh.Trimesh(scan.vertices, scan.faces, process=False).area
    assert area == pytest.approx(22, rel=1e-5)
    if suffix in ("glb", "ply", "obj"):
        for place, colour in zip(scan.vertices, scan.colour, strict=True):
            original = np.linalg.norm(box.vertices - place, axis=1).argmin()
            assert np.abs(colour.astype(int) - np.asarray(box.visual.vertex_colors)[original, :3]).max() <= 1
    if suffix == "stl":
        assert (scan.colour == 255).all()
        assert scan.materials[0].factor.max() < 0.8  # a colourless scan is grey, not glaring


def test_textures_alpha_and_transforms_survive_glb(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (8, 8, 4)).astype(np.uint8)
    material = trimesh.visual.material.PBRMaterial(
        name="hair", baseColorTexture=Image.fromarray(picture), alphaMode="MASK", alphaCutoff=0.3
    )
    quad = trimesh.Trimesh([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], [[0, 1, 2], [0, 2, 3]], process=False)
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    quad.visual = trimesh.visual.TextureVisuals(uv, material)
    scene = trimesh.Scene()
    move = trimesh.transformations.translation_matrix([0, 5, 0])
    scene.add_geometry(quad, node_name="hair:short", geom_name="hair:short", transform=move)
    scene.add_geometry(trimesh.creation.box(), node_name="body", geom_name="body")
    scene.export(tmp_path / "person.glb")
    scan = read_scan(tmp_path / "person.glb")
    assert [name for name, *_ in scan.parts] == ["body", "hair:short"]
    start, end = next((a, b) for name, a, b in scan.parts if name == "hair:short")
    hair = scan.materials[scan.material[start]]
    np.testing.assert_array_equal(hair.texture, picture[..., :3])
    np.testing.assert_array_equal(hair.alpha, picture[..., 3])
    assert hair.cutoff == pytest.approx(0.3)
    corners = np.unique(scan.faces[start:end])
    order = np.lexsort(scan.vertices[corners][:, :2].T)
    np.testing.assert_allclose(scan.vertices[corners][order], [[0, 5, 0], [1, 5, 0], [0, 6, 0], [1, 6, 0]], atol=1e-6)
    np.testing.assert_allclose(scan.uv[corners][order], [[0, 0], [1, 0], [0, 1], [1, 1]], atol=1e-6)


def test_an_opaque_material_ignores_its_alpha(tmp_path: Path) -> None:
    picture = np.zeros((4, 4, 4), np.uint8)
    material = trimesh.visual.material.PBRMaterial(baseColorTexture=Image.fromarray(picture), alphaMode="OPAQUE")
    quad = trimesh.Trimesh([[0, 0, 0], [1, 0, 0], [1, 1, 0]], [[0, 1, 2]], process=False)
    quad.visual = trimesh.visual.TextureVisuals(np.zeros((3, 2)), material)
    quad.export(tmp_path / "cloth.glb")
    assert read_scan(tmp_path / "cloth.glb").materials[0].alpha is None


def test_bad_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="no such file"):
        read_scan(tmp_path / "absent.glb")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(ScanError, match="not a scan format"):
        read_scan(tmp_path / "notes.txt")
    (tmp_path / "broken.glb").write_bytes(b"glTF but not really" * 10)
    with pytest.raises(ScanError, match=r"broken\.glb"):
        read_scan(tmp_path / "broken.glb")
    trimesh.PointCloud(np.zeros((5, 3))).export(tmp_path / "cloud.ply")
    with pytest.raises(ScanError, match=r"cloud\.ply"):
        read_scan(tmp_path / "cloud.ply")


def test_people_are_named_after_folder_or_file(tmp_path: Path) -> None:
    box = trimesh.creation.box()
    for place in ("person_000001/person.glb", "pair/left.ply", "pair/right one.ply", "loose.obj", ".part/person.glb"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        box.export(tmp_path / place)
    assert list(find_scans(tmp_path)) == ["loose", "pair_left", "pair_right_one", "person_000001"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(ScanError, match="no scan"):
        find_scans(tmp_path / "empty")
    with pytest.raises(ScanError, match="no such folder"):
        find_scans(tmp_path / "absent")
