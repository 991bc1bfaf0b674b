"""An OBJ file with its material libraries.

Geometry is trimesh's; what refers to colours is read here. trimesh reads the first library alone, in a guessed
encoding; it drops vertex colours where there is a material, options of texture maps and names that it does not find,
each time without a word.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np

from lifecast.errors import ScanError
from lifecast.scans.obj_materials import ObjMaterial, choose_library, decodings
from lifecast.scans.references import References
from lifecast.scans.scan import Material, Part, grey_material
from lifecast.scans.textures import TextureError, decode_texture
from lifecast.scans.vertex_colours import colour_bytes

REFERENCE = re.compile(rb"^[ \t]*(mtllib|usemtl)\b[ \t]*([^\r\n]*?)[ \t]*$", re.MULTILINE)
COLOURED_VERTEX = re.compile(rb"^v(?:[ \t]+[-+.\deE]+){6,}[ \t]*\r?$", re.MULTILINE)
NO_MATERIAL = ("", "none", "null", "(null)", "default")
"""What exporters write after `usemtl` where there is no material."""
LIBRARY = "materials.mtl"
UNNAMED = "geometry"
"""What trimesh calls a part that has no name."""


def read_obj(path: Path, references: References) -> list[Part]:
    """Read the geometries of an OBJ file.

    What it names and lacks goes into `references.complaints`.

    Raises
    ------
    ScanError
        It uses materials that no library has, or its colours are of a kind that is not read.
    """
    from trimesh import Trimesh
    from trimesh.exchange.obj import load_obj

    data = path.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or data[1:2] == b"\0":
        data = decodings(data)[0].encode()
    libraries, names = _references(data)
    stated = [content for line in libraries for content in _library(line, references)]
    materials, spelled = choose_library(stated, names, references)
    number = {name: str(i).encode() for i, name in enumerate(names)}
    data = REFERENCE.sub(lambda found: b"usemtl " + number[found[2]] if found[1] == b"usemtl" else b"", data)
    # trimesh gets a library of numbers in place of names, without colours.
    numbered = "".join(f"newmtl {i}\n" for i in range(len(names))).encode()
    text = f"mtllib {LIBRARY}\n" + _text(data).replace("mtllib", "")
    loaded: dict[str, Any] = load_obj(io.StringIO(text), resolver={LIBRARY: numbered})
    parts, unknown = [], []
    surfaces: dict[str, Material] = {}
    for key, kwargs in loaded.get("geometry", {}).items():
        mesh = Trimesh(kwargs["vertices"], kwargs["faces"], process=False)
        visual = kwargs.get("visual")
        uv = getattr(visual, "uv", None)
        named = getattr(getattr(visual, "material", None), "_name", None)
        name = spelled[int(named)] if named is not None and named.isdigit() else None
        colour = kwargs.get("vertex_colors")
        colour = None if colour is None else colour_bytes(np.asarray(colour), path)
        material = _found(name, materials) if name is not None else None
        if material is None and name is not None and colour is None and name.lower() not in NO_MATERIAL:
            unknown.append(name)
        surface = grey_material()
        if material is not None:
            if material.name not in surfaces:
                surfaces[material.name] = _as_material(material, references, path)
            surface = surfaces[material.name]
        if surface.texture is not None:
            colour = None  # scanners store the texture's own colours once more at the vertices
            if uv is None or len(uv) != len(mesh.vertices):
                raise ScanError(
                    f"{path}: the material {surface.name!r} has a texture, and a part that uses it no texture "
                    "coordinates; export it with them"
                )
            assert material is not None
            uv = uv * material.scale + material.offset
        elif colour is not None:
            surface = Material(surface.name, np.ones(3, np.float32))
        label = name if name is not None and len(names) > 1 else (path.stem if key == UNNAMED else key)
        parts.append(Part(label, np.asarray(mesh.vertices), np.asarray(mesh.faces), surface, uv, colour))
    if unknown and not references.complaints:
        listed = ", ".join(repr(name) for name in spelled if name in unknown)
        which = "its material library lacks" if libraries else "no material library (mtllib) has"
        raise ScanError(
            f"{path}: uses the material {listed}, which {which}; add it, or remove the lines that begin with usemtl "
            "to use the scan without colours"
        )
    if not any(part.colour is not None or part.material.texture is not None for part in parts):
        _check_uncoloured(data, path)
    return parts


def _text(data: bytes) -> str:
    """An OBJ file's text: what is not ASCII in it are comments and names of parts."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _references(data: bytes) -> tuple[list[bytes], list[bytes]]:
    """What stands after `mtllib`, and after `usemtl`, each once."""
    libraries: dict[bytes, None] = {}
    names: dict[bytes, None] = {}
    for found in REFERENCE.finditer(data):
        (libraries if found[1] == b"mtllib" else names)[found[2]] = None
    return list(libraries), list(names)


def _library(line: bytes, references: References) -> list[bytes]:
    """The contents of the libraries that one `mtllib` line names: a file whose name may have spaces, or several."""
    texts = decodings(line)
    for text in texts:
        if references.find(text) is not None:
            return [references.get(text)]
        pieces = text.split()
        if len(pieces) > 1 and all(references.find(piece) for piece in pieces):
            return [references.get(piece) for piece in pieces]
    references.complain(f"{texts[0]} is not there")
    return []


def _found(name: str, materials: dict[str, ObjMaterial]) -> ObjMaterial | None:
    """The material of that name, whatever its case and spaces."""
    if name in materials:
        return materials[name]
    alike = " ".join(name.split()).casefold()
    return next((value for key, value in materials.items() if " ".join(key.split()).casefold() == alike), None)


def _as_material(stated: ObjMaterial, references: References, path: Path) -> Material:
    """An MTL's material as ours; Kd counts where there is no texture, as in the programs that show such files."""
    if stated.texture is None:
        if stated.other_map is not None:
            raise ScanError(
                f"{path}: the material {stated.name!r} has a texture for ambient light alone ({stated.other_map}); "
                "call it map_Kd if it holds the colours"
            )
        if stated.diffuse is None:
            return grey_material(stated.name)
        return Material(stated.name, np.array(stated.diffuse, np.float32).clip(0, 1))
    material = Material(stated.name, np.ones(3, np.float32))
    if stated.clamp:
        material.wrap = ("clamp", "clamp")
    try:
        material.texture = decode_texture(references.get(stated.texture))[0]  # its alpha means nothing in OBJ
    except FileNotFoundError:
        return material  # `references` has noted it
    except TextureError as error:
        references.complain(f"{stated.texture} {error}")
    return material


def _check_uncoloured(data: bytes, path: Path) -> None:
    """ScanError where an OBJ file from which no colour came holds some after all."""
    if b"#MRGB" in data:
        raise ScanError(
            f"{path}: has ZBrush's polypaint (#MRGB), which is not read; export it as PLY or with a texture"
        )
    if COLOURED_VERTEX.search(data):
        raise ScanError(f"{path}: has colours on some vertices and none on others; export it again with all of them")
