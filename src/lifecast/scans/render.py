"""Orthographic views of a normalised person: colour, coverage, true front and back normals, depth.

Rays go only through the person's bounding box, one through every pixel centre from the front and one from the back
along the same line; pixels where neighbours disagree (silhouettes, an arm before the chest) get eight rays instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lifecast.scans.lighting import harmonics
from lifecast.scans.normalise import CM
from lifecast.scans.read import Scan
from lifecast.scans.texels import TexelPool
from lifecast.scans.transfer import build_scene

NEAR = 4.0
"""Rays start this far from the middle; the person spans about 1.5."""
LAYERS = 12
"""Transparent texels that one ray may pass."""
ROOKS = np.array([[-7, -3], [-5, 3], [-3, -7], [-1, 5], [1, -5], [3, 7], [5, -1], [7, 1]], np.float32) / 16
"""Eight sub-pixel positions, no two in one row or column of an 8x8 grid (pixels)."""


def view_rotation(yaw: float, elevation: float) -> NDArray[np.float64]:
    """(3, 3) R with p_view = R p: turns the person by `yaw` degrees about +y, then tilts the top toward the camera by
    `elevation` degrees (a camera that looks down from there)."""
    y, e = np.radians(yaw), np.radians(elevation)
    turn = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    tilt = np.array([[1, 0, 0], [0, np.cos(e), -np.sin(e)], [0, np.sin(e), np.cos(e)]])
    return tilt @ turn


@dataclass
class Hits:
    """Where rays met the surface; arrays are over all rays cast."""

    face: NDArray[np.int32]
    """(N,) -1 where the ray met nothing."""
    weights: NDArray[np.float32]
    """(N, 3) barycentric."""
    depth: NDArray[np.float32]
    """(N,) view z of the hit; nan where none."""
    outside: NDArray[np.bool_]
    """(N,) the ray met the face's front side."""


@dataclass
class Look:
    """How light becomes pixel values in one view; the draws that make renders resemble photographs."""

    light: NDArray[np.float32]
    """(9, 3) coefficients in view space, mean radiance about 1."""
    exposure: float = 1.0
    gamma: float = 1.0
    sheen: float = 0.0
    """Strength of the rough specular term."""


@dataclass
class View:
    """One rendered view, all (S, S); see PLAN of the dataset on disk."""

    colour: NDArray[np.uint8]
    """(S, S, 3) sRGB, straight (not multiplied by coverage), carried on beyond the silhouette."""
    mask: NDArray[np.uint8]
    """(S, S) coverage * 255."""
    front: NDArray[np.uint8]
    """(S, S, 3) (n + 1) / 2 of the nearest surface."""
    back: NDArray[np.uint8]
    """(S, S, 3) of the farthest surface on the same line of sight, z mostly negative."""
    front_depth: NDArray[np.float16]
    """(S/4, S/4) view z, nan outside."""
    back_depth: NDArray[np.float16]


class Renderer:
    """All views of one person.

    Parameters
    ----------
    scan
        In normalised space.
    normals
        (V, 3) unit vertex normals.
    transfer
        (V, 9) from `vertex_transfer`; None renders unshadowed.
    size
        Pixels of the square views.
    """

    def __init__(
        self, scan: Scan, normals: NDArray[np.float32], transfer: NDArray[np.float32], size: int
    ) -> None:
        self.scan, self.normals, self.transfer, self.size = scan, normals, transfer, size
        self.texels = TexelPool(scan, size / 2)
        self.scene = build_scene(scan.vertices, scan.faces)
        self.holed = bool(self.texels.masked.any())

    def shift(self, rotation: NDArray[np.float64]) -> NDArray[np.float64]:
        """(2,) that centres the turned person's bounding box in the picture."""
        turned = self.scan.vertices @ rotation[:2].T.astype(np.float32)
        return -(turned.min(axis=0) + turned.max(axis=0)).astype(np.float64) / 2

    def cast(
        self, xy: NDArray[np.float32], rotation: NDArray[np.float64], shift: NDArray[np.float64], from_back: bool
    ) -> Hits:
        """Rays at view positions `xy` (N, 2), from +z toward -z or the other way round."""
        sign = -1.0 if from_back else 1.0
        count = len(xy)
        origins = np.empty((count, 3), np.float32)
        origins[:, :2] = xy - shift.astype(np.float32)
        origins[:, 2] = sign * NEAR
        origins = np.ascontiguousarray(origins @ rotation.astype(np.float32))  # R^T applied to rows
        direction = np.ascontiguousarray((rotation.T @ [0, 0, -sign])[None].astype(np.float32))
        raw = self.scene.run(origins, direction, query="INTERSECT", output=1)
        face, u, v, t = raw["primID"], raw["u"], raw["v"], raw["tfar"]
        facing = raw["Ng"] @ direction[0]
        if self.holed:
            self._pass_holes(origins, direction, face, u, v, t, facing)
        hit = face >= 0
        weights = np.stack([1 - u - v, u, v], axis=1).astype(np.float32)
        depth = np.where(hit, sign * (NEAR - t), np.nan).astype(np.float32)
        return Hits(face, weights, depth, facing < 0)

    def _pass_holes(self, origins, direction, face, u, v, t, facing) -> None:  # type: ignore[no-untyped-def]
        """Let rays that met a transparent texel go on to what lies behind it; the arrays are changed in place."""
        live = np.flatnonzero(face >= 0)
        for _ in range(LAYERS):
            live = live[self.texels.masked[self.scan.material[face[live]]]]
            if len(live) == 0:
                return
            weights = np.stack([1 - u[live] - v[live], u[live], v[live]], axis=1)
            live = live[~self.texels.coverage(face[live], weights)]
            if len(live) == 0:
                return
            travelled = t[live] + np.float32(2e-5)
            raw = self.scene.run(
                np.ascontiguousarray(origins[live] + travelled[:, None] * direction), direction,
                query="INTERSECT", output=1,
            )  # fmt: skip
            face[live], u[live], v[live] = raw["primID"], raw["u"], raw["v"]
            t[live], facing[live] = raw["tfar"] + travelled, raw["Ng"] @ direction[0]
            live = live[face[live] >= 0]
        face[live] = -1

    def interpolated_normals(self, hits: Hits, chosen: NDArray[np.integer], rotation: NDArray[np.float64]) -> NDArray[np.float32]:
        """(n, 3) view-space unit normals at the chosen hits, turned toward the ray where it met a sheet's inside."""
        corners = self.scan.faces[hits.face[chosen]]
        normals = np.einsum("nkc,nk->nc", self.normals[corners], hits.weights[chosen])
        normals = normals @ rotation.T.astype(np.float32)
        normals[~hits.outside[chosen]] *= -1
        return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)

    def radiance(self, rotation: NDArray[np.float64], look: Look) -> NDArray[np.float32]:
        """(V, 3) what a white surface would send from each vertex."""
        # Light turned into the person's frame instead of turning all transfer vectors.
        from lifecast.scans.lighting import rotate

        own = rotate(look.light, rotation.T)
        return np.maximum(self.transfer @ own, 0.01)

    def render(self, rotation: NDArray[np.float64], shift: NDArray[np.float64], look: Look) -> View:
        """One view."""
        size = self.size
        turned = self.scan.vertices @ rotation[:2].T.astype(np.float32) + shift.astype(np.float32)
        low, high = turned.min(axis=0), turned.max(axis=0)
        pixel = 2.0 / size
        x0 = max(0, int(np.floor((low[0] + 1) / pixel)) - 1)
        x1 = min(size, int(np.ceil((high[0] + 1) / pixel)) + 1)
        y0 = max(0, int(np.floor((1 - high[1]) / pixel)) - 1)
        y1 = min(size, int(np.ceil((1 - low[1]) / pixel)) + 1)
        columns = (-1 + (2 * np.arange(x0, x1) + 1) / size).astype(np.float32)
        rows = (1 - (2 * np.arange(y0, y1) + 1) / size).astype(np.float32)
        height, width = len(rows), len(columns)
        xy = np.stack(np.broadcast_arrays(columns[None, :], rows[:, None]), axis=-1).reshape(-1, 2)

        front, back = (self.cast(xy, rotation, shift, side) for side in (False, True))
        radiance = self.radiance(rotation, look)
        edge_front = self._edges(front, height, width)
        edge_back = self._edges(back, height, width)

        colour, normal_front, mask = self._resolve(front, edge_front, xy, rotation, shift, False, radiance, look)
        _, normal_back, _ = self._resolve(back, edge_back, xy, rotation, shift, True, None, look)

        box = (slice(y0, y1), slice(x0, x1))
        full_mask = np.zeros((size, size), np.uint8)
        full_mask[box] = np.round(mask * 255).astype(np.uint8).reshape(height, width)
        maps = []
        for normals in (normal_front, normal_back):
            whole = np.full((size, size, 3), 128, np.uint8)
            whole[box] = np.round((normals + 1) * 127.5).astype(np.uint8).reshape(height, width, 3)
            maps.append(whole)
        whole_colour = self._developed(colour.reshape(height, width, 3), mask.reshape(height, width), look, box)
        depths = self._depths(rotation, shift, box)
        return View(whole_colour, full_mask, maps[0], maps[1], *depths)

    def _edges(self, hits: Hits, height: int, width: int) -> NDArray[np.integer]:
        """Flat indices of pixels whose neighbourhood spans a silhouette or a jump in depth of over 1.5 cm."""
        depth = np.where(hits.face >= 0, hits.depth, -10.0).reshape(height, width).astype(np.float32)
        kernel = np.ones((3, 3), np.uint8)
        jump = cv2.dilate(depth, kernel) - cv2.erode(depth, kernel)
        # A steep flank is no edge: at 45 degrees the depth changes by two pixels over the 3x3 window.
        return np.flatnonzero(jump > max(1.5 * CM, 8.0 / self.size))

    def _resolve(self, hits, edges, xy, rotation, shift, from_back, radiance, look):  # type: ignore[no-untyped-def]
        """Colour (N, 3) linear, normals (N, 3) (0 outside) and coverage (N,) per pixel, supersampled at `edges`."""
        count = len(xy)
        inside = hits.face >= 0
        mask = inside.astype(np.float32)
        inside[edges] = False
        plain = np.flatnonzero(inside)
        normals = np.zeros((count, 3), np.float32)
        normals[plain] = self.interpolated_normals(hits, plain, rotation)
        colour = np.zeros((count, 3), np.float32)
        if radiance is not None:
            colour[plain] = self._shade(hits, plain, normals[plain], radiance, look)
        if len(edges) == 0:
            return colour, normals, mask
        fine = (xy[edges][:, None] + ROOKS * np.float32(2 / self.size)).reshape(-1, 2)  # (E * 8, 2)
        sub = self.cast(fine, rotation, shift, from_back)
        met = np.flatnonzero(sub.face >= 0)
        owner = met // len(ROOKS)
        share = np.bincount(owner, minlength=len(edges)).astype(np.float32)
        fine_normals = self.interpolated_normals(sub, met, rotation)

        def gathered(values):  # type: ignore[no-untyped-def]
            return np.stack([np.bincount(owner, values[:, i], len(edges)) for i in range(3)], axis=1)

        summed = gathered(fine_normals)
        normals[edges] = summed / np.maximum(np.linalg.norm(summed, axis=1, keepdims=True), 1e-6)
        mask[edges] = share / len(ROOKS)
        if radiance is not None:
            shaded = self._shade(sub, met, fine_normals, radiance, look)
            colour[edges] = gathered(shaded) / np.maximum(share, 1)[:, None]
        return colour, normals, mask

    def _shade(self, hits, chosen, normals, radiance, look):  # type: ignore[no-untyped-def]
        """(n, 3) linear colour of the chosen hits."""
        face, weights = hits.face[chosen], hits.weights[chosen]
        albedo, _ = self.texels.sample(face, weights)
        arriving = np.einsum("nkc,nk->nc", radiance[self.scan.faces[face]], weights)
        return albedo * arriving

    def _developed(self, colour, mask, look, box):  # type: ignore[no-untyped-def]
        """Linear colour of the box -> (S, S, 3) sRGB bytes with exposure and a soft shoulder, dilated outside."""
        seen = mask > 0
        value = colour * np.float32(look.exposure)
        value = np.where(value > 0.7, 0.7 + 0.3 * np.tanh((value - 0.7) / 0.3), value)
        if look.gamma != 1:
            value = value ** np.float32(look.gamma)
        table = np.round(linear_table(value) * 1.0).astype(np.uint8)
        whole = np.full((self.size, self.size, 3), 127, np.uint8)
        if seen.any():
            table = _dilated(table, seen)
        whole[box] = table
        return whole

    def _depths(self, rotation, shift, box):  # type: ignore[no-untyped-def]
        """Front and back view z on a quarter of the resolution."""
        quarter = self.size // 4
        y0, y1 = box[0].start // 4, -(-box[0].stop // 4)
        x0, x1 = box[1].start // 4, -(-box[1].stop // 4)
        columns = -1 + (2 * np.arange(x0, x1) + 1) / quarter
        rows = 1 - (2 * np.arange(y0, y1) + 1) / quarter
        xy = np.stack(np.broadcast_arrays(columns[None, :], rows[:, None]), -1).reshape(-1, 2).astype(np.float32)
        maps = []
        for side in (False, True):
            whole = np.full((quarter, quarter), np.nan, np.float16)
            whole[y0:y1, x0:x1] = self.cast(xy, rotation, shift, side).depth.reshape(y1 - y0, x1 - x0)
            maps.append(whole)
        return maps


_ENCODE = None


def linear_table(value: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Linear [0, 1] -> sRGB bytes by a table of 4096 steps over the square root (even steps where the eye is fine)."""
    global _ENCODE
    if _ENCODE is None:
        from lifecast.scans.texels import linear_to_srgb

        _ENCODE = np.round(linear_to_srgb((np.arange(4096) / 4095) ** 2) * 255).astype(np.uint8)
    index = np.sqrt(np.clip(value, 0, 1)) * np.float32(4095) + np.float32(0.5)
    return _ENCODE[index.astype(np.int32)]


def _dilated(colour: NDArray[np.uint8], seen: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Every unseen pixel takes the colour of the nearest seen one."""
    _, labels = cv2.distanceTransformWithLabels(
        (~seen).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    of_label = np.zeros((labels.max() + 1, 3), np.uint8)
    of_label[labels[seen]] = colour[seen]
    return of_label[labels]
