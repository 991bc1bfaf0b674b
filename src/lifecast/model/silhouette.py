"""The silhouette bound: the person's mask as a bound on the occupancy; nothing of a person lies beyond it.

Nets are trained near people, where most points are drawn; far from anybody their fields have stray sheets. Beyond the
mask and a margin logits are therefore lowered until nothing can be inside. Inside the mask nothing changes, so the
surface stays the nets' own. Between, the change is gradual, and no wall stands where it begins.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from lifecast.space.resizing import resize_map


@dataclass(frozen=True)
class SilhouetteBound:
    """Constants of the step `silhouette`."""

    size: int = 128
    """Texels along each side of a bound: one is 2 cm of a person of 180 cm."""
    margin: int = 2
    """Texels beyond the mask that it leaves alone."""
    fall: float = 12.0
    """How far logits are lowered at the end: probabilities of 0.99999 become less than 0.5."""


SILHOUETTE_BOUND = SilhouetteBound()


def silhouette_bound(
    mask: Tensor, align_corners: bool = False, constants: SilhouetteBound = SILHOUETTE_BOUND
) -> Tensor:
    """Bound logits by masks (B, 1, H, W) in [0, 1]: (B, 1, size, size) float32.

    It is from 0 to -fall, and is added to the logits.
    """
    mask = (2 * resize_map(mask.float(), constants.size, align_corners)).clamp(max=1)  # the person begins at one half
    reached = functional.max_pool2d(mask, 2 * constants.margin + 1, 1, constants.margin)
    for _ in range(2):
        reached = functional.avg_pool2d(reached, 3, 1, 1, count_include_pad=False)
    return constants.fall * (2 * reached - 2).clamp(-1, 0)
