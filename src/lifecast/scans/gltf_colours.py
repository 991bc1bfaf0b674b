"""Colours of glTF primitives, as the specification defines them.

They come from material, texture coordinates and vertex colours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifecast.errors import ScanError
from lifecast.scans.gltf_file import GltfFile, normalised
from lifecast.scans.scan import Material, Wrap, grey_material
from lifecast.scans.textures import TextureError, decode_texture
from lifecast.surface.colour.srgb import to_srgb

TRIMESH = "mikedh/trimesh"
"""How `asset.generator` ends in files of trimesh, which stores vertex colours in sRGB against the specification."""
WRAPS: dict[int, Wrap] = {10497: "repeat", 33071: "clamp", 33648: "mirror"}
SOURCES = ("EXT_texture_webp", "EXT_texture_avif", "MSFT_texture_dds")
"""Extensions that give a texture another picture than its plain one."""

Picture = tuple[NDArray[np.uint8], NDArray[np.uint8] | None]


def texture_transform(uv: NDArray[np.floating], stated: dict[str, Any]) -> NDArray[np.float64]:
    """Apply KHR_texture_transform to texture coordinates (V, 2), v down.

    It scales, turns, then moves.
    """
    scaled = uv.astype(np.float64) * stated.get("scale", [1, 1])
    cosine, sine = np.cos(stated.get("rotation", 0)), np.sin(stated.get("rotation", 0))
    # Counter-clockwise as a picture is seen, whose v runs down (the specification's listing has the other sign).
    turned = np.stack([cosine * scaled[:, 0] + sine * scaled[:, 1], cosine * scaled[:, 1] - sine * scaled[:, 0]], 1)
    transform: NDArray[np.float64] = turned + stated.get("offset", [0, 0])
    return transform


class GltfColours:
    """Reads the appearance of one file's primitives.

    Pictures that several share are decoded once.
    """

    def __init__(self, file: GltfFile) -> None:
        self.file, self.tree, self.path = file, file.tree, file.path
        self._pictures: dict[int, Picture] = {}
        self._materials: dict[int, tuple[Material, dict[str, Any] | None]] = {}

    def vertex_colours(self, primitive: dict[str, Any]) -> NDArray[np.uint8] | None:
        """COLOR_0 as (V, 3) sRGB; None where there is none."""
        values = self.file.attribute(primitive, "COLOR_0")
        if values is None:
            return None
        # Integers are normalised by the specification, also where the exporter forgot to say so.
        colour = normalised(values)[:, :3]
        if not np.isfinite(colour).all():
            raise ScanError(f"{self.path}: has vertex colours that are not finite; export it again")
        if not str(self.tree.get("asset", {}).get("generator", "")).endswith(TRIMESH):
            colour = to_srgb(colour)
        return np.round(colour.clip(0, 1) * 255).astype(np.uint8)

    def material(self, primitive: dict[str, Any]) -> tuple[Material, NDArray[np.float64] | None]:
        """A primitive's material and its texture's coordinates (V, 2), v up; None without a texture.

        Raises
        ------
        ScanError
            Its texture is missing, cannot be decoded, or the primitive lacks the texture's coordinates.
        """
        index = primitive.get("material")
        if index is None:
            white = Material("material", np.ones(3, np.float32))
            return (white if "COLOR_0" in primitive["attributes"] else grey_material()), None
        if index not in self._materials:
            self._materials[index] = self._read_material(self.tree["materials"][index], index)
        material, texture = self._materials[index]
        if texture is None:
            return material, None
        stated = texture.get("extensions", {}).get("KHR_texture_transform", {})
        number = stated.get("texCoord", texture.get("texCoord", 0))
        uv = self.file.attribute(primitive, f"TEXCOORD_{number}")
        if uv is None:
            raise ScanError(
                f"{self.path}: the material {material.name!r} is textured by TEXCOORD_{number}, which a part of it "
                "lacks; export it with its texture coordinates"
            )
        uv = texture_transform(uv[:, :2], stated)
        return material, np.stack([uv[:, 0], 1 - uv[:, 1]], axis=1)

    def _read_material(self, stated: dict[str, Any], index: int) -> tuple[Material, dict[str, Any] | None]:
        """A material and the `textureInfo` of its texture, None without one."""
        name = str(stated.get("name", f"material {index}"))
        factor, info = self._base_colour(stated)
        opaque = str(stated.get("alphaMode", "OPAQUE")).upper() not in ("MASK", "BLEND")
        material = Material(name, factor[:3].astype(np.float32), cutoff=float(stated.get("alphaCutoff", 0.5)))
        if info is not None:
            material.texture, material.alpha, material.wrap = self._texture(info, name)
        if opaque:
            material.alpha = None
        elif factor[3] < 1:
            if material.texture is None:
                material.texture = np.full((1, 1, 3), 255, np.uint8)
            alpha = np.full(material.texture.shape[:2], 255, np.uint8) if material.alpha is None else material.alpha
            material.alpha = np.round(alpha * max(factor[3], 0.0)).astype(np.uint8)
        return material, info

    @staticmethod
    def _base_colour(stated: dict[str, Any]) -> tuple[NDArray[np.float64], dict[str, Any] | None]:
        """(4,) linear factor and the `textureInfo` that hold a material's diffuse colour."""
        glossy = stated.get("extensions", {}).get("KHR_materials_pbrSpecularGlossiness")
        if glossy is not None:
            factor, info = glossy.get("diffuseFactor"), glossy.get("diffuseTexture")
        else:
            rough = stated.get("pbrMetallicRoughness", {})
            factor, info = rough.get("baseColorFactor"), rough.get("baseColorTexture")
        factor = np.ones(4) if factor is None else np.append(np.asarray(factor, np.float64), np.ones(4))[:4]
        glow = np.asarray(stated.get("emissiveFactor", [0, 0, 0]), np.float64)
        if factor[:3].max() <= 0 < glow.max() and "emissiveTexture" in stated:
            # Scans whose light is in their texture are exported as black things that glow.
            return np.append(glow, factor[3]), stated["emissiveTexture"]
        return factor, info

    def _texture(
        self, info: dict[str, Any], material: str
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None, tuple[Wrap, Wrap]]:
        """Picture, coverage and wrapping of a `textureInfo`; the first of its pictures that can be decoded counts."""
        texture = self.tree["textures"][info["index"]]
        extensions = texture.get("extensions", {})
        sources = [extensions[name]["source"] for name in SOURCES if name in extensions]
        sources += [texture["source"]] if "source" in texture else []
        sources += [extensions["KHR_texture_basisu"]["source"]] if "KHR_texture_basisu" in extensions else []
        reasons = [] if sources else [f"has the texture {info['index']}, which has no picture"]
        for source in sources:
            try:
                rgb, alpha = self._picture(source)
            except TextureError as error:
                reasons.append(f"its picture {self._picture_name(source)} {error}")
                continue
            sampler = self.tree["samplers"][texture["sampler"]] if "sampler" in texture else {}
            wrap = (WRAPS[sampler.get("wrapS", 10497)], WRAPS[sampler.get("wrapT", 10497)])
            return rgb, alpha, wrap
        raise ScanError(f"{self.path}: the texture of {material!r} cannot be used: {'; '.join(reasons)}")

    def _picture_name(self, index: int) -> str:
        entry = self.tree["images"][index]
        uri = str(entry.get("uri", ""))
        return repr(str(entry.get("name") or (index if uri.startswith("data:") else uri) or index))

    def _picture(self, index: int) -> Picture:
        """The decoded picture of that index; TextureError where it cannot be had."""
        if index not in self._pictures:
            entry = self.tree["images"][index]
            try:
                data = self.file.view(entry["bufferView"]) if "bufferView" in entry else self.file.uri(entry["uri"])
            except FileNotFoundError as error:
                raise TextureError("is not there; put it beside the scan") from error
            self._pictures[index] = decode_texture(data)
        return self._pictures[index]
