"""Orthographic views of a normalised person: colour, coverage, normals, depth.

The normals are the true front and back ones. Rays go only through the person's bounding box, one through every pixel
centre from the front and one from the back along the same line; pixels where neighbours disagree (silhouettes, an arm
before the chest) get eight rays instead.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import cv2
import numpy as np
from embreex.rtcore_scene import EmbreeScene
from numpy.typing import NDArray

from lifecast.scans.grouping import sums_by_group, thin_product, unit_length
from lifecast.scans.lighting import DIFFUSE, harmonics, rotate
from lifecast.scans.normalise import CM
from lifecast.scans.rays import Hits, LineOfSight, build_scene
from lifecast.scans.rendered_view import View
from lifecast.scans.scan import Scan
from lifecast.scans.shading import SUN_RAYS, Look, cone, develop, sheen
from lifecast.scans.texels import TexelPool
from lifecast.scans.transfer import vertex_transfer
from lifecast.scans.view_frame import Frame
from lifecast.space.parsing import NOTHING

ROOKS = (np.array([[-7, -3], [-5, 3], [-3, -7], [-1, 5], [1, -5], [3, 7], [5, -1], [7, 1]]) / 16).astype(np.float32)
"""Eight sub-pixel positions, no two in one row or column of an 8x8 grid (pixels)."""
INNER = np.float32(0.6)
"""Light on the inner side of an open sheet, as a share of that on its outer side."""


def view_rotation(yaw: float, elevation: float) -> NDArray[np.float64]:
    """Make the rotation R (3, 3) of a view, p_view = R p.

    It turns the person by `yaw` degrees about +y, then tilts the head toward the camera by `elevation` degrees (a
    camera above, pointing down).
    """
    y, e = np.radians(yaw), np.radians(elevation)
    turn = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    tilt = np.array([[1, 0, 0], [0, np.cos(e), -np.sin(e)], [0, np.sin(e), np.cos(e)]])
    result: NDArray[np.float64] = tilt @ turn
    return result


@dataclass
class _Side:
    """The nearest surface seen from one side, per pixel of the box (N)."""

    mask: NDArray[np.float32]
    normals: NDArray[np.float32]
    colour: NDArray[np.float32] | None
    parsing: NDArray[np.uint8] | None


class Renderer:
    """All views of one person.

    Parameters
    ----------
    scan
        In normalised space.
    normals
        (V, 3) unit vertex normals.
    size
        Pixels S of the square views.
    transfer
        (V, 9) from `vertex_transfer`; None: nothing casts a shadow.
    occluders
        What a lamp's shadow rays are tested against; None: the whole scan.
    gloss
        (materials,) 0..1, how much of the sheen each material shows; None: none.
    texels
        Of the same scan in another pose; None: made here.
    parsing
        (F,) uint8, the `Part` that each face belongs to; None: views have no parsing maps.
    """

    def __init__(
        self,
        scan: Scan,
        normals: NDArray[np.float32],
        size: int,
        transfer: NDArray[np.float32] | None = None,
        occluders: EmbreeScene | None = None,
        gloss: NDArray[np.float32] | None = None,
        texels: TexelPool | None = None,
        parsing: NDArray[np.uint8] | None = None,
    ) -> None:
        self.scan, self.normals, self.size = scan, normals, size
        self.texels = TexelPool(scan, size / 2) if texels is None else texels
        self.sight = LineOfSight(scan, self.texels)
        self.unshadowed = harmonics(normals) * DIFFUSE  # (V, 9)
        self.transfer = self.unshadowed if transfer is None else transfer
        self.occluders = self.sight.scene if occluders is None else occluders
        self.gloss = np.zeros(len(scan.materials), np.float32) if gloss is None else gloss
        self.parsing = parsing
        self.half = 1.0
        """Half the side of the pictures, view units."""

    @property
    def pixel(self) -> float:
        """Width of a pixel, view units."""
        return 2 * self.half / self.size

    def close(self, half: float, size: int, texels: TexelPool) -> Renderer:
        """Make a renderer of the same person whose pictures of `size` pixels span [-half, half] of view space.

        texels: of the same scan, for `size / (2 * half)` pixels a unit.
        """
        result = copy.copy(self)
        result.half, result.size, result.texels = half, size, texels
        return result

    def cast_shadows(self, rays: int, seed: int) -> None:
        """Let the person's solid faces block light from here on, by `rays` visibility rays a vertex."""
        solid = self.texels.solid_faces
        if len(solid) < len(self.scan.faces):
            self.occluders = build_scene(self.scan.vertices, solid)
        self.transfer = vertex_transfer(
            self.occluders, self.scan.vertices, self.scan.faces, self.normals, rays, seed=seed
        )

    def shift(self, rotation: NDArray[np.float64]) -> NDArray[np.float64]:
        """(2,) that centres the turned person's bounding box in the picture."""
        turned = thin_product(self.scan.vertices, rotation[:2].T)
        result: NDArray[np.float64] = -(turned.min(axis=0) + turned.max(axis=0)).astype(np.float64) / 2
        return result

    def render(self, rotation: NDArray[np.float64], shift: NDArray[np.float64], look: Look) -> View:
        """One view, p_view = rotation @ p + (shift, 0)."""
        frame = self._frame(rotation, shift)
        front, met = self._side(frame, False, look, None)
        back, _ = self._side(frame, True, None, met)
        size, box = self.size, (frame.rows, frame.columns)
        colour, mask = self._developed(frame, front, look)
        maps = []
        for side in (front, back):
            whole = np.full((size, size, 3), 128, np.uint8)
            whole[box] = (side.normals * np.float32(127.5) + np.float32(128)).astype(np.uint8).reshape(*frame.shape, 3)
            maps.append(whole)
        parsing = None
        if front.parsing is not None and back.parsing is not None:
            parsing = np.full((2, size, size), NOTHING, np.uint8)
            parsing[(slice(None), *box)] = np.stack([front.parsing, back.parsing]).reshape(2, *frame.shape)
        return View(colour, mask, maps[0], maps[1], self._depth(frame, False), self._depth(frame, True), parsing)

    def picture(
        self, rotation: NDArray[np.float64], shift: NDArray[np.float64], look: Look
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Colour (S, S, 3) and mask (S, S) of `render`, without the maps."""
        frame = self._frame(rotation, shift)
        return self._developed(frame, self._side(frame, False, look, None)[0], look)

    def _developed(self, frame: Frame, front: _Side, look: Look) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Colour (S, S, 3) and mask (S, S) as bytes."""
        size, box = self.size, (frame.rows, frame.columns)
        mask = np.zeros((size, size), np.uint8)
        mask[box] = np.round(front.mask * 255).astype(np.uint8).reshape(frame.shape)
        assert front.colour is not None
        bytes_ = develop(front.colour, look.exposure, look.gamma).reshape(*frame.shape, 3)
        colour = np.full((size, size, 3), 127, np.uint8)
        colour[box] = dilated(bytes_, mask[box] > 0)
        return colour, mask

    def _frame(self, rotation: NDArray[np.float64], shift: NDArray[np.float64]) -> Frame:
        """The bounding box of the projected person, with a pixel to spare."""
        turned = thin_product(self.scan.vertices, rotation[:2].T) + shift.astype(np.float32)
        low = np.floor((turned.min(axis=0) + self.half) / self.pixel).astype(int) - 1
        high = np.ceil((turned.max(axis=0) + self.half) / self.pixel).astype(int) + 1
        low, high = np.clip(low, 0, self.size), np.clip(high, 0, self.size)
        return Frame(rotation, shift, slice(self.size - high[1], self.size - low[1]), slice(low[0], high[0]))

    def _side(
        self, frame: Frame, from_back: bool, look: Look | None, met_before: NDArray[np.integer] | None
    ) -> tuple[_Side, NDArray[np.integer]]:
        """Coverage, normals and (with a look) linear colour of the box's pixels, supersampled where they change.

        `met_before` are the pixels whose line of sight met the person from the other side (and returned with the
        side): the others need no ray from this one.
        """
        xy = frame.centres(self.size, self.half)
        if met_before is None:
            hits = self.sight.cast(xy, frame.rotation, frame.shift, from_back)
        else:
            some = self.sight.cast(xy[met_before], frame.rotation, frame.shift, from_back)
            hits = some.spread(met_before, len(xy))
        edges = self._edges(hits, frame.shape)
        plain = hits.face >= 0
        mask = plain.astype(np.float32)
        plain[edges] = False
        chosen = np.flatnonzero(plain)
        normals = np.zeros((len(xy), 3), np.float32)
        normals[chosen] = self._normals_at(hits, chosen, frame.rotation)
        fine_xy = (xy[edges, None] + ROOKS * np.float32(self.pixel)).reshape(-1, 2)  # (E * 8, 2)
        fine = self.sight.cast(fine_xy, frame.rotation, frame.shift, from_back)
        met = np.flatnonzero(fine.face >= 0)
        owner = met // len(ROOKS)
        share = np.bincount(owner, minlength=len(edges)).astype(np.float32)
        mask[edges] = share / len(ROOKS)
        fine_normals = self._normals_at(fine, met, frame.rotation)
        normals[edges] = unit_length(sums_by_group(fine_normals, owner, len(edges)))
        whole = np.flatnonzero(hits.face >= 0)
        parsing = None
        if self.parsing is not None:  # of pixels' centres: parts do not mix
            parsing = np.full(len(xy), NOTHING, np.uint8)
            parsing[whole] = self.parsing[hits.face[whole]]
        if look is None:
            return _Side(mask, normals, None, parsing), whole
        radiance = self._radiance(frame.rotation, look)
        lit, level = self._lit(hits, chosen, xy, normals[chosen], frame, radiance, look, SUN_RAYS)
        fine_lit, _ = self._lit(fine, met, fine_xy, fine_normals, frame, radiance, look, 1)
        colour = np.zeros((len(xy), 3), np.float32)
        colour[chosen] = lit
        colour[edges] = sums_by_group(fine_lit, owner, len(edges)) / np.maximum(share, 1)[:, None]
        # A camera's exposure follows the light: without, back-lit people would be black.
        colour /= np.float32(max(level, 1e-3) ** 0.85)
        return _Side(mask, normals, colour, parsing), whole

    def _edges(self, hits: Hits, shape: tuple[int, int]) -> NDArray[np.integer]:
        """Flat indices of pixels whose 3x3 neighbourhood spans a silhouette or a jump in depth."""
        depth = np.where(hits.face >= 0, hits.depth, np.float32(-10)).reshape(shape)
        kernel = np.ones((3, 3), np.uint8)
        jump = cv2.dilate(depth, kernel) - cv2.erode(depth, kernel)
        # Over a flank inclined by 60 degrees, depth changes by 3.5 pixels within the window: that is no jump.
        return np.flatnonzero(jump > max(2.5 * CM * self.half, 4 * self.pixel))

    def _normals_at(
        self, hits: Hits, chosen: NDArray[np.integer], rotation: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """(n, 3) view-space unit normals; where a ray met the inside of an open sheet, turned toward the ray."""
        corners = self.scan.faces[hits.face[chosen]]
        normals = thin_product(_interpolated(self.normals, corners, hits.weights(chosen)), rotation.T)
        normals[~hits.outside[chosen]] *= -1
        return unit_length(normals)

    def _radiance(self, rotation: NDArray[np.float64], look: Look) -> NDArray[np.float32]:
        """(V, 4) what a white surface at each vertex sends under the environment (RGB), and how open it lies (0..1)."""
        own = rotate(look.light, rotation.T)  # the light in the person's frame, instead of turning all the transfer
        mixed = np.zeros((18, 4), np.float32)
        mixed[:9, :3], mixed[9:, :3] = (1 - look.bounce) * own, look.bounce * own
        mixed[0, 3] = 1 / 0.28209479
        sent = thin_product(self.transfer, mixed[:9])
        if look.bounce:
            sent += thin_product(self.unshadowed, mixed[9:])
        return np.maximum(sent, np.float32(0.01), out=sent)

    def _lit(
        self,
        hits: Hits,
        chosen: NDArray[np.integer],
        xy: NDArray[np.float32],
        normals: NDArray[np.float32],
        frame: Frame,
        radiance: NDArray[np.float32],
        look: Look,
        sun_rays: int,
    ) -> tuple[NDArray[np.float32], float]:
        """Linear colour (n, 3) of the chosen hits, and the mean light on them."""
        face, weights = hits.face[chosen], hits.weights(chosen)
        arriving = _interpolated(radiance, self.scan.faces[face], weights)  # (n, 4)
        light, openness = arriving[:, :3], arriving[:, 3:]
        light[~hits.outside[chosen]] *= INNER
        if look.sun is not None and look.sun_colour is not None:
            light += self._sunlight(hits, chosen, xy, normals, frame, look, sun_rays)[:, None] * look.sun_colour
        level = float(light[:, 1].mean()) if len(light) else 1.0
        colour = self.texels.sample(face, weights)
        colour *= light
        gloss = (look.sheen * self.gloss)[self.scan.material[face]]
        if gloss.any():
            colour += gloss[:, None] * openness * sheen(normals, look)
        return colour, level

    def _sunlight(
        self,
        hits: Hits,
        chosen: NDArray[np.integer],
        xy: NDArray[np.float32],
        normals: NDArray[np.float32],
        frame: Frame,
        look: Look,
        rays: int,
    ) -> NDArray[np.float32]:
        """(n,) cosine times visibility of the view's lamp."""
        assert look.sun is not None
        cosine = np.maximum(thin_product(normals, look.sun[:, None])[:, 0], 0)
        lit = np.flatnonzero(cosine > 0)
        place = np.empty((len(lit), 3), np.float32)
        place[:, :2] = xy[chosen[lit]] - frame.shift.astype(np.float32)
        place[:, 2] = hits.depth[chosen[lit]]
        origins = thin_product(place + np.float32(3e-3) * normals[lit], frame.rotation)
        # Few rays, each a constant direction: banded penumbrae instead of grain, and coherent (fast) rays.
        directions = cone(look.sun, look.sun_radius if rays > 1 else 0.0, rays, np.random.default_rng(0))
        visible = np.zeros(len(lit), np.float32)
        for direction in directions @ frame.rotation.astype(np.float32):
            visible += self.occluders.run(origins, np.ascontiguousarray(direction[None]), query="OCCLUDED") == -1
        cosine[lit] *= visible / rays
        return cosine

    def _depth(self, frame: Frame, from_back: bool) -> NDArray[np.float16]:
        """(S/4, S/4) view z, from rays of its own (a mean over four pixels would invent depths at silhouettes)."""
        quarter = self.size // 4
        whole = np.full((quarter, quarter), np.nan, np.float16)
        y0, y1 = frame.rows.start // 4, -(-frame.rows.stop // 4)
        x0, x1 = frame.columns.start // 4, -(-frame.columns.stop // 4)
        hits = self.sight.cast(frame.centres(self.size, self.half, 4), frame.rotation, frame.shift, from_back)
        whole[y0:y1, x0:x1] = hits.depth.reshape(y1 - y0, x1 - x0)
        return whole


def _interpolated(
    values: NDArray[np.float32], corners: NDArray[np.integer], weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(n, C) of per-vertex `values` (V, C) at barycentric `weights` (n, 3) of the triangles `corners` (n, 3)."""
    result: NDArray[np.float32] = values[corners[:, 0]] * weights[:, 0:1]
    result += values[corners[:, 1]] * weights[:, 1:2]
    result += values[corners[:, 2]] * weights[:, 2:3]
    return result


def dilated(colour: NDArray[np.uint8], visible: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Give every hidden pixel (h, w, 3) the colour of the nearest visible one.

    JPEG and resizing mix across the rim.
    """
    if not visible.any():
        return colour
    _, labels = cv2.distanceTransformWithLabels(
        (~visible).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    of_label = np.zeros((int(labels.max()) + 1, 3), np.uint8)
    of_label[labels[visible]] = colour[visible]
    result: NDArray[np.uint8] = of_label[labels]
    return result
