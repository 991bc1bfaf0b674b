"""The pixel-aligned MLP g of equations (2) to (4): one point's features in, its occupancy out."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

LEAKY_SLOPE = 0.01


class PixelAlignedMLP(nn.Module):
    """Linear layers with leaky ReLU between them, the input again at some (section 4).

    Parameters
    ----------
    inputs: channels of one point's input.
    widths: neurons of each layer; the last is 1, the occupancy's logit.
    skips: layers, counted from 0, whose input is cat(running value, input).
    embedding_layer: the layer whose activation is handed on as 3D embedding; None for none.
    """

    def __init__(
        self, inputs: int, widths: Sequence[int], skips: Sequence[int], embedding_layer: int | None = None
    ) -> None:
        super().__init__()
        self.inputs = inputs
        self.skips = tuple(skips)
        self.embedding_layer = embedding_layer
        self.layers = nn.ModuleList()
        running = 0
        for index, width in enumerate(widths):
            fan_in = inputs if index == 0 else running + (inputs if index in self.skips else 0)
            self.layers.append(nn.Linear(fan_in, width))
            running = width

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Compute the logit (...) of x (..., inputs), and its embedding (..., E) or None."""
        running = x  # (..., inputs)
        embedding = None
        last = len(self.layers) - 1
        for index, layer in enumerate(self.layers):
            if index in self.skips:
                running = torch.cat((running, x), dim=-1)
            running = layer(running)  # (..., widths[index])
            if index != last:
                running = functional.leaky_relu(running, LEAKY_SLOPE)
            if index == self.embedding_layer:
                embedding = running
        return running.squeeze(-1), embedding
