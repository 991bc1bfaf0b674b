"""Rigged files in a real browser: the viewer moves the mesh as the file says, and so does three.js."""

from __future__ import annotations

import base64
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rigged_files import ReadGlb

from lifecast.body.motion.joint_clip import JointClip
from lifecast.surface.output.rigged_mesh import RiggedMesh
from lifecast.surface.output.skinned_glb import rigged_glb_bytes
from lifecast.surface.output.viewer import viewer_page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser; it is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if CHROMIUM is None:
    pytest.skip("no chromium on this machine", allow_module_level=True)

SIZE = 320
DRAWN = """() => {
  draw();
  const gl = canvas.getContext("webgl2");
  const out = new Uint8Array(gl.drawingBufferWidth * gl.drawingBufferHeight * 4);
  gl.readPixels(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight, gl.RGBA, gl.UNSIGNED_BYTE, out);
  return btoa(Array.from(out, (v) => String.fromCharCode(v)).join(""));
}"""
CAMERA = """() => {
  const view = [...cameraMatrix().matrix], f = 1 / Math.tan(FOV / 2);
  return { view, f, centre: scene.centre };
}"""
THREE_PAGE = """<!doctype html><script type="importmap">
{"imports": {"three": "/three/build/three.module.js", "three/addons/": "/three/examples/jsm/"}}</script>
<canvas id="view" width="200" height="200"></canvas><script type="module">
import * as THREE from "three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
const gltf = await new GLTFLoader().loadAsync("/person.glb");
const mesh = gltf.scene.getObjectByProperty("isSkinnedMesh", true);
const mixer = new THREE.AnimationMixer(gltf.scene);
const renderer = new THREE.WebGLRenderer({ canvas: document.getElementById("view"), preserveDrawingBuffer: true });
const scene = new THREE.Scene();
scene.add(gltf.scene, new THREE.AmbientLight(0xffffff, 3));
const camera = new THREE.PerspectiveCamera(40, 1, 0.1, 10);
camera.position.set(0, 0.9, 3.5);
window.show = (clip, second) => {
  mixer.stopAllAction();
  if (clip !== null) {
    mixer.clipAction(THREE.AnimationClip.findByName(gltf.animations, clip)).play();
    mixer.setTime(second);
  }
  gltf.scene.updateMatrixWorld(true);
  renderer.render(scene, camera);
  const at = new THREE.Vector3(), out = [], gl = renderer.getContext();
  for (let i = 0; i < mesh.geometry.attributes.position.count; i += 40)
    out.push(mesh.localToWorld(mesh.getVertexPosition(i, at)).toArray());
  const pixels = new Uint8Array(200 * 200 * 4);
  gl.readPixels(0, 0, 200, 200, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
  const lit = Array.from({ length: 200 * 200 }, (_, i) => (pixels[i * 4] + pixels[i * 4 + 2] > 60 ? 1 : 0));
  return { points: out, lit };
};
</script>"""


@pytest.fixture(scope="module")
def glb(standing: RiggedMesh, wave: JointClip) -> bytes:
    return rigged_glb_bytes(standing, [wave])


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    page = browser.new_page(viewport={"width": SIZE, "height": SIZE})
    page.set_default_timeout(120_000)
    yield page
    page.close()


@pytest.fixture
def open_viewer(page: Any, glb: bytes, tmp_path: Path) -> Callable[[str], Any]:
    (tmp_path / "page.html").write_text(viewer_page(glb, "person"), encoding="utf-8")

    def show(view: str) -> Any:
        page.goto("about:blank")
        page.goto(f"{(tmp_path / 'page.html').as_uri()}#mode=1&yaw=0&light{view}")
        page.wait_for_selector("html[data-state=ready]", state="attached")
        return page

    return show


def extent(page: Any) -> np.ndarray:
    """Left, right, bottom and top of the red and blue pixels that are drawn, in shares of the picture."""
    pixels = np.frombuffer(base64.b64decode(page.evaluate(DRAWN)), np.uint8).reshape(SIZE, SIZE, 4).astype(int)
    person = np.abs(pixels[..., 0] - pixels[..., 2]) > 100
    columns, rows = np.flatnonzero(person.any(0)), np.flatnonzero(person.any(1))
    return np.array([columns[0], columns[-1] + 1, rows[0], rows[-1] + 1]) / SIZE


def expected_extent(page: Any, points: np.ndarray) -> np.ndarray:
    """The same of points (V, 3) in the model's space, by the page's own camera."""
    camera = page.evaluate(CAMERA)
    view = np.array(camera["view"]).reshape(4, 4).T
    eye = (points - camera["centre"]) @ view[:3, :3].T + view[:3, 3]
    place = camera["f"] * eye[:, :2] / -eye[:, 2:]
    return np.stack([place.min(0), place.max(0)], 1).ravel() / 2 + 0.5


@pytest.mark.parametrize("second", [None, 0.25, 0.7])
def test_the_viewer_draws_the_mesh_where_the_file_says(
    open_viewer: Callable[[str], Any], glb: bytes, second: float | None
) -> None:
    read = ReadGlb(glb)
    page = open_viewer("" if second is None else f"&clip=wave&time={second}")
    points = read.skinned(None if second is None else read.at(0, second))
    np.testing.assert_allclose(extent(page), expected_extent(page, points), atol=1.5 / SIZE)
    if second is not None:
        assert np.abs(extent(page) - expected_extent(page, read.skinned())).max() > 0.05


def wait_until(page: Any, condition: str) -> None:
    """Wait as `wait_for_function` does, whose `eval` in the page the viewer's content security policy forbids."""
    for _ in range(1200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"{condition} did not come true within two minutes")


def test_a_clip_is_chosen_played_and_paused(open_viewer: Callable[[str], Any], glb: bytes) -> None:
    read = ReadGlb(glb)
    page = open_viewer("")
    assert page.locator("#clip option").all_text_contents() == ["Still", "wave"]
    still = extent(page)
    page.select_option("#clip", label="wave")
    assert page.locator("#play").text_content() == "Pause"
    wait_until(page, "state.second > 0")
    page.locator("#play").click()
    assert page.locator("#play").text_content() == "Play"
    paused = page.evaluate("state.second")
    assert 0 <= paused < 1  # it goes on in a loop
    # Where it was paused, be it near the start, where nothing has moved far.
    expected = expected_extent(page, read.skinned(read.at(0, paused)))
    np.testing.assert_allclose(extent(page), expected, atol=1.5 / SIZE)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate("state.second") == paused
    page.select_option("#clip", label="Still")
    np.testing.assert_array_equal(extent(page), still)
    page.locator("#view").press("p")
    wait_until(page, "state.playing && state.clip === 0 && state.second > 0")


def test_a_model_without_clips_has_no_menu(page: Any, standing: RiggedMesh, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(viewer_page(rigged_glb_bytes(standing), "person"), encoding="utf-8")
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_selector("html[data-state=ready]", state="attached")
    assert page.locator("#motion").is_hidden()
    page.locator("#view").press("p")
    assert page.evaluate("[state.clip, state.playing]") == [-1, False]


def test_three_js_moves_the_mesh_as_the_file_says(page: Any, glb: bytes, npm_folder: Path) -> None:
    three = npm_folder / "node_modules" / "three"
    if not three.is_dir():
        pytest.skip("LIFECAST_GLTF_VALIDATOR names a folder where three was not installed")

    def serve(route: Any) -> None:
        path = route.request.url.removeprefix("http://rig.test/")
        if path.startswith("three/"):
            route.fulfill(path=three / path.removeprefix("three/"), content_type="text/javascript")
        elif path == "person.glb":
            route.fulfill(body=glb, content_type="model/gltf-binary")
        else:
            route.fulfill(body=THREE_PAGE, content_type="text/html")

    page.route("http://rig.test/**", serve)
    page.goto("http://rig.test/")
    page.wait_for_function("window.show !== undefined")
    read = ReadGlb(glb)
    still = page.evaluate("() => show(null, 0)")
    np.testing.assert_allclose(still["points"], read.skinned()[::40], atol=2e-5)
    for second in (0.2, 0.6):
        shown = page.evaluate("(second) => show('wave', second)", second)
        np.testing.assert_allclose(shown["points"], read.skinned(read.at(0, second))[::40], atol=2e-5)
        moved = np.abs(np.subtract(shown["lit"], still["lit"])).sum()
        assert moved > 0.2 * np.sum(still["lit"]) > 200
