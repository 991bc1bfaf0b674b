"""Square images and normal maps at another size, under the convention that a preset names."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def sides(image: Tensor, width: int) -> tuple[int, int]:
    """Compute height and width of `image` (B, C, H, W) brought to a width."""
    return max(1, round(image.shape[-2] * width / image.shape[-1])), width


def resize_image(image: Tensor, size: int, antialias: bool = True) -> Tensor:
    """Resize image (B, C, S, S) -> (B, C, size, size), bilinear, half-pixel centres.

    Of an image that is not square, `size` is the width; the proportion stays.
    `antialias` filters before shrinking; the released model does not.
    """
    if image.shape[-1] == size:
        return image
    antialias = antialias and size < image.shape[-1]
    return functional.interpolate(
        image, size=sides(image, size), mode="bilinear", align_corners=False, antialias=antialias
    )


def resize_map(values: Tensor, size: int, align_corners: bool = False) -> Tensor:
    """Resize a normal map or mask (B, C, S, S) -> (B, C, size, size), bilinear.

    It is filtered where it shrinks. With `align_corners` corner texels stay on corner texels: how the released model
    enlarges its normal maps.
    """
    if values.shape[-1] == size:
        return values
    if align_corners:
        return functional.interpolate(values, size=sides(values, size), mode="bilinear", align_corners=True)
    return resize_image(values, size)
