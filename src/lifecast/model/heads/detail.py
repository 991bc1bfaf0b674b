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
from lifecast.model.pixel_aligned import cut_windows
from lifecast.model.window import Window, window_around
from lifecast.space.maps import Maps
from lifecast.space.resizing import resize_image
from lifecast.space.unit_normals import unit_normals

SUREST = 1e-4
"""What a given mask's 0 and 1 are taken for where its logit is asked for."""


def as_normal_output(maps: Maps, config: MapsConfig) -> NormalOutput:
    """Join maps (B, 3, h, w) to what the normal head would have put out, (B, 6 or 7, h, w).

    Under a mask that was given they have no predicted logit: the mask's own is taken.
    """
    raw = [maps.front, maps.back]
    if config.mask:
        assert maps.mask is not None
        raw.append(torch.logit(maps.mask, SUREST) if maps.mask_logit is None else maps.mask_logit)
    return NormalOutput(torch.cat(raw, dim=1), {})


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

    def forward(
        self, image: Tensor, normals: NormalOutput, mask: Tensor | None = None, windows: Tensor | None = None
    ) -> Tensor:
        """Correct the normal head's outputs at the size of image (B, 3, S, S).

        (B, 6 or 7, S, S) float32. In evaluation mode only the window around the person is computed, by mask (B, 1, h,
        w): what the head is trained on, whose batches are cut to where people are. In training mode all of the picture
        is.

        Given `windows` (B n, 4), x0, y0, width and height in pixels of n parts of each picture in turn, it predicts
        these alone: (B n, 6 or 7, height, width). Corners and sides must be multiples of the U-Net's stride.
        """
        raw = normals.raw
        if self.config.detail_unit:
            raw = torch.cat((unit_normals(raw[:, 0:3]), unit_normals(raw[:, 3:6]), raw[:, 6:]), dim=1)
        enlarged = resize_image(raw, image.shape[-1])
        height, width = image.shape[-2:]
        if windows is not None:
            return self._windows(image, enlarged, normals, windows)
        inputs = torch.cat((image, enlarged.to(image.dtype)), dim=1)  # (B, 9 or 10, S, S)
        window = Window(0, height, 0, width)
        # On the meta device, where only shapes are asked for, nothing says where anybody is.
        if mask is not None and not self.training and not mask.is_meta:
            window = window_around(mask, height, width, self.unet.stride)
        added = self._adapted(normals, width)
        skip = None if added is None else window.cut(added, self._adapter_stride())
        correction = self.unet(window.cut(inputs), skip).float()  # (B, 6 or 7, ., .)
        return enlarged + window.restored(correction, height, width)

    def _windows(self, image: Tensor, enlarged: Tensor, normals: NormalOutput, windows: Tensor) -> Tensor:
        """Predict windows (B n, 4) alone."""
        added = self._adapted(normals, image.shape[-1])
        skip = None if added is None else cut_windows(added, windows // self._adapter_stride())
        image, enlarged = cut_windows(image, windows), cut_windows(enlarged, windows)
        correction: Tensor = self.unet(torch.cat((image, enlarged.to(image.dtype)), dim=1), skip).float()
        return enlarged + correction

    def _adapter_stride(self) -> int:
        """Find the pixels of the picture along a texel of the stage that the normal head's features are added to."""
        stride: int = self.unet.first_stride * 2 ** self.config.detail_adapter_stage()
        return stride

    def _adapted(self, normals: NormalOutput, width: int) -> Tensor | None:
        """Bring the normal head's features to the stage that they are added to, of a picture `width` pixels wide."""
        if self.adapter is None:
            return None
        # The picture may be of another proportion to the normal head's than the architecture's.
        features = normals.features[min(normals.features)]  # of the last stage of the decoder
        return resize_image(self.adapter(features), width // self._adapter_stride())
