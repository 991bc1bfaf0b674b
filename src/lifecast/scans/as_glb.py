"""A scan as GLB, for programs that read nothing else: one primitive a material.

Everything is inside the file.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lifecast import __version__
from lifecast.scans.normalise import TO_Y_UP
from lifecast.scans.scan import Material, Scan, Wrap
from lifecast.scans.seamless_normals import seamless_normals
from lifecast.surface.output.glb_file import ARRAY_BUFFER, UNSIGNED_SHORT, GlbFile
from lifecast.surface.output.gltf import encode_texture, linear_colours

WRAP_CODES: dict[Wrap, int] = {"repeat": 10497, "clamp": 33071, "mirror": 33648}


def scan_glb(scan: Scan, up: str) -> bytes:
    """Return the content of a .glb file of a scan as read.

    It is y up, its middle at 0, in the scan's own units. `up` is the scan's axis that points up, a key of `TO_Y_UP`.
    """
    centre = (scan.vertices.min(axis=0) + scan.vertices.max(axis=0)) / 2
    vertices = ((scan.vertices - centre) @ np.array(TO_Y_UP[up], np.float64).T).astype(np.float32)
    normals = seamless_normals(vertices, scan.faces)
    file = GlbFile()
    tree: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": f"lifecast {__version__}"},
        "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}], "materials": [],
    }  # fmt: skip
    primitives = []
    for index, material in enumerate(scan.materials):
        faces = scan.faces[scan.material == index]
        if len(faces) == 0:
            continue
        used, corners = np.unique(faces, return_inverse=True)
        attributes = {
            "POSITION": file.positions(vertices[used]),
            "NORMAL": file.attribute(_unit(normals[used])),
        }
        if scan.colour[used].min() < 255:
            colours = linear_colours(scan.colour[used])
            attributes["COLOR_0"] = file.accessor(colours, "VEC4", UNSIGNED_SHORT, ARRAY_BUFFER, normalized=True)
        if material.texture is not None:
            # glTF's v runs down.
            attributes["TEXCOORD_0"] = file.attribute(scan.uv[used] * [1, -1] + [0, 1])
        primitives.append({
            "attributes": attributes, "material": len(tree["materials"]), "mode": 4,
            "indices": file.indices(corners),
        })  # fmt: skip
        tree["materials"].append(_described(material, tree, file))
    tree["meshes"] = [{"primitives": primitives}]
    return file.content(tree)


def _unit(normals: NDArray[np.float32]) -> NDArray[np.float32]:
    """Normals of length 1, up where one vanishes."""
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.where(length > 0.5, normals / np.maximum(length, 0.5), np.array([0, 1, 0], np.float32))


def _described(material: Material, tree: dict[str, Any], file: GlbFile) -> dict[str, Any]:
    """A material's entry; its picture goes into the file."""
    surface: dict[str, Any] = {"metallicFactor": 0.0, "roughnessFactor": 1.0}
    surface["baseColorFactor"] = [*material.factor.clip(0, 1).tolist(), 1.0]
    entry: dict[str, Any] = {"name": material.name, "pbrMetallicRoughness": surface, "doubleSided": True}
    if material.texture is None:
        return entry
    if material.alpha is None:
        mime, data = "image/jpeg", encode_texture(material.texture, "jpeg")
    else:
        stored = io.BytesIO()
        Image.fromarray(np.dstack([material.texture, material.alpha])).save(stored, "PNG", compress_level=4)
        mime, data = "image/png", stored.getvalue()
        entry |= {"alphaMode": "MASK", "alphaCutoff": material.cutoff}
    for name in ("images", "textures", "samplers"):
        tree.setdefault(name, [])
    tree["images"].append({"mimeType": mime, "bufferView": file.view(data)})
    across, down = material.wrap
    tree["samplers"].append(
        {"magFilter": 9729, "minFilter": 9987, "wrapS": WRAP_CODES[across], "wrapT": WRAP_CODES[down]}
    )
    tree["textures"].append({"source": len(tree["images"]) - 1, "sampler": len(tree["samplers"]) - 1})
    surface["baseColorTexture"] = {"index": len(tree["textures"]) - 1}
    return entry
