"""The parsing head: which part of the dressed person each pixel shows, on the front and on the back.

Human parsing, for both sides: the back is what a camera behind the person would see on the same line of sight, so the
head invents a hairline and a jacket's back as the normal head invents the back's folds.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lifecast.model.config import MapsConfig
from lifecast.model.encoders.unet import UNet
from lifecast.model.heads.normals import conditioned
from lifecast.space import limb_map
from lifecast.space.maps import Maps
from lifecast.space.parsing import Part
from lifecast.space.resizing import resize_image


class ParsingHead(nn.Module):
    """A U-Net on the picture, the limb map and the normal head's maps."""

    def __init__(self, config: MapsConfig) -> None:
        super().__init__()
        assert config.parsing is not None
        self.config = config
        channels = 3 + (limb_map.CHANNELS if config.pose_channels else 0) + 7
        self.unet = UNet(channels, 2 * len(Part), config.parsing)

    def forward(self, image: Tensor, maps: Maps, pose: Tensor | None = None) -> Tensor:
        """Predict logits (B, 2, P, h, w) of the P parts, front first, float32.

        They are at the output stride, P = `len(Part)`.
        image: (B, 3, H, W) in [-1, 1]; maps: normals under the mask and the mask, of any size; pose: limb maps (B, 6,
        s, s), as the normal head gets them.
        """
        assert maps.mask is not None
        given = torch.cat((maps.front, maps.back, maps.mask), dim=1)
        enlarged = resize_image(given.float(), image.shape[-1]).to(image.dtype)
        logits = self.unet(torch.cat((conditioned(image, pose, self.config), enlarged), dim=1)).float()
        return torch.unflatten(logits, 1, (2, len(Part)))
