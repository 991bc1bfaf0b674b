"""The close-up head: normals and mask of a square around a head or a hand, at the photograph's own resolution.

It carries on what the detail head does (and pix2pixHD's local enhancer before it): a thin U-Net gets the close-up and
the finest maps of the whole picture, enlarged, and predicts what is to be added to them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lifecast.model.config import MapsConfig
from lifecast.model.encoders.unet import UNet
from lifecast.space.maps import Maps

SUREST = 0.002
"""Least distance of a given mask from 0 and 1: what is added to its logit must be able to change it."""


class CloseUpHead(nn.Module):
    """A U-Net on a close-up and the maps of the whole picture there.

    Fresh from the constructor it changes nothing.
    """

    def __init__(self, config: MapsConfig) -> None:
        super().__init__()
        assert config.close_up is not None
        self.config = config
        self.unet = UNet(3 + 6 + 1, 7, config.close_up)
        nn.init.zeros_(self.unet.head.weight)
        nn.init.zeros_(self.unet.head.bias)  # type: ignore[arg-type]

    def forward(self, image: Tensor, given: Maps) -> Tensor:
        """Correct the maps of a close-up.

        image (B, 3, S, S) in [-1, 1]; given: normals and mask of the same square, enlarged to S, normals under the
        mask. The result (B, 7, S, S) float32 is read as the normal head's output is (`NormalHead.read`).
        """
        assert given.mask is not None
        mask = given.mask.float()
        inputs = torch.cat((image, given.front.to(image), given.back.to(image), mask.to(image)), dim=1)
        raw = torch.cat((given.front, given.back, torch.logit(mask, SUREST)), dim=1).float()
        corrected: Tensor = raw + self.unet(inputs).float()
        return corrected
