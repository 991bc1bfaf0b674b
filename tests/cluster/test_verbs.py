"""`reconstruct`, `prepare` and `synthesize` with `--cluster`, end to end on two workers of a local Ray."""

import importlib.util
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from PIL import Image

from lifecast.cli import main
from lifecast.cluster.jobs import ReconstructJob, reconstruct_on
from lifecast.cluster.manifest import Manifest
from lifecast.options import NetworkOptions, ReconstructOptions

ray = pytest.importorskip("ray", reason="the extra lifecast[cluster] is not installed")


@dataclass(frozen=True)
class KillsItsWorker(ReconstructJob):
    """The real job, but for a worker that dies the first time at a photograph named so."""

    def open(self) -> Callable[[str], dict[str, Any]]:
        work = super().open()

        def deadly(item: str) -> dict[str, Any]:
            mark = Path(item).with_suffix(".mark")
            if "deadly" in item and not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return work(item)

        return deadly


@pytest.fixture(autouse=True, scope="module")
def _by_value():
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield
    ray.cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


@pytest.fixture
def photographs(tmp_path, doll) -> Path:
    """Four cut-out dolls, and a text file that pretends."""
    picture, mask = doll
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, name in enumerate(("a", "b", "deadly", "d")):
        rgba = np.dstack([np.roll(picture, 3 * number, 1), np.roll(mask, 3 * number, 1) * 255]).astype(np.uint8)
        Image.fromarray(rgba, "RGBA").save(folder / f"{name}.png")
    (folder / "notes.jpg").write_text("dear diary")
    return folder


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


def test_reconstruct_with_a_worker_killed_midway(cluster, photographs, doll_weights, tmp_path, capsys):
    out = tmp_path / "models"
    networks = NetworkOptions(str(doll_weights), "cpu")
    job = KillsItsWorker(str(out), ReconstructOptions(resolution=32, without=("relief",)), networks)
    assert reconstruct_on("local", 2, job, [str(photographs)], json_lines=True) == 1  # one is no picture
    assert (photographs / "deadly.mark").exists()
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [Path(s["input"]).name for s in said if "error" in s] == ["notes.jpg"]
    written = lines(out)
    assert sorted(Path(line["item"]).name for line in written) == ["a.png", "b.png", "d.png", "deadly.png", "notes.jpg"]
    assert {Path(line["item"]).name: "text" in line["reason"] for line in written if line["status"] == "failed"} == {
        "notes.jpg": True
    }
    models = sorted(out.glob("*.glb"))
    assert len(models) == 4
    assert all(len(trimesh.load(model, force="mesh").faces) > 100 for model in models)
    assert not list(out.glob(".*"))  # nothing half-written

    # What is there stays untouched; what is missing, by failure or because it was deleted, is done.
    stamps = {model: model.stat().st_mtime_ns for model in models}
    models[0].unlink()
    assert reconstruct_on("local", 2, job, [str(photographs)], json_lines=True) == 1
    again = {Path(line["item"]).name for line in lines(out)[len(written) :]}
    assert len(again) == 2
    assert "notes.jpg" in again
    assert models[0].exists()
    assert all(model.stat().st_mtime_ns == stamps[model] for model in models[1:])


def test_reconstruct_by_the_command_line(cluster, photographs, doll_weights, tmp_path, capsys):
    out = tmp_path / "models"
    chosen = [str(photographs / name) for name in ("a.png", "b.png")]
    command = ["reconstruct", *chosen, "-o", str(out), "--cluster", "local", "--workers", "2", "--resolution", "32"]
    command += ["--weights", str(doll_weights), "--format", "obj", "--turn", "180"]
    command += ["--keep-background"]
    assert main(command) == 0
    assert "2 reconstructed, 0 failed" in capsys.readouterr().out
    for line in lines(out):
        assert "turned by 180 degrees clockwise" in line["result"]["people"][0]["notes"]
        assert line["result"]["people"][0]["steps"] == {"refine_mask": True, "lost_parts": True, "smooth": True}
    assert [len(list(out.glob(f"*.{kind}"))) for kind in ("obj", "mtl", "png")] == [2, 2, 2]
    assert main(command) == 0
    assert "2 of the manifest were done before" in capsys.readouterr().out
    assert len(lines(out)) == 2


def test_prepare_by_the_command_line(cluster, tmp_path):
    pytest.importorskip("igl", reason="the extra lifecast[scans] is not installed")
    scans, out = tmp_path / "scans", tmp_path / "data"
    spec = importlib.util.spec_from_file_location("capsules", Path(__file__).parents[1] / "scans" / "conftest.py")
    capsules = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(capsules)
    capsules.write_people(scans, 3)
    (scans / "broken.ply").write_text("ply\n")
    command = ["prepare", str(scans), str(out), "--size", "64", "--views", "2", "--rays", "4", "--points", "50"]
    command += ["50", "50", "--lightings", "2", "--cluster", "local", "--workers", "2"]
    assert main(command) == 1  # one scan is broken
    first = {line["item"]: (line["status"], line["reason"]) for line in lines(out)}
    people = ["person_000000", "person_000001", "person_000002"]
    assert sorted(first) == ["broken", *people]
    assert first["broken"][0] == "failed"
    assert "broken.ply" in first["broken"][1]
    parts = json.loads((out / "split.json").read_text())
    assert sorted(parts["train"] + parts["test"]) == people

    (out / people[1] / "points.npz").write_bytes(b"damaged")
    stamp = (out / people[0] / "person.json").stat().st_mtime_ns
    assert main(command) == 1
    states = {line["item"]: line["result"].get("state") for line in lines(out)[4:]}
    assert states == {"broken": None, people[0]: "kept", people[1]: "remade", people[2]: "kept"}
    assert (out / people[0] / "person.json").stat().st_mtime_ns == stamp


def test_synthesize_by_the_command_line(cluster, tmp_path):
    out = tmp_path / "people"
    command = ["synthesize", str(out), "--count", "3", "--seed", "5", "--cluster", "local", "--workers", "2"]
    assert main(command) == 0
    people = [out / f"person_{number:06d}" for number in range(3)]
    assert all((person / "person.glb").is_file() for person in people)
    assert sorted(line["item"] for line in lines(out)) == ["0", "1", "2"]
    stamp = (people[0] / "person.glb").stat().st_mtime_ns
    (people[1] / "card.json").unlink()
    assert main(command) == 0
    assert [line["item"] for line in lines(out)[3:]] == ["1"]
    assert (people[0] / "person.glb").stat().st_mtime_ns == stamp


def test_the_manifest_counts_only_what_is_still_there(tmp_path):
    from lifecast.cluster.jobs import done_and_there
    from lifecast.cluster.manifest import Outcome

    (tmp_path / "a.glb").touch()
    with Manifest(tmp_path / "manifest.jsonl") as manifest:
        manifest.append(Outcome("a.jpg", "done", result={"people": [{"files": ["a.glb"]}]}))
        manifest.append(Outcome("b.jpg", "done", result={"people": [{"files": ["b.glb"]}]}))
        manifest.append(Outcome("c.jpg", "failed", "no person"))
    assert done_and_there(manifest, tmp_path) == {"a.jpg"}
