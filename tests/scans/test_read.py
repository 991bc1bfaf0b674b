"""Scans of every format become the same soup of triangles, with their colours; bad files are named."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

from lifecast.errors import ScanError
from lifecast.scans.read import read_scan


def coloured_box() -> trimesh.Trimesh:
    box = trimesh.creation.box([1, 2, 3])
    box.visual.vertex_colors = np.concatenate([np.arange(24).reshape(8, 3) * 10, np.full((8, 1), 255)], axis=1).astype(
        np.uint8
    )
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


MTL = "newmtl skin\nKd 1 1 1\nmap_Kd {}\n"


def textured_obj(folder: Path, stated: str) -> Path:
    """A triangle with texture coordinates, whose MTL names the texture as `stated`; skin.png lies beside it."""
    Image.fromarray(np.full((4, 4, 3), [200, 120, 90], np.uint8)).save(folder / "skin.png")
    (folder / "scan.mtl").write_text(MTL.format(stated))
    path = folder / "scan.obj"
    path.write_text("mtllib scan.mtl\nusemtl skin\nv 0 0 0\nv 1 0 0\nv 1 1 0\nvt 0 0\nvt 1 0\nvt 1 1\nf 1/1 2/2 3/3\n")
    return path


@pytest.mark.parametrize(
    "stated", ["skin.png", ".\\skin.png", "C:\\Users\\me\\skin.png", "Skin.PNG", "-s 1 1 1 skin.png", "maps/skin.png"]
)
def test_textures_are_found_however_the_exporter_wrote_their_path(tmp_path: Path, stated: str) -> None:
    texture = read_scan(textured_obj(tmp_path, stated)).materials[0].texture
    assert texture is not None
    np.testing.assert_array_equal(texture[0, 0], [200, 120, 90])


def test_a_texture_in_a_folder_beside_the_scans_folder_is_found(tmp_path: Path) -> None:
    for name in ("obj", "maps"):
        (tmp_path / name).mkdir()
    path = textured_obj(tmp_path / "obj", "../maps/other.png")
    (tmp_path / "obj" / "skin.png").rename(tmp_path / "maps" / "other.png")
    assert read_scan(path).materials[0].texture is not None


def test_a_missing_texture_is_named_instead_of_coming_out_grey(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match=r"scan\.obj: absent\.png is not there"):
        read_scan(textured_obj(tmp_path, "absent.png"))
    path = textured_obj(tmp_path, "skin.png")
    (tmp_path / "scan.mtl").unlink()
    with pytest.raises(ScanError, match=r"scan\.mtl is not there"):
        read_scan(path)


@pytest.mark.parametrize("kept", [20, 50])
def test_a_damaged_texture_is_named(tmp_path: Path, kept: int) -> None:
    path = textured_obj(tmp_path, "skin.png")
    picture = tmp_path / "skin.png"
    picture.write_bytes(picture.read_bytes()[:kept])
    with pytest.raises(ScanError, match=r"scan\.obj: skin\.png is no readable picture"):
        read_scan(path)


def test_texture_coordinates_without_a_texture_are_as_grey_as_no_colour_at_all(tmp_path: Path) -> None:
    path = textured_obj(tmp_path, "skin.png")
    path.write_text("".join(line for line in path.open() if "mtl" not in line))
    material = read_scan(path).materials[0]
    assert material.texture is None
    trimesh.creation.box().export(tmp_path / "box.stl")
    np.testing.assert_array_equal(material.factor, read_scan(tmp_path / "box.stl").materials[0].factor)


def edited_gltf(path: Path, edit: dict) -> Path:
    """A box as .gltf, with `edit` put over its top level."""
    files = trimesh.Scene(trimesh.creation.box()).export(file_type="gltf")
    for name, data in files.items():
        (path.parent / name).write_bytes(data)
    tree = json.loads(files["model.gltf"]) | edit
    path.write_text(json.dumps(tree))
    return path


def test_compressed_gltf_is_refused_not_read_as_zeros(tmp_path: Path) -> None:
    unlit = read_scan(edited_gltf(tmp_path / "box.gltf", {"extensionsRequired": ["KHR_materials_unlit"]}))
    assert len(unlit.faces) == 12
    with pytest.raises(ScanError, match="EXT_meshopt_compression"):
        read_scan(edited_gltf(tmp_path / "box.gltf", {"extensionsRequired": ["EXT_meshopt_compression"]}))


def test_corners_that_do_not_exist_are_told(tmp_path: Path) -> None:
    (tmp_path / "box.off").write_text("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 7\n")
    with pytest.raises(ScanError, match=r"box\.off"):
        read_scan(tmp_path / "box.off")


@pytest.mark.parametrize("suffix", ["glb", "ply", "obj", "off", "stl"])
def test_damaged_bytes_never_end_a_run(tmp_path: Path, suffix: str) -> None:
    """What is left of a file is read or refused; no other error gets out of the reader."""
    rng = np.random.default_rng(0)
    whole = tmp_path / f"whole.{suffix}"
    coloured_box().export(whole)
    content = whole.read_bytes()
    path = tmp_path / f"damaged.{suffix}"
    for _ in range(40):
        damaged = bytearray(content[: rng.integers(len(content)) if rng.random() < 0.5 else None])
        for place in rng.integers(0, max(1, len(damaged)), 3 if damaged else 0):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        with contextlib.suppress(ScanError):
            assert np.isfinite(read_scan(path).vertices).all()


@pytest.mark.parametrize("suffix", ["glb", "ply", "obj", "off", "stl"])
def test_an_empty_file_is_called_empty(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"nothing.{suffix}"
    path.touch()
    with pytest.raises(ScanError, match=rf"nothing\.{suffix}: is empty \(0 bytes\)"):
        read_scan(path)
