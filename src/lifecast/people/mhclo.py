"""MakeHuman's garment files.

They say which triangle of the base mesh holds each garment vertex, and how far off it. A `.mhclo` file lists, for
vertex after vertex of its OBJ, three base vertices, three weights and an offset; offsets grow with the body by three
reference distances (`x_scale`, `y_scale`, `z_scale`: two base vertices and their distance along that axis on the
author's body, in decimetres). Source: MakeHuman's documentation of the proxy format and the CC0 files themselves. Their
axes are ours (y up, facing +z).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from lifecast.errors import ScanError


@dataclass
class Fit:
    """How a garment sits on the base mesh hm08."""

    name: str
    obj: Path
    base: NDArray[np.int32]
    """(V, 3) base vertices."""
    weights: NDArray[np.float32]
    """(V, 3), rows sum to about 1; may be negative."""
    offsets: NDArray[np.float32]
    """(V, 3), in units of `scales`."""
    scales: tuple[tuple[int, int, float] | None, tuple[int, int, float] | None, tuple[int, int, float] | None]
    """Per axis: two base vertices and their distance on the author's body (decimetres); None: no scaling."""
    tags: list[str] = field(default_factory=list)

    def place(self, base_vertices: NDArray[np.float32]) -> NDArray[np.float32]:
        """The garment's (V, 3) vertices on a rest body (19158, 3) in metres."""
        size = [
            0.1
            if scale is None
            else float(abs(base_vertices[scale[0], axis] - base_vertices[scale[1], axis])) / scale[2]
            for axis, scale in enumerate(self.scales)
        ]  # metres for one unit of offset
        corners = base_vertices[self.base]  # (V, 3, 3)
        result: NDArray[np.float32] = (
            np.einsum("vk,vkx->vx", self.weights, corners) + self.offsets * np.array(size)
        ).astype(np.float32)
        return result

    def skin_weights(self, base_weights: sp.csr_matrix) -> sp.csr_matrix:
        """Blend skinning weights (V, B) of the three base vertices.

        They are never negative; rows sum to 1.
        """
        count = len(self.base)
        # A weight outside 0..1 extrapolates a position; for bones it would swing the vertex beyond its limb.
        inside = np.clip(self.weights, 0, None)
        inside /= np.maximum(inside.sum(1, keepdims=True), 1e-6)
        pick = sp.csr_matrix(
            (inside.ravel(), (np.repeat(np.arange(count), 3), self.base.ravel())), (count, base_weights.shape[0])
        )
        return (pick @ base_weights).tocsr()


def read_mhclo(path: str | Path) -> Fit:
    """Read a .mhclo file; lines of other kinds, also stray ones among the vertices, are skipped.

    Raises
    ------
    ScanError
        The file is missing, has no vertex lines, or a vertex line is broken.
    """
    path = Path(path)
    if not path.is_file():
        raise ScanError(f"{path}: no such file")
    words_of: dict[str, list[str]] = {}
    tags: list[str] = []
    scales: dict[str, tuple[int, int, float]] = {}
    base: list[list[int]] = []
    weights: list[list[float]] = []
    offsets: list[list[float]] = []
    section = ""
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        key = words[0]
        numeric = key.lstrip("-").replace(".", "", 1).isdigit()
        try:
            if key == "verts":
                section = "verts"
            elif key == "delete_verts":
                section = ""
            elif key in ("x_scale", "y_scale", "z_scale"):
                scales[key[0]] = (int(words[1]), int(words[2]), float(words[3]))
            elif section == "verts" and numeric and len(words) in (1, 9):
                if len(words) == 1:  # sits exactly on one base vertex
                    base.append([int(key)] * 3)
                    weights.append([1.0, 0.0, 0.0])
                    offsets.append([0.0, 0.0, 0.0])
                else:
                    base.append([int(w) for w in words[:3]])
                    weights.append([float(w) for w in words[3:6]])
                    offsets.append([float(w) for w in words[6:9]])
            elif key == "tag":
                tags.append(" ".join(words[1:]))
            elif not numeric and len(words) > 1:
                words_of[key] = words[1:]
        except (ValueError, IndexError) as error:
            raise ScanError(f"{path}, line {number}: {line.strip()[:60]!r} cannot be read ({error})") from error
    if not base:
        raise ScanError(f"{path}: lists no vertices ('verts 0' and a line a vertex)")
    if "obj_file" not in words_of:
        raise ScanError(f"{path}: names no obj_file")
    return Fit(
        name=path.stem,
        obj=path.parent / " ".join(words_of["obj_file"]),
        base=np.array(base, np.int32),
        weights=np.array(weights, np.float32),
        offsets=np.array(offsets, np.float32),
        scales=(scales.get("x"), scales.get("y"), scales.get("z")),
        tags=tags,
    )
