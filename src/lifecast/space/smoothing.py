"""Maps smoothed by a Gaussian."""

from __future__ import annotations

import math
from contextlib import nullcontext

import torch
from torch import Tensor
from torch.nn import functional


def smoothed(maps: Tensor, sigma: float) -> Tensor:
    """Blur each channel of maps (B, C, H, W) by a Gaussian of `sigma` pixels.

    It is cut off at three of them. Beyond the border all is 0. Computed in float32 at least, under autocast too: in
    bfloat16 oneDNN takes many minutes for wide filters, one a channel, on some CPUs.
    """
    # The meta device, where only shapes are asked for, knows no autocast.
    with nullcontext() if maps.is_meta else torch.autocast(maps.device.type, enabled=False):
        return _blurred(maps.to(torch.promote_types(maps.dtype, torch.float32)), sigma).to(maps.dtype)


def _blurred(maps: Tensor, sigma: float) -> Tensor:
    reach = math.ceil(3 * sigma)
    at = torch.arange(-reach, reach + 1, device=maps.device, dtype=maps.dtype)
    bell = torch.softmax(-(at**2) / (2 * sigma**2), 0)  # (2 * reach + 1,)
    channels = maps.shape[1]
    maps = maps.contiguous(memory_format=torch.channels_last)  # several times as fast on a CPU
    across, down = (bell.view(shape).expand(channels, 1, -1, -1) for shape in ((1, 1, 1, -1), (1, 1, -1, 1)))
    maps = functional.conv2d(maps, across, padding=(0, reach), groups=channels)
    return functional.conv2d(maps, down, padding=(reach, 0), groups=channels)
