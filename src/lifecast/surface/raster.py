"""A z-buffer for orthographic triangles: which face each pixel's line of sight meets first (or last).

Every face lists the pixel centres of its bounding box, all faces at once; the ones inside compete for their pixel by
depth in one scatter-maximum over packed (depth, face) keys. A reconstructed surface has triangles of about a
pixel, so hardly any listed centre is wasted, and there is no loop over faces.
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
    """What each pixel sees."""

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
        """Values (V, C) of the vertices at the covered pixels, in row-major order: (covered, C)."""
        hit = self.covered
        corners = faces[self.face[hit]]  # (n, 3)
        weights = self.weights[hit]  # (n, 3)
        return sum(weights[:, k, None] * values[corners[:, k]] for k in range(3))  # type: ignore[return-value]


def to_pixels(vertices: Tensor, size: int) -> Tensor:
    """View-space x, y (V, 2 or 3) in pixel units of a size x size image, (V, 2): x right, y down, edges at integers."""
    x = (vertices[:, 0] + 1) * (size / 2)
    y = (1 - vertices[:, 1]) * (size / 2)
    return torch.stack([x, y], 1)


def rasterize(
    vertices: Tensor,
    faces: Tensor,
    size: int,
    facing: Facing = "camera",
    keep: Keep = "nearest",
    chunk: int = 4_000_000,
) -> Raster:
    """Rasterise a mesh in view space on a size x size image that spans [-1, 1] in x and y, seen from +z.

    vertices: (V, 3) float32. faces: (F, 3) int64, counter-clockwise seen from outside. `facing` keeps the faces turned
    to the camera, away from it, or both; `keep` says which hit of a line of sight wins. `chunk` bounds the number of
    (face, pixel) pairs held at once. Of equal depths the higher face index wins, so that the result is repeatable.
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
    count, first, width = count[kept], first[kept], extent[kept, 0].long()
    origin, ab, ac, area = corners[0][kept], ab[kept], ac[kept], area[kept]
    # weight of corner b is linear in the pixel: (d x ac) / area, of corner c: (ab x d) / area
    slope = torch.stack([ac[:, 1], -ac[:, 0], -ab[:, 1], ab[:, 0]], 1) / area[:, None]  # (F', 4)

    depth = vertices[:, 2]
    z = depth[faces[kept]]  # (F', 3)
    near, far = (depth.max(), depth.min()) if len(depth) else (depth.new_ones(()), depth.new_zeros(()))
    scale = DEPTH_STEPS / (near - far).double().clamp(min=1e-12)
    best = torch.full((size * size,), -1, dtype=torch.int64, device=device)

    def weigh(index: Tensor, column: Tensor, row: Tensor) -> tuple[Tensor, Tensor]:
        dx, dy = column + 0.5 - origin[index, 0], row + 0.5 - origin[index, 1]
        s = slope[index]
        return dx * s[:, 0] + dy * s[:, 1], dx * s[:, 2] + dy * s[:, 3]

    ends = torch.cumsum(count, 0)
    begin = 0
    while begin < len(kept):
        done = int(ends[begin - 1]) if begin else 0
        end = max(begin + 1, int(torch.searchsorted(ends, done + chunk, right=True)))
        n = count[begin:end]
        index = torch.repeat_interleave(torch.arange(begin, end, device=device), n)
        local = torch.arange(len(index), device=device) - (ends[begin:end] - n - done)[index - begin]
        row = torch.div(local, width[index], rounding_mode="floor")
        column = local - row * width[index] + first[index, 0]
        row = row + first[index, 1]
        b, c = weigh(index, column, row)
        inside = torch.nonzero((b >= -EDGE) & (c >= -EDGE) & (b + c <= 1 + EDGE))[:, 0]
        index, b, c = index[inside], b[inside], c[inside]
        hit = z[index, 0] + b * (z[index, 1] - z[index, 0]) + c * (z[index, 2] - z[index, 0])
        step = ((hit - far).double() * scale if keep == "nearest" else (near - hit).double() * scale).long()
        key = (step.clamp_(0, DEPTH_STEPS) << 32) | index
        best.scatter_reduce_(0, row[inside] * size + column[inside], key, "amax")
        begin = end

    covered = torch.nonzero(best >= 0)[:, 0]
    winner = best[covered] & 0xFFFFFFFF
    b, c = weigh(winner, covered % size, torch.div(covered, size, rounding_mode="floor"))
    face = torch.full((size * size,), -1, dtype=torch.int64, device=device)
    face[covered] = kept[winner]
    weights = torch.zeros(size * size, 3, device=device)
    weights[covered] = torch.stack([1 - b - c, b, c], 1).float()
    found = torch.full((size * size,), -torch.inf, device=device)
    found[covered] = (z[winner] * weights[covered]).sum(1)
    return Raster(face.view(size, size), weights.view(size, size, 3), found.view(size, size))
