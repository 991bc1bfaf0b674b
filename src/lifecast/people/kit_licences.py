"""Licences of what goes into a kit: where they are said, and which of them allow to hand the kit on."""

from __future__ import annotations

import fnmatch
import json
import re
from dataclasses import dataclass
from pathlib import Path

from lifecast.errors import UsageError

FREE = {
    r"cc-?0([ -]1\.0)?": "CC0-1.0", r"cc[ -]?by[ -]3\.0": "CC-BY-3.0", r"cc[ -]?by[ -]4\.0": "CC-BY-4.0",
    r"cc[ -]?by": "CC-BY", r"bsd-3(-clause)?": "BSD-3-Clause", r"bsd-2(-clause)?": "BSD-2-Clause", r"zlib": "Zlib",
}  # fmt: skip
"""Patterns of how licences are written, and what they are called; CC-BY: no version is said."""
WORDS = re.compile(r"^(?:#|//)?\s*(author|source|copyright|licen[cs]e)\b:?\s+(.+?)\s*$", re.IGNORECASE)
RELEASED = re.compile(r"explicitly released as (CC0)", re.IGNORECASE)
"""As MakeHuman's own files say it."""


@dataclass(frozen=True)
class Origin:
    """Under which licence something is, and where it comes from."""

    licence: str
    source: str


class Licences:
    """Finds the licence of a file: what it says itself, else a list that was given, else its folder's.

    Parameters
    ----------
    path
        JSON: {"*.bvh": {"licence": "BSD-3-Clause", "source": "whose they are"}, ...}: patterns of file names, of which
        the first that fits counts.

    Raises
    ------
    UsageError
        The file is missing or says something else.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path, self._given = path, {}
        if path is None:
            return
        try:
            given = json.loads(path.read_text(encoding="utf-8"))
            self._given = {str(name): Origin(str(o["licence"]), str(o["source"])) for name, o in given.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(
                f'{path}: is no list of licences ({error}); write {{"*.bvh": {{"licence": "BSD-3-Clause", "source": '
                '"whose they are"}}'
            ) from error

    def of(self, path: Path, saying: tuple[Path, ...] = (), folder: Path | None = None) -> Origin:
        """Return a file's origin.

        Parameters
        ----------
        path
            The file, which the given list may name.
        saying
            Files that may say it, `path` itself among them.
        folder
            Whose LICENSE.txt, or that of the folder above it, holds for what says nothing itself.

        Raises
        ------
        UsageError
            Nothing says it, it is none of `FREE`, or it asks to name an author and none is named.
        """
        given = next((o for name, o in self._given.items() if fnmatch.fnmatch(path.name, name)), None)
        origins = [o for o in map(_stated, saying) if o is not None]
        if given is not None and not any(origin.licence for origin in origins):
            origins.append(given)
        if folder is not None and not any(origin.licence for origin in origins) and _is_cc0(folder):
            origins.append(Origin("CC0-1.0", f"{folder.parent.name}/{folder.name}"))
        said = [origin for origin in origins if origin.licence]
        if not said:
            raise UsageError(f"{path}: nothing says under which licence it is; say it in --licences, or leave it out")
        free = [_called(origin.licence) for origin in said]
        for origin, name in zip(said, free, strict=True):
            if name is None:
                raise UsageError(
                    f"{path}: its licence {origin.licence!r} is none of {', '.join(dict.fromkeys(FREE.values()))}; "
                    "leave it out"
                )
        named = [origin.source for origin in (*origins, *([given] if given else []))]
        source = next((source for source in named if source), "")
        if not source and any(name and name.startswith("CC-BY") for name in free):
            raise UsageError(f"{path}: its licence asks for its author, and none is named; say it in --licences")
        return Origin(str(free[0]), source or path.name)


def _called(licence: str) -> str | None:
    """SPDX's name of a licence of `FREE`, or None."""
    return next((name for pattern, name in FREE.items() if re.fullmatch(pattern, licence.strip().lower())), None)


def _stated(path: Path) -> Origin | None:
    """What the comments at the head of a file say; None of a file that is not there."""
    if not path.is_file():
        return None
    licence, sources = "", []
    with path.open(encoding="utf-8", errors="replace") as opened:
        for _, line in zip(range(40), opened, strict=False):
            if released := RELEASED.search(line):
                licence = licence or released[1]
            if (path.suffix == ".meta" or line.startswith(("#", "//"))) and (found := WORDS.match(line)):
                if found[1].lower().startswith("licen"):
                    licence = licence or found[2]
                else:
                    sources.append(f"{found[1].lower()} {found[2]}")
    return Origin(licence, "; ".join(sources))


def _is_cc0(folder: Path) -> bool:
    """Whether a folder, or the one above it, lies under CC0 by its LICENSE.txt."""
    texts = [place / "LICENSE.txt" for place in (folder, folder.parent)]
    return any("CC0 1.0 Universal" in t.read_text(encoding="utf-8", errors="replace") for t in texts if t.is_file())
