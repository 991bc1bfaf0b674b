"""A scan from a file: one triangle soup with per-vertex UV or colour and a few materials.

Everything that trimesh reads is accepted (GLB, glTF, OBJ, PLY, STL, OFF); scenes are flattened with their transforms,
and each geometry of the scene stays known by its name as a `part` (a range of faces).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifecast.errors import ScanError
from lifecast.scans.references import Beside, unread_extensions

SUFFIXES = (".glb", ".gltf", ".obj", ".ply", ".stl", ".off")
GREY = 0.5  # linear reflectance of a scan without any colour (STL): 18 % grey cards look too dark as clothing
PLACEHOLDER = (100, 100, 100, 255)
"""Of the 2 x 2 picture that trimesh makes up for a surface with texture coordinates and no texture."""


@dataclass
class Material:
    """What a face's surface looks like: glTF's base colour, and which texels are cut away."""

    name: str
    factor: NDArray[np.float32]
    """(3,) linear factor that multiplies texture and vertex colour."""
    texture: NDArray[np.uint8] | None = None
    """(H, W, 3) sRGB, row 0 at v = 1; None: only factor and vertex colour."""
    alpha: NDArray[np.uint8] | None = None
    """(H, W) coverage; None: opaque."""
    cutoff: float = 0.5
    """Texels with alpha / 255 below this are holes (glTF alphaMode MASK; BLEND is treated the same)."""


@dataclass
class Scan:
    """A person's surface; (V, 3) vertices in the file's units until `normalise` has run."""

    vertices: NDArray[np.float32]
    faces: NDArray[np.int32]
    uv: NDArray[np.float32]
    """(V, 2), v up; zeros where a part has no texture."""
    colour: NDArray[np.uint8]
    """(V, 3) sRGB vertex colour; white where a texture tells the colour."""
    material: NDArray[np.int32]
    """(F,) index into `materials`."""
    materials: list[Material]
    parts: list[tuple[str, int, int]] = field(default_factory=list)
    """(name, first face, end face) of every geometry in the file."""
    source: str = ""


def _rgb_and_alpha(image: Any) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """PIL picture -> (H, W, 3) uint8, (H, W) uint8 or None where it is opaque throughout."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = np.asarray(image.convert("RGBA"))
        alpha = np.ascontiguousarray(rgba[..., 3])
        return np.ascontiguousarray(rgba[..., :3]), None if alpha.min() == 255 else alpha
    return np.ascontiguousarray(np.asarray(image.convert("RGB"))), None


def _material(visual: Any, has_uv: bool) -> Material:
    """The material of one trimesh visual."""
    source = getattr(visual, "material", None)
    name = str(getattr(source, "name", None) or "material")
    factor = np.ones(3, np.float32)
    image = None
    mode, cutoff = "OPAQUE", 0.5
    if source is not None:
        # PBRMaterial and SimpleMaterial name the same things differently.
        colour = getattr(source, "baseColorFactor", None)
        image = getattr(source, "baseColorTexture", None)
        if image is None:
            image = getattr(source, "image", None)
        if colour is None and image is None:
            colour = getattr(source, "main_color", None)
        if colour is not None:
            factor = np.asarray(colour, np.float32)[:3]
            if factor.max(initial=0) > 1.0 or np.issubdtype(np.asarray(colour).dtype, np.integer):
                factor = factor / np.float32(255)
        mode = str(getattr(source, "alphaMode", None) or "OPAQUE").upper()
        stated = getattr(source, "alphaCutoff", None)
        cutoff = 0.5 if stated is None else float(stated)
    if image is not None and image.size == (2, 2) and image.getcolors() == [(4, PLACEHOLDER)]:
        return Material(name, np.full(3, GREY, np.float32))
    if image is None or not has_uv:
        return Material(name, factor)
    texture, alpha = _rgb_and_alpha(image)
    return Material(name, factor, texture, alpha if mode in ("MASK", "BLEND") else None, cutoff)


def read_scan(path: str | Path) -> Scan:
    """Read the file at `path` into one `Scan` (file's own units and axes).

    Raises
    ------
    ScanError
        The file is missing, of an unknown kind, broken, holds no triangle, or names a texture that is not there.
    """
    import trimesh

    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise ScanError(f"{path}: not a scan format; use one of {', '.join(SUFFIXES)}")
    if not path.is_file():
        raise ScanError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise ScanError(f"{path}: is empty (0 bytes); copy or export it again")
    beside = Beside(path)
    try:
        unread = unread_extensions(path)
        if unread:
            raise ScanError(f"{path}: requires {', '.join(unread)}, which is not read here; export it without")
        scene = trimesh.load_scene(path, process=False, resolver=beside)
        return _flattened(scene, path, beside.complaints)
    except ScanError:
        raise
    except Exception as error:  # whatever trimesh and Pillow trip over in a broken file, assertions included
        raise ScanError(f"{path}: cannot be read as a mesh ({type(error).__name__}: {error})") from error


def _flattened(scene: Any, path: Path, complaints: list[str]) -> Scan:
    """One `Scan` of all triangles in a trimesh scene."""
    import trimesh

    if complaints:
        # Going on, the person would come out grey, and a dataset would quietly hold grey people.
        raise ScanError(
            f"{path}: {'; '.join(complaints)}; put what it names beside it, or remove the line that names it "
            "to use the scan without colours"
        )
    vertices, faces, uvs, colours, material_of_face = [], [], [], [], []
    materials: list[Material] = []
    parts: list[tuple[str, int, int]] = []
    vertex_count = face_count = 0
    for node in sorted(scene.graph.nodes_geometry):
        transform, key = scene.graph[node]
        mesh = scene.geometry[key]
        if not isinstance(mesh, trimesh.Trimesh) or len(mesh.faces) == 0:
            continue
        count = len(mesh.vertices)
        visual: Any = mesh.visual
        uv = getattr(visual, "uv", None)
        has_uv = uv is not None and len(uv) == count
        material = _material(visual, has_uv)
        colour = np.full((count, 3), 255, np.uint8)
        if visual.kind in ("vertex", "face"):
            colour = np.asarray(visual.vertex_colors)[:, :3].astype(np.uint8)
        elif material.texture is None:
            attributes = getattr(visual, "vertex_attributes", None) or {}
            if "color" in attributes and len(attributes["color"]) == count:
                colour = np.asarray(attributes["color"])[:, :3].astype(np.uint8)
            elif getattr(visual, "material", None) is None or visual.kind is None:
                material.factor = np.full(3, GREY, np.float32)
        vertices.append(trimesh.transform_points(mesh.vertices, transform).astype(np.float32))
        turned = np.linalg.det(transform[:3, :3]) < 0
        faces.append(np.asarray(mesh.faces[:, ::-1] if turned else mesh.faces, np.int32) + vertex_count)
        uvs.append(np.asarray(uv, np.float32)[:, :2] if has_uv else np.zeros((count, 2), np.float32))
        colours.append(colour)
        material_of_face.append(np.full(len(mesh.faces), len(materials), np.int32))
        materials.append(material)
        parts.append((str(key), face_count, face_count + len(mesh.faces)))
        vertex_count += count
        face_count += len(mesh.faces)
    if not faces:
        raise ScanError(f"{path}: holds no triangle; mesh a point cloud first, and export again what should be a mesh")
    scan = Scan(
        np.concatenate(vertices), np.concatenate(faces), np.concatenate(uvs), np.concatenate(colours),
        np.concatenate(material_of_face), materials, parts, str(path),
    )  # fmt: skip
    if int(scan.faces.min()) < 0 or int(scan.faces.max()) >= len(scan.vertices):
        raise ScanError(f"{path}: has triangles with corners that do not exist; repair or export the mesh again")
    if not np.isfinite(scan.vertices).all():
        broken = int((~np.isfinite(scan.vertices)).any(axis=1).sum())
        raise ScanError(f"{path}: {broken} vertices are not finite; repair or export the mesh again")
    return scan
