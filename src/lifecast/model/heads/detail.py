"""The detail head: normals and mask at the picture's full size, corrected from what the normal head made of it.

pix2pixHD's local enhancer (Wang et al. 2018), made slim: a thin U-Net at full size, which gets the picture and the
normal head's output, enlarged, and predicts what is to be added to it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lifecast.model.config import MapsConfig
from lifecast.model.encoders.config import UNetConfig
from lifecast.model.encoders.unet import UNet
from lifecast.model.heads.normals import NormalOutput
from lifecast.model.window import Window, window_around
from lifecast.space.resizing import resize_image


class DetailHead(nn.Module):
    """A U-Net on picture and normal output; fresh from the constructor it changes nothing."""

    def __init__(self, config: MapsConfig) -> None:
        super().__init__()
        assert config.detail is not None
        self.config = config
        self.unet = UNet(3 + 6 + config.mask, 6 + config.mask, config.detail)
        nn.init.zeros_(self.unet.head.weight)
        nn.init.zeros_(self.unet.head.bias)  # type: ignore[arg-type]
        self.adapter: nn.Conv2d | None = None
        """Brings the normal head's decoder features to the width of the stage that they are added to."""
        if config.detail_features:
            assert isinstance(config.network, UNetConfig)
            narrow = config.network.widths[config.network.output_stage]
            self.adapter = nn.Conv2d(narrow, config.detail.widths[config.detail_adapter_stage()], 1)
            nn.init.zeros_(self.adapter.weight)
            nn.init.zeros_(self.adapter.bias)  # type: ignore[arg-type]

    def forward(self, image: Tensor, normals: NormalOutput, mask: Tensor | None = None) -> Tensor:
        """Correct the normal head's outputs at the size of image (B, 3, S, S).

        (B, 6 or 7, S, S) float32. In evaluation mode only the window around the person is computed, by mask (B, 1, h,
        w): what the head is trained on, whose batches are cut to where people are. In training mode all of the picture
        is.
        """
        enlarged = resize_image(normals.raw, image.shape[-1])
        inputs = torch.cat((image, enlarged.to(image.dtype)), dim=1)  # (B, 9 or 10, S, S)
        height, width = image.shape[-2:]
        window = Window(0, height, 0, width)
        # On the meta device, where only shapes are asked for, nothing says where anybody is.
        if mask is not None and not self.training and not mask.is_meta:
            window = window_around(mask, height, width, self.unet.stride)
        skip = None
        if self.adapter is not None:
            # The picture may be of another proportion to the normal head's than the architecture's.
            stride = self.unet.first_stride * 2 ** self.config.detail_adapter_stage()
            features = normals.features[min(normals.features)]  # of the last stage of the decoder
            skip = window.cut(resize_image(self.adapter(features), width // stride), stride)
        correction = self.unet(window.cut(inputs), skip).float()  # (B, 6 or 7, ., .)
        return enlarged + window.restored(correction, height, width)
