"""A kit: garments, skins and motions of assets folders in one small file, with the licence and source of each.

    write_kit("free.kit", parts)
    parts = read_kit("free.kit")                     # (KitPart, ...), in the order in which they were written

It is a `safetensors` file, never a pickle; its metadata is one JSON text, `kit`. What people are made of is kept
exactly, so that a kit gives the same people as the folders that it was baked from.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from lifecast.atomic import atomic_file
from lifecast.body.body_file import checksum
from lifecast.errors import DataError
from lifecast.people.clips import Clip, Way
from lifecast.people.mhclo import Fit
from lifecast.people.wavefront import Polygons

FORMAT, VERSION = "lifecast kit", 1
Kind = Literal["garment", "skin", "pose", "clip"]


@dataclass(frozen=True)
class KitPart:
    """One garment, skin, pose of the assets or motion clip."""

    kind: Kind
    name: str
    licence: str
    """SPDX's name of it."""
    source: str
    """Who made it, and where it is from."""
    values: dict[str, Any]
    """Plain JSON values."""
    arrays: dict[str, NDArray[Any]]


def garment_part(fit: Fit, mesh: Polygons, licence: str, source: str) -> KitPart:
    """Keep a garment file and its mesh; its texture is left out, since fabrics are made in code."""
    return KitPart(
        "garment", fit.name, licence, source, {"scales": fit.scales, "tags": fit.tags},
        {
            "base": fit.base, "weights": fit.weights, "offsets": fit.offsets, "vertices": mesh.vertices, "uv": mesh.uv,
            "faces": mesh.faces, "face_uv": mesh.face_uv,
        },
    )  # fmt: skip


def garment_of(part: KitPart, kit: Path) -> tuple[Fit, Polygons]:
    """Invert `garment_part`; groups of the mesh's faces are not kept."""
    a = part.arrays
    x, y, z = (None if scale is None else (scale[0], scale[1], scale[2]) for scale in part.values["scales"])
    fit = Fit(
        part.name, kit / f"{part.name}.obj", a["base"], a["weights"], a["offsets"], (x, y, z), part.values["tags"]
    )
    return fit, Polygons(a["vertices"], a["uv"], a["faces"], a["face_uv"], {})


def clip_part(kind: Kind, clip: Clip, licence: str, source: str) -> KitPart:
    """Keep a motion, or a pose of the assets."""
    arrays = {"rotations": clip.rotations} | {f"to.{joint}": way for joint, way in clip.directions.items()}
    if clip.way is not None:
        arrays |= {"way.root": clip.way.root, "way.lowest": clip.way.lowest}
    values = {"joints": clip.joints, "parents": clip.parents, "seconds": clip.seconds}
    return KitPart(kind, clip.name, licence, source, values, arrays)


def clip_of(part: KitPart) -> Clip:
    """Invert `clip_part`."""
    joints = part.values["joints"]
    directions = {joint: part.arrays[f"to.{joint}"] for joint in joints if f"to.{joint}" in part.arrays}
    arrays, values = part.arrays, part.values
    way = Way(arrays["way.root"], arrays["way.lowest"]) if "way.root" in arrays else None
    return Clip(part.name, joints, directions, arrays["rotations"], values["parents"], values["seconds"], way)


def write_kit(path: str | Path, parts: Sequence[KitPart]) -> None:
    """Write a kit atomically; the same parts give the same bytes."""
    arrays = {
        f"{number}.{name}": np.ascontiguousarray(array)
        for number, part in enumerate(parts)
        for name, array in part.arrays.items()
    }
    listed = [
        {"kind": p.kind, "name": p.name, "licence": p.licence, "source": p.source, "values": p.values} for p in parts
    ]
    text = json.dumps({"format": FORMAT, "version": VERSION, "parts": listed, "checksum": checksum(arrays)})
    with atomic_file(path) as part:
        save_file(arrays, part, {"kit": text})


def read_kit(path: str | Path) -> tuple[KitPart, ...]:
    """Read a kit.

    Raises
    ------
    DataError
        The file is missing, damaged, or no kit of this version.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: no such file; make a kit with `lifecast kit {path}`")
    try:
        with safe_open(path, framework="numpy") as opened:
            text = json.loads((opened.metadata() or {}).get("kit", "{}"))
            arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise DataError(f"{path}: is no kit of lifecast's ({error})") from error
    if text.get("format") != FORMAT or text.get("version") != VERSION:
        raise DataError(f"{path}: is no kit of version {VERSION}; make one with `lifecast kit`")
    if checksum(arrays) != text["checksum"]:
        raise DataError(f"{path}: is damaged: its parts do not match their checksum")
    own: list[dict[str, NDArray[Any]]] = [{} for _ in text["parts"]]
    for name, array in arrays.items():
        number, _, rest = name.partition(".")
        own[int(number)][rest] = array
    return tuple(KitPart(**listed, arrays=held) for listed, held in zip(text["parts"], own, strict=True))
