"""What networks that know ImageNet expect of a picture."""

from __future__ import annotations

import torch
from torch import Tensor, nn

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""ImageNet's mean and standard deviation, for images in [0, 1]."""


class ImageNetInput(nn.Module):
    """Pictures in [-1, 1] to the scale of ImageNet's networks. It has no weights."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Scale pictures (B, 3, H, W) in [-1, 1]."""
        scaled: Tensor = (images * 0.5 + 0.5 - self.mean) / self.std
        return scaled
