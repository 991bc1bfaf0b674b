"""Files out: round trips through trimesh, the Khronos validator, and a process killed while it saves."""

import dataclasses
import json
import os
import signal
import struct
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

from lifecast.errors import UsageError
from lifecast.options import RIGGED_ONLY
from lifecast.surface.output.coloured_mesh import ColouredMesh
from lifecast.surface.output.export import FORMATS, check_format, save_model, to_trimesh
from lifecast.surface.output.gltf import glb_bytes, linear_colours
from lifecast.surface.output.viewer import read_shown

PROVENANCE = {"program": "lifecast", "weights": "compact", "licence": "Apache-2.0", "copyright": "weights: Apache-2.0"}


@pytest.fixture
def ball():
    mesh = trimesh.creation.icosphere(3, 0.8)
    rng = np.random.default_rng(1)
    colours = rng.integers(0, 256, (len(mesh.vertices), 3), dtype=np.uint8)
    return ColouredMesh(
        mesh.vertices.astype(np.float32),
        mesh.faces.astype(np.int32),
        mesh.vertex_normals,
        colours,
        provenance=PROVENANCE,
    )


@pytest.fixture
def textured(ball):
    uv = (np.asarray(ball.vertices[:, :2]) / 1.6 + 0.5).astype(np.float32)
    row, column = np.mgrid[:64, :64]
    texture = np.stack([column * 4, row * 4, np.full((64, 64), 128)], -1).astype(np.uint8)
    return ColouredMesh(ball.vertices, ball.faces, ball.normals, None, uv, texture, PROVENANCE)


def read_glb(path):
    data = Path(path).read_bytes()
    magic, version, length = struct.unpack_from("<4sII", data)
    assert (magic, version, length) == (b"glTF", 2, len(data))
    size, kind = struct.unpack_from("<I4s", data, 12)
    assert kind == b"JSON"
    return json.loads(data[20 : 20 + size]), data[20 + size + 8 :]


def accessor(tree, blob, index):
    entry = tree["accessors"][index]
    view = tree["bufferViews"][entry["bufferView"]]
    kind = {5123: "<u2", 5125: "<u4", 5126: "<f4"}[entry["componentType"]]
    width = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}[entry["type"]]
    return np.frombuffer(blob, kind, entry["count"] * width, view["byteOffset"]).reshape(-1, width)


def test_glb_round_trip(ball, tmp_path):
    path = tmp_path / "person.glb"
    assert save_model(ball, path) == [path]
    mesh = trimesh.load(path, force="mesh", process=False)
    assert np.allclose(mesh.vertices, ball.vertices, atol=1e-6)
    assert np.array_equal(mesh.faces, ball.faces)
    assert np.allclose(mesh.vertex_normals, ball.normals, atol=1e-5)


def test_glb_says_where_it_comes_from_and_has_linear_colours(ball, tmp_path):
    save_model(ball, tmp_path / "person.glb")
    tree, blob = read_glb(tmp_path / "person.glb")
    assert tree["asset"]["extras"] == PROVENANCE
    assert tree["asset"]["copyright"] == PROVENANCE["copyright"]
    colours = accessor(tree, blob, tree["meshes"][0]["primitives"][0]["attributes"]["COLOR_0"]) / 65535
    srgb = ball.colours / 255
    want = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    assert np.allclose(colours[:, :3], want, atol=1e-5)
    assert (colours[:, 3] == 1).all()
    assert len(np.unique(linear_colours(np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, 1))[:, 0])) == 256


def test_large_meshes_get_wide_indices(tmp_path):
    mesh = trimesh.creation.icosphere(7, 1.0)  # 163,842 vertices
    save_model(ColouredMesh(mesh.vertices, mesh.faces, mesh.vertex_normals), tmp_path / "large.glb")
    tree, blob = read_glb(tmp_path / "large.glb")
    indices = accessor(tree, blob, tree["meshes"][0]["primitives"][0]["indices"])
    assert np.array_equal(indices.reshape(-1, 3), mesh.faces)


def test_textured_glb_round_trip(textured, tmp_path):
    save_model(textured, tmp_path / "person.glb")
    mesh = trimesh.load(tmp_path / "person.glb", force="mesh", process=False)
    assert np.allclose(mesh.visual.uv, textured.uv, atol=1e-6)
    picture = np.asarray(mesh.visual.material.baseColorTexture.convert("RGB")).astype(int)
    assert np.abs(picture - textured.texture).mean() < 3  # JPEG
    tree, _ = read_glb(tmp_path / "person.glb")
    uv = tree["accessors"][tree["meshes"][0]["primitives"][0]["attributes"]["TEXCOORD_0"]]
    assert uv["count"] == len(textured.vertices)


@pytest.mark.parametrize("kind", ["obj", "ply"])
def test_vertex_colours_round_trip(ball, kind, tmp_path):
    path = tmp_path / f"person.{kind}"
    assert save_model(ball, path) == [path]
    mesh = trimesh.load(path, force="mesh", process=False, maintain_order=True)
    assert np.allclose(mesh.vertices, ball.vertices, atol=1e-5)
    assert np.array_equal(mesh.faces, ball.faces)
    assert np.abs(mesh.visual.vertex_colors[:, :3].astype(int) - ball.colours).max() <= 1
    assert np.allclose(mesh.vertex_normals, ball.normals, atol=1e-3)


def test_textured_obj_brings_its_material_and_picture(textured, tmp_path):
    written = save_model(textured, tmp_path / "person.obj")
    assert [path.name for path in written] == ["person.png", "person.mtl", "person.obj"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in written)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "person.png")), textured.texture)
    mesh = trimesh.load(tmp_path / "person.obj", force="mesh", process=False, maintain_order=True)
    assert np.allclose(mesh.vertices, textured.vertices, atol=1e-5)
    assert np.allclose(mesh.visual.uv, textured.uv, atol=1e-5)
    assert mesh.visual.material.image.size == (64, 64)
    assert '# licence: "Apache-2.0"' in (tmp_path / "person.obj").read_text()


def test_an_obj_that_cannot_be_written_leaves_the_old_one_with_its_own_texture(textured, tmp_path, monkeypatch):
    written = save_model(textured, tmp_path / "person.obj")
    old = {path: path.read_bytes() for path in written}
    flush = os.fsync
    flushed = []

    def full_disk(descriptor: int) -> None:
        flushed.append(descriptor)
        if len(flushed) == len(written):  # all but the last file had their place
            raise OSError("no space left")
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", full_disk)
    changed = dataclasses.replace(textured, texture=255 - textured.texture)
    with pytest.raises(OSError, match="no space left"):
        save_model(changed, tmp_path / "person.obj")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == old


def test_textured_ply_takes_the_texels(textured, tmp_path):
    save_model(textured, tmp_path / "person.ply")
    mesh = trimesh.load(tmp_path / "person.ply", process=False)
    red = mesh.visual.vertex_colors[:, 0].astype(int)
    assert np.abs(red - textured.uv[:, 0] * 255).max() < 6


@pytest.fixture
def standing():
    """An egg as high as a person, its belly toward +z: metres, y up."""
    mesh = trimesh.creation.icosphere(3)
    points = mesh.vertices * (0.25, 0.85, 0.15) + (0, 0.85, 0)
    points[:, 2] *= np.where(points[:, 2] > 0, 2, 1)
    return ColouredMesh(points.astype(np.float32), np.asarray(mesh.faces), mesh.vertex_normals)


def test_stl_is_for_printing_millimetres_standing_on_the_plate(standing, tmp_path):
    save_model(standing, tmp_path / "person.stl")
    mesh = trimesh.load(tmp_path / "person.stl")
    assert np.allclose(mesh.bounds, [[-250, -300, 0], [250, 150, 1700]], atol=0.01)  # it looks toward -y
    assert len(mesh.faces) == len(standing.faces)
    assert mesh.is_watertight
    assert np.isclose(mesh.volume, to_trimesh(standing).volume * 1e9, rtol=1e-4)  # positive: not turned inside out
    header = (tmp_path / "person.stl").read_bytes()[:80]
    assert b"millimetres, z up" in header
    assert not header.startswith(b"solid")  # programs would take it for text


def test_stl_in_metres_on_demand(standing, tmp_path):
    save_model(standing, tmp_path / "person.stl", stl_metres=True)
    mesh = trimesh.load(tmp_path / "person.stl")
    assert np.allclose(mesh.bounds, [standing.vertices.min(0), standing.vertices.max(0)])
    assert np.isclose(mesh.volume, to_trimesh(standing).volume, rtol=1e-4)


def test_the_viewer_shows_an_stl_for_printing_like_the_other_files(standing, tmp_path):
    save_model(standing, tmp_path / "person.stl")
    read = read_shown(tmp_path / "person.stl")
    assert (read.units, read.up) == ("mm", "z")
    (tmp_path / "person.glb").write_bytes(read.glb)
    shown = trimesh.load(tmp_path / "person.glb", force="mesh")
    low, high = standing.vertices.min(0), standing.vertices.max(0)
    assert np.allclose(shown.bounds / 1000, [(low - high) / 2, (high - low) / 2], atol=1e-5)
    assert np.allclose(shown.center_mass / 1000, to_trimesh(standing).center_mass - (low + high) / 2, atol=1e-4)


def test_formats():
    assert check_format(".GLB") == "glb"
    with pytest.raises(UsageError, match=r"fbx.*glb, obj"):
        check_format("fbx")


def test_unknown_suffix_writes_nothing(ball, tmp_path):
    with pytest.raises(UsageError, match="choose one of"):
        save_model(ball, tmp_path / "person.fbx")
    with pytest.raises(UsageError, match=r"person\.vrm: this format needs a rig"):
        save_model(ball, tmp_path / "person.vrm")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vertices": np.full((642, 3), np.nan, np.float32)}, "not finite"),
        ({"faces": np.zeros((0, 3), int)}, "at least one face"),
        ({"faces": np.array([[0, 1, 642]])}, "0..642 of 642"),
        ({"normals": np.zeros((3, 3))}, "3 normals for 642"),
        ({"uv": np.zeros((642, 2))}, "texture needs uv"),
    ],
)
def test_models_that_no_file_can_hold(ball, change, message):
    values = {"vertices": ball.vertices, "faces": ball.faces, "normals": ball.normals, **change}
    with pytest.raises(ValueError, match=message):
        ColouredMesh(**values)


def test_khronos_validator_finds_nothing(ball, textured, validate, tmp_path):
    zero = ColouredMesh(ball.vertices, ball.faces, np.zeros_like(ball.normals), ball.colours)
    for index, model in enumerate((ball, textured, zero)):
        path = tmp_path / f"{index}.glb"
        save_model(model, path)
        issues = validate(path)["issues"]
        assert issues["numErrors"] == issues["numWarnings"] == 0, issues["messages"]


def test_khronos_validator_is_awake(ball, validate, tmp_path):
    data = glb_bytes(ball)
    (tmp_path / "bad.glb").write_bytes(data.replace(b'"type":"VEC4"', b'"type":"VEC9"'))
    assert validate(tmp_path / "bad.glb")["issues"]["numErrors"] > 0


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind not in RIGGED_ONLY])
def test_a_kill_while_saving_leaves_no_broken_file(kind, tmp_path):
    path = tmp_path / f"person.{kind}"
    code = f"""
        import sys, numpy as np, trimesh
        from lifecast.surface.output.export import save_model
        from lifecast.surface.output.coloured_mesh import ColouredMesh
        mesh = trimesh.creation.icosphere(5)
        grey = np.full((len(mesh.vertices), 3), 99, np.uint8)
        model = ColouredMesh(mesh.vertices, mesh.faces, mesh.vertex_normals, grey)
        print("ready", flush=True)
        while True:
            save_model(model, {str(path)!r})
    """
    rng = np.random.default_rng(5)
    child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"ready\n"
    deadline = time.monotonic() + 30
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(rng.uniform(0, 0.1))
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    mesh = trimesh.load(path, force="mesh")
    assert len(mesh.faces) == 20480
    visible = [name.name for name in tmp_path.iterdir() if not name.name.startswith(".")]
    assert visible == [path.name]
