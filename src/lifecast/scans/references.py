"""What a scan's file needs besides itself: material libraries, textures and buffers beside it, extensions of glTF."""

from __future__ import annotations

import importlib.util
import io
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from PIL import Image
from trimesh.resolvers import Resolver

HARMLESS = ("KHR_materials_", "EXT_texture_webp", "KHR_lights_punctual")
"""Beginnings of glTF extensions that trimesh reads, or without which shape and base colour are the same."""
DRACO = "KHR_draco_mesh_compression"


class Beside(Resolver):
    """Finds the files that a scan names, and remembers those that are not there or are no picture.

    Exporters write paths of the machine they ran on (`C:\\scans\\skin.jpg`, `.\\skin.jpg`), options before the name
    (`-s 1 1 1 skin.jpg`) or another case; what counts then is the name, in the scan's own folder.
    """

    def __init__(self, scan: Path) -> None:
        self.file_path, self.file_name, self.parent = str(scan), scan.name, scan.parent
        self.complaints: list[str] = []
        """trimesh goes on without a texture that it cannot get: what it was not given is told here."""

    def get(self, key: str) -> bytes:
        """The file's content."""
        name = key.strip().strip('"')
        path = next((place for place in self._places(name) if place.is_file()), None)
        if path is None:
            self._complain(f"{name} is not there")
            raise FileNotFoundError(name)
        data = path.read_bytes()
        if path.suffix.lower() in Image.registered_extensions():
            try:
                Image.open(io.BytesIO(data)).load()
            except (OSError, ValueError, SyntaxError) as error:  # Pillow's for damaged PNG
                self._complain(f"{name} is no readable picture ({error})")
        return data

    def _complain(self, text: str) -> None:
        if text not in self.complaints:
            self.complaints.append(text)

    def _places(self, name: str) -> Iterator[Path]:
        slashed = name.replace("\\", "/")
        for stated in (name, slashed, unquote(slashed)):
            yield self.parent / stated
        last = unquote(slashed).rsplit("/", 1)[-1]
        yield self.parent / last
        optionless = last.rsplit(" ", 1)[-1]
        alike = {last.casefold(), optionless.casefold()}
        yield from (path for path in sorted(self.parent.iterdir()) if path.name.casefold() in alike)

    def keys(self) -> list[str]:
        return [path.name for path in self.parent.iterdir() if path.is_file()]

    def write(self, name: str, data: bytes) -> None:
        raise NotImplementedError("scans are only read")

    def namespaced(self, namespace: str) -> Beside:
        return Beside(self.parent / namespace / self.file_name)


def unread_extensions(path: Path) -> list[str]:
    """The extensions that a .gltf or .glb file requires of its reader and does not get; none for other files.

    Raises
    ------
    ValueError
        The file is no glTF.
    """
    if path.suffix.lower() not in (".glb", ".gltf"):
        return []
    with path.open("rb") as file:
        if path.suffix.lower() == ".glb":
            header = file.read(20)
            if len(header) < 20 or header[:4] != b"glTF":
                raise ValueError("not a binary glTF")
            text = file.read(struct.unpack_from("<I", header, 12)[0])
        else:
            text = file.read()
    tree = json.loads(text)
    required = tree.get("extensionsRequired", []) if isinstance(tree, dict) else []
    known = (*HARMLESS, DRACO) if importlib.util.find_spec("DracoPy") else HARMLESS
    return [str(name) for name in required if not str(name).startswith(known)]
