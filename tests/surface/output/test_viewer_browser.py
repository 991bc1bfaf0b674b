"""What the viewer draws in a browser: the colours of the file, the outside of surfaces, and heights in metres."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import trimesh
from PIL import Image

from lifecast.surface.colour.srgb import to_linear
from lifecast.surface.output.viewer import save_viewer, viewer_page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser; it is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if CHROMIUM is None:
    pytest.skip("no chromium on this machine", allow_module_level=True)

NewGlb = Callable[[], Any]
PIXEL = """([x, y]) => {
  const gl = document.getElementById("view").getContext("webgl2");
  const out = new Uint8Array(4);
  gl.readPixels(Math.round(x * gl.drawingBufferWidth), Math.round(y * gl.drawingBufferHeight), 1, 1, gl.RGBA,
    gl.UNSIGNED_BYTE, out);
  return [...out].slice(0, 3);
}"""
MIDDLE = (0.5, 0.5)


@pytest.fixture
def open_page(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Opens a model's page, seen from the front without light, and waits until it is drawn."""
    page = browser.new_page(viewport={"width": 320, "height": 320})
    page.set_default_timeout(120_000)

    def show(model: Path | bytes, *, wanted: str = "ready", view: str = "mode=1&yaw=0", **how: Any) -> Any:
        target = tmp_path / "page.html"
        if isinstance(model, bytes):
            target.write_text(viewer_page(model, "model"), encoding="utf-8")
        else:
            save_viewer(model, target, **how)
        page.goto("about:blank")
        page.goto(f"{target.as_uri()}#{view}")
        page.wait_for_selector(f"html[data-state={wanted}]", state="attached")
        return page

    yield show
    page.close()


def png(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".png", pixels[..., ::-1] if pixels.ndim == 3 else pixels)[1].tobytes()


def quarters() -> np.ndarray:
    """A picture of four plain quarters: red and green above, blue and white below."""
    tile = np.array([[[200, 0, 0], [0, 200, 0]], [[0, 0, 200], [250, 250, 250]]], np.uint8)
    return np.kron(tile, np.ones((32, 32, 1), np.uint8)).astype(np.uint8)


@pytest.mark.parametrize("kind", ["<u1", "<u2", "<f4"])
def test_vertex_colours_of_every_component_type(new_glb: NewGlb, open_page: Any, tmp_path: Path, kind: str) -> None:
    wanted = np.array([188, 99, 240])
    full = 1 if kind == "<f4" else np.iinfo(kind).max
    linear = to_linear(wanted / 255) * full
    stored = np.tile(linear if kind == "<f4" else np.round(linear), (4, 1)).astype(kind)
    glb = new_glb()
    glb.attributes["COLOR_0"] = glb.accessor(stored, "VEC3", **({} if kind == "<f4" else {"normalized": True}))
    pixel = open_page(glb.write(tmp_path)).evaluate(PIXEL, MIDDLE)
    np.testing.assert_allclose(pixel, wanted, atol=1)


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({}, [250, 250, 250]),
        ({"extensions": {"KHR_texture_transform": {"offset": [0.5, 0]}}}, [0, 0, 200]),
        ({"extensions": {"KHR_texture_transform": {"rotation": np.pi / 2, "offset": [0, 1]}}}, [0, 200, 0]),
        ({"texCoord": 1}, [200, 0, 0]),
    ],
)
def test_texture_coordinates(
    new_glb: NewGlb, open_page: Any, tmp_path: Path, info: dict[str, Any], expected: list[int]
) -> None:
    glb = new_glb()
    glb.textured(png(quarters()), info)
    glb.attributes["TEXCOORD_1"] = glb.accessor((1 - glb.UV).astype("<f4"), "VEC2")
    place = (0.55, 0.45)  # to the right of the middle and below it: the white quarter
    pixel = open_page(glb.write(tmp_path)).evaluate(PIXEL, place)
    np.testing.assert_allclose(pixel, expected, atol=2)


def test_grey_textures_of_16_bits(new_glb: NewGlb, open_page: Any, tmp_path: Path) -> None:
    glb = new_glb()
    glb.textured(png(np.full((8, 8), 25700, np.uint16)))
    np.testing.assert_allclose(open_page(glb.write(tmp_path)).evaluate(PIXEL, MIDDLE), [100] * 3, atol=1)


def test_a_negative_scale_shows_the_outside(new_glb: NewGlb, open_page: Any, tmp_path: Path) -> None:
    glb = new_glb()
    glb.material(pbrMetallicRoughness={"baseColorFactor": [0, 1, 0, 1]})
    glb.tree["nodes"][0] |= {"scale": [-1, 1, 1]}
    assert open_page(glb.write(tmp_path)).evaluate(PIXEL, MIDDLE) == [0, 255, 0]
    # from behind a one-sided surface is not there
    behind = open_page(glb.write(tmp_path), view="mode=1&yaw=180").evaluate(PIXEL, MIDDLE)
    assert behind != [0, 255, 0]


@pytest.mark.parametrize("kind", ["glb", "obj"])
def test_far_away_is_drawn_as_at_0(open_page: Any, tmp_path: Path, kind: str) -> None:
    drawn = []
    for place in ([0, 0, 0], [500000, 4500000, 120]):
        ball = trimesh.creation.icosphere(3, 0.85)
        path = tmp_path / f"ball.{kind}"
        if kind == "glb":
            scene = trimesh.Scene()
            scene.add_geometry(ball, transform=trimesh.transformations.translation_matrix(place))
            scene.export(path)
        else:
            ball.apply_translation(place).export(path, digits=8)
        page = open_page(path, view="mode=3&yaw=0")
        assert "1.70 m high" in page.text_content("#facts")
        drawn.append(np.array([page.evaluate(PIXEL, (x, 0.5)) for x in np.linspace(0.2, 0.8, 13)]))
    assert np.ptp(drawn[0], axis=0).max() > 80
    np.testing.assert_allclose(drawn[1], drawn[0], atol=2)


def test_a_texture_without_a_picture_is_a_sentence(new_glb: NewGlb, open_page: Any, tmp_path: Path) -> None:
    glb = new_glb()
    glb.textured(png(quarters()))
    glb.tree["textures"][0] = {"extensions": {"KHR_texture_basisu": {"source": 0}}}
    page = open_page(glb.write(tmp_path).read_bytes(), wanted="error")
    assert page.text_content("#message") == "A texture of this model has no picture that browsers show."


def test_millimetres_with_z_up(open_page: Any, tmp_path: Path) -> None:
    lying = trimesh.creation.box([500, 300, 1700])
    lying.visual.vertex_colors = [200, 30, 40, 255]
    lying.export(tmp_path / "box.ply")
    page = open_page(tmp_path / "box.ply")
    assert "1.70 m high" in page.text_content("#facts")
    assert page.evaluate(PIXEL, (0.5, 0.75)) == [200, 30, 40]  # it stands: there is some of it far above the middle
    assert "0.30 m high" in open_page(tmp_path / "box.ply", up="y", units="mm").text_content("#facts")


def test_a_scan_with_two_materials(open_page: Any, tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8, 3), [10, 200, 90], np.uint8)).save(tmp_path / "skin.png")
    (tmp_path / "scan.mtl").write_text("newmtl skin\nmap_Kd skin.png\nnewmtl cloth\nKd 1 0 0\n")
    corners = "".join(f"v {x} {y} 0\nvt {x} {y}\n" for x in (0, 1, 2) for y in (0, 1))
    faces = "usemtl skin\nf 1/1 3/3 4/4 2/2\nusemtl cloth\nf 3/3 5/5 6/6 4/4\n"
    (tmp_path / "scan.obj").write_text(f"mtllib scan.mtl\n{corners}{faces}")
    page = open_page(tmp_path / "scan.obj")
    left, right = page.evaluate(PIXEL, (0.4, 0.5)), page.evaluate(PIXEL, (0.6, 0.5))
    np.testing.assert_allclose(left, [10, 200, 90], atol=2)
    assert right == [255, 0, 0]
    assert re.match("4 triangles", page.text_content("#facts"))
