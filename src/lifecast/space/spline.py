"""Cubic B-splines through the texels of a map: a smooth surface where bilinear interpolation has a crease at every texel.

Bilinear blends are continuous, their slopes are not. A surface made of them shows the texels as a grid of fine lines in
any light. The spline has continuous slopes and curvatures, and still has each texel's own value at its centre.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

TAPS = 4
"""Texels along an axis that a point reads."""


def spline_coefficients(maps: Tensor) -> Tensor:
    """Compute the coefficients (..., H, W) of the splines through maps (..., H, W), in float32.

    The maps are taken to go on mirrored beyond the centres of their outermost texels.
    """
    maps = maps.float()
    down, across = (_coefficients_of_values(size, maps.device) for size in maps.shape[-2:])
    return down @ maps @ across.T


def spline_taps(places: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Find what points read along one axis of `size` texels.

    places (...): 0 at the first texel's centre, size - 1 at the last one's, no farther. Returns coefficients' indices
    (..., 4) int64 and weights (..., 4), whose sum is 1.
    """
    low = places.floor()
    share = places - low
    rest = 1 - share
    weights = torch.stack(
        (rest**3, 4 - 3 * share**2 * (1 + rest), 4 - 3 * rest**2 * (1 + share), share**3), dim=-1
    ) / 6  # fmt: skip
    indices = low.long()[..., None] + torch.arange(-1, TAPS - 1, device=places.device)
    indices = (size - 1) - (size - 1 - indices.abs()).abs()  # mirrored
    return indices.clamp_min(0), weights


def spline_sample(coefficients: Tensor, places: Tensor) -> Tensor:
    """Read splines with coefficients (C, H, W) at places (N, 2), columns and rows as in `spline_taps`: (N, C)."""
    height, width = coefficients.shape[-2:]
    columns, across = spline_taps(places[:, 0], width)
    rows, down = spline_taps(places[:, 1], height)
    taps = (rows[:, :, None] * width + columns[:, None]).flatten(1)  # (N, 16)
    weights = (down[:, :, None] * across[:, None]).flatten(1)
    table = coefficients.flatten(1).T.contiguous()  # (H W, C)
    return torch.nn.functional.embedding_bag(taps, table, mode="sum", per_sample_weights=weights)


@lru_cache(maxsize=16)
def _coefficients_of_values(size: int, device: torch.device) -> Tensor:
    """The inverse (size, size) of the matrix that makes values at the texels of coefficients."""
    with torch.inference_mode(False):
        index = torch.arange(size)
        matrix = torch.zeros(size, size, dtype=torch.float64)
        for offset, weight in ((-1, 1 / 6), (0, 4 / 6), (1, 1 / 6)):
            other = ((size - 1) - (size - 1 - (index + offset).abs()).abs()).clamp_min(0)
            matrix.index_put_((index, other), torch.tensor(weight, dtype=torch.float64), accumulate=True)
        return torch.linalg.inv(matrix).float().to(device)
