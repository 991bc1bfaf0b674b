"""Pixel-aligned features: an encoder's features where a point of view space projects to (equation 1).

The projection is orthographic, so a point (x, y, z) lies at column x and row -y of the image, whatever its depth.
A *window* is the part of the image that was an encoder's input, as fractions of the whole: (x0, y0, width, height),
row 0 at the top, (0, 0, 1, 1) being the whole. Fractions, because features, images and maps differ in size.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional


def window_fractions(window: Tensor, size: int) -> Tensor:
    """Convert pixel windows (..., 4) to fractions (..., 4) float32.

    Windows are x0, y0, width, height of images `size` pixels wide.
    """
    return window.to(torch.float32) / size


def texel_grid(points: Tensor, height: int, width: int, *, align_corners: bool, window: Tensor | None = None) -> Tensor:
    """Place view points on a feature map, in `grid_sample`'s coordinates.

    points (B, N, 2 or 3) view space; `height`, `width`: the feature map's; window (B, 4) or (4,) fractions.
    Returns (B, N, 2): column, row, in [-1, 1] inside the window. With `align_corners`, view -1 is the centre of the
    whole map's first texel and +1 the centre of its last; without, they are the outer edges.
    """
    column_row = torch.stack((points[..., 0], -points[..., 1]), dim=-1)  # (B, N, 2)
    if window is None:
        return column_row
    window = window.to(column_row).reshape(-1, 1, 4)
    start, extent = window[..., :2], window[..., 2:]  # (B or 1, 1, 2)
    if not align_corners:
        return ((column_row + 1) / 2 - start) / extent * 2 - 1
    own = torch.tensor([width, height]).to(column_row)
    whole = own / extent  # texels of the whole map
    texel = (column_row + 1) / 2 * (whole - 1) - start * whole
    return texel / (own - 1) * 2 - 1


def sample_features(
    features: Tensor,
    points: Tensor,
    *,
    align_corners: bool,
    padding: Literal["zeros", "border"] = "border",
    window: Tensor | None = None,
) -> Tensor:
    """Sample features (B, C, h, w) at view points (B, N, 2 or 3) -> (B, N, C), bilinear.

    `window` says of which part of the image the features are (fractions, see the module); None: all of it.
    Computed in the points' precision, at least float32: half precision cannot place a point on 512 texels.
    """
    grid = texel_grid(
        points.to(torch.promote_types(points.dtype, torch.float32)),
        features.shape[-2],
        features.shape[-1],
        align_corners=align_corners,
        window=window,
    )
    sampled = functional.grid_sample(
        features.to(grid.dtype),
        grid.unsqueeze(2),  # (B, N, 1, 2)
        mode="bilinear",
        padding_mode=padding,
        align_corners=align_corners,
    )  # (B, C, N, 1)
    return sampled.squeeze(3).transpose(1, 2)  # (B, N, C)


def inside_box(points: Tensor, axes: int) -> Tensor:
    """Check whether the first `axes` coordinates of points (..., 3) lie in [-1, 1]: bool.

    The ends included; (...).
    """
    return (points[..., :axes].abs() <= 1).all(dim=-1)


def cut_windows(images: Tensor, windows: Tensor) -> Tensor:
    """Cut windows (B n, 4) out of images (B, C, S, S): (B n, C, height, width).

    n of each image in turn. Windows are x0, y0, width, height, all of one size.
    """
    count, rest = divmod(len(windows), len(images))
    if rest:
        raise ValueError(f"{len(windows)} windows of {len(images)} images: each image must have as many as the others")
    return torch.stack([images[i // count, :, y : y + h, x : x + w] for i, (x, y, w, h) in enumerate(windows.tolist())])
