"""Models to files: GLB, OBJ (with MTL and PNG), PLY and STL.

Each has its final name only when it is complete.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lifecast import __version__
from lifecast.atomic import write_bytes, write_together
from lifecast.errors import UsageError
from lifecast.options import FORMATS, RIGGED_ONLY
from lifecast.surface.output.coloured_mesh import ColouredMesh
from lifecast.surface.output.gltf import encode_texture, glb_bytes

if TYPE_CHECKING:
    import trimesh

# trimesh (and scipy.optimize and networkx with it) takes a second or two to import: only what needs it waits.

STL_HEADER = 80
"""Bytes of free text at the beginning of a binary STL."""
PRINT_SPACE = "millimetres, z up"
"""What the header of an STL for printing says; STL itself knows no unit and no direction."""


def check_format(name: str) -> str:
    """Check a format's name: in lower case without a dot.

    `UsageError` for one that cannot be written.
    """
    plain = name.lower().removeprefix(".")
    if plain not in FORMATS:
        raise UsageError(f"cannot write {name!r} files: choose one of {', '.join(FORMATS)}")
    return plain


def save_model(model: ColouredMesh, path: str | Path, stl_metres: bool = False) -> list[Path]:
    """Write the model in the format of the path's suffix; the files written, the named one last.

    glb: texture or vertex colours, normals, provenance. obj: texture with its .mtl and .png next to it, or vertex
    colours in the `v` lines; provenance as comments. ply: normals and vertex colours. All of these in metres, y up.
    stl: shape only, in millimetres and z up, as programs for printing take it; with `stl_metres` as the others.
    """
    path = Path(path)
    kind = check_format(path.suffix)
    if kind in RIGGED_ONLY:
        raise UsageError(f"{path}: this format needs a rig: lifecast.rigging.rig makes one, and save_vrm writes it")
    if kind == "glb":
        write_bytes(path, glb_bytes(model))
        return [path]
    if kind == "obj":
        return save_obj(model, path)
    from trimesh.exchange import ply, stl
    from trimesh.visual import ColorVisuals

    mesh = to_trimesh(model)
    if kind == "ply":
        if model.texture is not None:
            mesh.visual = ColorVisuals(mesh, vertex_colors=vertex_colours(model))
        write_bytes(path, ply.export_ply(mesh, vertex_normal=True))
    else:
        if not stl_metres:
            mesh.vertices = to_print_space(mesh.vertices)
        said = f"lifecast {__version__}; {'metres, y up' if stl_metres else PRINT_SPACE}".encode()
        write_bytes(path, said.ljust(STL_HEADER) + stl.export_stl(mesh)[STL_HEADER:])
    return [path]


def to_print_space(points: np.ndarray) -> np.ndarray:
    """Convert points (N, 3) in metres, y up, to millimetres, z up, as slicers expect.

    The front turns from +z toward -y.
    """
    x, y, z = np.asarray(points, np.float64).T * 1000
    return np.stack([x, -z, y], 1)


def to_trimesh(model: ColouredMesh) -> trimesh.Trimesh:
    """Convert the model to a trimesh, with its texture or its vertex colours.

    Vertex colours are sRGB, as trimesh expects.
    """
    import trimesh
    from trimesh.visual import ColorVisuals, TextureVisuals
    from trimesh.visual.material import SimpleMaterial

    visual = None
    if model.texture is not None:
        from PIL import Image

        material = SimpleMaterial(  # type: ignore[no-untyped-call]
            image=Image.fromarray(model.texture), diffuse=[255, 255, 255, 255]
        )
        visual = TextureVisuals(uv=model.uv, material=material)  # type: ignore[no-untyped-call]
    mesh = trimesh.Trimesh(
        model.vertices, model.faces, vertex_normals=model.unit_normals(), visual=visual, process=False, validate=False
    )
    if visual is None and model.colours is not None:
        mesh.visual = ColorVisuals(mesh, vertex_colors=model.colours)
    mesh.metadata["provenance"] = model.provenance
    return mesh


def vertex_colours(model: ColouredMesh) -> np.ndarray:
    """Choose the vertices' sRGB colours (V, 3) uint8.

    Its own, or the texture's nearest texels.
    """
    if model.colours is not None:
        return model.colours
    if model.texture is None or model.uv is None:
        return np.full((len(model.vertices), 3), 200, np.uint8)
    size = model.texture.shape[0]
    column = (model.uv[:, 0] * size).astype(int).clip(0, size - 1)
    row = ((1 - model.uv[:, 1]) * size).astype(int).clip(0, size - 1)
    colours: np.ndarray = model.texture[row, column]
    return colours


def save_obj(model: ColouredMesh, path: Path) -> list[Path]:
    """Write an .obj and, for a texture, .mtl and .png of the same name.

    These come first, so that the .obj never lacks them.
    """
    files: dict[Path, bytes] = {}
    comments = [f"lifecast {__version__}; metres, y up"]
    comments += [f"{key}: {json.dumps(value)}" for key, value in model.provenance.items()]
    lines = ["".join(f"# {line}\n" for line in comments)]
    columns, uv_text = "v %.5f %.5f %.5f\n", ""
    values = model.vertices.astype(np.float64)
    if model.texture is not None and model.uv is not None:
        picture, material = path.with_suffix(".png"), path.with_suffix(".mtl")
        files[picture] = encode_texture(model.texture, "png")
        text = f"newmtl person\nKa 0 0 0\nKd 1 1 1\nKs 0 0 0\nillum 1\nmap_Kd {picture.name}\n"
        files[material] = os.fsencode(text)
        lines.append(f"mtllib {material.name}\nusemtl person\n")
        uv_text = rows("vt %.6f %.6f\n", model.uv)
    elif model.colours is not None:
        columns = "v %.5f %.5f %.5f %.4f %.4f %.4f\n"
        values = np.concatenate([values, model.colours / 255.0], 1)
    lines += [rows(columns, values), uv_text, rows("vn %.4f %.4f %.4f\n", model.unit_normals())]
    corner = "%d/%d/%d" if uv_text else "%d//%d"
    index = np.repeat(model.faces.astype(np.int64) + 1, 3 if uv_text else 2, axis=1)
    lines.append(rows(f"f {corner} {corner} {corner}\n", index))
    files[path] = os.fsencode("".join(lines))  # a file's name may be no text
    write_together(files)
    return list(files)


def rows(template: str, values: np.ndarray) -> str:
    """Write one line a row.

    A single format operation writes them, because a loop is slow.
    """
    return (template * len(values)) % tuple(values.ravel().tolist())
