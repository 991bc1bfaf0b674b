"""Square images and normal maps at another size, under the convention that a preset names."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def resize_image(image: Tensor, size: int, antialias: bool = True) -> Tensor:
    """image (B, C, S, S) -> (B, C, size, size), bilinear, half-pixel centres.

    `antialias` filters before shrinking; the released model does not.
    """
    if image.shape[-1] == size and image.shape[-2] == size:
        return image
    return functional.interpolate(
        image, size=(size, size), mode="bilinear", align_corners=False, antialias=antialias and size < image.shape[-1]
    )


def resize_map(values: Tensor, size: int, align_corners: bool = False) -> Tensor:
    """A normal map or mask (B, C, S, S) -> (B, C, size, size), bilinear; filtered where it shrinks.

    With `align_corners` corner texels stay on corner texels: how the released model enlarges its normal maps.
    """
    if values.shape[-1] == size and values.shape[-2] == size:
        return values
    if align_corners:
        return functional.interpolate(values, size=(size, size), mode="bilinear", align_corners=True)
    return resize_image(values, size)
