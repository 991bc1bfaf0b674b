"""Maps of a person's front and back: normals, mask and depth, in view space, and what may be done to them.

Both sides are those of one line of sight: pixel (u, v) of the back map is what lies behind pixel (u, v) of the front
map, seen through the person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lifecast.space.resizing import resize_image
from lifecast.space.smoothing import smoothed
from lifecast.space.unit_normals import squared_lengths, unit_normals


class Maps(NamedTuple):
    """Normals in [-1, 1], and mask and depths where they are predicted or given."""

    front: Tensor
    """(B, 3, S, S) normals of the first surface that a line of sight meets."""
    back: Tensor
    """(B, 3, S, S) normals of the last one."""
    mask: Tensor | None = None
    """(B, 1, S, S) probability of the person."""
    mask_logit: Tensor | None = None
    """(B, 1, S, S): what the mask is the sigmoid of, for the loss."""
    depth: Tensor | None = None
    """(B, 2, s, s) view z of the first and of the last surface; anything outside of the person.
    Of a size of its own."""
    depth_logits: Tensor | None = None
    """(B, 2, K, h, w): the distribution over depths that it is the mean of, for the loss."""


class MapPyramid(NamedTuple):
    """The maps of one picture at each level of detail, the coarsest first."""

    coarse: Maps
    """Input of the coarse net."""
    fine: Maps
    """Input of the fine net, of the relief and of the colours."""


def under_mask(maps: Maps, mask: Tensor) -> Maps:
    """Put maps under a given mask (B, 1, H, W) in place of the predicted one.

    They are unchanged if none was predicted. A net that predicts a mask has multiplied its unit normals by it: they are
    brought back to unit length first.
    """
    if maps.mask is None:
        return maps
    mask = resize_image(mask.to(maps.mask), maps.mask.shape[-1])  # (B, 1, S, S)
    front, back = unit_normals(maps.front) * mask, unit_normals(maps.back) * mask
    return maps._replace(front=front, back=back, mask=mask, mask_logit=None)


def as_map(values: Tensor) -> NDArray[np.float32]:
    """Turn a map (1, 3, S, S) into an array (S, S, 3) float32 of its own."""
    turned: NDArray[np.float32] = values[0].permute(1, 2, 0).to("cpu", torch.float32, copy=True).contiguous().numpy()
    return turned


def mirrored(maps: Maps) -> Maps:
    """Turn the maps of a mirrored picture into the picture's own.

    Columns are reversed, and x of the normals.
    """

    def flipped(values: Tensor | None) -> Tensor | None:
        return None if values is None else values.flip(-1)

    sign = maps.front.new_tensor([-1.0, 1.0, 1.0]).view(3, 1, 1)
    return Maps(
        maps.front.flip(-1) * sign, maps.back.flip(-1) * sign,
        flipped(maps.mask), flipped(maps.mask_logit), flipped(maps.depth), flipped(maps.depth_logits),
    )  # fmt: skip


def averaged(one: Maps, other: Maps) -> Maps:
    """Average two predictions of one picture.

    Mask, depths, and the directions of the normals are averaged.
    """

    def mean(a: Tensor | None, b: Tensor | None) -> Tensor | None:
        return None if a is None or b is None else (a + b) / 2

    mask = mean(one.mask, other.mask)
    front, back = (unit_normals(a + b) for a, b in zip(one[:2], other[:2], strict=True))
    if mask is not None:
        front, back = front * mask, back * mask
    return Maps(front, back, mask, mean(one.mask_logit, other.mask_logit), mean(one.depth, other.depth))


@dataclass(frozen=True)
class Sharpening:
    """Constants of the step `sharpen`."""

    within: float = 1.5
    """Pixels at a map of 512: standard deviation of the smoothing that the step takes the opposite of."""


SHARPENING = Sharpening()


def sharpened(normals: Tensor, amount: float, constants: Sharpening = SHARPENING) -> Tensor:
    """Deepen the folds of normal maps (B, 3, S, S): unsharp masking of their directions.

    Each normal moves away from the mean direction around it by `amount` of the difference. Lengths, and where there is
    no normal, stay.
    """
    normals = normals.contiguous(memory_format=torch.channels_last)  # lengths are found several times as fast on a CPU
    unit = unit_normals(normals)
    around = unit_normals(smoothed(unit, constants.within * normals.shape[-1] / 512))
    length: Tensor = squared_lengths(normals).sqrt()  # (B, 1, S, S)
    return unit_normals(unit + amount * (unit - around)) * length
