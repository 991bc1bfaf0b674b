"""Writing files and folders so that nothing half-written ever stands under its final name.

A file is written under a temporary name in the same folder, flushed to disk and renamed; a process killed at any
moment leaves either the old file, or the new one, or only a hidden `.name.PID.XXXX.part` beside it.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


def part_path(path: Path) -> Path:
    """A fresh hidden name in `path`'s own folder (same file system, so that the rename is atomic).

    The suffix of `path` is kept at the end, because many writers choose the format by it.
    """
    return path.with_name(f".{path.stem}.{os.getpid()}.{secrets.token_hex(4)}.part{path.suffix}")


@contextmanager
def atomic_file(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path to write to; on success flush it to disk and rename it to `path`.

    On an exception the temporary file is removed and `path` stays as it was.
    """
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    part = part_path(final)
    try:
        yield part
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        part.replace(final)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yield a temporary folder to fill; on success it takes the place of `path` (an older one is removed)."""
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    part = part_path(final)
    part.mkdir()
    try:
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
    """Write files that belong together: all under temporary names first, then renamed one right after the other.

    On an exception while they are written, all of the old ones stay. No file system renames several at once, so a
    process killed between two renames, which follow within microseconds, can still leave new ones beside old ones.
    """
    parts = {path: part_path(path) for path in files}
    try:
        for path, data in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with parts[path].open("wb") as written:
                written.write(data)
                written.flush()
                os.fsync(written.fileno())
        for path, part in parts.items():
            part.replace(path)
    except BaseException:
        for part in parts.values():
            part.unlink(missing_ok=True)
        raise
