"""Cut a batch down to the part of its pictures where people are.

A person of 180 cm stands in a picture of 256 cm by 256 cm: nine tenths of its pixels are background.
A cut batch takes about half the time, and the networks, being convolutions, do not care about the shape. Points stay
where they are in the whole picture: the batch's `extent` says which part of that its pictures are.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lifecast.model.window import WINDOW_MARGIN


def kept_range(present: Tensor, multiple: int) -> tuple[int, int]:
    """Choose first and end index of a range that holds everything in present (S,) bool.

    It is `multiple` long or a multiple of it. Where it lies within its freedom is drawn from torch's generator; all of
    the range where nobody is present.
    """
    size = len(present)
    found = present.nonzero()[:, 0]
    if not len(found):
        return 0, size
    margin = max(1, round(size * WINDOW_MARGIN))
    first, end = max(0, int(found[0]) - margin), min(size, int(found[-1]) + 1 + margin)
    length = min(size, -(-(end - first) // multiple) * multiple)
    lowest, highest = max(0, end - length), min(first, size - length)
    # Whole texels of the quarter-size depth maps.
    start = int(torch.randint(lowest // 4, highest // 4 + 1, ())) * 4
    return min(start, size - length), min(start, size - length) + length


def trim(batch: dict[str, Any], multiple: int) -> dict[str, Any]:
    """Cut a batch to the rows and columns around everybody in it.

    Its image, mask, normals, parsing maps, depths and limb maps. `multiple`: what the sides must be multiples of, a
    multiple of 4 itself. `extent` (B, 4) is added: x0, y0, width and height of what is kept, as fractions of the whole
    picture (`pixel_aligned`). The dataset's `window` is left out.
    """
    anybody = (batch["mask"][:, 0] > 0).any(0)  # (S, S)
    top, bottom = kept_range(anybody.any(1), multiple)
    left, right = kept_range(anybody.any(0), multiple)
    cut = dict(batch)
    for name in ("image", "mask", "front", "back", "parsing"):
        if name not in batch:
            continue
        cut[name] = batch[name][..., top:bottom, left:right]
    for name in ("depth", "depth_mask", "limbs"):
        if name not in batch:
            continue
        cut[name] = batch[name][..., top // 4 : bottom // 4, left // 4 : right // 4]
    cut.pop("window", None)
    window = torch.tensor([left, top, right - left, bottom - top], dtype=torch.float32)
    cut["extent"] = (window / batch["image"].shape[-1]).expand(len(batch["image"]), 4)
    return cut
