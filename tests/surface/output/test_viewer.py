"""The viewer page: everything inside one file, nothing loaded from elsewhere, and it runs in a browser."""

import base64
import re
import shutil
import struct
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest
import trimesh
from PIL import Image

from lifecast.errors import ScanError
from lifecast.surface.output.coloured_mesh import ColouredMesh
from lifecast.surface.output.export import save_model
from lifecast.surface.output.gltf import glb_bytes
from lifecast.surface.output.viewer import check_glb, read_as_glb, read_shown, save_viewer, viewer_page


@pytest.fixture(scope="module")
def ball():
    mesh = trimesh.creation.icosphere(2, 0.8)
    colours = np.where(mesh.vertices[:, :1] > 0, (200, 10, 10), (10, 10, 200)).astype(np.uint8)
    return ColouredMesh(mesh.vertices, mesh.faces, mesh.vertex_normals, colours, provenance={"copyright": "made up"})


class Page(HTMLParser):
    """Attributes and texts of a page's elements, by tag."""

    def __init__(self, text):
        super().__init__()
        self.attributes, self.texts, self.open = [], {}, []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.attributes += [(tag, name, value or "") for name, value in attributes]
        self.open.append((tag, dict(attributes).get("id", "")))

    def handle_data(self, data):
        if self.open:
            self.texts[self.open[-1]] = self.texts.get(self.open[-1], "") + data


def test_the_page_holds_the_model_and_loads_nothing(ball):
    glb = glb_bytes(ball)
    text = viewer_page(glb, "person")
    page = Page(text)
    assert base64.b64decode(page.texts["script", "model"]) == glb
    assert not [item for item in page.attributes if item[1] in ("src", "href", "srcset", "data", "action")]
    code = text.replace(page.texts["script", "model"], "")
    assert not re.search(r"(https?:)?//[a-z0-9-]+\.[a-z]", code)
    assert not re.search(
        r"\b(fetch|XMLHttpRequest|WebSocket|importScripts|sendBeacon|EventSource)\b|@import|url\(", code
    )
    policy = next(value for tag, name, value in page.attributes if tag == "meta" and value.startswith("default-src"))
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert "$" not in re.sub(r"\$\{", "", code)  # no placeholder left


def test_titles_are_text(ball):
    page = viewer_page(glb_bytes(ball), "</title><script>alert(1)</script>")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_saved_under_the_models_name(ball, tmp_path):
    save_model(ball, tmp_path / "person.glb")
    save_viewer(tmp_path / "person.glb", tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<title>person</title>" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.html", "person.glb"]


@pytest.mark.parametrize("kind", ["obj", "ply", "stl"])
def test_other_formats_are_converted(ball, kind, tmp_path):
    save_model(ball, tmp_path / f"person.{kind}")
    tree = check_glb(read_as_glb(tmp_path / f"person.{kind}"), tmp_path)
    primitive = tree["meshes"][0]["primitives"][0]
    assert tree["accessors"][primitive["indices"]]["count"] == 3 * len(ball.faces)
    assert ("COLOR_0" in primitive["attributes"]) == (kind != "stl")


def test_a_textured_obj_keeps_its_texture(ball, tmp_path):
    uv = (ball.vertices[:, :2] / 1.6 + 0.5).astype(np.float32)
    textured = ColouredMesh(ball.vertices, ball.faces, ball.normals, None, uv, np.full((8, 8, 3), 90, np.uint8))
    save_model(textured, tmp_path / "person.obj")
    tree = check_glb(read_as_glb(tmp_path / "person.obj"), tmp_path)
    assert "TEXCOORD_0" in tree["meshes"][0]["primitives"][0]["attributes"]
    assert tree["images"][0]["mimeType"] == "image/jpeg"


def glb_of(tree):
    text = tree.encode()
    text += b" " * (-len(text) % 4)
    return struct.pack("<4sIII4s", b"glTF", 2, 20 + len(text), len(text), b"JSON") + text


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is not a GLB"),
        (b"<html>" * 20, "is not a GLB"),
        (struct.pack("<4sIII4s", b"glTF", 1, 20, 0, b"JSON"), "is glTF 1"),
        (glb_of('{"meshes":[1]}')[:-2], "is damaged"),
        (glb_of("{nonsense"), "its JSON cannot be read"),
        (glb_of('{"extensionsRequired":["KHR_draco_mesh_compression"],"meshes":[1]}'), "KHR_draco_mesh_compression"),
        (glb_of('{"buffers":[{"uri":"https://there/x.bin"}],"meshes":[1]}'), "refers to https://there/x.bin"),
        (glb_of("{}"), "holds no mesh"),
    ],
)
def test_files_that_cannot_be_shown(data, message, tmp_path):
    path = tmp_path / "person.glb"
    path.write_bytes(data)
    with pytest.raises(ScanError, match=re.escape(message)) as error:
        save_viewer(path, tmp_path / "page.html")
    assert "person.glb" in str(error.value)
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize("name", ["person.txt", "missing.glb", "broken.ply", "broken.stl"])
def test_other_bad_files(name, tmp_path):
    if name.startswith("broken"):
        (tmp_path / name).write_bytes(b"ply\nformat nonsense\n")
    with pytest.raises(ScanError, match=re.escape(name)):
        read_as_glb(tmp_path / name)


def shown_positions(glb, folder):
    """The vertices of a GLB that the viewer would show."""
    (folder / "shown.glb").write_bytes(glb)
    return trimesh.load_mesh(folder / "shown.glb", process=False).vertices


@pytest.mark.parametrize(
    ("unit", "length", "up"), [("m", 1.0, "y"), ("cm", 100.0, "y"), ("mm", 1000.0, "z"), ("m", 1.0, "z")]
)
def test_units_and_axis_are_found_as_for_training_data(unit, length, up, tmp_path):
    box = trimesh.creation.box(np.array([0.5, 1.7, 0.3] if up == "y" else [0.5, 0.3, 1.7]) * length)
    box.export(tmp_path / "box.ply")
    shown = read_shown(tmp_path / "box.ply")
    assert (shown.units, shown.up) == (unit, up)
    extent = np.ptp(shown_positions(shown.glb, tmp_path), axis=0)
    np.testing.assert_allclose(extent, np.array([0.5, 1.7, 0.3]) * length, rtol=1e-5)


def test_units_that_are_not_known(tmp_path):
    for kind, unit in (("ply", None), ("glb", "m")):  # glTF is in metres, whatever it shows
        trimesh.creation.box([3, 5.1, 2]).export(tmp_path / f"box.{kind}")
        assert read_shown(tmp_path / f"box.{kind}").units == unit
    save_viewer(tmp_path / "box.ply", tmp_path / "page.html")
    assert 'data-metre="0"' in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_an_axis_that_is_given_turns_a_glb(tmp_path):
    trimesh.creation.box([0.5, 0.3, 1.7]).export(tmp_path / "box.glb")
    assert read_shown(tmp_path / "box.glb").glb == (tmp_path / "box.glb").read_bytes()
    turned = read_shown(tmp_path / "box.glb", up="z")
    np.testing.assert_allclose(np.ptp(shown_positions(turned.glb, tmp_path), axis=0), [0.5, 1.7, 0.3], rtol=1e-6)


def test_a_model_far_away_is_shown_about_0(tmp_path):
    shapes = []
    for place in ([0, 0, 0], [500000, 4500000, 120]):
        trimesh.creation.icosphere(2, 0.85).apply_translation(place).export(tmp_path / "ball.obj", digits=8)
        shapes.append(shown_positions(read_as_glb(tmp_path / "ball.obj"), tmp_path))
    assert np.abs(shapes[0]).max() < 0.8501
    np.testing.assert_allclose(shapes[1], shapes[0], atol=1e-7)


def test_every_material_of_an_obj_is_shown(tmp_path):
    Image.fromarray(np.full((8, 8, 3), [10, 200, 90], np.uint8)).save(tmp_path / "skin.png")
    (tmp_path / "scan.mtl").write_text("newmtl skin\nmap_Kd skin.png\nnewmtl cloth\nKd 1 0 0.5\n")
    corners = "".join(f"v {x} {y} 0\nvt {x} {y}\n" for x in (0, 1, 2) for y in (0, 1))
    faces = "usemtl skin\nf 1/1 3/3 4/4 2/2\nusemtl cloth\nf 3/3 5/5 6/6 4/4\n"
    (tmp_path / "scan.obj").write_text(f"mtllib scan.mtl\n{corners}{faces}")
    tree = check_glb(read_as_glb(tmp_path / "scan.obj"), tmp_path)
    looks = {entry["name"]: entry["pbrMetallicRoughness"] for entry in tree["materials"]}
    assert "baseColorTexture" in looks["skin"]
    assert looks["cloth"]["baseColorFactor"] == [1, 0, 0.5, 1]
    assert [primitive["material"] for primitive in tree["meshes"][0]["primitives"]] == [0, 1]
    (tmp_path / "skin.png").unlink()
    with pytest.raises(ScanError, match=r"scan\.obj: skin\.png is not there"):
        read_as_glb(tmp_path / "scan.obj")


def test_a_texture_that_browsers_do_not_show_is_named(new_glb, tmp_path):
    glb = new_glb()
    glb.textured(b"\xabKTX 20\xbb" + bytes(80))
    glb.tree["textures"] = [{"extensions": {"KHR_texture_basisu": {"source": 0}}}]
    with pytest.raises(ScanError, match=r"square\.glb: the texture of 'skin' cannot be used: .* is a KTX2 texture"):
        save_viewer(glb.write(tmp_path), tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["colours", "texture"])
def test_it_runs_in_a_browser(ball, kind, tmp_path):
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("neither chromium nor google-chrome is installed")
    model = ball
    if kind == "texture":
        uv = (ball.vertices[:, :2] / 1.6 + 0.5).astype(np.float32)
        model = ColouredMesh(ball.vertices, ball.faces, ball.normals, None, uv, np.full((64, 64, 3), 90, np.uint8))
    (tmp_path / "page.html").write_text(viewer_page(glb_bytes(model), "ball"), encoding="utf-8")
    flags = "--headless --no-sandbox --disable-gpu --use-angle=swiftshader --enable-unsafe-swiftshader"
    flags += " --disable-background-networking --disable-component-update --disable-sync --virtual-time-budget=60000"
    done = subprocess.run(
        [
            browser,
            *flags.split(),
            f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom",
            f"file://{tmp_path}/page.html",
        ],
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert 'data-state="ready"' in done.stdout
    assert f'data-triangles="{len(ball.faces)}"' in done.stdout
