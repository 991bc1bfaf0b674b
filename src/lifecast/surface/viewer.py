"""A single HTML file that shows a model in any browser, offline: the page, its script and the GLB inside it."""

from __future__ import annotations

import base64
import html
import json
import struct
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from lifecast.atomic import write_bytes
from lifecast.errors import ScanError
from lifecast.photo.address import address_problem

CONVERTED = (".obj", ".ply", ".stl", ".off")
"""Formats that are turned into GLB for the page."""
READABLE_EXTENSIONS = ("KHR_materials_", "KHR_mesh_quantization", "EXT_texture_")
"""Beginnings of the glTF extensions that a file may require: those that change no geometry the page cannot read."""


def viewer_page(glb: bytes, title: str) -> str:
    """The whole page as text; glb: the content of a self-contained .glb file."""
    folder = resources.files("lifecast.surface") / "viewer_page"
    page = Template((folder / "viewer.html").read_text(encoding="utf-8"))
    return page.substitute(
        title=html.escape(title),
        style=(folder / "viewer.css").read_text(encoding="utf-8"),
        script=(folder / "viewer.js").read_text(encoding="utf-8"),
        model=base64.b64encode(glb).decode("ascii"),
    )


def save_viewer(model: str | Path, page: str | Path) -> None:
    """Write the page of a model file, atomically. `ScanError` where the model cannot be shown."""
    model = Path(model)
    write_bytes(page, viewer_page(read_as_glb(model), model.stem).encode())


def read_as_glb(path: Path) -> bytes:
    """A model file as the content of a .glb; OBJ, PLY and STL are converted."""
    kind = path.suffix.lower()
    if kind != ".glb" and kind not in CONVERTED:
        raise ScanError(f"{path}: cannot be shown; give a .glb, {', '.join(CONVERTED)} file")
    if not path.is_file():
        raise ScanError(f"{path}: {address_problem(path) or 'there is no such file'}")
    if kind in CONVERTED:
        return convert(path)
    data = path.read_bytes()
    check_glb(data, path)
    return data


def check_glb(data: bytes, path: Path) -> dict[str, Any]:
    """The JSON of a GLB that the page can show; `ScanError` says what is wrong with any other."""
    if len(data) < 20 or data[:4] != b"glTF":
        raise ScanError(f"{path}: is not a GLB file (it does not begin with 'glTF')")
    version, length, size, kind = struct.unpack_from("<III4s", data, 4)
    if version != 2:
        raise ScanError(f"{path}: is glTF {version}; convert it to glTF 2")
    if length != len(data) or kind != b"JSON" or 20 + size > len(data):
        raise ScanError(f"{path}: is damaged ({len(data)} bytes, its header says {length}); export it again")
    try:
        tree = json.loads(data[20 : 20 + size])
    except ValueError as error:
        raise ScanError(f"{path}: is damaged (its JSON cannot be read: {error}); export it again") from error
    required = [name for name in tree.get("extensionsRequired", []) if not name.startswith(READABLE_EXTENSIONS)]
    if required:
        raise ScanError(f"{path}: needs {', '.join(required)}; export it without compression")
    outside = [item["uri"] for item in tree.get("buffers", []) + tree.get("images", []) if "uri" in item]
    if outside:
        raise ScanError(f"{path}: refers to {outside[0][:60]}; export it with everything inside")
    if not tree.get("meshes"):
        raise ScanError(f"{path}: holds no mesh")
    return tree


def convert(path: Path) -> bytes:
    """A mesh file that trimesh reads, as GLB with its vertex colours or texture."""
    import trimesh
    from trimesh.visual import ColorVisuals

    from lifecast.surface.export import PRINT_SPACE, from_print_space
    from lifecast.surface.gltf import glb_bytes
    from lifecast.surface.model import Model

    try:
        mesh = trimesh.load_mesh(path, process=False)
        if not isinstance(mesh, trimesh.Trimesh):
            mesh = mesh.to_mesh()
        if PRINT_SPACE in str(mesh.metadata.get("header", "")):  # an STL of ours
            mesh.vertices = from_print_space(mesh.vertices)
        picture = getattr(getattr(mesh.visual, "material", None), "image", None)
        uv = getattr(mesh.visual, "uv", None)
        textured = picture is not None and uv is not None
        rgba = mesh.visual.vertex_colors if isinstance(mesh.visual, ColorVisuals) and mesh.visual.defined else None
        model = Model(
            np.asarray(mesh.vertices, np.float32),
            np.asarray(mesh.faces, np.int32),
            np.asarray(mesh.vertex_normals, np.float32),
            colours=None if rgba is None else np.asarray(rgba)[:, :3],
            uv=np.asarray(uv, np.float32) if textured else None,
            texture=np.asarray(picture.convert("RGB")) if textured and picture is not None else None,
        )
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, struct.error) as error:
        raise ScanError(f"{path}: cannot be read as a mesh ({error}); export it again, best as .glb") from error
    return glb_bytes(model)
