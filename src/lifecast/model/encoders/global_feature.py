"""One vector for a whole image, by a ResNet (He et al. 2016) with group norm: the ablation "fine + global feature"."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from lifecast.model.encoders.config import GlobalFeatureConfig
from lifecast.model.encoders.norms import HalfGroupNorm
from lifecast.space.resizing import resize_image


def _norm(width: int) -> nn.GroupNorm:
    return HalfGroupNorm(min(32, width), width)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a sum; the first may halve the size."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.norm1 = _norm(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = _norm(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), _norm(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Compute the block's output: (B, inputs, h, w) -> (B, outputs, h/stride, w/stride)."""
        y = self.norm2(self.conv2(functional.relu(self.norm1(self.conv1(x)))))
        return functional.relu(y + self.shortcut(x))


class GlobalFeature(nn.Module):
    """One vector of a picture: (B, inputs, S, S) -> (B, features).

    Resized to `config.size`, through the ResNet, averaged, one linear layer.
    """

    def __init__(self, inputs: int, config: GlobalFeatureConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.stem = nn.Conv2d(inputs, width, 7, stride=2, padding=3, bias=False)
        self.norm = _norm(width)
        stages = []
        running = width
        for stage, blocks in enumerate(config.blocks):
            outputs = width * 2**stage
            for block in range(blocks):
                stages.append(BasicBlock(running, outputs, stride=2 if stage and not block else 1))
                running = outputs
        self.blocks = nn.Sequential(*stages)
        self.project = nn.Linear(running, config.features)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the global feature: (B, inputs, S, S) -> (B, features)."""
        x = resize_image(x, self.config.size)
        x = functional.relu(self.norm(self.stem(x)))
        x = functional.max_pool2d(x, 3, stride=2, padding=1)
        features: Tensor = self.project(self.blocks(x).mean(dim=(2, 3)))  # (B, F)
        return features
