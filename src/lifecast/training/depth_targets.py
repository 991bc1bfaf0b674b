"""The depth maps that the occupancy nets get in training: true ones continued, or predicted ones corrected."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from lifecast.space.resizing import resize_map


def continued(depth: Tensor, mask: Tensor, width: int) -> Tensor:
    """Resize true depth maps (B, 2, h, w) to a width, and continue them beyond the mask.

    mask (B, 1, h, w). The result is `width` wide. Inside it is the mean of the person's pixels only; outside of the
    person, the mean of ever wider surroundings.
    """
    inside = (mask > 0.5).to(depth.dtype)
    summed, count = resize_map(depth * inside, width), resize_map(inside, width)
    result, found = summed / count.clamp_min(1e-3), count > 0.05
    for reach in (3, 9, 27, 81):
        around = F.avg_pool2d(result * found, reach, 1, reach // 2, count_include_pad=False)
        share = F.avg_pool2d(found.to(depth.dtype), reach, 1, reach // 2, count_include_pad=False)
        near = share > 1e-6
        result = torch.where(found, result, around / share.clamp_min(1e-6))
        found = found | near
    return torch.where(found, result, torch.zeros_like(result))


def corrected(depth: Tensor, true: Tensor, mask: Tensor) -> Tensor:
    """Correct predicted depth maps (B, 2, H, W) for their error over long stretches.

    true (B, 2, h, w) and its mask (B, 1, h, w) say what the error is. It is averaged over squares of a quarter of the
    predicted maps' resolution, within the mask and continued beyond it: at 256 texels a picture, 4 cm. What is left are
    the finer ways in which predicted depths differ from true ones.
    """
    error = true - match_size(depth.detach(), true)
    coarse = continued(error, mask, max(1, depth.shape[-1] // 4))
    return depth + F.interpolate(coarse, size=depth.shape[-2:], mode="bilinear", align_corners=False)


def match_size(maps: Tensor, like: Tensor) -> Tensor:
    """Average `maps` (B, C, H, W) down, or interpolate up, to height and width of `like`."""
    size = like.shape[-2:]
    if maps.shape[-2:] == size:
        return maps
    if maps.shape[-1] > size[-1]:
        return F.interpolate(maps, size=size, mode="area")
    return F.interpolate(maps, size=size, mode="bilinear", align_corners=False)
