"""`lifecast reconstruct`: what it writes, says and returns; no damaged input leaves a file behind."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

from lifecast.cli import main

Doll = tuple[np.ndarray, np.ndarray]


@pytest.fixture
def photo(tmp_path: Path, doll: Doll) -> Path:
    """A cut-out of the doll: its transparency is the mask, so that no detector is needed."""
    path = tmp_path / "photos" / "doll.png"
    path.parent.mkdir()
    Image.fromarray(np.dstack([doll[0], (doll[1] * 255).astype(np.uint8)])).save(path)
    return path


def run(*arguments: object, weights: Path) -> int:
    return main(["reconstruct", *map(str, arguments), "--weights", str(weights), "--resolution", "48"])


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_one_photograph_beside_itself(photo: Path, doll_weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(photo, "--format", "ply", weights=doll_weights) == 0
    assert names(photo.parent) == ["doll.ply", "doll.png"]
    assert "doll.ply" in capsys.readouterr().out
    assert trimesh.load(photo.with_suffix(".ply")).extents[1] == pytest.approx(1.7, abs=1e-3)


def test_everything_into_a_folder(
    photo: Path, doll_weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "sheet.png"
    options = ("-o", tmp_path / "out", "--format", "stl,ply", "--normals", "--preview", "--json", "--sheet", sheet)
    assert run(photo, *options, weights=doll_weights) == 0
    expected = ["doll.ply", "doll.stl", "doll_back.png", "doll_front.png", "doll_preview.png"]
    assert names(tmp_path / "out") == expected
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    said = json.loads(lines[0])
    assert said["input"] == str(photo)
    assert sorted(Path(p).name for p in said["files"]) == expected
    assert said["faces"] > 100
    assert said["size_metres"][1] == pytest.approx(1.7, abs=1e-3)
    assert set(said["seconds"]) == {"finding the person", "normals", "features", "surface", "colour", "saving"}
    with Image.open(sheet) as drawn:
        assert drawn.width > drawn.height


def test_vertex_colours_and_another_animation(photo: Path, doll_weights: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ("-o", out, "--format", "glb,obj", "--vertex-colours", "--turntable", "--animation", "gif")
    assert run(photo, *options, weights=doll_weights) == 0
    assert names(out) == ["doll.glb", "doll.obj", "doll_turntable.gif"]  # no .mtl, no texture
    written = (out / "doll.glb").read_bytes()
    tree = json.loads(written[20 : 20 + int.from_bytes(written[12:16], "little")])
    assert "COLOR_0" in tree["meshes"][0]["primitives"][0]["attributes"]
    assert "images" not in tree
    first = next(line for line in (out / "doll.obj").read_text().splitlines() if line.startswith("v "))
    assert len(first.split()) == 1 + 3 + 3  # place and colour
    with Image.open(out / "doll_turntable.gif") as turning:
        assert turning.n_frames > 8


def test_bad_files_are_skipped_and_said(
    photo: Path, doll_weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photo.parent / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    (photo.parent / "empty.png").touch()
    out = tmp_path / "out"
    assert run(photo.parent, tmp_path / "none" / "*.jpg", "-o", out, "--format", "ply", weights=doll_weights) == 1
    captured = capsys.readouterr()
    assert names(out) == ["doll.ply"]
    for name in ("broken.jpg", "empty.png", "*.jpg"):
        assert name in captured.err
    assert "1 reconstructed, 3 failed" in captured.out


def test_json_reports_failures_too(
    photo: Path, doll_weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "missing.jpg"
    assert run(missing, photo, "-o", tmp_path / "out", "--format", "stl", "--json", weights=doll_weights) == 1
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["input"] == str(missing)
    assert "no such file" in first["error"]
    assert "files" in second


def test_json_says_a_files_name_as_it_is(
    doll_weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A terminal library would draw `:x:` as a cross, and take brackets for markup."""
    name = tmp_path / "a:x:b [red].jpg"
    name.write_bytes(b"no picture")
    assert run(name, "-o", tmp_path / "out", "--json", weights=doll_weights) == 1
    assert json.loads(capsys.readouterr().out.splitlines()[0])["input"] == str(name)


def test_a_photograph_on_standard_input(
    photo: Path, doll_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Piped:
        buffer = io.BytesIO(photo.read_bytes())

        def isatty(self) -> bool:
            return False

    monkeypatch.setattr(sys, "stdin", Piped())
    assert run("-", "-o", tmp_path, "--format", "stl", "--json", weights=doll_weights) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["input"], said["files"]) == ("-", [str(tmp_path / "stdin.stl")])
    assert (tmp_path / "stdin.stl").stat().st_size > 1000


def test_nobody_is_kept_waiting_for_a_photograph_to_be_typed(
    doll_weights: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    assert run("-", weights=doll_weights) == 2
    assert "reconstruct - < photo.jpg" in capsys.readouterr().err


def test_an_address_is_told_what_is_possible(doll_weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("https://example.org/me.jpg", "file:///home/me.jpg", weights=doll_weights) == 1
    said = capsys.readouterr().err
    assert "https://example.org/me.jpg: is an address" in said
    assert "download it first" in said
    assert "without file://" in said


def test_values_are_named_as_on_the_command_line(
    photo: Path, doll_weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for option, value in (("--format", "fbx"), ("--person", "9" * 5000), ("--box", "1,2,3"), ("--height", "9")):
        assert run(photo, option, value, weights=doll_weights) == 2
        assert f"lifecast reconstruct: {option} " in capsys.readouterr().err


def test_a_disk_that_is_full_is_said_for_each_photograph_before_any_work(
    photo: Path, doll_weights: Path, small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(photo, small_disk / "there.png")
    (small_disk / "filling").write_bytes(bytes((512 << 10) - (small_disk / "there.png").stat().st_size - 8192))
    assert run(photo, small_disk / "there.png", "--format", "ply", weights=doll_weights) == 1
    captured = capsys.readouterr()
    assert "there.png" in captured.err
    assert "the disk is full" in captured.err
    assert captured.out.count("seconds") == 0
    assert "1 reconstructed, 1 failed" in captured.out
    assert photo.with_suffix(".ply").exists()
    assert sorted(p.name for p in small_disk.iterdir()) == ["filling", "there.png"]


def test_a_read_only_card_is_said_before_the_networks_are_loaded(
    photo: Path, read_only: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    none = tmp_path / "none.safetensors"
    for options in (("-o", read_only), ("-o", read_only / "models"), ("--sheet", read_only / "sheet.png")):
        assert run(photo, *options, weights=none) == 1
        said = " ".join(capsys.readouterr().err.split())
        assert "the disk or card is read-only" in said
        assert "none.safetensors" not in said


def test_a_file_name_as_long_as_the_file_system_takes(photo: Path, doll_weights: Path, tmp_path: Path) -> None:
    long = photo.rename(photo.with_name("n" * 250 + ".png"))
    assert run(long, "-o", tmp_path / "out", "--format", "ply", "--preview", weights=doll_weights) == 1
    assert not (tmp_path / "out").exists()  # _preview.png would be too long
    assert run(long, "-o", tmp_path / "out", "--format", "ply", weights=doll_weights) == 0
    assert names(tmp_path / "out") == ["n" * 250 + ".ply"]


def test_a_second_run_replaces_the_first(photo: Path, doll_weights: Path) -> None:
    target = photo.with_suffix(".stl")
    target.write_bytes(b"old")
    for _ in range(2):
        assert run(photo.parent, "--format", "stl", "--normals", weights=doll_weights) == 0
        assert names(photo.parent) == ["doll.png", "doll.stl", "doll_back.png", "doll_front.png"]
    assert target.stat().st_size > 1000


def test_a_mask_file(doll: Doll, tmp_path: Path, doll_weights: Path) -> None:
    photo, mask = tmp_path / "p.png", tmp_path / "m.png"
    Image.fromarray(doll[0]).save(photo)
    Image.fromarray((doll[1] * 255).astype(np.uint8)).save(mask)
    assert run(photo, "--mask", mask, "--format", "stl", "-o", tmp_path / "out", weights=doll_weights) == 0
    Image.new("L", (512, 512)).save(mask)
    assert run(photo, "--mask", mask, "--format", "stl", "-o", tmp_path / "no", weights=doll_weights) == 1
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--format", "fbx"),
        ("--format", ""),
        ("--box", "1,2,3"),
        ("--box", "1,2,0,9"),
        ("--turn", "45"),
        ("--person", "0"),
        ("--person", "many"),
        ("--resolution", "1"),
        ("--height", "-1"),
        ("--height", "tall"),
        ("--faces", "2"),
        ("--sheet", "x.txt"),
        ("--mask", "m.png", "--box", "1,2,3,4"),
        ("--nonsense",),
        ("--device", "toaster"),
    ],
)
def test_wrong_usage_ends_with_status_two(
    options: tuple[str, ...], photo: Path, doll_weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(photo)] if options else []
    status = main(["reconstruct", *given, "--weights", str(doll_weights), *options])
    assert status == 2
    assert names(photo.parent) == ["doll.png"]
    captured = capsys.readouterr()
    assert captured.err or captured.out


def test_a_photograph_is_turned_with_its_mask(
    doll: Doll, tmp_path: Path, doll_weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lying in the file, standing in the model; the mask lies as the photograph does."""
    photo, mask = tmp_path / "p.png", tmp_path / "m.png"
    for path, values in ((photo, doll[0]), (mask, (doll[1] * 255).astype(np.uint8))):
        Image.fromarray(np.ascontiguousarray(np.rot90(values[:, 60:450]))).save(path)
    options = ("--mask", mask, "--turn", "90", "--format", "stl", "--json")
    assert run(photo, *options, weights=doll_weights) == 0
    (line,) = capsys.readouterr().out.splitlines()
    said = json.loads(line)
    assert said["notes"] == ["turned by 90 degrees clockwise"]
    rows, columns = np.nonzero(doll[1][:, 60:450] > 0.5)
    assert said["box"] == [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
    assert said["size_metres"][1] > 1.5 * said["size_metres"][0]


def test_a_mask_that_is_a_frame_is_refused(
    doll: Doll, tmp_path: Path, doll_weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo, mask = tmp_path / "p.png", tmp_path / "m.png"
    Image.fromarray(doll[0]).save(photo)
    y, x = np.mgrid[:512, :512]
    Image.fromarray((np.hypot(x - 256, y - 256) < 200).astype(np.uint8) * 255).save(mask)
    assert run(photo, "--mask", mask, "-o", tmp_path / "no", weights=doll_weights) == 1
    assert "m.png: is a circle" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()


def test_a_mask_is_for_one_photograph(photo: Path, doll_weights: Path) -> None:
    assert run(photo, "other.jpg", "--box", "1,2,30,40", weights=doll_weights) == 2


def test_weights_that_are_not_there(photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reconstruct", str(photo), "--weights", str(tmp_path / "none.safetensors")]) == 1
    assert "none.safetensors" in capsys.readouterr().err.replace("\n", "")


def test_an_output_that_cannot_be_written(photo: Path, doll_weights: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    assert run(photo, "-o", blocked, weights=doll_weights) == 2
    assert run(photo, "-o", blocked / "inside", "--format", "stl", weights=doll_weights) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_killed_while_saving_nothing_broken_stands(photo: Path, doll_weights: Path, tmp_path: Path) -> None:
    """kill -9 in the middle of writing: under the final name stands the old file, whole, or nothing."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "doll.stl").write_bytes(b"the old one")
    program = f"""
import os, pathlib, lifecast.atomic as atomic
from contextlib import contextmanager
def slow(path, data):
    with atomic.atomic_file(path) as part:
        with part.open("wb") as file:
            file.write(data[: len(data) // 2]); file.flush()
            pathlib.Path({str(tmp_path / "writing")!r}).touch()
            import time; time.sleep(60)
import lifecast.surface.output.export as export
export.write_bytes = slow
from lifecast.cli import main
main(["reconstruct", {str(photo)!r}, "-o", {str(out)!r}, "--format", "stl", "--weights", {str(doll_weights)!r},
      "--resolution", "48"])
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(1200):
            if (tmp_path / "writing").exists() or process.poll() is not None:
                break
            time.sleep(0.1)
        assert (tmp_path / "writing").exists()
    finally:
        os.kill(process.pid, signal.SIGKILL) if process.poll() is None else None
        process.wait()
    assert (out / "doll.stl").read_bytes() == b"the old one"
    left = [p.name for p in out.iterdir() if p.name != "doll.stl"]
    assert all(name.startswith(".") and ".part" in name for name in left)
