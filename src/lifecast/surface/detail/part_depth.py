"""How far in depth a part of a fitted body lies from where an occupancy field has it."""

from __future__ import annotations

import torch
from torch import Tensor

from lifecast.body.part_mesh import PartMesh
from lifecast.space.field import Field
from lifecast.surface.raster import rasterize, to_pixels

PICTURE = 512
"""Pixels a side of the picture in which a part's front and back are looked up."""
SAMPLES = 96
"""Points that are asked on a line of sight."""
THICK = 2.0
"""Times the part's own thickness from which on what the field has there is more than the part, a trunk behind an arm:
then only its front says where the part is."""


def depth_to_move(part: PartMesh, points: Tensor, field: Field, farthest: float) -> float | None:
    """Compute how far toward the camera a part must be moved to lie where the field has it.

    part: in view space; points (N, 3) in it, whose lines of sight are compared; farthest: view units before and behind
    each point within which the field is searched. None if the field is empty there.
    """
    front, back = _front_and_back(part, points)
    field_front, field_back = _solid(points, field, farthest)
    both = front.isfinite() & back.isfinite() & field_front.isfinite()
    if not bool(both.any()):
        return None
    front, back, field_front, field_back = (values[both] for values in (front, back, field_front, field_back))
    alone = field_front - field_back < THICK * (front - back)
    moves = torch.where(alone, (field_front + field_back - front - back) / 2, field_front - front)
    return float(moves.median())


def _front_and_back(part: PartMesh, points: Tensor) -> tuple[Tensor, Tensor]:
    """z of a part's first and last surface, (N,) each, on the lines of sight through points (N, 3); infinite beside."""
    vertices, faces = torch.from_numpy(part.vertices), torch.from_numpy(part.faces)
    front = rasterize(vertices, faces, PICTURE).depth
    back = rasterize(vertices, faces, PICTURE, facing="away", keep="farthest").depth
    columns, rows = to_pixels(points, PICTURE).floor().long().clamp(0, PICTURE - 1).T
    return front[rows, columns], back[rows, columns]


def _solid(points: Tensor, field: Field, farthest: float) -> tuple[Tensor, Tensor]:
    """z of the front and the back, (N,) each, of the solid that is nearest on the line of sight through each point.

    -inf for both if there is none within reach.
    """
    steps = torch.linspace(-farthest, farthest, SAMPLES)
    asked = points[:, None].repeat(1, SAMPLES, 1)  # (N, K, 3)
    asked[..., 2] += steps
    inside = field.logits(asked.reshape(-1, 3).to(field.device)).cpu().view(len(points), SAMPLES) > 0
    half = float(steps[1] - steps[0]) / 2
    ends = torch.full((2, len(points)), -torch.inf)
    for row in inside.any(1).nonzero()[:, 0].tolist():
        filled = inside[row].nonzero()[:, 0]
        nearest = int(filled[steps[filled].abs().argmin()])
        empty = (~inside[row]).nonzero()[:, 0]
        first = max(empty[empty < nearest].tolist(), default=-1) + 1
        last = min(empty[empty > nearest].tolist(), default=SAMPLES) - 1
        ends[0, row] = points[row, 2] + steps[last] + half
        ends[1, row] = points[row, 2] + steps[first] - half
    return ends[0], ends[1]
