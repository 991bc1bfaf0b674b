"""Writing a person as one binary glTF (GLB) of separate named, textured meshes.

trimesh would store every texture as PNG; opaque ones are JPEG here, which is a tenth of the time and of the size.
"""

from __future__ import annotations

import io
import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lifecast.errors import ScanError
from lifecast.surface.output.glb_file import GlbFile


@dataclass
class Part:
    """One textured mesh of a person: `body`, `top:...`, `hair:...` and so on."""

    name: str
    vertices: NDArray[np.float32]
    """(V, 3) metres."""
    faces: NDArray[np.int32]
    """(F, 3), counter-clockwise from outside."""
    uv: NDArray[np.float32]
    """(V, 2), v up (OBJ's convention)."""
    normals: NDArray[np.float32]
    """(V, 3) unit; the same on both sides of a texture seam, so that it does not show."""
    texture: NDArray[np.uint8]
    """(H, W, 3) sRGB, or (H, W, 4) whose alpha is cut at one half."""
    roughness: float = 0.9
    regions: NDArray[np.uint8] | None = None
    """(F,) what each face belongs to (`scans.regions`); the GLB does not hold it."""
    parsing: NDArray[np.uint8] | None = None
    """(F,) the `space.parsing.Part` of each face; the GLB does not hold it."""


def _encoded(texture: NDArray[np.uint8]) -> tuple[bytes, str]:
    """JPEG for opaque pictures, PNG for those with alpha."""
    buffer = io.BytesIO()
    if texture.shape[2] == 4:
        Image.fromarray(texture, "RGBA").save(buffer, "PNG", compress_level=3)
        return buffer.getvalue(), "image/png"
    Image.fromarray(texture, "RGB").save(buffer, "JPEG", quality=90, subsampling=0)
    return buffer.getvalue(), "image/jpeg"


def read_parts(path: str | Path) -> list[Part]:
    """Read back the parts of a person that `glb_bytes` wrote.

    Raises
    ------
    ScanError
        The file is missing, damaged, or not one of ours.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
        magic, _, total = struct.unpack_from("<4sII", data)
        length = struct.unpack_from("<I", data, 12)[0]
        document = json.loads(data[20 : 20 + length])
        blob = data[28 + length :]
        if magic != b"glTF" or total != len(data):
            raise ValueError("truncated, or no GLB")

        def piece(view: int) -> bytes:
            entry = document["bufferViews"][view]
            return blob[entry["byteOffset"] : entry["byteOffset"] + entry["byteLength"]]

        def array(accessor: int, kind: str, width: int) -> NDArray[Any]:
            return np.frombuffer(piece(document["accessors"][accessor]["bufferView"]), kind).reshape(-1, width)

        parts = []
        for k, mesh in enumerate(document["meshes"]):
            primitive = mesh["primitives"][0]
            place = primitive["attributes"]
            uv = array(place["TEXCOORD_0"], "<f4", 2)
            with Image.open(io.BytesIO(piece(document["images"][k]["bufferView"]))) as image:
                texture = np.asarray(image)
            parts.append(Part(
                mesh["name"], array(place["POSITION"], "<f4", 3),
                array(primitive["indices"], "<u4", 3).astype(np.int32),
                np.stack([uv[:, 0], 1 - uv[:, 1]], 1), array(place["NORMAL"], "<f4", 3), texture,
            ))  # fmt: skip
    except (OSError, ValueError, KeyError, IndexError, struct.error) as error:
        raise ScanError(
            f"{path}: not a person that `lifecast synthesize` wrote ({error}); delete its folder and run again"
        ) from error
    return parts


def glb_bytes(parts: list[Part], extras: dict[str, Any] | None = None) -> bytes:
    """Return the content of a GLB file of parts, each its own node, mesh and material.

    `extras` goes into the asset block.
    """
    file = GlbFile()
    nodes, meshes, materials, textures, images = [], [], [], [], []
    for k, part in enumerate(parts):
        flipped = np.stack([part.uv[:, 0], 1 - part.uv[:, 1]], axis=1)  # glTF: v runs down
        attributes = {
            "POSITION": file.positions(part.vertices),
            "NORMAL": file.attribute(part.normals),
            "TEXCOORD_0": file.attribute(flipped),
        }
        index = file.indices(part.faces)
        data, mime = _encoded(part.texture)
        images.append({"bufferView": file.view(data), "mimeType": mime, "name": part.name})
        textures.append({"source": k, "sampler": 0})
        material: dict[str, Any] = {
            "name": part.name,
            "pbrMetallicRoughness": {
                "baseColorTexture": {"index": k}, "metallicFactor": 0.0, "roughnessFactor": part.roughness,
            },
            "doubleSided": True,
        }  # fmt: skip
        if part.texture.shape[2] == 4:
            material |= {"alphaMode": "MASK", "alphaCutoff": 0.5}
        materials.append(material)
        meshes.append({"name": part.name, "primitives": [{"attributes": attributes, "indices": index, "material": k}]})
        nodes.append({"name": part.name, "mesh": k})
    document = {
        "asset": {"version": "2.0", "generator": "lifecast synthesize", "extras": extras or {}},
        "scene": 0, "scenes": [{"nodes": list(range(len(nodes)))}], "nodes": nodes, "meshes": meshes,
        "materials": materials, "textures": textures, "images": images,
        "samplers": [{"magFilter": 9729, "minFilter": 9987, "wrapS": 10497, "wrapT": 10497}],
    }  # fmt: skip
    return file.content(document)
