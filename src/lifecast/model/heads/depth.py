"""Depth maps of the front and of the back surface, read off a picture and its normal maps.

Normals come to a network within a few thousand pictures, depth does not: it takes a look at all of a person, and a
plain regression at full resolution stays at the mean depth for a long time. Three things got it off that plateau
(docs/training-log.md): normal maps as input, from which depth is nearly an integral; a first answer at an eighth of the
resolution, where features are of limbs, not of edges; and, there, a distribution over depths instead of a number,
whose loss still has a slope when the answer is far off. A second, thin network then brings it to half the resolution.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from lifecast.model.config import DepthConfig
from lifecast.model.encoders.unet import UNet
from lifecast.space.resizing import resize_image

REFINED_UNIT = 0.125
"""View units for each unit of the refining network's output."""


class DepthMaps(NamedTuple):
    """Depth in view units: z toward the camera, 0 at the person's middle."""

    depth: Tensor
    """(B, 2, s / 2, s / 2) z of the first and of the last surface; anything outside of the person."""
    logits: Tensor
    """(B, 2, K, s / 8, s / 8): the distribution over the K depths of `DepthNetwork.centres`."""


class DepthNetwork(nn.Module):
    """Both depth maps from `channels` channels of picture, normals and mask."""

    def __init__(self, channels: int, preset: DepthConfig) -> None:
        super().__init__()
        self.preset = preset
        self.glance = UNet(channels, 2 * preset.bins, preset.network)
        self.refine = UNet(channels + 2, 2, preset.refine)
        nn.init.zeros_(self.refine.head.weight)  # it begins by changing nothing
        nn.init.zeros_(self.refine.head.bias)  # type: ignore[arg-type]

    def centres(self, like: Tensor) -> Tensor:
        """The K depths that a distribution is over, where `like` is. Not a buffer: a model that is made without memory,
        to be filled from a file, would have none."""
        reach = self.preset.reach
        return torch.linspace(-reach, reach, self.preset.bins, device=like.device)

    def forward(self, seen: Tensor, beside: Tensor | None = None) -> DepthMaps:
        """seen (B, channels, s, s) -> the maps; s is `preset.size`, or another multiple of the networks'.

        `beside` (B, its channels there, s / 8, s / 8) is added to what comes into the stage of the distribution's size.
        """
        outputs = self.glance(seen, beside).float()  # (B, 2 K, s / 8, s / 8)
        logits = outputs.unflatten(1, (2, self.preset.bins))
        rough = self.expected(logits)  # (B, 2, s / 8, s / 8)
        enlarged = resize_image(rough, seen.shape[-1])
        correction = self.refine(torch.cat((seen, (enlarged / REFINED_UNIT).to(seen.dtype)), dim=1)).float()
        return DepthMaps(resize_image(rough, correction.shape[-1]) + REFINED_UNIT * correction, logits)

    def expected(self, logits: Tensor) -> Tensor:
        """The mean of the distributions: logits (B, 2, K, h, w) -> (B, 2, h, w)."""
        return torch.einsum("bckhw,k->bchw", logits.softmax(2), self.centres(logits))
