"""Lengths of normals in maps, computed channel by channel.

PyTorch's own norm over the channels of a map strides through memory, and takes five to ten times as long on a CPU.
"""

from __future__ import annotations

from torch import Tensor

SHORTEST = 1e-6
"""Vectors that are shorter are divided by this in place of their length."""


def squared_lengths(vectors: Tensor) -> Tensor:
    """Compute the squared lengths of maps of vectors (B, 3, H, W): (B, 1, H, W)."""
    x, y, z = vectors.unbind(1)
    return (x * x + y * y + z * z)[:, None]


def unit_normals(vectors: Tensor) -> Tensor:
    """Bring maps of vectors (B, 3, H, W) to unit length.

    Vectors shorter than `SHORTEST` stay shorter than one.
    """
    return vectors * squared_lengths(vectors).clamp_min(SHORTEST**2).rsqrt()
