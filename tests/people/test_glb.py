"""The GLB file: other programs read it, and so do we."""

import io
from pathlib import Path

import numpy as np
import pytest
import trimesh

from lifecast.errors import ScanError
from lifecast.people.glb import Part, glb_bytes, read_parts
from lifecast.people.surface_mesh import split_seams
from lifecast.space.mesh_normals import vertex_normals


def parts() -> list[Part]:
    box = trimesh.creation.box(extents=(1, 2, 3))
    vertices, faces = box.vertices.astype(np.float32), box.faces.astype(np.int32)
    rng = np.random.default_rng(0)
    uv = rng.random((len(vertices), 2)).astype(np.float32)
    smooth = np.full((8, 8, 3), (200, 100, 50), np.uint8)
    holes = np.dstack([smooth, np.where(np.arange(64).reshape(8, 8) % 2, 255, 0)]).astype(np.uint8)
    normals = vertex_normals(vertices, faces, "area")
    return [
        Part("body", vertices, faces, uv, normals, smooth),
        Part("hair:bob", vertices + 1, faces, uv, normals, holes),
    ]


def test_trimesh_reads_the_parts() -> None:
    scene = trimesh.load_scene(io.BytesIO(glb_bytes(parts())), file_type="glb", process=False)
    assert set(scene.geometry) == {"body", "hair:bob"}
    body = scene.geometry["body"]
    np.testing.assert_allclose(body.vertices, parts()[0].vertices)
    np.testing.assert_allclose(body.visual.uv, parts()[0].uv, atol=1e-6)
    texture = np.asarray(body.visual.material.baseColorTexture.convert("RGB"), int)
    assert np.abs(texture - (200, 100, 50)).max() < 6
    assert scene.geometry["hair:bob"].visual.material.alphaMode == "MASK"


def test_round_trip(tmp_path: Path) -> None:
    (tmp_path / "person.glb").write_bytes(glb_bytes(parts()))
    for old, new in zip(parts(), read_parts(tmp_path / "person.glb"), strict=True):
        assert old.name == new.name
        np.testing.assert_array_equal(old.faces, new.faces)
        np.testing.assert_allclose(old.uv, new.uv, atol=1e-6)
        np.testing.assert_array_equal(old.vertices, new.vertices)
        assert old.texture.shape == new.texture.shape
    np.testing.assert_array_equal(new.texture[..., 3], parts()[1].texture[..., 3])


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "person.glb").write_bytes(glb_bytes(parts())[:-100])
    with pytest.raises(ScanError, match=r"person\.glb"):
        read_parts(tmp_path / "person.glb")


def test_seams_split_vertices_but_not_normals() -> None:
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    split, old, texel = split_seams(faces, np.array([[0, 1, 2], [4, 5, 3]], np.int32))
    assert len(old) == 6
    np.testing.assert_array_equal(old[split], faces)
    np.testing.assert_array_equal(texel[split], [[0, 1, 2], [4, 5, 3]])
