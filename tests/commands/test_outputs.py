"""Every verb finds out before its work that its output cannot be written, and says so in one line."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lifecast.cli import VERBS, main

Arguments = Callable[[Path, Path], list[object]]


def prepared(folder: Path) -> Path:
    """A dataset of one person, whose folder cannot be written to."""
    data = folder / "data"
    data.mkdir()
    (data / "split.json").write_text(json.dumps({"train": ["somebody"], "test": []}))
    (data / "somebody").touch()
    return data


def photograph(folder: Path) -> Path:
    path = folder / "photo.png"
    Image.new("RGB", (64, 64)).save(path)
    return path


# Inputs that are not there, as far as may be: an output that cannot be written is said first.
COMMANDS: dict[str, Arguments] = {
    "reconstruct": lambda good, bad: [photograph(good), "-o", bad],
    "reconstruct --sheet": lambda good, bad: [photograph(good), "-o", good, "--sheet", bad / "sheet.png"],
    "view": lambda good, bad: [good / "person.glb", "-o", bad / "page.html"],
    "synthesize": lambda good, bad: [bad, "--count", "1"],
    "synthesize --sheet": lambda good, bad: [good / "out", "--count", "1", "--sheet", bad / "sheet.png"],
    "prepare": lambda good, bad: [good / "scans", bad],
    "landmarks": lambda good, bad: [prepared(good)],
    "kit": lambda good, bad: [bad / "free.kit", "--assets", good],
    "mannequins": lambda good, bad: [bad, "--count", "1"],
    "lift": lambda good, bad: [good / "data", "--out", bad / "lifter.safetensors"],
    "train all": lambda good, bad: ["--recipe", "tiny", "--out", bad],
    "train": lambda good, bad: ["normals", "--data", good / "data", "--out", bad],
    "combine": lambda good, bad: ["compact", "compact", "--parts", "fine", "--out", bad / "w.safetensors"],
    "calibrate": lambda good, bad: ["compact", good / "data", "--out", bad / "w.safetensors"],
    "body bake": lambda good, bad: [bad / "body.safetensors"],
    "body train": lambda good, bad: [bad / "net.safetensors", "--data", good / "data"],
    "evaluate": lambda good, bad: ["--data", good / "data", "--out", bad],
    "evaluate --pictures": lambda good, bad: ["--data", good / "data", "--pictures", bad],
    "ablate": lambda good, bad: ["--data", good / "data", "--out", bad],
    "convert": lambda good, bad: [good / "pifuhd.pt", bad / "w.safetensors"],
    "serve": lambda good, bad: [],
}


def test_no_verb_is_left_out() -> None:
    # Close-ups' maps are written beside what they are read from, which is there.
    assert {name.split(" --")[0] for name in COMMANDS} == set(VERBS) - {"close-ups"}


@pytest.mark.parametrize("name", COMMANDS)
def test_an_output_that_cannot_be_written_is_said_before_the_work(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in {"prepare": ["igl"], "mannequins": ["igl"], "serve": ["gradio"]}.get(name, []):
        pytest.importorskip(module)
    good, blocked = tmp_path / "good", tmp_path / "file"
    good.mkdir()
    blocked.touch()

    def loaded(*_: object) -> None:
        raise AssertionError("the networks were loaded")

    monkeypatch.setattr("lifecast.model.model.Model.for_inference", loaded)
    monkeypatch.setattr(tempfile, "tempdir", str(blocked))
    verb = name.split(" --")[0]
    status = main([*verb.split(), *map(str, COMMANDS[name](good, blocked / "inside"))])
    said = " ".join(capsys.readouterr().err.split())
    assert said.startswith(f"lifecast {verb}: ")
    assert "is a file where a folder is needed" in said
    assert status == 1
    assert not (good / "out").exists()


def run(*arguments: object, encoding: str = "utf-8", **more: object) -> subprocess.CompletedProcess[bytes]:
    import os

    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    return subprocess.run(
        [sys.executable, "-m", "lifecast", *map(str, arguments)], env=environment, capture_output=True, **more
    )  # type: ignore[call-overload,no-any-return]


def test_a_terminal_of_ascii_only(tmp_path: Path, doll: tuple[np.ndarray, np.ndarray], doll_weights: Path) -> None:
    (tmp_path / "photos").mkdir()
    photo = tmp_path / "photos" / "Jürgen \udcff.png"  # the last byte is no text at all
    Image.fromarray(np.dstack([doll[0], (doll[1] * 255).astype(np.uint8)])).save(photo)
    options = ("--weights", doll_weights, "--resolution", "48", "--format", "obj,stl")
    ended = run("reconstruct", photo, tmp_path / "Zoë.jpg", "-o", tmp_path, *options, encoding="ascii")
    assert b"Traceback" not in ended.stderr
    assert ended.returncode == 1  # one is not there
    assert b"J\\xfcrgen \\udcff.stl" in ended.stdout
    assert b"Zo\\xeb.jpg: no such file" in ended.stderr
    assert (tmp_path / "Jürgen \udcff.stl").exists()
    assert b"mtllib J\xc3\xbcrgen \xff.mtl" in (tmp_path / "Jürgen \udcff.obj").read_bytes()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_behind_standard_output() -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        ended = subprocess.run(
            [sys.executable, "-m", "lifecast", "view", "--help"], stdout=full, stderr=subprocess.PIPE
        )
    assert ended.returncode == 1
    assert ended.stderr.startswith(b"lifecast view: standard output")
    assert len(ended.stderr.splitlines()) <= 2
