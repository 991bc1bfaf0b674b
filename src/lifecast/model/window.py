"""The window around a person: detail is predicted only where somebody is, which takes half of the time."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

WINDOW_MARGIN = 1 / 32
"""Least share of the picture's width that is kept around the person; `training.trim` cuts batches so."""
WINDOW_MASK = 0.02
"""Probability of the person from which a pixel counts as theirs."""


class Window(NamedTuple):
    """A part of a picture: rows `top` to `bottom`, columns `left` to `right`.

    The ends are not included.
    """

    top: int
    bottom: int
    left: int
    right: int

    def cut(self, maps: Tensor, stride: int = 1) -> Tensor:
        """Cut this part out of maps (B, C, H / stride, W / stride)."""
        return maps[..., self.top // stride : self.bottom // stride, self.left // stride : self.right // stride]

    def restored(self, maps: Tensor, height: int, width: int) -> Tensor:
        """Put maps of this part into a whole picture's size, 0 elsewhere."""
        return functional.pad(maps, (self.left, width - self.right, self.top, height - self.bottom))


def window_around(mask: Tensor, height: int, width: int, multiple: int) -> Window:
    """Find the smallest window that holds everybody in mask (B, 1, h, w) with a margin.

    Its sides and corners are multiples of `multiple` pixels of a (height, width) picture; it is the whole picture if
    nobody is in it.
    """
    present = (mask > WINDOW_MASK).any(dim=0)[0]  # (h, w)
    margin = max(1, round(width * WINDOW_MARGIN))

    def along(occupied: Tensor, side: int) -> tuple[int, int]:
        found = occupied.nonzero()[:, 0]
        if not len(found):
            return 0, side
        first = max(0, int(found[0]) * side // len(occupied) - margin) // multiple * multiple
        end = -(-int(found[-1] + 1) * side // len(occupied)) + margin
        return first, min(side, -(-end // multiple) * multiple)

    return Window(*along(present.any(dim=1), height), *along(present.any(dim=0), width))


def random_window(mask: Tensor, side: int | None) -> Window:
    """Choose a window of `side` pixels around a random pixel of the people in mask (B, 1, H, W).

    It is moved inside the picture, and drawn from torch's generator. All of the picture if that is smaller, if nobody
    is in it, or without a side.
    """
    height, width = mask.shape[-2:]
    anybody = (mask > 0.5).any(dim=0)[0].nonzero()  # (N, 2)
    if side is None or not len(anybody) or side > min(height, width):
        return Window(0, height, 0, width)
    row, column = (int(at) for at in anybody[int(torch.randint(len(anybody), ()))])
    top, left = min(max(0, row - side // 2), height - side), min(max(0, column - side // 2), width - side)
    return Window(top, top + side, left, left + side)
