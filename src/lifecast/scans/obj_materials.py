"""Materials of OBJ files: an MTL library's colours, in whatever encoding it was written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lifecast.scans.references import References

ENCODINGS = ("utf-8-sig", "cp1252", "cp932", "gbk", "euc_kr", "cp1251", "latin-1")
"""What programs wrote names in, the likeliest first; the last one decodes anything."""
NUMBERS = {"-s": 3, "-o": 3, "-t": 3, "-mm": 2, "-bm": 1, "-boost": 1, "-texres": 1}
"""Options of a map that take up to so many numbers."""
WORDS = ("-clamp", "-blendu", "-blendv", "-cc", "-imfchan", "-type")
"""Options of a map that take one word."""
OPTION = re.compile(rf"({'|'.join([*NUMBERS, *WORDS])})\s+", re.IGNORECASE)
NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s+", re.IGNORECASE)
"""A number with something after it: the last word is the file."""


@dataclass
class ObjMaterial:
    """One `newmtl` of a library."""

    name: str
    diffuse: tuple[float, ...] | None = None
    """Kd; None: not stated."""
    texture: str | None = None
    """The file that map_Kd names."""
    scale: NDArray[np.float64] = field(default_factory=lambda: np.ones(2))
    offset: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    """Of the texture's coordinates: uv * scale + offset."""
    clamp: bool = False
    other_map: str | None = None
    """The file of map_Ka, which is no diffuse colour."""


def decodings(data: bytes) -> list[str]:
    """The texts that the bytes of a name or library may stand for, the likeliest first."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return [data.decode("utf-16", errors="replace")]
    if data[1:2] == b"\0":
        return [data.decode("utf-16-le", errors="replace")]
    texts: list[str] = []
    for encoding in ENCODINGS:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text not in texts:
            texts.append(text)
        if encoding == "utf-8-sig":
            break  # what is valid UTF-8 is nothing else
    return texts


def parse_mtl(text: str) -> dict[str, ObjMaterial]:
    """The materials of a library by name; ValueError where a colour is no numbers."""
    materials: dict[str, ObjMaterial] = {}
    current: ObjMaterial | None = None
    for line in text.splitlines():
        key, _, rest = line.strip().replace("\t", " ").partition(" ")
        key, rest = key.lower(), rest.strip()
        if key == "newmtl":
            current = materials[rest] = ObjMaterial(rest)
        elif current is None or not rest:
            continue
        elif key == "kd":
            values = tuple(float(value) for value in rest.split())
            current.diffuse = (values * 3)[:3] if len(values) == 1 else values[:3]
        elif key == "map_kd":
            _read_map(rest, current)
        elif key == "map_ka":
            current.other_map = rest
    return materials


def _read_map(rest: str, material: ObjMaterial) -> None:
    """Options and file of a map_Kd statement into the material."""
    while option := OPTION.match(rest):
        name = option[1].lower()
        rest = rest[option.end() :]
        if name in WORDS:
            value, _, rest = rest.partition(" ")
            rest = rest.lstrip()
            if name == "-clamp":
                material.clamp = value.lower() == "on"
            continue
        numbers: list[float] = []
        while len(numbers) < NUMBERS[name] and (number := NUMBER.match(rest)):
            numbers.append(float(number[1]))
            rest = rest[number.end() :]
        # Next to a single value the other one is as if it were not stated.
        if name == "-s" and numbers:
            material.scale = np.array([*numbers, 1.0][:2])
        elif name == "-o" and numbers:
            material.offset = np.array([*numbers, 0.0][:2])
    material.texture = rest


def choose_library(
    libraries: list[bytes], names: list[bytes], references: References
) -> tuple[dict[str, ObjMaterial], list[str]]:
    """Decode libraries and the names that a scan uses so that most names and textures are found.

    Parameters
    ----------
    libraries
        The contents of the MTL files.
    names
        What stands after `usemtl`, as bytes.

    Returns
    -------
    materials by name, and the names as text.
    """
    texts = [decodings(data) for data in libraries]
    spelled = [decodings(name) for name in names]
    best: tuple[tuple[int, int], dict[str, ObjMaterial], list[str]] | None = None
    for which in range(max([len(choice) for choice in texts], default=1)):
        materials: dict[str, ObjMaterial] = {}
        for choice in texts:
            materials |= parse_mtl(choice[min(which, len(choice) - 1)])
        textures = [material.texture for material in materials.values() if material.texture is not None]
        there = sum(references.find(texture) is not None for texture in textures)
        chosen = [next((text for text in choice if text in materials), choice[0]) for choice in spelled]
        found = sum(name in materials for name in chosen)
        if best is None or (found, there) > best[0]:
            best = ((found, there), materials, chosen)
        if found == len(chosen) and there == len(textures):
            break
    assert best is not None  # the loop runs at least once
    return best[1], best[2]
