"""Whether outputs can be written is found out by writing, and nothing of that stays."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import pytest

from lifecast.errors import OutputError
from lifecast.writable import check_file, check_folder, check_names, check_temporary_folder


def everything(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def test_what_can_be_written_stays_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "old.glb").write_bytes(b"old")
    check_file(tmp_path / "old.glb")
    check_file(tmp_path / "new" / "deep" / "person.glb")
    check_file(tmp_path / ("n" * 255))
    check_folder(tmp_path)
    check_folder(tmp_path / "new" / "deep")
    assert everything(tmp_path) == [tmp_path / "old.glb"]
    assert (tmp_path / "old.glb").read_bytes() == b"old"


def test_a_file_where_a_folder_is_needed(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "inside" / "deep"):
        with pytest.raises(OutputError, match=r"--out .*file is a file where a folder is needed"):
            check_folder(folder, "--out")


def test_names_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "folder.glb").mkdir()
    with pytest.raises(OutputError, match="folder or a device"):
        check_file(tmp_path / "folder.glb")
    with pytest.raises(OutputError, match="256 bytes is too long"):
        check_file(tmp_path / ("n" * 252 + ".glb"))
    with pytest.raises(OutputError, match="300 bytes is too long"):
        check_folder(tmp_path / ("n" * 300) / "folder")
    with pytest.raises(OutputError, match="300 bytes is too long"):
        check_names([tmp_path / "new" / ("n" * 300)])
    with pytest.raises(OutputError, match="folder or a device"):
        check_names([tmp_path / "new.glb", Path(os.devnull)])
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)  # noqa: PTH116


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc")
def test_a_folder_in_which_nobody_may_make_anything() -> None:
    with pytest.raises(OutputError, match="/proc/models: cannot be written"):
        check_folder(Path("/proc/models"))


def test_a_read_only_disk(read_only: Path) -> None:
    for check in (check_folder, check_file):
        with pytest.raises(OutputError, match="the disk or card is read-only"):
            check(read_only / "new")


def test_a_full_disk(small_disk: Path) -> None:
    check_folder(small_disk, room=1 << 16)
    with pytest.raises(OutputError, match="the disk is full"):
        check_folder(small_disk, room=1 << 20)
    assert everything(small_disk) == []


def test_a_user_without_the_right() -> None:
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to others altogether
        Path(folder).chmod(0o755)
        os.seteuid(65534)
        try:
            with pytest.raises(OutputError, match="this user has no right to"):
                check_folder(Path(folder))
        finally:
            os.seteuid(0)


def test_no_place_for_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="TMPDIR"):
        check_temporary_folder()
