"""Writing files and folders so that nothing half-written ever stands under its final name.

A file is written under a temporary name in the same folder, flushed to disk and renamed; a process killed at any
moment leaves either the old file, or the new one, or only a hidden `.name.PID.XXXX.part` beside it.

What cannot be written is an `OutputError` that names the final path. `lifecast.writable` looks for it before the work.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from lifecast.errors import LifecastError, OutputError

STEM_BYTES = 100
"""So much of a file's name is repeated in its temporary one, which must be no longer than file systems take."""
SUFFIX_BYTES = 16
"""A longer suffix names no format and is left out."""
DISK_FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
DISK_ERRORS = DISK_FULL | {errno.EROFS, errno.EFBIG, errno.EIO}
"""A disk or card that takes nothing more, whatever is written to it."""
FULL = 1 << 16
"""A disk with fewer bytes left counts as full where a writer failed without saying why."""


def part_path(path: Path) -> Path:
    """Choose a fresh hidden name in `path`'s own folder.

    It is on the same file system, so that the rename is atomic. The suffix of `path` is kept at the end, because many
    writers choose the format by it.
    """
    stem = path.stem
    while len(os.fsencode(stem)) > STEM_BYTES:
        stem = stem[:-1]
    suffix = path.suffix if len(os.fsencode(path.suffix)) <= SUFFIX_BYTES else ""
    return path.with_name(f".{stem}.{os.getpid()}.{secrets.token_hex(4)}.part{suffix}")


def output_error(path: Path, error: OSError) -> OutputError:
    """Explain `error` to somebody who wants `path` written, and what to do about it."""
    longest = max(path.parts, default="", key=len)
    name = str(path).replace(longest, f"{longest[:STEM_BYTES]}...") if len(longest) > STEM_BYTES else str(path)
    if error.errno in DISK_FULL:
        why, remedy = "the disk is full", "make room, or name another place"
    elif error.errno == errno.EROFS:
        why, remedy = "the disk or card is read-only", "name another place"
    elif error.errno in (errno.EACCES, errno.EPERM):
        why, remedy = "this user has no right to", "name another place, or change the folder's permissions"
    elif error.errno == errno.ENAMETOOLONG:
        why, remedy = f"a name of {len(os.fsencode(longest))} bytes is too long", "give a shorter one"
    else:
        why, remedy = error.strerror or str(error), "name another place"
    return OutputError(f"{name}: cannot be written: {why}; {remedy}")


@contextmanager
def _explained(path: Path, part: Path) -> Iterator[None]:
    """Turn failures to write `part` into an `OutputError` about `path`, a library's too; let all others through."""
    try:
        yield
    except LifecastError:
        raise
    except OSError as error:
        at_fault = Path(os.fsdecode(error.filename)) if isinstance(error.filename, (str, bytes, Path)) else None
        if error.errno in DISK_ERRORS or at_fault == path or (at_fault is not None and at_fault.is_relative_to(part)):
            raise output_error(path, error) from error
        raise
    except Exception as error:  # libraries have their own for what the system refuses
        refused = [number for number in DISK_ERRORS if os.strerror(number) in str(error)]
        if not refused and part.parent.is_dir() and shutil.disk_usage(part.parent).free < FULL:
            refused = [errno.ENOSPC]
        if refused:
            raise output_error(path, OSError(refused[0], os.strerror(refused[0]))) from error
        raise


def _make_home(path: Path) -> None:
    """Make the folder that `path` goes into; `OutputError` where there can be none."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise output_error(path, OSError(errno.ENOTDIR, "a file stands where a folder is needed")) from error
    except OSError as error:
        raise output_error(path, error) from error


def _remove(part: Path) -> None:
    """Remove a temporary file after a failure, which is the one to tell of: where it cannot even be removed, too."""
    with suppress(OSError):
        part.unlink()


@contextmanager
def atomic_file(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path to write to; on success flush it to disk and rename it to `path`.

    On an exception the temporary file is removed and `path` stays as it was. `OutputError` if `path` cannot be written.
    """
    final = Path(path)
    _make_home(final)
    part = part_path(final)
    try:
        with _explained(final, part):
            yield part
            with part.open("rb+") as written:
                os.fsync(written.fileno())
            part.replace(final)
    except BaseException:
        _remove(part)
        raise


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yield a temporary folder to fill; on success it takes the place of `path`.

    An older one is removed. `OutputError` if `path` cannot be written.
    """
    final = Path(path)
    _make_home(final)
    part = part_path(final)
    try:
        with _explained(final, part):
            part.mkdir()
            yield part
            if final.exists():
                old = part_path(final)
                final.rename(old)
                part.rename(final)
                shutil.rmtree(old)
            else:
                part.rename(final)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write `data` to `path` atomically."""
    with atomic_file(path) as part:
        part.write_bytes(data)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, atomically."""
    write_bytes(path, text.encode())


def write_together(files: Mapping[Path, bytes]) -> None:
    """Write files that belong together.

    All are written under temporary names first, then renamed one right after the other. On an exception while they are
    written, all of the old ones stay. No file system renames several at once, so a process killed between two renames,
    which follow within microseconds, can still leave new ones beside old ones.
    """
    parts = {path: part_path(path) for path in files}
    try:
        for path, data in files.items():
            _make_home(path)
            with _explained(path, parts[path]), parts[path].open("wb") as written:
                written.write(data)
                written.flush()
                os.fsync(written.fileno())
        for path, part in parts.items():
            with _explained(path, part):
                if path.is_dir():  # or those before it would be replaced already
                    raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        for path, part in parts.items():
            with _explained(path, part):
                part.replace(path)
    except BaseException:
        for part in parts.values():
            _remove(part)
        raise
