"""The page in a real browser: what a visitor does, with a stand-in for the networks that returns a coloured ball."""

import io
import shutil
import socket
import tempfile
import threading
import time
import zipfile
from contextlib import contextmanager
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

from lifecast import pipeline  # noqa: E402
from lifecast.body.motion.catalogue import CLIPS  # noqa: E402  (only where the extra is there)
from lifecast.photo.person import Person  # noqa: E402  (only where the extra is there)
from lifecast.web.api import make_app  # noqa: E402  (only where the extra is there)
from lifecast.web.page import STAGES, mount_page  # noqa: E402
from lifecast.web.queue import ReconstructionQueue  # noqa: E402

FLAGS = [
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
]  # fmt: skip


class Ball:
    """A reconstruction of somebody very round."""

    def __init__(self, model: "BallModel") -> None:
        self.model = model
        self.mesh = trimesh.creation.icosphere(subdivisions=3)
        self.mesh.visual.vertex_colors = np.tile([200, 40, 40, 255], (len(self.mesh.vertices), 1))
        self.steps = {}
        self.timings, self.notes, self.body = {"surface": 0.1}, ("cut off at the knees",), None
        self.measured_body = None

    def save(self, path: Path, textured: bool, stl_metres: bool, folds: bool, texture: int) -> list[Path]:
        self.model.folds, self.model.texture = folds, texture
        self.mesh.export(path)
        return [path]

    def preview(self, size: int) -> Image.Image:
        return Image.new("RGB", (size, size))


class BallModel:
    """A photograph of 90 x 90 shows nobody; one of 60 x 60 takes until somebody leaves."""

    def __init__(self) -> None:
        self.asked, self.uploads = [], []

    def reconstruct(self, path, *, person, box, turn, height, resolution, without, body, progress):
        self.asked.append((person, height))
        self.uploads.append(path)
        self.without, self.body = without, body
        size = Image.open(path).size
        progress("surface")
        time.sleep(0.6)
        while size == (70, 70):
            time.sleep(0.1)
            progress("surface")
        progress("colour")
        if size == (90, 90):
            raise PhotoError("the photograph: no person found")
        return Ball(self)


def two_in_wide_pictures(photo):
    boxes = [(20, 10, 90, 95), (110, 20, 170, 95)] if photo.size == (200, 100) else []
    return [Person(box) for box in boxes]


@pytest.fixture(scope="module")
def server():
    queue, model = ReconstructionQueue(), BallModel()
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr("lifecast.web.found_people.find_people", two_in_wide_pictures)
        patch.setattr("lifecast.photo.blazepose.available", lambda: True)
        patch.setenv("GRADIO_TEMP_DIR", folder)
        with serving(queue, model) as address:
            yield SimpleNamespace(address=address, queue=queue, model=model)
    queue.close()


@contextmanager
def serving(queue, model):
    app = mount_page(make_app(queue, model), queue, model, 32 << 20)
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


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(params=[(1200, 900, "light"), (390, 844, "dark")], ids=["desktop", "phone"])
def visit(browser, server, request):
    width, height, scheme = request.param
    address = server.address
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(180_000)  # the first page is a megabyte of script on a machine that runs other tests
    foreign = []
    page.on("request", lambda r: foreign.append(r.url) if not r.url.startswith((address, "data:", "blob:")) else None)
    page.goto(address)
    page.locator("#start").wait_for()
    yield SimpleNamespace(page=page, foreign=foreign, width=width, scheme=scheme)
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


def test_every_stage_of_a_reconstruction_has_its_place():
    names = list(STAGES)
    assert names.pop(names.index("features") + 1) == "body"  # the pipeline's where one is fitted
    assert tuple(names) == pipeline.STAGES


def brightness(page) -> float:
    shot = Image.open(io.BytesIO(page.screenshot())).convert("L")
    return float(np.asarray(shot).mean())


def test_place_stages_person_keys_and_the_other_downloads(visit, server, tmp_path):
    page = visit.page
    assert (brightness(page) > 128) == (visit.scheme == "light")
    Image.new("RGB", (200, 100), (90, 120, 150)).save(tmp_path / "two.png")
    choose(page, tmp_path / "two.png")
    page.locator("#found").get_by_text("2 people found").wait_for()
    page.locator("#people img").wait_for()
    page.locator("#person").get_by_label("person 2").check()
    gate = threading.Event()
    server.queue.submit(lambda progress: gate.wait(60))
    page.locator("#start").click()
    page.locator("#status").get_by_text("Place 1 in the queue").wait_for()
    gate.set()
    page.locator("#status [aria-current=step]").get_by_text("surface").wait_for()
    page.locator("#status").get_by_text("Done in").wait_for()
    assert server.model.asked[-1] == (2, 1.7)

    frame = page.frame_locator("#model iframe")
    frame.locator("html[data-state=ready]").wait_for()
    assert frame.locator("html").get_attribute("data-theme") == visit.scheme
    frame.locator("button[data-mode='3']").click()
    assert frame.locator("button[data-mode='3']").get_attribute("aria-pressed") == "true"
    page.keyboard.press("w")
    assert frame.locator("#wire").get_attribute("aria-pressed") == "true"

    for kind in ("OBJ", "STL"):
        with page.expect_download() as download:
            page.locator("#files a", has_text=kind).click()
        download.value.save_as(tmp_path / download.value.suggested_filename)
    assert len(trimesh.load(tmp_path / "person.stl").faces) == 1280
    with zipfile.ZipFile(tmp_path / "person.zip") as archive:
        assert "person.obj" in archive.namelist()


def test_who_closes_the_page_frees_the_worker(visit, server, tmp_path):
    Image.new("RGB", (70, 70)).save(tmp_path / "endless.png")
    choose(visit.page, tmp_path / "endless.png")
    visit.page.locator("#found").get_by_text("Nobody was found").wait_for()
    visit.page.locator("#start").click()
    visit.page.locator("#status [aria-current=step]").wait_for()
    assert len(server.queue) == 1
    visit.page.close()
    end = time.monotonic() + 60
    while len(server.queue) and time.monotonic() < end:
        time.sleep(0.1)
    assert len(server.queue) == 0
    assert not server.model.uploads[-1].exists()


def test_a_text_file_renamed_is_told_in_plain_words(visit, tmp_path):
    (tmp_path / "notes.jpg").write_text("dear diary")
    choose(visit.page, tmp_path / "notes.jpg")
    said = visit.page.locator("#found [role=alert]")
    said.wait_for()
    assert "notes.jpg" in said.inner_text()
    assert "text" in said.inner_text()


def start_with(page, field, text, shown):
    """Fill a field, start, and wait for what is shown.

    On a busy machine the fields under More may be drawn once more after they have been filled: then once again.
    """
    from playwright.sync_api import TimeoutError as TooLate

    for _ in range(5):
        field.fill(text)
        field.press("Tab")
        page.locator("#start").press("Enter")
        try:
            shown.wait_for(timeout=30_000)
        except TooLate:
            continue
        return
    shown.wait_for()


def test_steps_are_left_out_under_more(visit, server, tmp_path):
    page = visit.page
    Image.new("RGB", (80, 120), (10, 60, 10)).save(tmp_path / "me.png")
    choose(page, tmp_path / "me.png")
    page.locator("#found").get_by_text("Nobody was found").wait_for()
    page.get_by_role("button", name="More").click()
    steps = page.locator("#without").locator("input, textarea")
    start_with(
        page, steps, "relief, relif", page.locator("#status [role=alert]").get_by_text("Leave out 'relif': there is")
    )
    start_with(page, steps, "relief, body-limbs", page.locator("#status").get_by_text("Done in"))
    assert server.model.without == ("relief", "body_limbs")


def test_texture_folds_and_body_are_chosen_under_more(visit, server, tmp_path):
    page = visit.page
    Image.new("RGB", (80, 120), (10, 60, 10)).save(tmp_path / "me.png")
    choose(page, tmp_path / "me.png")
    page.locator("#found").get_by_text("Nobody was found").wait_for()
    page.get_by_role("button", name="More").click()
    page.locator("#texture").get_by_label("4096").check()
    page.locator("#folds input").uncheck()
    page.locator("#body input").check()
    page.locator("#start").press("Enter")
    page.locator("#status").get_by_text("Done in").wait_for()
    assert (server.model.texture, server.model.folds, server.model.body) == (4096, False, True)
    assert page.locator("#files a").count() == 3  # no body was found in a ball


def test_a_skeleton_with_motions_and_what_is_said_where_there_is_none(visit, server, tmp_path):
    page = visit.page
    Image.new("RGB", (80, 120), (10, 60, 10)).save(tmp_path / "me.png")
    choose(page, tmp_path / "me.png")
    page.locator("#found").get_by_text("Nobody was found").wait_for()
    page.locator("#rig input").check()
    page.get_by_role("button", name="More").click()
    page.locator("#clips input").nth(len(CLIPS) - 1).wait_for()
    assert page.locator("#clips input").count() == len(CLIPS)
    page.locator("#clips").get_by_label("walk", exact=True).check()
    page.locator("#pose").get_by_label("T pose").check()
    page.locator("#start").press("Enter")
    page.locator("#status").get_by_text("no body was fitted, so the model has no rig").wait_for()
    assert server.model.body
    assert page.locator("#files a").count() == 3  # no VRM without a rig


def test_a_refusal_is_shown_where_the_model_would_be(visit, tmp_path):
    Image.new("RGB", (90, 90), (10, 60, 10)).save(tmp_path / "wall.png")
    choose(visit.page, tmp_path / "wall.png")
    visit.page.locator("#found").get_by_text("Nobody was found").wait_for()
    visit.page.locator("#start").press("Enter")  # by keyboard
    visit.page.locator("#status [role=alert]").get_by_text("no person found").wait_for()
