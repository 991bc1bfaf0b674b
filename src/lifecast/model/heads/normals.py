"""The normal head: front and back normal maps, and the person's mask, from one picture (section 3.3).

The paper has two pix2pixHD global generators, whose tanh outputs are used as they are. The compact head is one U-Net
for both sides and the mask; its vectors are made unit length and multiplied by the mask, so that its maps are like the
truth in training, 0 outside of the person.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from lifecast.model.config import MapsConfig
from lifecast.model.encoders.config import GeneratorConfig
from lifecast.model.encoders.generator import GlobalGenerator
from lifecast.model.encoders.unet import UNet
from lifecast.space import limb_map
from lifecast.space.maps import Maps
from lifecast.space.resizing import resize_image
from lifecast.space.unit_normals import unit_normals


class NormalOutput(NamedTuple):
    """What the normal head computes, before it is read as maps."""

    raw: Tensor
    """(B, 6 or 7, h, w) float32: front, back, mask logit; h and w at the head's output stride."""
    features: dict[int, Tensor]
    """Decoder features by stage (`UNet.decoder_features`), for the heads that get them too; none of generators."""


def conditioned(image: Tensor, pose: Tensor | None, config: MapsConfig) -> Tensor:
    """Append pose channels to a picture: (B, 3, H, W) -> (B, 3 or 9, H, W).

    Those that `config` asks for. pose: limb maps (B, 6, s, s) of any size; None where no pose is given, which is all
    zeros.
    """
    if not config.pose_channels:
        return image
    if pose is None:
        channels = image.new_zeros(len(image), limb_map.CHANNELS, *image.shape[-2:])
    else:
        channels = resize_image(pose.to(image), image.shape[-1])
    return torch.cat((image, channels), dim=1)


class NormalHead(nn.Module):
    """Normals of both sides and the mask.

    They come from two generators (`front`, `back`) or one U-Net (`unet`).
    """

    def __init__(self, config: MapsConfig) -> None:
        super().__init__()
        self.config = config
        self.front: GlobalGenerator | None = None
        self.back: GlobalGenerator | None = None
        self.unet: UNet | None = None
        if isinstance(config.network, GeneratorConfig):
            self.front = GlobalGenerator(3, 3 + config.mask, config.network)
            self.back = GlobalGenerator(3, 3, config.network)
        else:
            channels = 3 + (limb_map.CHANNELS if config.pose_channels else 0)
            self.unet = UNet(channels, 6 + config.mask, config.network)

    def forward(self, image: Tensor, pose: Tensor | None = None) -> NormalOutput:
        """Predict outputs at the output stride.

        image (B, 3, S, S) in [-1, 1], pose (B, 6, s, s) or None.
        """
        if self.unet is not None:
            features = self.unet.decoder_features(conditioned(image, pose, self.config))
            return NormalOutput(self.unet.decode(features[self.unet.top]).float(), features)
        assert self.front is not None
        assert self.back is not None
        front = self.front(image).float()  # (B, 3 or 4, S, S)
        return NormalOutput(torch.cat((front[:, :3], self.back(image).float(), front[:, 3:]), dim=1), {})

    def read(self, raw: Tensor, masked: bool = True) -> Maps:
        """Read outputs (B, 6 or 7, h, w) as maps.

        With `masked`, a U-Net's unit normals are multiplied by the predicted mask; without, they are unit length
        everywhere. A generator's are its tanh outputs either way.
        """
        logit = raw[:, 6:7] if self.config.mask else None
        mask = None if logit is None else torch.sigmoid(logit)
        if self.unet is None:
            return Maps(torch.tanh(raw[:, 0:3]), torch.tanh(raw[:, 3:6]), mask, logit)
        front = unit_normals(raw[:, 0:3])
        back = unit_normals(raw[:, 3:6])
        if masked and mask is not None:
            front, back = front * mask, back * mask
        return Maps(front, back, mask, logit)
