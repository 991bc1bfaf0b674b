"""The depth head: depth maps of the front and of the back surface, from a picture and its normal maps.

Normals come to a net within a few thousand pictures, depth does not: it takes all of a person, and a plain regression
at full resolution stays at the mean depth for a long time. Three things got it off that plateau: normal maps as input,
from which depth is nearly an integral; a first prediction at an eighth of the resolution, where features are of limbs,
not of edges; and, there, a distribution over depths instead of a number, whose loss still has a slope when the
prediction is far off. A second, thin U-Net then brings it to half the resolution.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from lifecast.model.config import MapsConfig
from lifecast.model.encoders.config import UNetConfig
from lifecast.model.encoders.unet import UNet
from lifecast.model.heads.normals import conditioned
from lifecast.space import limb_map
from lifecast.space.maps import Maps
from lifecast.space.resizing import resize_image

REFINED_UNIT = 0.125
"""View units for each unit of the refining U-Net's output."""


class DepthMaps(NamedTuple):
    """Depth in view units: z toward the camera, 0 at the person's middle."""

    depth: Tensor
    """(B, 2, s / 2, s / 2) z of the first and of the last surface; anything outside of the person."""
    logits: Tensor
    """(B, 2, K, s / 8, s / 8): the distribution over the K depths of `DepthHead.centres`."""


class DepthHead(nn.Module):
    """Both depth maps from picture, normals, mask and pose.

    Fresh from the constructor nothing is refined.
    """

    def __init__(self, config: MapsConfig) -> None:
        super().__init__()
        assert config.depth is not None
        self.maps_config, self.config = config, config.depth
        channels = 3 + 6 + 1 + (limb_map.CHANNELS if config.pose_channels else 0)
        self.coarse = UNet(channels, 2 * self.config.bins, self.config.network)
        self.refine = UNet(channels + 2, 2, self.config.refine)
        nn.init.zeros_(self.refine.head.weight)
        nn.init.zeros_(self.refine.head.bias)  # type: ignore[arg-type]
        self.adapter: nn.Conv2d | None = None
        """Brings the normal head's decoder features to the width of the stage that they are added to."""
        if self.config.features:
            assert isinstance(config.network, UNetConfig)
            theirs, own = config.depth_adapter_stages()
            self.adapter = nn.Conv2d(config.network.widths[theirs], self.config.network.widths[own], 1)
            nn.init.zeros_(self.adapter.weight)
            nn.init.zeros_(self.adapter.bias)  # type: ignore[arg-type]

    def centres(self, like: Tensor) -> Tensor:
        """List the K depths that a distribution is over, on the device of `like`.

        Not a buffer: a model that is made without memory, to be filled from a file, would have none.
        """
        reach = self.config.reach
        return torch.linspace(-reach, reach, self.config.bins, device=like.device)

    def forward(
        self, image: Tensor, maps: Maps, pose: Tensor | None = None, features: dict[int, Tensor] | None = None
    ) -> DepthMaps:
        """Predict depths of a person whose masked normals and mask are given.

        Parameters
        ----------
        image: (B, 3, S, S) in [-1, 1], at the normal head's size or another multiple of it.
        maps: with a mask; of any size.
        pose: limb maps (B, 6, s, s) of any size, or None.
        features: the normal head's decoder features by stage; without, as on true maps, nothing is added.
        """
        assert maps.mask is not None
        side = image.shape[-1] * self.config.size // self.maps_config.normals_size
        parts = [resize_image(values.to(image.dtype), side) for values in (image, maps.front, maps.back, maps.mask)]
        parts[0] = conditioned(parts[0], pose, self.maps_config)
        inputs = torch.cat(parts, dim=1)  # (B, 10 or 16, side, side)
        skip = None
        if self.adapter is not None and features:
            skip = self.adapter(features[self.maps_config.depth_adapter_stages()[0]])
        logits = self.coarse(inputs, skip).float().unflatten(1, (2, self.config.bins))  # (B, 2, K, side / 8, side / 8)
        rough = self.expected(logits)  # (B, 2, side / 8, side / 8)
        enlarged = resize_image(rough, side)
        correction = self.refine(torch.cat((inputs, (enlarged / REFINED_UNIT).to(inputs.dtype)), dim=1)).float()
        return DepthMaps(resize_image(rough, correction.shape[-1]) + REFINED_UNIT * correction, logits)

    def expected(self, logits: Tensor) -> Tensor:
        """Average the distributions: logits (B, 2, K, h, w) -> (B, 2, h, w) in view units."""
        return torch.einsum("bckhw,k->bchw", logits.softmax(2), self.centres(logits))
