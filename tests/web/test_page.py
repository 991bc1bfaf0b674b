"""The page in a real browser: what a visitor does, with a stand-in for the networks that returns a coloured ball."""

import shutil
import socket
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import trimesh
from PIL import Image

from lifecast.errors import PhotoError

pytest.importorskip("gradio", reason="the extra lifecast[web] is not installed")
uvicorn = pytest.importorskip("uvicorn")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser; it is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if CHROMIUM is None:
    pytest.skip("no chromium on this machine", allow_module_level=True)

from lifecast.web.api import make_app  # noqa: E402  (only where the extra is there)
from lifecast.web.page import mount_page  # noqa: E402
from lifecast.web.queue import ReconstructionQueue  # noqa: E402

FLAGS = [
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
]  # fmt: skip


class Ball:
    """A reconstruction of somebody very round."""

    def __init__(self) -> None:
        self.mesh = trimesh.creation.icosphere(subdivisions=3)
        self.mesh.visual.vertex_colors = np.tile([200, 40, 40, 255], (len(self.mesh.vertices), 1))
        self.timings, self.notes = {"surface": 0.1}, ("cut off at the knees",)

    def save(self, path: Path) -> None:
        self.mesh.export(path)

    def preview(self, size: int) -> Image.Image:
        return Image.new("RGB", (size, size))


class BallModel:
    def reconstruct(self, path, *, person, box, height, resolution, progress):
        progress("surface")
        time.sleep(0.6)
        progress("colour")
        if Image.open(path).size == (90, 90):
            raise PhotoError("the photograph: no person found")
        return Ball()


@pytest.fixture(scope="module")
def address():
    queue = ReconstructionQueue()
    app = mount_page(make_app(queue, BallModel()), queue, BallModel(), 32 << 20)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}/"
    server.should_exit = True
    thread.join(timeout=30)
    queue.close()


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(params=[(1200, 900), (390, 844)], ids=["desktop", "phone"])
def visit(browser, address, request):
    context = browser.new_context(viewport=dict(zip(("width", "height"), request.param, strict=True)))
    page = context.new_page()
    page.set_default_timeout(180_000)  # the first page is a megabyte of script on a machine that runs other tests
    foreign = []
    page.on("request", lambda r: foreign.append(r.url) if not r.url.startswith((address, "data:", "blob:")) else None)
    page.goto(address)
    page.locator("#start").wait_for()
    yield SimpleNamespace(page=page, foreign=foreign, width=request.param[0])
    context.close()


def choose(page, path: Path) -> None:
    page.locator("#photo input[type=file]").set_input_files(str(path))


def test_upload_stages_model_and_download(visit, tmp_path):
    page = visit.page
    Image.fromarray(np.full((120, 80, 3), 128, np.uint8)).save(tmp_path / "me.png")
    choose(page, tmp_path / "me.png")
    page.locator("#found").get_by_text("Nobody was found").wait_for()
    page.locator("#start").click()
    page.locator("#status").get_by_text("done in").wait_for()
    assert page.locator("#status").get_by_text("cut off at the knees").is_visible()
    canvas = page.frame_locator("#model iframe").locator("canvas")
    canvas.wait_for()
    for _ in range(20):  # software WebGL on a busy machine takes its time for the first frame
        page.screenshot(path=tmp_path / "page.png", full_page=True)
        red, green, blue = np.moveaxis(np.asarray(Image.open(tmp_path / "page.png").convert("RGB")).astype(int), -1, 0)
        ball = (red > green + 60) & (abs(green - blue) < 25)  # the page's own buttons are orange and blue
        if ball.mean() > 0.01:
            break
        page.wait_for_timeout(500)
    assert 0.01 < ball.mean() < 0.5, "the red ball is not on the page"
    with page.expect_download() as download:
        page.locator("#files a", has_text="GLB").click()
    download.value.save_as(tmp_path / "person.glb")
    assert len(trimesh.load(tmp_path / "person.glb", force="mesh").faces) == 1280
    assert page.evaluate("document.documentElement.scrollWidth") <= visit.width  # nothing hangs out sideways
    assert not visit.foreign, "the page asks other servers"


def test_a_text_file_renamed_is_told_in_plain_words(visit, tmp_path):
    (tmp_path / "notes.jpg").write_text("dear diary")
    choose(visit.page, tmp_path / "notes.jpg")
    said = visit.page.locator("#found [role=alert]")
    said.wait_for()
    assert "notes.jpg" in said.inner_text()
    assert "text" in said.inner_text()


def test_a_refusal_is_shown_where_the_model_would_be(visit, tmp_path):
    Image.new("RGB", (90, 90), (10, 60, 10)).save(tmp_path / "wall.png")
    choose(visit.page, tmp_path / "wall.png")
    visit.page.locator("#found").get_by_text("Nobody was found").wait_for()
    visit.page.locator("#start").press("Enter")  # by keyboard
    visit.page.locator("#status [role=alert]").get_by_text("no person found").wait_for()
