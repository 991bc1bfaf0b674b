"""Reading the Wavefront OBJ files of MakeHuman.

Quads and triangles keep their vertex order and groups. trimesh's reader splits vertices at texture seams; a .mhclo file
counts vertices as the OBJ lists them, so the order has to survive.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lifecast.errors import ScanError


@dataclass(frozen=True)
class Polygons:
    """A mesh of triangles and quads as a file lists them."""

    vertices: NDArray[np.float32]
    """(V, 3), the file's units and axes."""
    uv: NDArray[np.float32]
    """(T, 2), v up; one row (0, 0) when the file has none."""
    faces: NDArray[np.int32]
    """(F, 4) vertex indices; a triangle repeats its last vertex."""
    face_uv: NDArray[np.int32]
    """(F, 4) rows of `uv`."""
    groups: dict[str, NDArray[np.int32]]
    """Group name -> its rows of `faces`."""


def read_polygons(path: str | Path) -> Polygons:
    """Read an OBJ file.

    Raises
    ------
    ScanError
        The file is missing, or a line of it cannot be understood.
    """
    path = Path(path)
    if not path.is_file():
        raise ScanError(f"{path}: no such file")
    vertices: list[list[float]] = []
    uv: list[list[float]] = []
    faces: list[list[int]] = []
    face_uv: list[list[int]] = []
    groups: dict[str, list[int]] = {}
    group = "all"
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        try:
            if words[0] == "v":
                vertices.append([float(w) for w in words[1:4]])
            elif words[0] == "vt":
                uv.append([float(w) for w in words[1:3]])
            elif words[0] == "g" and len(words) > 1:
                group = words[1]
            elif words[0] == "f":
                corners = [word.split("/") for word in words[1:]]
                index = [int(c[0]) - 1 for c in corners]
                texel = [int(c[1]) - 1 if len(c) > 1 and c[1] else 0 for c in corners]
                for k in range(2, len(index), 2):  # a fan of quads for the rare larger polygon
                    last = min(k + 1, len(index) - 1)
                    groups.setdefault(group, []).append(len(faces))
                    faces.append([index[0], index[k - 1], index[k], index[last]])
                    face_uv.append([texel[0], texel[k - 1], texel[k], texel[last]])
        except (ValueError, IndexError) as error:
            raise ScanError(f"{path}, line {number}: {line.strip()[:60]!r} is not OBJ ({error})") from error
    if not faces or not vertices:
        raise ScanError(f"{path}: holds no face")
    corners_array = np.array(faces, np.int32)
    if corners_array.min() < 0 or corners_array.max() >= len(vertices):
        raise ScanError(f"{path}: a face names a vertex that the file does not hold")
    return Polygons(
        np.array(vertices, np.float32),
        np.array(uv or [[0.0, 0.0]], np.float32),
        corners_array,
        np.array(face_uv, np.int32),
        {name: np.array(rows, np.int32) for name, rows in groups.items()},
    )


def triangles(quads: NDArray[np.int32]) -> NDArray[np.int32]:
    """Split (F, 4) quads into (F', 3) triangles.

    A quad that repeats its last vertex gives one triangle.
    """
    first, second = quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]
    both = np.stack([first, second], axis=1).reshape(-1, 3)  # keeps the two halves together
    keep = (both[:, 0] != both[:, 1]) & (both[:, 1] != both[:, 2]) & (both[:, 0] != both[:, 2])
    result: NDArray[np.int32] = both[keep]
    return result


def triangles_uv(quads: NDArray[np.int32], quad_uv: NDArray[np.int32]) -> NDArray[np.int32]:
    """The uv rows that go with `triangles(quads)`."""
    pairs = np.stack([quads, quad_uv], -1)
    both = np.stack([pairs[:, [0, 1, 2]], pairs[:, [0, 2, 3]]], axis=1).reshape(-1, 3, 2)
    v = both[..., 0]
    keep = (v[:, 0] != v[:, 1]) & (v[:, 1] != v[:, 2]) & (v[:, 0] != v[:, 2])
    result: NDArray[np.int32] = both[keep][..., 1]
    return result
