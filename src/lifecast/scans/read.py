"""A scan from a file: one triangle soup with per-vertex UV and colour, and a few materials.

GLB, glTF, OBJ, PLY, STL and OFF are read; scenes are flattened with their transforms, and each geometry of the scene
stays known by its name as a `part` (a range of faces). A file that refers to colours that cannot be had is refused: a
dataset would quietly hold grey people.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lifecast.errors import ScanError
from lifecast.scans.gltf_scene import read_gltf
from lifecast.scans.mesh_file import read_mesh
from lifecast.scans.obj_file import read_obj
from lifecast.scans.precision import check_steps
from lifecast.scans.references import References
from lifecast.scans.scan import GREY, Material, Part, Scan

__all__ = ["GREY", "SUFFIXES", "Material", "Scan", "read_scan"]

SUFFIXES = (".glb", ".gltf", ".obj", ".ply", ".stl", ".off", ".vrm")


def read_scan(path: str | Path) -> Scan:
    """Read the file at `path` into one `Scan` (file's own units and axes).

    Raises
    ------
    ScanError
        The file is missing, of an unknown kind, broken, holds no triangle, refers to colours that cannot be had, or its
        coordinates are too coarse.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise ScanError(f"{path}: not a scan format; use one of {', '.join(SUFFIXES)}")
    if not path.is_file():
        raise ScanError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise ScanError(f"{path}: is empty (0 bytes); copy or export it again")
    references = References(path)
    try:
        if path.suffix.lower() in (".glb", ".vrm", ".gltf"):
            parts = read_gltf(path, references)
        else:
            parts = read_obj(path, references) if path.suffix.lower() == ".obj" else read_mesh(path, references)
            check_steps([part.vertices for part in parts], path)
    except ScanError:
        raise
    except Exception as error:  # whatever trimesh and Pillow trip over in a broken file, assertions included
        if not references.complaints:
            raise ScanError(f"{path}: cannot be read as a mesh ({type(error).__name__}: {error})") from error
    if references.complaints:
        raise ScanError(
            f"{path}: {'; '.join(references.complaints)}; put what it names beside it, or remove the line that names "
            "it to use the scan without colours"
        )
    return _flattened(parts, path)


def _flattened(parts: list[Part], path: Path) -> Scan:
    """One `Scan` of all parts."""
    vertices, faces, uvs, colours, material_of_face = [], [], [], [], []
    materials: list[Material] = []
    ranges: list[tuple[str, int, int]] = []
    vertex_count = face_count = 0
    for part in parts:
        if len(part.faces) == 0:
            continue
        count = len(part.vertices)
        if part.uv is not None and not np.isfinite(part.uv).all():
            raise ScanError(f"{path}: has texture coordinates that are not finite; repair or export the mesh again")
        vertices.append(np.asarray(part.vertices, np.float64))
        if part.faces.min() < 0 or part.faces.max() >= count:
            raise ScanError(f"{path}: has triangles with corners that do not exist; repair or export the mesh again")
        faces.append(part.faces.astype(np.int32) + np.int32(vertex_count))
        uvs.append(np.zeros((count, 2), np.float32) if part.uv is None else part.uv.astype(np.float32))
        colours.append(np.full((count, 3), 255, np.uint8) if part.colour is None else part.colour)
        material_of_face.append(np.full(len(part.faces), len(materials), np.int32))
        materials.append(part.material)
        ranges.append((part.name, face_count, face_count + len(part.faces)))
        vertex_count += count
        face_count += len(part.faces)
    if not faces:
        raise ScanError(f"{path}: holds no triangle; mesh a point cloud first, and export again what should be a mesh")
    for name, arrays in (("texture coordinates", uvs), ("vertex colours", colours)):
        if sum(map(len, arrays)) != vertex_count:
            raise ScanError(f"{path}: has another number of {name} than of vertices; export it again")
    scan = Scan(
        np.concatenate(vertices), np.concatenate(faces), np.concatenate(uvs), np.concatenate(colours),
        np.concatenate(material_of_face), materials, ranges, str(path),
    )  # fmt: skip
    if not np.isfinite(scan.vertices).all():
        broken = int((~np.isfinite(scan.vertices)).any(axis=1).sum())
        raise ScanError(f"{path}: {broken} vertices are not finite; repair or export the mesh again")
    return scan
