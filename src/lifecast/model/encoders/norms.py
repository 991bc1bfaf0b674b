"""Group and instance norm on a CPU: for inference in channels_last, and for training in bfloat16.

PyTorch's group norm is fast there but sums a million squares into one float32: its errors of 1e-4 are a hundred times
the plain layout's, more than the paper's encoders can pass on. Its instance norm leaves channels_last. Both
are here by exact enough moments: each row of pixels summed by a matrix product, then the rows.
In bfloat16 PyTorch's group norm takes twice as long, forth and back, as turning the values into float32 and back into
bfloat16 around it. Everywhere else (training in float32, GPUs, the plain layout) PyTorch's own run.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

EPS = 1e-5
CHUNK = 1 << 20
"""Values summed at a time: they stay in the cache."""


def _by_moments(x: Tensor) -> bool:
    """Whether this module's own path is the one to take."""
    last = x.ndim == 4 and x.is_contiguous(memory_format=torch.channels_last)
    return last and x.device.type == "cpu" and x.dtype in (torch.float32, torch.float64) and not torch.is_grad_enabled()


def channel_moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Compute mean and variance of each channel of a channels_last (B, C, H, W): two (B, C).

    The variance is that of the values less their mean: a mean square less a squared mean would lose digits.
    """
    batch, channels, height, width = x.shape
    means, variances = x.new_empty(batch, channels), x.new_empty(batch, channels)
    average = x.new_full((width,), 1 / width)
    step = max(1, CHUNK // (width * channels))
    row_means = x.new_empty(height, channels)
    for index, image in enumerate(x.permute(0, 2, 3, 1)):  # (H, W, C), contiguous
        for first in range(0, height, step):
            row_means[first : first + step] = torch.matmul(average, image[first : first + step])
        means[index] = row_means.mean(dim=0)
        for first in range(0, height, step):
            centred = image[first : first + step] - means[index]  # (step, W, C)
            row_means[first : first + step] = torch.matmul(average, centred.square_())
        variances[index] = row_means.mean(dim=0)
    return means, variances


def instance_norm(x: Tensor) -> Tensor:
    """Normalise each channel of each image: (B, C, H, W) -> the same.

    There is no scale and there are no running statistics. It may write into `x`.
    """
    if not _by_moments(x):
        return functional.instance_norm(x, eps=EPS)
    mean, variance = channel_moments(x)
    scale = (variance + EPS).rsqrt()
    shift = -mean * scale
    return torch.addcmul(shift[:, :, None, None], x, scale[:, :, None, None], out=x)


class HalfGroupNorm(nn.GroupNorm):
    """`nn.GroupNorm`, its weights and numbers, computed in float32 where a CPU runs in bfloat16."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise groups of channels: (B, C, H, W) -> the same."""
        if x.device.type == "cpu" and x.dtype == torch.bfloat16:
            return super().forward(x.float()).to(x.dtype)
        return super().forward(x)


class GroupNorm(HalfGroupNorm):
    """The same by moments where that is the way to take; see the module."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise groups of channels: (B, C, H, W) -> the same."""
        if not _by_moments(x):
            return super().forward(x)
        batch, channels = x.shape[:2]
        means, variances = (moment.reshape(batch, self.num_groups, -1) for moment in channel_moments(x))
        mean = means.mean(dim=2, keepdim=True)  # (B, G, 1)
        variance = (variances + (means - mean).square()).mean(dim=2, keepdim=True)
        scale = (variance + self.eps).rsqrt() * self.weight.reshape(self.num_groups, -1)  # (B, G, C/G)
        shift = self.bias.reshape(self.num_groups, -1) - mean * scale
        return torch.addcmul(shift.reshape(batch, channels, 1, 1), x, scale.reshape(batch, channels, 1, 1))
