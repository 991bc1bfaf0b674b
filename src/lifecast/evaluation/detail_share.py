"""The fine detail that predicted normal maps have: how much against the truth, and how much of it is the truth's.

Measured at the size of the picture, by `space.fine_detail`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch

from lifecast.space.fine_detail import CORRELATED, SIGMAS, compare_detail

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Maps = NDArray[np.float32]


def detail_figures(side: str, predicted: Maps, true: Maps, mask: NDArray[np.bool_]) -> dict[str, float]:
    """Measure a predicted normal map (s, s, 3) of one side against the true one (S, S, 3).

    Both at S pixels. `SIDE_detail_2`, `_4` and `_8`: mean length of the normals minus their blur of so many
    pixels, predicted over true.
    `SIDE_detail_correlation`: of that detail of 2 pixels with the truth's. Absent where the truth has no detail, and
    without a person (`mask`, S x S).
    """
    if not mask.any():
        return {}
    size = true.shape[0]
    if predicted.shape[0] != size:
        mode = cv2.INTER_AREA if predicted.shape[0] > size else cv2.INTER_LINEAR
        predicted = np.asarray(cv2.resize(predicted, (size, size), interpolation=mode), np.float32)
    x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
    box = (slice(y, y + h), slice(x, x + w))
    ours, theirs = (torch.from_numpy(one[box].copy()).permute(2, 0, 1)[None].float() for one in (predicted, true))
    inside = torch.from_numpy(mask[box].astype(np.float32))[None, None]
    figures: dict[str, float] = {}
    for sigma in SIGMAS:
        found = compare_detail(ours, theirs, inside, sigma)
        if float(found.true) > 0:
            figures[f"{side}_detail_{sigma}"] = float(found.predicted / found.true)
        if sigma == CORRELATED and float(found.maps) > 0:
            figures[f"{side}_detail_correlation"] = float(found.correlation / found.maps)
    return figures
