"""From what a user names to the photographs meant, and to the names of their results.

Files, folders, patterns.
"""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lifecast.photo.address import address_problem
from lifecast.photo.decode import SUFFIXES

RESULT_PICTURES = ("preview", "turntable", "front", "back")
"""What the pictures next to a model end in, after its name and an underscore."""
_MODELS = (".glb", ".obj", ".ply", ".stl")
STANDARD_INPUT = Path("stdin")
"""Stands for the photograph that `-` names, and names its results. Known by identity: a file may be called so too."""


@dataclass(frozen=True)
class Listing:
    """Photographs in the order named, each once; and a message for each name that leads nowhere."""

    paths: list[Path] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    """Name as given -> what is wrong with it."""


def list_photographs(names: Sequence[str]) -> Listing:
    """List files as they are, folders' pictures, and what patterns match, sorted.

    Not the pictures of folders in folders. "-" is standard input. An address on the network is missing: nothing is
    downloaded here.
    """
    listing = Listing()
    seen: set[str | Path] = set()
    for name in names:
        path, address = Path(name), address_problem(name)
        problem = None
        if name == "-":
            found = [STANDARD_INPUT]
        elif address is not None:
            found, problem = [], f"{name}: {address}"
        elif path.is_dir():
            found = _in_folder(path)
            problem = f"{name}: is a folder without pictures ({', '.join(sorted(SUFFIXES)[:4])}, ...)"
        elif not path.exists() and glob.has_magic(name):
            found = [p for p in map(Path, sorted(glob.glob(name, recursive=True))) if p.is_file()]  # noqa: PTH207
            problem = f"{name}: no file has such a name"
        else:
            found = [path]  # `read_photo` says what is wrong with it
        if not found and problem:
            listing.missing[name] = problem
        for one in found:
            key = name if one is STANDARD_INPUT else one.absolute()
            if key not in seen:
                seen.add(key)
                listing.paths.append(one)
    return listing


def _in_folder(folder: Path) -> list[Path]:
    """A folder's pictures, without hidden ones and without those that lie there as results."""
    return [
        path
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file() and not _is_result(path)
    ]


def _is_result(path: Path) -> bool:
    """Whether a picture is a preview, turntable or normal map of its model."""
    model, _, kind = path.stem.rpartition("_")
    return kind in RESULT_PICTURES and _has_model(path.with_name(model))


def _has_model(home: Path) -> bool:
    """Whether a model of this name (without suffix) is there."""
    return any(home.with_name(home.name + suffix).exists() for suffix in _MODELS)


def result_names(
    paths: Sequence[Path], folder: Path | None, endings: Sequence[str] = (), numbered: bool = False
) -> list[Path]:
    """Name where each photograph's results go, without suffix.

    Next to it or in `folder`, under its name. Photographs that would share a name get their suffix, then a number,
    appended: no result replaces another's. And none replaces a photograph: where a name plus one of `endings` is one of
    `paths`, or another picture that stands there and is not a result, the name gets "_model" appended. With `numbered`,
    a name may get "_1", "_2", ... appended later, for each person in the photograph.
    """
    photographs = {path.absolute() for path in paths}
    homes = []
    for path in paths:
        home = (folder or path.parent) / path.stem
        if _would_replace(home, endings, photographs, numbered):
            home = home.with_name(f"{home.name}_model")
        homes.append(home)
    shared = {home for home, count in Counter(homes).items() if count > 1}
    if numbered:
        shared |= {home for home in homes if _unnumbered(home) in homes}
    names: list[Path] = []
    for path, home in zip(paths, homes, strict=True):
        name = home.with_name(f"{home.name}_{path.suffix.lstrip('.').lower()}") if home in shared else home
        number, unique = 2, name
        while unique in names or (unique != home and unique in homes):
            unique, number = name.with_name(f"{name.name}_{number}"), number + 1
        names.append(unique)
    return names


def _unnumbered(home: Path) -> Path | None:
    """`photo` of `photo_12`; None for a name that does not end so."""
    name, _, number = home.name.rpartition("_")
    return home.with_name(name) if name and number.isdecimal() else None


def _would_replace(home: Path, endings: Sequence[str], photographs: set[Path], numbered: bool) -> bool:
    """Whether a result called `home` would be written over a photograph."""
    for ending in endings:
        places = [home.with_name(home.name + ending)]
        if numbered:
            some = home.parent.glob(f"{glob.escape(home.name)}_*{glob.escape(ending)}")
            places += [path for path in some if path.name[len(home.name) + 1 : -len(ending)].isdecimal()]
        for place in places:
            if place.absolute() in photographs:
                return True
            own = _has_model(place.with_name(place.name[: -len(ending)]))
            if place.suffix.lower() in SUFFIXES and place.exists() and not own:
                return True
    return False
