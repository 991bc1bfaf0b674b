"""Writing atomically: names as long as the file system takes, and failures said in words."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from lifecast.atomic import atomic_file, atomic_folder, part_path, write_bytes, write_together
from lifecast.errors import LifecastError, OutputError


@pytest.mark.parametrize("name", ["n" * 251 + ".glb", "ü" * 125 + ".glb", "a." + "s" * 253, "." + "n" * 254])
def test_a_name_as_long_as_the_file_system_takes(name: str, tmp_path: Path) -> None:
    assert len(name.encode()) in (254, 255)
    write_bytes(tmp_path / name, b"one")
    write_together({tmp_path / name: b"two"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {name: b"two"}


def test_the_temporary_name_keeps_the_suffix_by_which_writers_choose_the_format() -> None:
    assert part_path(Path("folder") / ("n" * 240 + ".safetensors")).suffix == ".safetensors"


def test_a_folder_of_a_long_name(tmp_path: Path) -> None:
    for content in (b"one", b"two"):
        with atomic_folder(tmp_path / ("n" * 255)) as part:
            (part / "file").write_bytes(content)
    assert [path.name for path in tmp_path.iterdir()] == ["n" * 255]
    assert (tmp_path / ("n" * 255) / "file").read_bytes() == b"two"


def test_what_cannot_be_written_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.glb").mkdir()
    for path in (tmp_path / "file" / "person.glb", tmp_path / "folder.glb", tmp_path / ("n" * 256)):
        with pytest.raises(OutputError, match="cannot be written") as told:
            write_bytes(path, b"data")
        assert str(path)[:80] in str(told.value)
        with pytest.raises(OutputError, match="cannot be written"):
            write_together({path: b"data"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.glb"]


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only"), (errno.EDQUOT, "disk is full"), (errno.EIO, "error")],
)
def test_a_disk_that_takes_nothing_more(number: int, words: str, tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=f"person.glb: cannot be written: .*{words}"),
        atomic_file(tmp_path / "person.glb"),
    ):
        raise OSError(number, os.strerror(number))
    assert list(tmp_path.iterdir()) == []


def test_a_library_that_says_it_in_its_own_words(small_disk: Path) -> None:
    path, noise = small_disk / "weights.safetensors", torch.rand(1 << 20)
    for save in (lambda part: save_file({"noise": noise}, part), lambda part: torch.save(noise, part)):
        with pytest.raises(OutputError, match="the disk is full"), atomic_file(path) as part:
            save(part)
    assert list(small_disk.iterdir()) == []


def test_other_failures_stay_what_they_are(tmp_path: Path) -> None:
    for error in (ValueError("a bug"), LifecastError("known"), FileNotFoundError(errno.ENOENT, "no", "input.png")):
        with pytest.raises(type(error)) as told, atomic_file(tmp_path / "person.glb"):
            raise error
        assert told.value is error
