"""Finding out before the work whether its outputs can be written.

A temporary file is really made where the outputs shall be, and removed: rights that say one thing and a disk that does
another (a read-only card, a full disk, a network folder) are found out so, and nothing but that. Nothing is made under
a final name.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from lifecast.atomic import output_error, part_path
from lifecast.errors import OutputError

ROOM = 1 << 20
"""Bytes that must fit on the disk if nothing better is known."""


def check_folder(folder: Path, option: str = "", room: int = ROOM) -> None:
    """Check that files of together `room` bytes can be written into `folder`.

    It need not be there yet. Raises `OutputError` if not; `option`, such as "--output", says in the message what named
    the folder.
    """
    try:
        _try(folder, room)
    except OSError as error:
        raise _named(folder, error, option) from error


def check_file(path: Path, option: str = "", room: int = ROOM) -> None:
    """Check that a file `path` of `room` bytes can be written or replaced.

    Raises `OutputError` if not.
    """
    check_names([path], option)
    try:
        _try(path.parent, room)
    except OSError as error:
        raise _named(path, error, option) from error


def check_names(paths: Iterable[Path], option: str = "") -> None:
    """Check that under these names stands nothing but plain files, and that none is too long.

    Raises `OutputError` if not.
    """
    for path in paths:
        try:
            _nearest(path)
            if path.exists() and not path.is_file():
                raise OSError(errno.EEXIST, "a folder or a device has this name")
        except OSError as error:
            raise _named(path, error, option) from error


def check_temporary_folder() -> None:
    """Check that temporary files can be written. Raises `OutputError`."""
    try:
        folder = tempfile.gettempdir()
    except FileNotFoundError as error:  # Python has tried several
        raise OutputError(f"{error.strerror}: make room in one of these, or name another one by TMPDIR") from error
    check_folder(Path(folder), "TMPDIR")


def _named(path: Path, error: OSError, option: str) -> OutputError:
    words = output_error(path, error)
    return OutputError(f"{option} {words}") if option else words


def _try(folder: Path, room: int) -> None:
    """Write `room` bytes into `folder`, or beside where it would be made, and take them away; OSError if that fails."""
    home = _nearest(folder)
    if not home.is_dir():
        raise OSError(errno.ENOTDIR, f"{home} is a file where a folder is needed")
    if home == folder:
        _write_and_remove(part_path(home / "trial"), room)
        return
    made = part_path(home / "trial")  # can a folder be made here?
    made.mkdir()
    try:
        _write_and_remove(made / "trial", room)
    finally:
        made.rmdir()


def _nearest(path: Path) -> Path:
    """The path itself if it is there, else the nearest one above it that is.

    OSError for a name that its file system does not take.
    """
    home = next((home for home in (path, *path.parents) if _stands(home)), None)
    if home is None:
        raise OSError(errno.ENOENT, "there is no such disk")
    for name in path.parts[len(home.parts) :]:
        _stands(home / name)  # a name that is too long is found out only in a folder that is there
    return home


def _stands(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _write_and_remove(path: Path, room: int) -> None:
    try:
        with path.open("wb") as file:
            file.write(b"lifecast")
            file.flush()
            os.fsync(file.fileno())  # a network folder refuses only now
            file.write(bytes(room))
    finally:
        path.unlink(missing_ok=True)
