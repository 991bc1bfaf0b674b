"""The files that a scan names: material libraries, textures and buffers next to it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from trimesh.resolvers import Resolver


def plain(name: str) -> str:
    """Normalise a file's name: case, and composed letters (macOS writes them in two pieces)."""
    return unicodedata.normalize("NFC", name).casefold()


class References(Resolver):
    """Finds the files that a scan names, and collects those that are missing or unusable.

    Exporters write paths of the machine they ran on (`C:\\scans\\skin.jpg`, `.\\skin.jpg`) or another case; what counts
    then is the name, in the scan's own folder.
    """

    def __init__(self, scan: Path) -> None:
        self.file_path, self.file_name, self.parent = str(scan), scan.name, scan.parent
        self.complaints: list[str] = []
        """Without a texture the person would come out grey: what could not be had is listed here."""

    def get(self, key: str) -> bytes:
        """The file's content; FileNotFoundError, and a complaint, where there is none."""
        path = self.find(key)
        if path is None:
            self.complain(f"{key.strip()} is not there")
            raise FileNotFoundError(key)
        return path.read_bytes()

    def find(self, key: str) -> Path | None:
        """Where the file lies that the scan calls `key`; None where there is none."""
        name = key.strip().strip('"')
        return next((place for place in self._places(name) if self._is_file(place)), None)

    @staticmethod
    def _is_file(place: Path) -> bool:
        try:
            return place.is_file()
        except (OSError, ValueError):  # a name that no file can have: too long, or with a zero byte
            return False

    def complain(self, text: str) -> None:
        """Remember what the scan lacks."""
        if text not in self.complaints:
            self.complaints.append(text)

    def _places(self, name: str) -> Iterator[Path]:
        slashed = name.replace("\\", "/")
        for stated in (name, slashed, unquote(slashed)):
            yield self.parent / stated
        last = unquote(slashed).rsplit("/", 1)[-1]
        yield self.parent / last
        yield from (path for path in sorted(self.parent.iterdir()) if plain(path.name) == plain(last))

    def keys(self) -> list[str]:
        return [path.name for path in self.parent.iterdir() if path.is_file()]

    def write(self, name: str, data: bytes) -> None:
        raise NotImplementedError("scans are only read")

    def namespaced(self, namespace: str) -> References:
        return References(self.parent / namespace / self.file_name)
