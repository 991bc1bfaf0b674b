"""Maps smoothed by a Gaussian."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional


def smoothed(maps: Tensor, sigma: float) -> Tensor:
    """Maps (B, C, H, W), each channel blurred by a Gaussian of `sigma` pixels, cut off at three of them.

    Beyond the border all is 0.
    """
    reach = math.ceil(3 * sigma)
    at = torch.arange(-reach, reach + 1, device=maps.device, dtype=maps.dtype)
    bell = torch.softmax(-(at**2) / (2 * sigma**2), 0)  # (2 * reach + 1,)
    planes = maps.reshape(-1, 1, *maps.shape[-2:])  # (B * C, 1, H, W)
    across = functional.conv2d(planes, bell.view(1, 1, 1, -1), padding=(0, reach))
    return functional.conv2d(across, bell.view(1, 1, -1, 1), padding=(reach, 0)).view(maps.shape)
