"""What to work on: files, folders, globs, lists of names, or anything that fsspec can reach (s3://, gs://, ...)."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from glob import glob, has_magic
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lifecast.errors import MissingExtra, UsageError


def is_url(name: str) -> bool:
    """Check whether fsspec has to fetch `name` (a Windows drive is no URL)."""
    scheme, separator, _ = name.partition("://")
    return bool(separator) and len(scheme) > 1


def _fsspec() -> Any:
    try:
        import fsspec
    except ImportError as error:
        raise MissingExtra("fsspec", "cluster", "reading a URL") from error
    return fsspec


def list_inputs(names: Iterable[str], suffixes: frozenset[str]) -> Iterator[str]:
    """List the names of the inputs, in a stable order, one at a time.

    A bucket of millions is never a list in memory.

    Parameters
    ----------
    names
        Each a file, a folder (searched one level deep), a glob, a URL of a file, folder or glob, or `@FILE`: a text
        file with one name a line (blank lines and lines that start with # are passed over).
    suffixes
        Lower-case endings, with the dot, that count as inputs in folders.

    Raises
    ------
    UsageError
        A name that stands for nothing: a glob without a match, a folder without an input, a missing list.
    """
    for name in names:
        if name.startswith("@"):
            listing = Path(name[1:])
            if not listing.is_file():
                raise UsageError(f"{listing}: no such list of inputs; after @ comes a text file with one name a line")
            with listing.open(encoding="utf-8") as lines:
                for line in lines:
                    entry = line.strip()
                    if entry and not entry.startswith("#"):
                        yield entry
        elif is_url(name):
            yield from _list_url(name, suffixes)
        else:
            yield from _list_local(name, suffixes)


def _is_input(path: Path, suffixes: frozenset[str]) -> bool:
    return path.suffix.lower() in suffixes and not path.name.startswith(".")


def _list_local(name: str, suffixes: frozenset[str]) -> Iterator[str]:
    path = Path(name)
    if path.is_dir():
        found = sorted(str(p) for p in path.iterdir() if _is_input(p, suffixes))
        if not found:
            raise UsageError(f"{name}: a folder without an input ({', '.join(sorted(suffixes))})")
        yield from found
    elif has_magic(name) and not path.exists():
        found = sorted(glob(name, recursive=True))  # noqa: PTH207  (Path.glob takes no absolute pattern)
        if not found:
            raise UsageError(f"{name}: nothing matches")
        yield from found
    else:
        yield name  # a missing file is reported with the others, as a failure of its own


def _list_url(url: str, suffixes: frozenset[str]) -> Iterator[str]:
    fsspec = _fsspec()
    system, path = fsspec.core.url_to_fs(url)
    if has_magic(path):
        found = sorted(system.glob(path))
    elif system.isdir(path):
        found = sorted(p for p in system.ls(path, detail=False) if _is_input(Path(p), suffixes))
    else:
        found = [path]
    if not found:
        raise UsageError(f"{url}: nothing matches")
    for entry in found:
        yield system.unstrip_protocol(entry)


def unique_stem(name: str) -> str:
    """Make a file stem for the outputs of `name`: its own stem, and eight digits of its hash.

    Two inputs of the same name in different folders must not overwrite each other's outputs.
    """
    return f"{Path(name).stem}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


@contextmanager
def local_file(name: str) -> Iterator[Path]:
    """Yield a local path with the content of `name`; a fetched copy is deleted afterwards."""
    if not is_url(name):
        yield Path(name)
        return
    with TemporaryDirectory(prefix="lifecast-") as folder:
        copy = Path(folder) / Path(name).name
        with _fsspec().open(name, "rb") as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target, length=1 << 20)
        yield copy
