"""How much fine detail normal maps have, and how much of it is the truth's.

Fine detail is what a Gaussian blur takes away: normals minus their blur of a few pixels.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from lifecast.space.smoothing import smoothed

SIGMAS = (2, 4, 8)
"""Pixels: standard deviations of the blurs by which detail is told from form."""
CORRELATED = 2
"""Pixels: of the blur for the correlation."""


class DetailFigures(NamedTuple):
    """Figures of a batch as sums; divide after adding up batches."""

    predicted: Tensor
    """() sum over the compared pixels of the length of the predicted detail."""
    true: Tensor
    """() the same of the true detail; `predicted / true` is the detail share."""
    correlation: Tensor
    """() sum over maps of the correlation of predicted with true detail, each in [-1, 1]."""
    maps: Tensor
    """() number of maps in that sum: those with any true detail."""


def eroded(mask: Tensor, pixels: int) -> Tensor:
    """Shrink a mask (B, 1, H, W) of 0 and 1 by a square of 2 * pixels + 1.

    What lies beyond the picture does not erode it: a window on a person is no outline.
    """
    return 1 - functional.max_pool2d(1 - mask, 2 * pixels + 1, 1, pixels)


def fine_detail(normals: Tensor, mask: Tensor, sigma: float) -> Tensor:
    """Compute normals (B, 3, H, W) minus their Gaussian blur of `sigma` pixels.

    It is 0 outside of the mask.
    The blur is taken over the mask's pixels (B, 1, H, W; 0 or 1) alone, so that an outline is no detail.
    """
    inside = normals * mask
    blurred = smoothed(torch.cat([inside, mask], 1), sigma)  # (B, 4, H, W)
    return inside - blurred[:, :3] / blurred[:, 3:].clamp(min=1e-6) * mask


@torch.no_grad()
def compare_detail(predicted: Tensor, true: Tensor, mask: Tensor, sigma: float) -> DetailFigures:
    """Compare the fine detail of normal maps (B, 3, H, W) inside the eroded mask.

    It is eroded by `sigma` pixels.
    `mask` (B, 1, H, W) is the true person's, in [0, 1]. Only pixels count at which both maps have a normal: a lost hand
    has no outline here. The correlation is Pearson's, over all pixels and channels of a map.
    """
    predicted, true = predicted.float(), true.float()
    both = (mask > 0.5) & (predicted.norm(dim=1, keepdim=True) > 0.5) & (true.norm(dim=1, keepdim=True) > 0.5)
    over = both.float()
    counted = eroded(over, math.ceil(sigma))  # (B, 1, H, W)
    ours, theirs = (fine_detail(functional.normalize(one, dim=1), over, sigma) * counted for one in (predicted, true))
    count = 3 * counted.sum((1, 2, 3)).clamp(min=1)  # (B,)

    def covariance(a: Tensor, b: Tensor) -> Tensor:
        return (a * b).sum((1, 2, 3)) / count - a.sum((1, 2, 3)) * b.sum((1, 2, 3)) / count**2

    power = covariance(ours, ours) * covariance(theirs, theirs)
    known = covariance(theirs, theirs) > 1e-10
    correlation = torch.where(known, covariance(ours, theirs) / power.clamp(min=1e-20).sqrt(), 0)
    return DetailFigures(ours.norm(dim=1).sum(), theirs.norm(dim=1).sum(), correlation.sum(), known.sum().float())
