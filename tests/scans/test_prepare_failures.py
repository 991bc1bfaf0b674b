"""One scan that fails is named and the others go on; a full disk ends the making, and what is there stays usable."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import trimesh

from lifecast.cli import main
from lifecast.errors import DataError, OutputError
from lifecast.scans import prepare as prepare_module
from lifecast.scans.listing import list_scans
from lifecast.scans.prepare import prepare
from lifecast.scans.settings import Settings

TINY = Settings(size=64, views=1, uniform=50, near5=50, near3=50, rays=2, lightings=2)
FLAGS = ["--size", "64", "--views", "1", "--points", "50", "50", "50", "--rays", "2", "--lightings", "2"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, to be made smaller or larger by `resize`."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def resize(disk: Path, size: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


def test_a_full_disk_keeps_who_is_there_and_a_second_run_goes_on(people_folder: Path, small_disk: Path) -> None:
    people = list_scans(people_folder).people
    out = small_disk / "data"
    prepare({name: people[name] for name in list(people)[:1]}, out, TINY)
    used = shutil.disk_usage(small_disk).used
    resize(small_disk, used + 60_000)  # a person takes more
    summary = prepare(people, out, TINY)
    assert [(o.person, o.state) for o in summary.outcomes] == [
        ("person_000000", "kept"), ("person_000001", "failed"), ("person_000002", "failed"),
    ]  # fmt: skip
    assert "the disk is full" in summary.outcomes[1].reason
    assert "not begun" in summary.outcomes[2].reason
    assert sorted(path.name for path in out.glob("*person*")) == ["person_000000"]
    assert not list(out.glob(".*"))
    split = json.loads((out / "split.json").read_text())
    assert split["train"] + split["test"] == ["person_000000"]
    resize(small_disk, 4 << 20)
    again = prepare(people, out, TINY, workers=2)
    assert (again.count("kept"), again.count("made")) == (1, 2)


def test_a_disk_that_is_full_from_the_start_is_said_without_a_traceback(
    people_folder: Path, small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (small_disk / "data").mkdir()
    resize(small_disk, 4096)
    (small_disk / "fill").write_bytes(bytes(4096 - shutil.disk_usage(small_disk).used))
    with pytest.raises(OutputError, match=r"data.*cannot be written: the disk is full"):
        prepare(list_scans(people_folder).people, small_disk / "data", TINY)
    assert main(["prepare", str(people_folder), str(small_disk / "data"), *FLAGS]) == 1
    assert "cannot be written" in " ".join(capsys.readouterr().err.split())


def test_people_after_a_full_disk_who_are_there_are_kept(
    people_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = list_scans(people_folder).people
    prepare(people, tmp_path, TINY)
    shutil.rmtree(tmp_path / "person_000000")

    def full(*_: object) -> list[str]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(prepare_module, "prepare_person", full)
    summary = prepare(people, tmp_path, TINY)
    assert [outcome.state for outcome in summary.outcomes] == ["failed", "kept", "kept"]


def test_a_name_too_long_for_a_folder_fails_alone(
    people_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Folder names joined by _ are longer than each of them may be."""
    scans = tmp_path / "scans"
    long = scans / ("a" * 150) / ("b" * 150)
    long.mkdir(parents=True)
    for place in (scans / "short.glb", long / "mesh.glb"):
        shutil.copy(people_folder / "person_000000" / "person.glb", place)
    assert main(["prepare", str(scans), str(tmp_path / "data"), *FLAGS]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "too long" in said
    assert "301 bytes" in said
    assert "2 people: 1 made, 1 failed" in said
    assert (tmp_path / "data" / "short" / "person.json").is_file()


def test_the_command_names_what_it_passes_over_and_fails_for_who_is_missing(
    people_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scans = tmp_path / "scans"
    scans.mkdir()
    (scans / "anna").symlink_to(people_folder / "person_000000")
    shutil.copy(people_folder / "person_000001" / "person.glb", scans / "ben.glb")
    (scans / "ben.obj").touch()
    (scans / "carl.fbx").touch()
    assert main(["prepare", str(scans), str(tmp_path / "data"), *FLAGS]) == 0
    said = " ".join(capsys.readouterr().err.split())
    for expected in ("ben.obj", "carl.fbx", "export it as GLB", "2 people: 2 made"):
        assert expected in said
    (scans / "dora").symlink_to(tmp_path / "nowhere")
    (scans / "emil.obj").touch()
    assert main(["prepare", str(scans), str(tmp_path / "data"), *FLAGS]) == 1
    said = " ".join(capsys.readouterr().err.split())
    for expected in ("dora: left out", "emil.obj: is empty", "4 people: 2 kept, 2 failed"):
        assert expected in said


def test_two_people_in_one_scan_are_left_out(people_folder: Path, tmp_path: Path) -> None:
    one = trimesh.load_mesh(people_folder / "person_000000" / "person.glb", process=False)
    one.visual = trimesh.visual.ColorVisuals(one)
    other = one.copy().apply_translation([np.ptp(one.vertices[:, 0]) + 0.2, 0, 0])
    trimesh.util.concatenate([one, other]).export(tmp_path / "pair.glb")
    summary = prepare({"pair": tmp_path / "pair.glb"}, tmp_path / "data", TINY)
    assert summary.count("failed") == 1
    assert "2 bodies" in summary.outcomes[0].reason
    assert "pair.glb" in summary.outcomes[0].reason


def test_a_split_of_other_people_is_refused_before_the_work(people_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not among the scans: zoe"):
        prepare(list_scans(people_folder).people, tmp_path / "data", TINY, split={"train": [], "test": ["zoe"]})
    assert not (tmp_path / "data").exists()
