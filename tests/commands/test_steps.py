"""Steps that are left out: of `reconstruct` and `evaluate`, and what results say of those that ran."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

from lifecast.cli import main
from lifecast.model.checkpoint import load_checkpoint, save_checkpoint
from lifecast.model.inference_options import InferenceOptions

Doll = tuple[np.ndarray, np.ndarray]
RUNNING = {
    "refine_mask": True,
    "lost_parts": True,
    "clean_background": True,
    "mirror": True,
    "sharpen": 0.5,
    "smooth": True,
}


@pytest.fixture(scope="module")
def weights(doll_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("steps") / "doll.safetensors"
    options = InferenceOptions(mirror=True, sharpen=0.5, relief=True)
    save_checkpoint(path, load_checkpoint(doll_weights).model, {"name": "doll"}, inference=options)
    return path


@pytest.fixture
def photo(tmp_path: Path, doll: Doll) -> Path:
    path = tmp_path / "doll.png"
    Image.fromarray(np.dstack([doll[0], (doll[1] * 255).astype(np.uint8)])).save(path)
    return path


def reconstruct(photo: Path, out: Path, weights: Path, *options: str) -> trimesh.Trimesh:
    arguments = ["reconstruct", photo, "-o", out, "--weights", weights, "--resolution", "48", "--vertex-colours"]
    assert main([*map(str, arguments), *options]) == 0
    return trimesh.load(out / "doll.glb", force="mesh", process=False)


def extras(out: Path) -> dict[str, object]:
    written = (out / "doll.glb").read_bytes()
    tree = json.loads(written[20 : 20 + int.from_bytes(written[12:16], "little")])
    return dict(tree["asset"]["extras"]["steps"])


def test_a_result_records_the_steps_that_ran(
    photo: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = reconstruct(photo, tmp_path / "all", weights, "--json")
    assert extras(tmp_path / "all") == json.loads(capsys.readouterr().out)["steps"] == {**RUNNING, "relief": True}
    less = reconstruct(photo, tmp_path / "less", weights, "--json", "--without", "relief,mirror")
    ran = {step: strength for step, strength in RUNNING.items() if step != "mirror"}
    assert extras(tmp_path / "less") == json.loads(capsys.readouterr().out)["steps"] == ran
    assert whole.vertices.shape != less.vertices.shape or np.abs(whole.vertices - less.vertices).max() > 1e-4


def test_keeping_the_background_is_leaving_a_step_out(photo: Path, weights: Path, tmp_path: Path) -> None:
    kept = reconstruct(photo, tmp_path / "kept", weights, "--keep-background")
    without = reconstruct(photo, tmp_path / "without", weights, "--without", "clean-background")
    cleaned = reconstruct(photo, tmp_path / "cleaned", weights)
    np.testing.assert_array_equal(kept.vertices, without.vertices)
    assert kept.vertices.shape != cleaned.vertices.shape or np.abs(kept.vertices - cleaned.vertices).max() > 1e-4
    assert "clean_background" not in extras(tmp_path / "kept")


def test_an_unknown_step_is_refused_by_name_before_the_networks_are_loaded(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lifecast.loading.load", lambda *_: pytest.fail("the networks were loaded"))
    assert main(["reconstruct", str(photo), "--without", "mirror,relif"]) == 2
    assert "--without 'relif': there is no such step" in " ".join(capsys.readouterr().err.split())
