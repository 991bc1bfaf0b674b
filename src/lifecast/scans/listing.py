"""A folder of scans: whose they are, and which files are passed over or fail, with reasons."""

from __future__ import annotations

import os
import stat
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lifecast.errors import ScanError
from lifecast.scans.read import SUFFIXES

MODELS = (
    ".fbx", ".usdz", ".usd", ".usda", ".usdc", ".vrm", ".dae", ".blend", ".3ds", ".3mf", ".abc", ".x3d", ".wrl", ".ma",
    ".mb", ".max", ".c4d",
)  # fmt: skip
"""Formats of models that are not read here."""
ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst")
CLOUDS = (".xyz", ".pcd", ".las", ".laz", ".e57", ".pts", ".ptx", ".splat", ".ksplat", ".spz")
"""Formats of points without a surface."""
UNREAD = (
    dict.fromkeys(MODELS, "not read here; export it as GLB")
    | dict.fromkeys(ARCHIVES, "an archive; unpack it")
    | dict.fromkeys(CLOUDS, "points without a surface; mesh them and export GLB")
)
"""Ending of a file that may hold a scan -> why it is not read and what to do about it."""
SEVERAL = f"another format of the same name is taken, by the order {' '.join(s[1:] for s in SUFFIXES)}"
TWICE = "links to what is listed already"
NAMED = 5
"""So many files are named of those that share a reason."""


@dataclass
class ScanListing:
    """What a folder of scans holds."""

    people: dict[str, Path] = field(default_factory=dict)
    """Person -> file, sorted by person."""
    failed: dict[str, str] = field(default_factory=dict)
    """Who should be there and is not -> the reason: dead links, locked folders, names that two scans would get."""
    passed_over: dict[Path, str] = field(default_factory=dict)
    """Files and folders that may hold scans and are left out on purpose -> the reason."""

    def passed_over_lines(self) -> list[str]:
        """What is passed over, in a line for each reason, which names the first few."""
        reasons: dict[str, list[str]] = defaultdict(list)
        for path, reason in self.passed_over.items():
            reasons[reason].append(str(path))
        lines = []
        for reason, names in reasons.items():
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            lines.append(f"passed over ({reason}): {', '.join(names[:NAMED])}{more}")
        return lines


def list_scans(folder: str | Path) -> ScanListing:
    """List the scans under `folder` by person, following links.

    A mesh alone in its folder is named after the folder (`people/person_000123/person.glb` -> `person_000123`), meshes
    that share a folder after folder and file; in the top folder after the file. Of files whose names differ only in
    the format, the first in the order of `SUFFIXES` is taken. Hidden files and folders are ignored.

    Raises
    ------
    ScanError
        There is no such folder, or no scan in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ScanError(f"{folder}: no such folder of scans")
    listing = ScanListing()
    found: dict[Path, Path] = {}
    for file in _files(folder, listing):
        suffix = file.suffix.lower()
        if suffix in UNREAD:
            listing.passed_over[file] = UNREAD[suffix]
        elif suffix in SUFFIXES:
            stem = file.with_suffix("")
            other = found.get(stem)
            if other is None:
                found[stem] = file
            else:
                taken, left = sorted((other, file), key=lambda f: (SUFFIXES.index(f.suffix.lower()), f.suffix))
                found[stem] = taken
                listing.passed_over[left] = SEVERAL
    _name(found, folder, listing)
    if not listing.people and not listing.failed:
        lines = "".join(f"; {line}" for line in listing.passed_over_lines())
        raise ScanError(f"{folder}: no scan in it; looked for {', '.join(SUFFIXES)}{lines}")
    return listing


def _name(found: dict[Path, Path], folder: Path, listing: ScanListing) -> None:
    """Put into `listing` what each of the scans {path without suffix: file} is called."""
    siblings = Counter(stem.parent for stem in found)
    people: dict[str, list[Path]] = defaultdict(list)
    for stem, file in sorted(found.items()):
        alone = siblings[stem.parent] == 1 and stem.parent != folder
        inside = (stem.parent if alone else stem).relative_to(folder)
        people["_".join(inside.parts).replace(" ", "_")].append(file)
    for name, files in sorted(people.items()):
        try:
            name.encode()
        except UnicodeEncodeError:
            shown = os.fsencode(name).decode(errors="replace")
            listing.failed[shown] = f"{str(files[0])!r}: its name is not UTF-8; rename it"
            continue
        if len(files) == 1:
            listing.people[name] = files[0]
        else:
            listing.failed[name] = f"{' and '.join(map(str, files))} would all be called {name!r}; rename all but one"


def _files(folder: Path, listing: ScanListing) -> Iterator[Path]:
    """All files under `folder` that are not hidden; what links reach a second time, only once.

    Links are followed last, so that a file keeps its own name where a link leads to it, too.
    """
    seen: set[tuple[int, int]] = set()
    waiting, links = deque([folder]), deque[Path]()
    while waiting or links:
        place = waiting.popleft() if waiting else links.popleft()
        try:
            status = place.stat()
            is_folder = stat.S_ISDIR(status.st_mode)
            entries = sorted(place.iterdir()) if is_folder else []
        except OSError as error:
            why = "a link that leads nowhere" if isinstance(error, FileNotFoundError) else error.strerror
            listing.failed[str(place.relative_to(folder))] = f"{place}: cannot be opened ({why})"
            continue
        identity = (status.st_dev, status.st_ino)
        if identity in seen:
            if is_folder or place.suffix.lower() in (*SUFFIXES, *UNREAD):
                listing.passed_over[place] = TWICE
            continue
        seen.add(identity)
        if stat.S_ISREG(status.st_mode):
            yield place
        for entry in entries:
            if not entry.name.startswith("."):
                (links if entry.is_symlink() else waiting).append(entry)
