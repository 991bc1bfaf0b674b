"""The container of binary glTF 2.0 (GLB): buffer, views, accessors, and the file's bytes."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np

UNSIGNED_BYTE, UNSIGNED_SHORT, UNSIGNED_INT, FLOAT = 5121, 5123, 5125, 5126
ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963


class GlbFile:
    """Collects buffer views and accessors, each aligned to 4 bytes."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def view(self, content: bytes, target: int | None = None) -> int:
        """Append a buffer view; returns its index."""
        self.views.append({"buffer": 0, "byteOffset": len(self.data), "byteLength": len(content)})
        if target is not None:
            self.views[-1]["target"] = target
        self.data += content + bytes(-len(content) % 4)
        return len(self.views) - 1

    def accessor(self, values: np.ndarray, kind: str, component: int, target: int | None = None, **more: Any) -> int:
        """Append an accessor over a view of its own; returns its index.

        `target` is what a graphics card takes the view for; None for what it does not read, as times of an animation.
        """
        view = self.view(np.ascontiguousarray(values).tobytes(), target)
        self.accessors.append(
            {"bufferView": view, "componentType": component, "count": len(values), "type": kind, **more}
        )
        return len(self.accessors) - 1

    def attribute(self, values: np.ndarray) -> int:
        """Append a vertex attribute (V, 2 or 3), stored as float32; returns its accessor's index."""
        return self.accessor(values.astype("<f4"), f"VEC{values.shape[1]}", FLOAT, ARRAY_BUFFER)

    def positions(self, vertices: np.ndarray) -> int:
        """Append vertices (V, 3), stored as float32, with their bounds.

        Returns their accessor's index.
        """
        stored = vertices.astype("<f4")
        low, high = stored.min(0).tolist(), stored.max(0).tolist()
        return self.accessor(stored, "VEC3", FLOAT, ARRAY_BUFFER, min=low, max=high)

    def sparse_offsets(self, offsets: np.ndarray) -> int:
        """Append a morph target's offsets (V, 3), stored as float32 where they are not 0.

        Returns their accessor's index.
        """
        stored = offsets.astype("<f4")
        moved = np.flatnonzero(np.abs(stored).max(1) > 0)
        entry = {
            "componentType": FLOAT, "count": len(stored), "type": "VEC3",
            "min": stored.min(0).tolist(), "max": stored.max(0).tolist(),
        }  # fmt: skip
        if len(moved):
            entry["sparse"] = {
                "count": len(moved),
                "indices": {"bufferView": self.view(moved.astype("<u4").tobytes()), "componentType": UNSIGNED_INT},
                "values": {"bufferView": self.view(stored[moved].tobytes())},
            }
        self.accessors.append(entry)
        return len(self.accessors) - 1

    def indices(self, faces: np.ndarray, wide: bool = True) -> int:
        """Append triangles (F, 3), stored as uint32 (`wide`) or uint16.

        Returns their accessor's index.
        """
        stored = faces.reshape(-1).astype("<u4" if wide else "<u2")
        return self.accessor(stored, "SCALAR", UNSIGNED_INT if wide else UNSIGNED_SHORT, ELEMENT_ARRAY_BUFFER)

    def content(self, tree: dict[str, Any]) -> bytes:
        """Return the bytes of the file; `tree` is its JSON but for accessors, views and buffer.

        Raises
        ------
        ValueError
            A number of the tree is not finite.
        """
        whole = tree | {
            "accessors": self.accessors, "bufferViews": self.views, "buffers": [{"byteLength": len(self.data)}],
        }  # fmt: skip
        text = json.dumps(whole, separators=(",", ":"), allow_nan=False).encode()
        text += b" " * (-len(text) % 4)
        return b"".join((
            struct.pack("<4sII", b"glTF", 2, 12 + 8 + len(text) + 8 + len(self.data)),
            struct.pack("<I4s", len(text), b"JSON"), text,
            struct.pack("<I4s", len(self.data), b"BIN\0"), self.data,
        ))  # fmt: skip
