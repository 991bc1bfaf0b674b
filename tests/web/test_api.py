import io
import threading
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("fastapi", reason="the extra lifecast[web] is not installed")
from fastapi.testclient import TestClient
from PIL import Image

from lifecast.errors import CheckpointError, LifecastError, OutputError, PhotoError
from lifecast.options import ReconstructOptions
from lifecast.web.api import make_app
from lifecast.web.form import FIELDS
from lifecast.web.queue import ReconstructionQueue

FAILURES = {
    b"full": OutputError("/srv/inside/person.glb: cannot be written: the disk is full"),
    b"nobody": LifecastError("the occupancy field has no surface"),
    b"weights": CheckpointError("its weights are damaged"),
}


class FakeReconstruction:
    def __init__(self, content: bytes) -> None:
        self.timings = {"surface": 0.25}
        self.steps = {"sharpen": 0.9}
        self.notes = ("cut off at the knees",)
        self.body = self.measured_body = None
        self.mesh = SimpleNamespace(vertices=[0] * 8, faces=[0] * 12)
        self.content = content

    def save(self, path: Path, *_: bool) -> list[Path]:
        path.write_bytes(path.suffix.encode() + self.content)
        if path.suffix == ".obj":
            path.with_suffix(".mtl").write_bytes(b"mtl")
        return [path]

    def preview(self, size: int) -> Image.Image:
        return Image.new("RGB", (size, size))


class FakeReconstructor:
    """Stands for a loaded model: the photograph `slow` waits, `bad` is refused, others come back as their bytes."""

    def __init__(self) -> None:
        self.gate, self.entered, self.paths, self.turns = threading.Event(), threading.Event(), [], []

    def reconstruct(self, path, *, person, box, turn, height, resolution, without, body, progress):
        self.turns.append(turn)
        self.paths.append(path)
        self.without, self.body = without, body
        content = path.read_bytes()
        progress("finding the person")
        if content == b"slow":
            self.entered.set()
            self.gate.wait(20)
        progress("surface")
        if content == b"bad":
            raise PhotoError(f"{path}: no person found")
        if content in FAILURES:
            raise FAILURES[content]
        if content == b"bug":
            raise ZeroDivisionError("a secret path")
        return FakeReconstruction(content)


@pytest.fixture
def served():
    reconstructor = FakeReconstructor()
    queue = ReconstructionQueue(capacity=2, time_limit=20)
    with TestClient(make_app(queue, reconstructor, upload_limit=1000)) as client:
        yield SimpleNamespace(client=client, model=reconstructor, queue=queue)
    reconstructor.gate.set()
    queue.close()


def photo(content: bytes = b"picture", name: str = "me.jpg"):
    return {"photo": (name, io.BytesIO(content))}


def test_the_model_comes_back_and_the_upload_is_gone(served):
    answer = served.client.post("/api/reconstruct", files=photo())
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "model/gltf-binary"
    assert answer.content == b".glbpicture"
    assert not served.model.paths[0].parent.exists()


def test_json_has_facts_and_unguessable_links(served):
    answer = served.client.post(
        "/api/reconstruct", files=photo(), data={"formats": "glb,obj"}, headers={"accept": "application/json"}
    ).json()
    assert (answer["state"], answer["faces"], answer["notes"]) == ("done", 12, ["cut off at the knees"])
    archive = served.client.get(answer["files"]["obj"])
    assert zipfile.ZipFile(io.BytesIO(archive.content)).namelist() == ["person.mtl", "person.obj"]
    assert served.client.get(f"/api/jobs/{answer['token']}/person.stl").status_code == 404
    assert served.client.get("/api/jobs/guess").status_code == 404
    assert served.client.delete(f"/api/jobs/{answer['token']}").status_code == 204
    assert served.client.get(answer["files"]["obj"]).status_code == 404


@pytest.mark.parametrize(
    ("content", "data", "status", "words"),
    [
        (b"bad", {}, 422, "no person found"),
        (b"", {}, 422, "empty"),
        (b"x" * 1001, {}, 413, "larger than"),
        (b"x" * 200_000, {}, 413, "takes"),
        (b"ok", {"height": "17"}, 422, "height 17.0"),
        (b"ok", {"resolution": "500"}, 422, "resolution 500"),
        (b"ok", {"texture": "8192"}, 422, "texture 8192: choose 512, 1024, 2048 or 4096"),
        (b"ok", {"texture": "1000"}, 422, "texture 1000: choose 512, 1024, 2048 or 4096"),
        (b"ok", {"person": "-1"}, 422, "person '-1'"),
        (b"ok", {"box": "1,2,3"}, 422, "box '1,2,3'"),
        (b"ok", {"formats": "exe"}, 422, "formats 'exe'"),
        (b"ok", {"formats": "vrm", "animate": "walk"}, 422, "formats 'vrm': only glb holds the clips of animate"),
        (b"ok", {"animate": "walk, ride"}, 422, "animate 'ride': choose from walk, run,"),
        (b"ok", {"pose": "sitting"}, 422, "pose 'sitting': give t, a or photo"),
        (b"ok", {"rig": "maybe"}, 422, "rig 'maybe': give true or false"),
        (b"ok", {"person": "9" * 5000}, 422, "(5,000 characters): give largest or a number"),
        (b"ok", {"person": "all"}, 422, "one request makes one person"),
        (b"ok", {"height": "tall"}, 422, "height 'tall': give a number"),
        (b"ok", {"resolution": "1.5"}, 422, "resolution '1.5': give a whole number"),
        (b"ok", {"height": "nan"}, 422, "height nan"),
        (b"ok", {"without": "relif"}, 422, "without 'relif': there is no such step; choose from refine_mask,"),
        (b"ok", {"format": "stl"}, 422, "format: there is no such field"),
        (b"ok", {"formats": ["glb", "stl"]}, 422, "formats: was sent 2 times"),
        (b"ok", {"turn": "45"}, 422, "turn '45'"),
    ],
)
def test_refusals_say_why(served, content, data, status, words):
    answer = served.client.post("/api/reconstruct", files=photo(content), data=data)
    assert answer.status_code == status
    assert words in answer.json()["detail"]


@pytest.mark.parametrize("formats", ["glb,glb", "GLB", " .glb , stl", "glb;GLB"])
def test_formats_as_on_the_command_line(served, formats):
    answer = served.client.post("/api/reconstruct", files=photo(), data={"formats": formats})
    assert (answer.status_code, answer.content) == (200, b".glbpicture")


@pytest.mark.parametrize("path", ["/api/reconstruct", "/api/jobs"])
def test_steps_that_are_left_out_and_those_that_ran(served, path):
    assert served.client.post(path, files=photo(), headers={"accept": "application/json"}).status_code in (200, 202)
    answer = served.client.post(
        path, files=photo(), data={"without": "relief, body-limbs"}, headers={"accept": "application/json"}
    ).json()
    served.queue.find(answer["token"]).wait(10)
    assert served.model.without == ("relief", "body_limbs")
    assert served.client.get(f"/api/jobs/{answer['token']}").json()["steps"] == {"sharpen": 0.9}


def test_the_form_is_that_of_the_options(served):
    schema = served.client.get("/api/openapi.json").json()
    form = schema["components"]["schemas"]["Body_reconstruct_api_reconstruct_post"]["properties"]
    given = {name: field["default"] for name, field in form.items() if name != "photo"}
    assert ReconstructOptions.parse(**given) == ReconstructOptions()
    assert tuple(form) == FIELDS
    assert all(field["description"] for field in form.values())


def test_nothing_in_the_address_is_passed_over_in_silence(served):
    answer = served.client.post("/api/reconstruct?height=1.9", files=photo())
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("height: stands in the address")


def test_whatever_comes_in_is_refused_in_words_before_the_work(served):
    """No status of the 500s, no answer without a sentence, nothing handed to the networks."""
    multipart, name = "multipart/form-data; boundary=b", b"Content-Disposition: form-data; name="
    surrogate = (
        b"--b\r\n" + name + b'"person"\r\n\r\n+2AA-\r\n--b\r\n' + name + b'"photo"; filename="m"\r\n\r\nx\r\n--b--\r\n'
    )
    as_file = surrogate.replace(b'"person"', b'"height"; filename="h"')
    bodies = [
        (b"", multipart), (b"junk", multipart), (b"junk", "multipart/form-data"), (b"--b\r\n\r\n", multipart),
        (b"a=1", "application/x-www-form-urlencoded"), (b"{}", "application/json"), (b"\xff\xfe", "text/plain"),
        (surrogate, multipart), (surrogate, f"{multipart}; charset=utf-7"), (as_file, multipart),
        (surrogate, f"{multipart}; charset=punycode"), (b"photo=x&photo=y", "application/x-www-form-urlencoded"),
    ]  # fmt: skip
    for path in ("/api/reconstruct", "/api/jobs"):
        for body, kind in bodies:
            answer = served.client.post(path, content=body, headers={"content-type": kind})
            assert 400 <= answer.status_code < 500, (body, kind)
            assert isinstance(answer.json()["detail"], str), (body, kind)
    odd = [
        "-1",
        "inf",
        "1e400",
        "9" * 5000,
        "\0",
        "a" * 3000,
        "²",
        "1,2,3",
        "1,1,1e300,1e300",
        ",",
        "../x",
        "null",
        "{}",
    ]
    nothing = ("without", "animate")  # for which "," is an empty list
    for field in FIELDS[1:]:
        for value in odd if field not in nothing else [value for value in odd if value != ","]:
            answer = served.client.post("/api/reconstruct", files=photo(), data={field: value})
            assert answer.status_code == 422, (field, value[:20])
            assert answer.json()["detail"].startswith(f"{field} "), (field, value[:20])
            assert len(answer.json()["detail"]) < 340
    assert not served.model.paths


@pytest.mark.parametrize(
    ("content", "status"), [(b"full", 507), (b"nobody", 422), (b"weights", 500)], ids=lambda value: str(value)
)
def test_failures_of_the_work_have_their_own_status(served, content, status):
    answer = served.client.post("/api/reconstruct", files=photo(content))
    assert answer.status_code == status
    assert "/tmp" not in answer.text


def test_the_turn_reaches_the_model(served):
    for data in ({}, {"turn": "180"}, {"turn": "auto"}):
        assert served.client.post("/api/reconstruct", files=photo(), data=data).status_code == 200
    assert served.model.turns == [0, 180, "auto"]


def test_a_refusal_calls_the_photograph_by_the_clients_name(served):
    answer = served.client.post("/api/reconstruct", files=photo(b"bad", name="holiday.jpg"))
    assert answer.json()["detail"] == "holiday.jpg: no person found"


def test_a_body_of_unannounced_length_is_refused_while_it_arrives(served):
    def endless():
        yield b'--b\r\nContent-Disposition: form-data; name="photo"; filename="me.jpg"\r\n\r\n'
        for _ in range(1000):
            yield b"x" * 10_000

    answer = served.client.post(
        "/api/reconstruct", content=endless(), headers={"content-type": "multipart/form-data; boundary=b"}
    )
    assert answer.status_code == 413
    assert "takes" in answer.json()["detail"]
    assert not served.model.paths


def test_a_bug_tells_the_client_nothing_of_the_inside_and_the_server_lives(served):
    answer = served.client.post("/api/reconstruct", files=photo(b"bug"))
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert served.client.post("/api/reconstruct", files=photo()).status_code == 200


def test_a_full_queue_says_when_to_come_again(served):
    running = served.client.post("/api/jobs", files=photo(b"slow")).json()
    assert served.model.entered.wait(10)
    waiting = [served.client.post("/api/jobs", files=photo()).json() for _ in range(2)]
    assert [job["place"] for job in waiting] == [1, 2]
    full = served.client.post("/api/jobs", files=photo())
    assert full.status_code == 503
    assert int(full.headers["retry-after"]) >= 1
    assert served.client.get(f"/api/jobs/{running['token']}/person.glb").status_code == 409
    served.model.gate.set()
    for _ in range(200):
        state = served.client.get(f"/api/jobs/{waiting[1]['token']}").json()
        if state["state"] == "done":
            break
        time.sleep(0.05)
    assert state["state"] == "done"
    assert served.client.get(state["files"]["glb"]).content == b".glbpicture"


def test_names_never_become_paths(served):
    served.client.post("/api/reconstruct", files=photo(name="../../evil/../x.jpg"))
    assert served.model.paths[0].name == "photo.jpg"


def test_openapi_page(served):
    schema = served.client.get("/api/openapi.json").json()
    assert "503" in schema["paths"]["/api/reconstruct"]["post"]["responses"]
    assert served.client.get("/api/docs").status_code == 200


def test_who_has_no_rig_gets_a_model_and_is_told_why(served):
    """The stand-in for the networks fits no body."""
    asked = {"formats": "glb,vrm", "animate": "walk", "body": "on"}
    answer = served.client.post(
        "/api/reconstruct", files=photo(), data=asked, headers={"accept": "application/json"}
    ).json()
    assert served.model.body
    assert list(answer["files"]) == ["glb", "png"]
    assert answer["notes"][-1] == "no body was fitted, so the model has no rig and stands as in the photograph"
    for kind in ("vrm", "body.glb"):
        missing = served.client.get(f"/api/jobs/{answer['token']}/person.{kind}")
        assert missing.status_code == 422
        assert "no body was fitted" in missing.json()["detail"]
    only = served.client.post("/api/reconstruct", files=photo(), data={"formats": "vrm"})
    assert only.status_code == 422
    assert only.json()["detail"].endswith("ask for a .glb")
