"""Random windows on people, in which the detail head is trained: a window costs a fraction of the whole picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lifecast.model.pixel_aligned import cut_windows
from lifecast.model.window import random_window


@dataclass(frozen=True)
class DetailWindows:
    """How large the windows of a batch are, and how many of them each picture gives."""

    side: int
    """In pixels of the finest picture."""
    count: int

    def draw(self, mask: Tensor, multiple: int) -> Tensor:
        """Choose windows around random pixels of people in mask (B, 1, H, W): (B count, 4).

        int64 x0, y0, width and height, multiples of `multiple`; those of a picture follow each other. They are drawn
        from torch's generator. A side longer than the picture is cut to it.
        """
        height, width = mask.shape[-2:]
        side = min(self.side, height, width) // multiple * multiple
        corners = []
        for one in mask:
            for _ in range(self.count):
                found = random_window(one[None], side)
                left, top = (
                    min(at // multiple * multiple, end - side) for at, end in ((found.left, width), (found.top, height))
                )
                corners.append([left, top, side, side])
        return torch.tensor(corners)


def windowed(batch: dict[str, Any], windows: Tensor) -> dict[str, Any]:
    """Cut a batch's picture, mask and normals to windows (B n, 4) of it, n of each picture."""
    return batch | {name: cut_windows(batch[name], windows) for name in ("image", "mask", "front", "back")}
