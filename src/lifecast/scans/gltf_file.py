"""A glTF file taken apart: its JSON, its buffers, and accessors as numbers.

Accessors may have any component type. trimesh builds the faces and the scene. What it gives of accessors is not enough
for colours: it ignores `normalized` and `sparse`.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import struct
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifecast.errors import ScanError
from lifecast.scans.references import References

DRACO = "KHR_draco_mesh_compression"
READ_EXTENSIONS = (
    "KHR_materials_", "EXT_texture_webp", "EXT_texture_avif", "KHR_lights_punctual", "KHR_texture_transform",
    "KHR_mesh_quantization",
)  # fmt: skip
"""Beginnings of glTF extensions that are read, or without which shape and base colour are the same."""
DTYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
TRIANGLES, STRIP, FAN = 4, 5, 6
KEPT_BY_TRIMESH = (0, 1, TRIANGLES, STRIP)
"""Modes of the primitives that become a geometry of trimesh's scene: points, lines, triangles, strips."""


def normalised(values: NDArray[Any]) -> NDArray[np.float64]:
    """Integers of a `normalized` accessor as numbers in [-1, 1]; floats stay as they are."""
    if values.dtype.kind == "f":
        return values.astype(np.float64)
    return np.maximum(values / np.iinfo(values.dtype).max, -1.0)


BINARY = (".glb", ".vrm")
"""Suffixes of binary glTF. A VRM is one with the names of a skeleton's bones."""


class GltfFile:
    """The content of a .glb, .vrm or .gltf file.

    Raises
    ------
    ScanError
        The file is no glTF 2, or requires an extension that is not read.
    """

    def __init__(self, path: Path, references: References) -> None:
        self.path, self.references = path, references
        self.blob = b""
        data = path.read_bytes()
        if path.suffix.lower() in BINARY:
            if len(data) < 20 or data[:4] != b"glTF":
                raise ScanError(f"{path}: not a binary glTF")
            size = struct.unpack_from("<I", data, 12)[0]
            text, rest = data[20 : 20 + size], data[20 + size :]
            if len(rest) >= 8:
                self.blob = rest[8 : 8 + struct.unpack_from("<I", rest)[0]]
        else:
            text = data
        try:
            tree = json.loads(text.decode("utf-8-sig"))
        except ValueError as error:
            raise ScanError(f"{path}: its JSON cannot be read ({error}); export it again") from error
        if not isinstance(tree, dict):
            raise ScanError(f"{path}: is no glTF (its JSON is no object)")
        self.tree: dict[str, Any] = tree
        readable = (*READ_EXTENSIONS, DRACO) if importlib.util.find_spec("DracoPy") else READ_EXTENSIONS
        unread = [str(name) for name in tree.get("extensionsRequired", []) if not str(name).startswith(readable)]
        if unread:
            raise ScanError(f"{path}: requires {', '.join(unread)}, which is not read here; export it without")
        self._draco: dict[int, Any] = {}

    @cached_property
    def primitives(self) -> list[tuple[str, dict[str, Any]]]:
        """(mesh name, primitive) in the order of trimesh's geometries."""
        found = []
        for mesh in self.tree.get("meshes", []):
            for primitive in mesh["primitives"]:
                mode = primitive.get("mode", TRIANGLES)
                if mode == FAN:
                    raise ScanError(f"{self.path}: has triangle fans, which are not read here; export it as triangles")
                if mode in KEPT_BY_TRIMESH:
                    found.append((str(mesh.get("name", "mesh")), primitive))
        return found

    def uri(self, uri: str) -> bytes:
        """The bytes that a URI stands for: embedded ones, or a file next to the scan."""
        if uri.startswith("data:"):
            return base64.b64decode(uri.split("base64,", 1)[1])
        return self.references.get(uri)

    @cached_property
    def buffers(self) -> list[bytes]:
        return [self.uri(entry["uri"]) if "uri" in entry else self.blob for entry in self.tree.get("buffers", [])]

    def view(self, index: int) -> bytes:
        """The bytes of a buffer view."""
        entry = self.tree["bufferViews"][index]
        start = entry.get("byteOffset", 0)
        result: bytes = self.buffers[entry["buffer"]][start : start + entry["byteLength"]]
        return result

    def _elements(self, stated: dict[str, Any], count: int, width: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        """(count, width) elements of what `stated` says of a buffer view and an offset into it."""
        packed = width * dtype.itemsize
        stride = self.tree["bufferViews"][stated["bufferView"]].get("byteStride", packed)
        return np.ndarray(
            (count, width), dtype, self.view(stated["bufferView"]), stated.get("byteOffset", 0),
            (stride, dtype.itemsize),
        )  # fmt: skip

    def accessor(self, index: int) -> NDArray[Any]:
        """Read elements (count, width) as stored, or in [-1, 1] if the accessor is normalised.

        Sparse ones are put in.
        """
        entry = self.tree["accessors"][index]
        dtype, width, count = np.dtype(DTYPES[entry["componentType"]]), WIDTHS[entry["type"]], entry["count"]
        values = (
            self._elements(entry, count, width, dtype) if "bufferView" in entry else np.zeros((count, width), dtype)
        )
        if "sparse" in entry:
            sparse = entry["sparse"]
            kind = np.dtype(DTYPES[sparse["indices"]["componentType"]])
            places = self._elements(sparse["indices"], sparse["count"], 1, kind)[:, 0]
            values = values.copy()
            values[places] = self._elements(sparse["values"], sparse["count"], width, dtype)
        return normalised(values) if entry.get("normalized") else values

    def attribute(self, primitive: dict[str, Any], name: str) -> NDArray[Any] | None:
        """Read a primitive's vertex attribute (V, width); None if there is none.

        It is decompressed if need be.
        """
        index = primitive.get("attributes", {}).get(name)
        if index is None:
            return None
        compressed = primitive.get("extensions", {}).get(DRACO)
        if compressed is None or name not in compressed["attributes"]:
            return self.accessor(index)
        view = compressed["bufferView"]
        if view not in self._draco:
            import DracoPy

            self._draco[view] = DracoPy.decode(self.view(view))
        wanted = compressed["attributes"][name]
        values = next(found["data"] for found in self._draco[view].attributes if found["unique_id"] == wanted)
        entry = self.tree["accessors"][index]
        values = np.asarray(values).reshape(entry["count"], -1)
        return normalised(values) if entry.get("normalized") else values
