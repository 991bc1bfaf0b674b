"""All textures of a scan in one flat array, sampled bilinearly.

They are reduced to the resolution that the renders need.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from lifecast.scans.scan import Scan, Wrap


def srgb_to_linear(value: NDArray[np.floating]) -> NDArray[np.float32]:
    """sRGB in [0, 1] -> linear (IEC 61966-2-1)."""
    value = np.asarray(value, np.float32)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


def linear_to_srgb(value: NDArray[np.floating]) -> NDArray[np.float32]:
    """Linear in [0, 1] -> sRGB."""
    value = np.clip(np.asarray(value, np.float32), 0, 1)
    return np.where(value <= 0.0031308, value * 12.92, 1.055 * value ** (1 / 2.4) - 0.055).astype(np.float32)


WRAPS = get_args(Wrap)


def wrapped(index: NDArray[np.integer], size: NDArray[np.integer], way: NDArray[np.integer]) -> NDArray[np.integer]:
    """Texel indices of any integer as those in 0..size - 1, by `way` (N,), an index into WRAPS."""
    mirrored = index % (2 * size)
    mirrored = np.minimum(mirrored, 2 * size - 1 - mirrored)
    return np.choose(way, [index % size, index.clip(0, size - 1), mirrored])


LINEAR_OF_BYTE = srgb_to_linear(np.arange(256) / 255)


class TexelPool:
    """Base colour and coverage at any (face, barycentric) of a scan.

    Parameters
    ----------
    scan
        In normalised space.
    pixels_per_unit
        Of the renders; a texture seen smaller than its resolution is area-averaged first by a power of two, as a mip
        level would be, so that fine weave does not turn into noise.
    """

    def __init__(self, scan: Scan, pixels_per_unit: float) -> None:
        self.scan = scan
        count = len(scan.materials)
        self.offset = np.zeros(count, np.int64)
        self.width = np.ones(count, np.int64)
        self.height = np.ones(count, np.int64)
        self.textured = np.array([m.texture is not None for m in scan.materials])
        self.masked = np.array([m.texture is not None and m.alpha is not None for m in scan.materials])
        self.cutoff = np.array([m.cutoff for m in scan.materials], np.float32)
        self.wrap = np.array([[WRAPS.index(way) for way in m.wrap] for m in scan.materials])  # (M, 2): along u and v
        self.all_repeat = not self.wrap[self.textured].any()
        self.factor = np.stack([m.factor for m in scan.materials]).astype(np.float32)
        # Most made people are textured all over: their white vertex colours need no interpolation.
        self.vertex_colour = None if scan.colour.min() == 255 else LINEAR_OF_BYTE[scan.colour]  # (V, 3)
        flat: list[NDArray[np.float32]] = []
        end = 0
        for i, material in enumerate(scan.materials):
            if material.texture is None:
                continue
            alpha = np.full(material.texture.shape[:2], 255, np.uint8) if material.alpha is None else material.alpha
            rgba: NDArray[Any] = np.dstack([material.texture, alpha])
            shrink = self._reduction(scan, i, rgba.shape[:2], pixels_per_unit)
            if shrink > 1:
                size = (max(1, rgba.shape[1] // shrink), max(1, rgba.shape[0] // shrink))
                rgba = cv2.resize(rgba, size, interpolation=cv2.INTER_AREA)
            self.offset[i], self.height[i], self.width[i] = end, rgba.shape[0], rgba.shape[1]
            texels = np.empty((rgba.shape[0] * rgba.shape[1], 4), np.float32)
            texels[:, :3] = LINEAR_OF_BYTE[rgba[..., :3].reshape(-1, 3)]
            texels[:, 3] = rgba[..., 3].ravel() * np.float32(1 / 255)
            flat.append(texels)
            end += len(texels)
        self.texels = np.concatenate(flat) if flat else np.zeros((1, 4), np.float32)  # (texels, 4) linear RGB, alpha

    @staticmethod
    def _reduction(scan: Scan, material: int, shape: tuple[int, int], pixels_per_unit: float) -> int:
        """Power of two by which a texture is finer than the render, from areas on the surface and in the texture."""
        faces = scan.faces[scan.material == material]
        corners, uv = scan.vertices[faces], scan.uv[faces]
        area = 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
        a, b = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
        texels = 0.5 * np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) * shape[0] * shape[1]
        pixels = area.sum() * pixels_per_unit**2
        ratio = np.sqrt(texels.sum() / pixels) if pixels > 0 else 1.0
        return int(2 ** max(0, np.floor(np.log2(max(ratio, 1.0)) + 0.25)))

    def sample(self, face: NDArray[np.integer], weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Linear base colour (N, 3) at `face` (N,) with barycentric `weights` (N, 3)."""
        corners = self.scan.faces[face]  # (N, 3)
        material = self.scan.material[face]
        if self.vertex_colour is None:
            colour = np.ones((len(face), 3), np.float32)
        else:
            colour = self.vertex_colour[corners[:, 0]] * weights[:, 0:1]  # (N, 3)
            colour += self.vertex_colour[corners[:, 1]] * weights[:, 1:2]
            colour += self.vertex_colour[corners[:, 2]] * weights[:, 2:3]
        textured = np.flatnonzero(self.textured[material])
        if len(textured):
            uv = self._uv(corners[textured], weights[textured])
            colour[textured] *= self._bilinear(material[textured], uv)[:, :3]
        result: NDArray[np.float32] = colour * self.factor[material]
        return result

    def solid(self, face: NDArray[np.integer], weights: NDArray[np.float32]) -> NDArray[np.bool_]:
        """(N,) whether the surface is there at all, by alpha against the material's cutoff."""
        material = self.scan.material[face]
        solid = np.ones(len(face), bool)
        holed = np.flatnonzero(self.masked[material])
        if len(holed):
            uv = self._uv(self.scan.faces[face[holed]], weights[holed])
            solid[holed] = self._bilinear(material[holed], uv)[:, 3] >= self.cutoff[material[holed]]
        return solid

    @cached_property
    def solid_faces(self) -> NDArray[np.integer]:
        """(F', 3) the scan's faces, without hair cards and lashes that are mostly holes.

        Those neither cast a solid shadow nor enclose a volume.
        """
        faces: NDArray[np.integer] = self.scan.faces[self.solid_rows]
        return faces

    @cached_property
    def solid_rows(self) -> NDArray[np.integer]:
        """(F',) which of the scan's faces `solid_faces` are."""
        return np.flatnonzero(self.face_coverage() > 0.5)

    def face_coverage(self) -> NDArray[np.float32]:
        """(F,) mean coverage of each face, from seven places on it."""
        result = np.ones(len(self.scan.faces), np.float32)
        holed = np.flatnonzero(self.masked[self.scan.material])
        if len(holed):
            places = np.array(
                [[1, 1, 1], [4, 1, 1], [1, 4, 1], [1, 1, 4], [2, 2, 0.5], [2, 0.5, 2], [0.5, 2, 2]], np.float32
            )
            places /= places.sum(axis=1, keepdims=True)
            total = np.zeros(len(holed), np.float32)
            for place in places:
                total += self.solid(holed, np.broadcast_to(place, (len(holed), 3)))
            result[holed] = total / len(places)
        return result

    def _uv(self, corners: NDArray[np.integer], weights: NDArray[np.float32]) -> NDArray[np.float32]:
        uv = self.scan.uv
        result: NDArray[np.float32] = uv[corners[:, 0]] * weights[:, 0:1]
        result += uv[corners[:, 1]] * weights[:, 1:2]
        result += uv[corners[:, 2]] * weights[:, 2:3]
        return result

    def _bilinear(self, material: NDArray[np.integer], uv: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, 4) linear RGB and alpha, beyond the texture's edges as its material says."""
        width, height, offset = self.width[material], self.height[material], self.offset[material]
        x = uv[:, 0] * width - 0.5
        y = (1 - uv[:, 1]) * height - 0.5
        x0, y0 = np.floor(x), np.floor(y)
        fx, fy = (x - x0).astype(np.float32)[:, None], (y - y0).astype(np.float32)[:, None]
        left, top = x0.astype(np.int64), y0.astype(np.int64)
        if self.all_repeat:
            left, top = left % width, top % height
            right, bottom = (left + 1) % width, (top + 1) % height
        else:
            across, down = self.wrap[material].T
            left, right = wrapped(left, width, across), wrapped(left + 1, width, across)
            top, bottom = wrapped(top, height, down), wrapped(top + 1, height, down)
        rows = (offset + top * width, offset + bottom * width)
        texels = self.texels
        upper = texels[rows[0] + left] * (1 - fx) + texels[rows[0] + right] * fx
        lower = texels[rows[1] + left] * (1 - fx) + texels[rows[1] + right] * fx
        bilinear: NDArray[np.float32] = upper * (1 - fy) + lower * fy
        return bilinear
