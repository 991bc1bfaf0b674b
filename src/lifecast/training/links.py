"""Links of a chain: made one after the other, each recorded with what it stands on, so that a killed chain goes on.

    run_links(links, folder, again=None, say=print)

`folder/links/NAME.json` is the record of a link: its settings and the fingerprints of what it needs are written before
it is made, its output's fingerprint once it is. A record that says otherwise than the link is an error, never passed
over.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lifecast.atomic import write_text
from lifecast.errors import DataError, OptionError, UsageError

FORMAT = 1
RECORDS = "links"
"""The records' folder."""


@dataclass(frozen=True)
class Link:
    """One step of a chain, as it is to be made."""

    name: str
    settings: dict[str, Any]
    """Plain values that decide its output."""
    needs: tuple[str, ...]
    """Links before it whose output it takes."""
    command: str
    """What does the same on the command line."""
    make: Callable[[], None]
    """Makes it; begun before and interrupted, goes on."""
    made: Callable[[], list[Path]]
    """Files and folders of it that are there, finished or not."""
    output: Callable[[], str]
    """Fingerprint of what it made; DataError where that is missing."""


@dataclass
class Record:
    """What is written down of a link."""

    link: str
    settings: dict[str, Any]
    needs: dict[str, str]
    """Fingerprints of the outputs of the links that it needs."""
    command: str
    output: str | None = None
    """Fingerprint of what it made; None until it is finished."""
    minutes: float = 0.0
    """Of all sittings that were not killed."""

    @property
    def finished(self) -> bool:
        """Whether the link came to its end."""
        return self.output is not None


def files_fingerprint(paths: Iterable[Path], root: Path) -> str:
    """Compute the SHA-256 of files and of their names below `root`, in order of name.

    DataError where one is missing, or where there are none.
    """
    digest = hashlib.sha256()
    files = sorted(paths)
    if not files:
        raise DataError(f"{root}: nothing of what was made is there any more")
    for path in files:
        try:
            content = hashlib.sha256(path.read_bytes()).digest()
        except OSError as error:
            raise DataError(f"{path}: missing or unreadable ({error})") from error
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + content)
    return digest.hexdigest()


def listing_fingerprint(folder: Path) -> str:
    """Compute the SHA-256 of the names and sizes of all files in a folder, or of a kit's bytes.

    It is for a folder that is too large to read.
    """
    if folder.is_file():
        return hashlib.sha256(folder.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\n".encode())
    return digest.hexdigest()


def listing_fingerprints(folders: tuple[Path, ...]) -> str | list[str] | None:
    """List the fingerprints of folders' listings for a record.

    Of one folder the fingerprint alone, so that a record of one folder holds no list; None of none.
    """
    listings = [listing_fingerprint(folder) for folder in folders]
    return listings if len(listings) > 1 else listings[0] if listings else None


def record_path(folder: Path, name: str) -> Path:
    """Name the file of a link's record."""
    return folder / RECORDS / f"{name}.json"


def read_record(folder: Path, name: str) -> Record | None:
    """Read a link's record, None if there is none.

    DataError for a damaged one or one of another format.
    """
    path = record_path(folder, name)
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: damaged ({error}); give --again {name} to make the link again") from error
    if not isinstance(stored, dict) or stored.pop("format", None) != FORMAT or set(stored) != set(_FIELDS):
        raise DataError(f"{path}: no record of format {FORMAT}; give another --out")
    return Record(**stored)


_FIELDS = tuple(Record.__dataclass_fields__)


def write_record(folder: Path, record: Record) -> None:
    """Write a link's record."""
    write_text(record_path(folder, record.link), json.dumps({"format": FORMAT, **asdict(record)}, indent=1) + "\n")


def run_links(
    links: Sequence[Link], folder: Path, again: str | None = None, say: Callable[[str], None] = lambda _text: None
) -> list[Record]:
    """Make every link that is not finished, in order; returns all records.

    Parameters
    ----------
    again
        A link to make anew, with all that stand on it.
    say
        Called with a line about each link.

    Raises
    ------
    UsageError
        Where a link was begun with other settings or on other data; or its files are there without a record.
    DataError
        Where the output that a link needs is missing or was changed.
    """
    if again is not None:
        forget(links, folder, again)
    records: dict[str, Record] = {}
    for number, link in enumerate(links, 1):
        needs = {name: str(records[name].output) for name in link.needs}
        record = read_record(folder, link.name)
        if record is None:
            if found := link.made():
                raise UsageError(f"{found[0]}: is there already and was not made by this chain; give another --out")
            record = Record(link.name, _plain(link.settings), needs, link.command)
        _check_same(folder, link, record, needs)
        records[link.name] = record
        title = f"{number}/{len(links)} {link.name}"
        if record.finished:
            say(f"{title}: there already ({record.minutes:.1f} minutes)")
            continue
        for needed in (one for one in links if one.name in link.needs):
            _check_output(needed, str(records[needed.name].output))
        write_record(folder, record)
        say(f"{title}: {link.command}")
        _make(folder, link, record)
        say(f"{title}: {record.minutes:.1f} minutes")
    _check_output(links[-1], str(records[links[-1].name].output))
    return list(records.values())


def _make(folder: Path, link: Link, record: Record) -> None:
    """Make a link and record it as finished; the time that an interrupted sitting took is recorded too."""
    begun = time.monotonic()
    try:
        link.make()
        output = link.output()
    finally:
        record.minutes = round(record.minutes + (time.monotonic() - begun) / 60, 3)
        write_record(folder, record)
    record.output = output
    write_record(folder, record)


def forget(links: Sequence[Link], folder: Path, name: str) -> None:
    """Remove a link and all that stand on it, the last ones first.

    Their files, then their records.
    """
    if name not in [link.name for link in links]:
        raise OptionError("again", name, f"this chain has no such link; it has {', '.join(one.name for one in links)}")
    gone = {name}
    for link in links:
        if gone & set(link.needs):
            gone.add(link.name)
    for link in reversed([link for link in links if link.name in gone]):
        if not record_path(folder, link.name).exists():
            continue  # never begun: whatever lies there is not this chain's
        for path in link.made():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        record_path(folder, link.name).unlink()


def _plain(value: Any) -> Any:
    """A value as JSON gives it back."""
    return json.loads(json.dumps(value))


def _check_same(folder: Path, link: Link, record: Record, needs: dict[str, str]) -> None:
    """UsageError naming the first things in which the record is of another link than this."""
    before, now = _flat(record.settings), _flat(_plain(link.settings))
    differences = [
        f"{key} = {before.get(key)!r}, not {now.get(key)!r}"
        for key in sorted(before.keys() | now.keys())
        if before.get(key) != now.get(key)
    ]
    differences += [f"another output of the link {name}" for name in needs if record.needs.get(name) != needs[name]]
    if differences:
        more = f" and {len(differences) - 3} more" if len(differences) > 3 else ""
        raise UsageError(
            f"{folder}: its link {link.name} was made with {'; '.join(differences[:3])}{more}. Give the same recipe "
            f"and options as before, or --again {link.name} to make it and what stands on it anew, or another --out"
        )


def _check_output(link: Link, recorded: str) -> None:
    """DataError where a finished link's output is no longer what it was."""
    advice = f"give --again {link.name} to make it anew"
    try:
        found = link.output()
    except DataError as error:
        raise DataError(f"{error}; {advice}") from error
    if found != recorded:
        where = ", ".join(map(str, link.made()[:1])) or link.name
        raise DataError(f"{where}: was changed after the link {link.name} was finished; {advice}")


def _flat(settings: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Nested tables as one, with dotted keys."""
    found: dict[str, Any] = {}
    for key, value in settings.items():
        name = f"{above}{key}"
        found |= _flat(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return found
