"""Rigged models over HTTP, with the shipped weights: one reconstruction of the sample photograph for all tests."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra lifecast[web] is not installed")
from fastapi.testclient import TestClient

import lifecast
from lifecast.web.api import make_app
from lifecast.web.queue import ReconstructionQueue

SAMPLE = Path(lifecast.__file__).parent / "samples" / "person.jpg"


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    queue = ReconstructionQueue(capacity=2)
    with TestClient(make_app(queue, lifecast.load())) as client:
        yield client
    queue.close()


def post(client: TestClient, **fields: str) -> Any:
    with SAMPLE.open("rb") as photo:
        return client.post(
            "/api/reconstruct",
            files={"photo": ("me.jpg", photo)},
            data={"resolution": "128", **fields},
            headers={"accept": "application/json"},
        )


@pytest.fixture(scope="module")
def answer(client: TestClient) -> dict[str, Any]:
    asked = {"rig": "true", "pose": "a", "animate": "walk, wave", "formats": "vrm,glb", "body": "true"}
    answer = post(client, **asked, normal_texture="false")
    assert answer.status_code == 200, answer.text
    facts: dict[str, Any] = answer.json()
    return facts


def tree(client: TestClient, address: str) -> dict[str, Any]:
    """The JSON of a GLB."""
    content = client.get(address).content
    (length,) = struct.unpack("<I", content[12:16])
    read: dict[str, Any] = json.loads(content[20 : 20 + length])
    return read


def test_the_glb_has_a_skeleton_and_the_clips_asked_for(client: TestClient, answer: dict[str, Any]) -> None:
    glb = tree(client, answer["files"]["glb"])
    assert len(glb["skins"][0]["joints"]) == 61
    assert [clip["name"] for clip in glb["animations"]] == ["walk", "wave"]
    assert not any("normalTexture" in material for material in glb["materials"])


def test_the_viewer_is_given_the_clips(client: TestClient, answer: dict[str, Any]) -> None:
    page = client.get(f"/api/jobs/{answer['token']}/view")
    assert page.status_code == 200
    assert 'id="clip"' in page.text


def test_vrm_and_body_come_under_their_names(client: TestClient, answer: dict[str, Any]) -> None:
    assert list(answer["files"]) == ["vrm", "glb", "body.glb", "body.json", "png"]
    assert "VRMC_vrm" in tree(client, answer["files"]["vrm"])["extensions"]
    body = client.get(answer["files"]["body.json"])
    assert body.headers["content-disposition"] == 'attachment; filename="person_body.json"'
    assert "joints" in body.json()


def test_a_clip_is_no_path(client: TestClient, tmp_path: Path) -> None:
    """Whether the server's disk has such a file, nobody learns."""
    there = tmp_path / "there.bvh"
    there.touch()
    for path in (there, tmp_path / "not.bvh"):
        refusal = post(client, animate=f"walk,{path}")
        assert refusal.status_code == 422
        assert refusal.json()["detail"].startswith("animate ")
        assert "choose from walk, run, idle" in refusal.json()["detail"]
