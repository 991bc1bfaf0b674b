"""What networks that know ImageNet expect of a picture."""

from __future__ import annotations

from torch import Tensor, nn

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""ImageNet's mean and standard deviation, for images in [0, 1]."""


class ImageNetInput(nn.Module):
    """Pictures in [-1, 1] to the scale of ImageNet's networks. It has no weights."""

    def forward(self, images: Tensor) -> Tensor:
        """Scale pictures (B, 3, H, W) in [-1, 1]."""
        # No buffers: files do not hold them, and models are read from files without being made first.
        mean, std = (images.new_tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
        return (images * 0.5 + 0.5 - mean) / std
