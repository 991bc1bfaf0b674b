"""A z-buffer for orthographic triangles: the face that each pixel's line of sight meets.

The first one, or the last. Every face lists the pixel centres of its bounding box, all faces at once; the ones inside
compete for their pixel by depth in one scatter-maximum over packed (depth, face) keys. A reconstructed surface has
triangles of about a pixel, so hardly any listed centre is wasted, and there is no loop over faces.

`evaluation.raster` casts rays: this must run without Embree, know which way a face is turned and find last hits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Facing = Literal["camera", "away", "both"]
Keep = Literal["nearest", "farthest"]

DEPTH_STEPS = 2**31 - 2
"""Depth is compared in this many steps over the range of the mesh (64 bits hold depth and face)."""
EDGE = 1e-5
"""A pixel centre this far outside (in barycentric weight) still counts, so that shared edges leave no crack."""


@dataclass(frozen=True)
class Raster:
    """What each pixel's line of sight meets."""

    face: Tensor
    """(H, W) int64, index of the face, -1 where there is none."""
    weights: Tensor
    """(H, W, 3) float32 barycentric weights of the face's corners, 0 where there is none."""
    depth: Tensor
    """(H, W) float32 view-space z of the hit, -inf where there is none."""

    @property
    def covered(self) -> Tensor:
        """(H, W) bool."""
        return self.face >= 0

    def interpolate(self, faces: Tensor, values: Tensor) -> Tensor:
        """Interpolate values (V, C) of the vertices at the covered pixels: (covered, C).

        Pixels are in row-major order.
        """
        hit = self.covered
        corners = faces[self.face[hit]]  # (n, 3)
        weights = self.weights[hit]  # (n, 3)
        return sum(weights[:, k, None] * values[corners[:, k]] for k in range(3))  # type: ignore[return-value]


def to_pixels(vertices: Tensor, size: int) -> Tensor:
    """Convert view-space x, y (V, 2 or 3) to pixel units of a size x size image, (V, 2).

    x right, y down, edges at integers.
    """
    x = (vertices[:, 0] + 1) * (size / 2)
    y = (1 - vertices[:, 1]) * (size / 2)
    return torch.stack([x, y], 1)


def rasterize(
    vertices: Tensor,
    faces: Tensor,
    size: int,
    facing: Facing = "camera",
    keep: Keep = "nearest",
    chunk: int = 1 << 18,
) -> Raster:
    """Rasterise a mesh in view space on a size x size image that spans [-1, 1] in x and y.

    The camera is at +z. vertices: (V, 3) float32. faces: (F, 3) int64, counter-clockwise seen from outside. `facing`
    keeps the faces turned to the camera, away from it, or both; `keep` says which hit of a line of sight wins. `chunk`
    bounds the number of (face, pixel) pairs held at once, so that they stay in a cache. Of equal depths the higher face
    index wins, so that the result is repeatable.
    """
    device = vertices.device
    pixels = to_pixels(vertices, size)  # (V, 2)
    corners = [pixels[faces[:, k]] for k in range(3)]  # 3 x (F, 2)
    low = torch.minimum(torch.minimum(corners[0], corners[1]), corners[2])
    high = torch.maximum(torch.maximum(corners[0], corners[1]), corners[2])
    first = torch.ceil(low - 0.5).clamp_(min=0).to(torch.int32)  # first pixel centre inside the box
    last = torch.floor(high - 0.5).clamp_(max=size - 1).to(torch.int32)
    extent = (last - first + 1).clamp_(min=0)  # (F, 2)
    ab, ac = corners[1] - corners[0], corners[2] - corners[0]
    area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]  # negative toward the camera, because y points down
    wanted = area != 0
    if facing != "both":
        wanted = area < 0 if facing == "camera" else area > 0
    count = extent[:, 0].long() * extent[:, 1] * wanted
    kept = torch.nonzero(count)[:, 0]
    count, first, width = count[kept], first[kept], extent[kept, 0]
    origin, ab, ac, area = corners[0][kept], ab[kept], ac[kept], area[kept]
    # Weight of corner b, (d x ac) / area, and of c, (ab x d) / area: linear in the pixel. A row of the table holds both
    # at the face's first pixel, and their steps along a row and down a column, so that a pixel gathers only once.
    across = torch.stack([ac[:, 1], -ab[:, 1]], 1) / area[:, None]  # (F', 2)
    down = torch.stack([-ac[:, 0], ab[:, 0]], 1) / area[:, None]
    start = first + 0.5 - origin
    depth = vertices[:, 2]
    z = depth[faces[kept]]  # (F', 3)
    planes = torch.cat([start[:, :1] * across + start[:, 1:] * down, across, down], 1)  # (F', 6)
    near, far = (depth.max(), depth.min()) if len(depth) else (depth.new_ones(()), depth.new_zeros(()))
    scale = DEPTH_STEPS / (near - far).double().clamp(min=1e-12)
    best = torch.full((size * size,), -1, dtype=torch.int64, device=device)

    def weigh(plane: Tensor, column: Tensor, row: Tensor) -> tuple[Tensor, Tensor]:
        """Compute weights (n,) of corners b and c at pixels, from rows of the table.

        Pixels are counted from their faces' first ones.
        """
        right, below = column.float(), row.float()
        b = plane[:, 0].addcmul(right, plane[:, 2]).addcmul_(below, plane[:, 4])
        c = plane[:, 1].addcmul(right, plane[:, 3]).addcmul_(below, plane[:, 5])
        return b, c

    ends = torch.cumsum(count, 0)
    begin = 0
    while begin < len(kept):
        done = int(ends[begin - 1]) if begin else 0
        end = max(begin + 1, int(torch.searchsorted(ends, done + chunk, right=True)))
        n = count[begin:end]
        index = torch.repeat_interleave(torch.arange(begin, end, device=device), n)
        local = torch.arange(len(index), dtype=torch.int32, device=device)
        local -= torch.repeat_interleave((ends[begin:end] - n - done).int(), n)
        wide = torch.repeat_interleave(width[begin:end], n)
        row = torch.div(local, wide, rounding_mode="floor")
        column = local - row * wide
        plane = planes.index_select(0, index)
        b, c = weigh(plane, column, row)
        inside = torch.nonzero((b >= -EDGE) & (c >= -EDGE) & (b + c <= 1 + EDGE))[:, 0]
        index, b, c, row, column = (v.index_select(0, inside) for v in (index, b, c, row, column))
        corner = z.index_select(0, index)
        hit = corner[:, 0].addcmul(b, corner[:, 1] - corner[:, 0]).addcmul_(c, corner[:, 2] - corner[:, 0])
        step = ((hit - far).double() * scale if keep == "nearest" else (near - hit).double() * scale).long()
        key = (step.clamp_(0, DEPTH_STEPS) << 32) | index
        corner = first.index_select(0, index)
        pixel = (row + corner[:, 1]) * size + column + corner[:, 0]
        best.scatter_reduce_(0, pixel.long(), key, "amax")
        begin = end

    covered = torch.nonzero(best >= 0)[:, 0]
    winner = best.index_select(0, covered) & 0xFFFFFFFF
    row = torch.div(covered.int(), size, rounding_mode="floor")
    corner = first.index_select(0, winner)
    b, c = weigh(planes.index_select(0, winner), covered.int() - row * size - corner[:, 0], row - corner[:, 1])
    face = torch.full((size * size,), -1, dtype=torch.int64, device=device)
    face[covered] = kept.index_select(0, winner)
    hit_weights = torch.stack([1 - b - c, b, c], 1)
    weights = torch.zeros(size * size, 3, device=device)
    weights[covered] = hit_weights
    found = torch.full((size * size,), -torch.inf, device=device)
    found[covered] = (z.index_select(0, winner) * hit_weights).sum(1)
    return Raster(face.view(size, size), weights.view(size, size, 3), found.view(size, size))
