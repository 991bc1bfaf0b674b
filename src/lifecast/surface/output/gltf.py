"""Binary glTF 2.0 (GLB) of one mesh with normals, colours and provenance.

Colours are linear vertex colours or a texture; provenance is in `asset`. Written by hand because trimesh writes vertex
colours as they are, while glTF (3.9.2 and 3.7.2.1) wants them linear, and has no place for the asset's copyright and
extras. Checked with the Khronos validator in the tests.
"""

from __future__ import annotations

import io
from typing import Any, Literal

import numpy as np
from PIL import Image

from lifecast import __version__
from lifecast.surface.colour.srgb import to_linear
from lifecast.surface.output.coloured_mesh import ColouredMesh
from lifecast.surface.output.glb_file import ARRAY_BUFFER, FLOAT, UNSIGNED_SHORT, GlbFile
from lifecast.surface.output.normal_texture import tangents


def linear_colours(colours: np.ndarray) -> np.ndarray:
    """Convert sRGB (V, 3) uint8 to linear RGBA (V, 4) uint16.

    Eight bits would be too coarse in the dark.
    """
    table = (to_linear(np.arange(256) / 255) * 65535 + 0.5).astype("<u2")
    rgba = np.full((len(colours), 4), 65535, "<u2")
    rgba[:, :3] = table[colours[:, :3]]
    return rgba


def encode_texture(texture: np.ndarray, kind: Literal["jpeg", "png"]) -> bytes:
    """Encode a texture (T, T, 3) uint8 as the bytes of a picture file."""
    file = io.BytesIO()
    if kind == "jpeg":
        Image.fromarray(texture).save(file, "JPEG", quality=94, subsampling=0)
    else:
        Image.fromarray(texture).save(file, "PNG", compress_level=4)
    return file.getvalue()


def glb_bytes(model: ColouredMesh, texture_format: Literal["jpeg", "png"] = "jpeg") -> bytes:
    """Encode the model as the content of a .glb file."""
    file = GlbFile()
    return file.content(mesh_tree(file, model, texture_format))


def mesh_tree(file: GlbFile, model: ColouredMesh, texture_format: Literal["jpeg", "png"] = "jpeg") -> dict[str, Any]:
    """Put the model's arrays and texture into `file`, and return the JSON about them.

    The mesh is that of node 0, the scene's only one; it has one primitive.
    """
    wide = len(model.vertices) > 65535  # index 65535 itself is reserved
    primitive: dict[str, Any] = {
        "attributes": {
            "POSITION": file.positions(model.vertices),
            "NORMAL": file.attribute(model.unit_normals()),
        },
        "indices": file.indices(model.faces, wide),
        "material": 0,
        "mode": 4,
    }
    surface: dict[str, Any] = {"metallicFactor": 0.0, "roughnessFactor": 1.0}
    tree: dict[str, Any] = {
        "asset": asset(model.provenance),
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"name": "person", "mesh": 0}],
        "meshes": [{"name": "person", "primitives": [primitive]}],
        "materials": [{"name": "person", "pbrMetallicRoughness": surface}],
    }
    if model.texture is not None and model.uv is not None:
        # glTF's v runs down.
        primitive["attributes"]["TEXCOORD_0"] = file.attribute(model.uv * [1, -1] + [0, 1])
        picture = file.view(encode_texture(model.texture, texture_format))
        tree["images"] = [{"name": "colour", "mimeType": f"image/{texture_format}", "bufferView": picture}]
        tree["samplers"] = [{"magFilter": 9729, "minFilter": 9987, "wrapS": 33071, "wrapT": 33071}]
        tree["textures"] = [{"source": 0, "sampler": 0}]
        surface["baseColorTexture"] = {"index": 0}
        if model.normal_texture is not None:
            folds = file.view(encode_texture(model.normal_texture, texture_format))
            tree["images"].append({"name": "folds", "mimeType": f"image/{texture_format}", "bufferView": folds})
            tree["textures"].append({"source": 1, "sampler": 0})
            tree["materials"][0]["normalTexture"] = {"index": 1}
            # Programs that find tangents by themselves differ where a chart leans from the surface.
            normals = model.unit_normals()
            tangent, sign = tangents(model.vertices, model.faces, model.uv, normals)
            primitive["attributes"]["TANGENT"] = file.accessor(
                np.column_stack([tangent, sign]).astype("<f4"), "VEC4", FLOAT, ARRAY_BUFFER
            )
    elif model.colours is not None:
        primitive["attributes"]["COLOR_0"] = file.accessor(
            linear_colours(model.colours), "VEC4", UNSIGNED_SHORT, ARRAY_BUFFER, normalized=True
        )
    return tree


def asset(provenance: dict[str, Any]) -> dict[str, Any]:
    """Make glTF's `asset`: version, generator, copyright and provenance.

    Copyright is a string of the provenance, which is there as a whole as extras.
    """
    entry: dict[str, Any] = {"version": "2.0", "generator": f"lifecast {__version__}"}
    if provenance:
        if "copyright" in provenance:
            entry["copyright"] = str(provenance["copyright"])
        entry["extras"] = provenance
    return entry
