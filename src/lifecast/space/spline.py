"""Cubic B-splines through the texels of a map, smooth where bilinear interpolation has a crease at every texel.

Bilinear blends are continuous, their slopes are not. A surface made of them shows the texels as a grid of fine lines in
any light. The spline has continuous slopes and curvatures, and still has each texel's own value at its centre.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

BEFORE, AFTER = 1, 2
"""Coefficients beyond a map's own: an axis of `size` texels has BEFORE + size + AFTER of them."""


def spline_coefficients(maps: Tensor) -> Tensor:
    """Compute the coefficients of the splines through maps (C, H, W).

    Returns (C, H + 3, W + 3) float32. The maps go on mirrored beyond the centres of their outermost texels.
    """
    maps = maps.float()
    down, across = (_coefficients_of_values(size, maps.device) for size in maps.shape[-2:])
    return framed(down @ maps @ across.T)


def framed(coefficients: Tensor) -> Tensor:
    """Continue coefficients (C, H, W) beyond the map, mirrored: (C, H + 3, W + 3).

    Values as coefficients make a spline that is smoother than they are, and never beyond them.
    """
    height, width = coefficients.shape[-2:]
    rows, columns = (_mirrored(size, coefficients.device) for size in (height, width))
    return coefficients[:, rows][:, :, columns]


def spline_taps(places: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Find what points read of the coefficients of maps of a height and width.

    places (N, 2): column and row, 0 at the first texel's centre, width - 1 and height - 1 at the last one's, no
    farther. Returns rows (N, 16) int64 of a table of the (H + 3) * (W + 3) coefficients, and weights (N, 16), whose sum
    is 1.
    """
    stride = size[1] + BEFORE + AFTER
    low = places.floor()
    share = places - low  # (N, 2)
    rest = 1 - share
    square, rest_square = share * share, rest * rest
    weights = torch.stack(
        (rest_square * rest, 4 - 3 * square * (1 + rest), 4 - 3 * rest_square * (1 + share), square * share), dim=2
    ) / 6  # (N, 2, 4)  # fmt: skip
    column, row = low.long().unbind(1)
    steps = torch.arange(4, device=places.device)
    taps = (row * stride + column)[:, None] + (steps[:, None] * stride + steps).flatten()
    return taps, (weights[:, 1, :, None] * weights[:, 0, None]).flatten(1)


def spline_sample(coefficients: Tensor, places: Tensor) -> Tensor:
    """Read splines at places (N, 2), as in `spline_taps`: (N, C).

    coefficients: (C, H + 3, W + 3).
    """
    height, width = (side - BEFORE - AFTER for side in coefficients.shape[-2:])
    taps, weights = spline_taps(places, (height, width))
    table = coefficients.flatten(1).T.contiguous()
    return functional.embedding_bag(taps, table, mode="sum", per_sample_weights=weights)


def _mirrored(size: int, device: torch.device) -> Tensor:
    """Which texel each coefficient along an axis belongs to: (BEFORE + size + AFTER,)."""
    index = torch.arange(-BEFORE, size + AFTER, device=device)
    last = size - 1
    return (last - (last - index.abs()).abs()).abs().clamp_max(last)


@lru_cache(maxsize=16)
def _coefficients_of_values(size: int, device: torch.device) -> Tensor:
    """The inverse (size, size) of the matrix that makes values at the texels of coefficients."""
    with torch.inference_mode(False):
        texel = _mirrored(size, torch.device("cpu"))[:-1]  # the texels from -1 to size
        matrix = torch.zeros(size, size, dtype=torch.float64)
        for offset, weight in enumerate((1 / 6, 4 / 6, 1 / 6)):
            own, other = torch.arange(size), texel[offset : offset + size]
            matrix.index_put_((own, other), torch.tensor(weight, dtype=torch.float64), accumulate=True)
        inverse: Tensor = torch.linalg.inv(matrix)
        return inverse.float().to(device)
