"""PLY, STL and OFF files.

Geometry is trimesh's; colours are what the file stores, of any number type.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifecast.errors import ScanError
from lifecast.scans.references import References
from lifecast.scans.scan import Material, Part, grey_material
from lifecast.scans.textures import TextureError, decode_texture
from lifecast.scans.vertex_colours import colour_bytes

COLOUR_NAMES = (("red", "green", "blue"), ("diffuse_red", "diffuse_green", "diffuse_blue"), ("r", "g", "b"))
"""What programs call the colours of a PLY file."""
STL_HEADER, STL_FACET = 84, 50


def read_mesh(path: Path, references: References) -> list[Part]:
    """Read a PLY, STL or OFF file as one part.

    What it names and lacks goes into `references.complaints`.

    Raises
    ------
    ScanError
        The file refers to colours of a kind that is not read.
    """
    import trimesh

    kind = path.suffix.lower()
    name = path.stem
    if kind == ".ply":
        return _read_ply(path, references)
    mesh = trimesh.load_mesh(path, process=False)
    if not isinstance(mesh, trimesh.Trimesh) or len(mesh.faces) == 0:
        return []
    colour = None
    if kind == ".off":
        colour = _off_colours(path, len(mesh.vertices))
    elif _stl_has_colours(path):
        raise ScanError(f"{path}: has colours on its facets, which are not read from STL; export it as PLY or GLB")
    surface = grey_material() if colour is None else Material("material", np.ones(3, np.float32))
    return [Part(name, np.asarray(mesh.vertices), np.asarray(mesh.faces), surface, None, colour)]


def _read_ply(path: Path, references: References) -> list[Part]:
    import trimesh

    texture = _ply_texture(path, references)
    # Vertices are split at the texture's seams; without a texture they stay as many as their colours.
    mesh = trimesh.load_mesh(path, process=False, skip_materials=True, fix_texture=texture is not None)
    if not isinstance(mesh, trimesh.Trimesh) or len(mesh.faces) == 0:
        return []
    vertices, faces = np.asarray(mesh.vertices), np.asarray(mesh.faces)
    if texture is not None:
        uv = getattr(mesh.visual, "uv", None)
        if uv is None or len(uv) != len(vertices):
            raise ScanError(f"{path}: names a texture and has no texture coordinates; export it with them")
        # Scanners store the texture's own colours once more at the vertices.
        return [Part(path.stem, vertices, faces, Material("material", np.ones(3, np.float32), texture), uv)]
    raw = mesh.metadata["_ply_raw"]
    colour = _ply_colours(raw.get("vertex", {}), path)
    if colour is None:
        of_faces = _ply_colours(raw.get("face", {}), path)
        if of_faces is not None and len(of_faces) != len(faces):
            raise ScanError(f"{path}: has colours on faces that are no triangles; export it with vertex colours")
        if of_faces is not None:
            mesh.visual = trimesh.visual.ColorVisuals(mesh, face_colors=of_faces)
            colour = np.asarray(mesh.visual.vertex_colors)[:, :3].astype(np.uint8)
    if colour is not None and len(colour) != len(vertices):
        raise ScanError(f"{path}: has {len(colour)} vertex colours for {len(vertices)} vertices; export it again")
    surface = grey_material() if colour is None else Material("material", np.ones(3, np.float32))
    return [Part(path.stem, vertices, faces, surface, None, colour)]


def _ply_texture(path: Path, references: References) -> NDArray[np.uint8] | None:
    """The picture that a PLY file's header names; None where it names none or it cannot be had."""
    with path.open("rb") as file:
        header = file.read(1 << 16).split(b"end_header", 1)[0]
    names = [
        found.decode("utf-8", "replace") for found in re.findall(rb"(?im)^comment\s+texturefile\s+(.+?)\s*$", header)
    ]
    if not names:
        return None
    if len(set(names)) > 1:
        raise ScanError(
            f"{path}: has several textures ({', '.join(names)}), which are not read from PLY; export it as GLB"
        )
    try:
        return decode_texture(references.get(names[0]))[0]
    except FileNotFoundError:
        return None  # `references` has noted it
    except TextureError as error:
        references.complain(f"{names[0]} {error}")
        return None


def _ply_colours(element: dict[str, Any], path: Path) -> NDArray[np.uint8] | None:
    """(N, 3) sRGB of a PLY element as trimesh keeps it; None where it has no colours."""
    for names in COLOUR_NAMES:
        if all(name in element.get("properties", {}) for name in names):
            columns = [np.asarray(element["data"][name]).reshape(-1) for name in names]
            return colour_bytes(np.stack(columns, axis=1), path)
    return None


def _off_colours(path: Path, count: int) -> NDArray[np.uint8] | None:
    """(count, 3) sRGB of an OFF file's vertices, which trimesh leaves out; None where it has none.

    ScanError where the colours are on the faces or mixed with normals.
    """
    lines = [line.split("#", 1)[0].split() for line in path.read_text("utf-8", "replace").splitlines()]
    lines = [line for line in lines if line]
    first = lines[0]
    kind = first.pop(0).upper()
    if not first:
        lines.pop(0)
    rows = lines[1 : 1 + count]
    columns = {len(row) for row in rows}
    if kind == "COFF" or (kind == "OFF" and min(columns) >= 6):
        if min(columns) < 6:
            raise ScanError(f"{path}: is called COFF and lacks colours on some vertices; export it again")
        values = np.array([row[3:6] for row in rows])
        whole = not any("." in word for row in values[:64] for word in row)
        return colour_bytes(values.astype(np.int64 if whole else np.float64), path)
    faces = lines[1 + count :]
    if "C" in kind.split("OFF")[0] or any(len(row) > int(row[0]) + 3 for row in faces):
        raise ScanError(f"{path}: has colours in a form that is not read from OFF; export it as PLY or GLB")
    return None


def _stl_has_colours(path: Path) -> bool:
    """Whether a binary STL file says in its header that its facets are coloured, and some differ from that."""
    with path.open("rb") as file:
        header = file.read(STL_HEADER)
        if b"COLOR=" not in header:
            return False
        facets = file.read()
    words = np.frombuffer(facets[: len(facets) // STL_FACET * STL_FACET], np.uint8).reshape(-1, STL_FACET)[:, 48:]
    return bool(words.any())
