"""Which landmarks are hidden by the body itself: guessed, and well under the surface that is visible there."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from lifecast.space.maps import Maps
from lifecast.space.resizing import resize_image
from lifecast.surface.colour.visibility import pixel_of


class UnderSurface(NamedTuple):
    """Where landmarks lie under the first surface."""

    hidden: Tensor
    """(33,) bool: guessed, and well behind the surface that is visible there."""
    covered: Tensor
    """(33,) bool: in the mask."""
    front: Tensor
    """(33,) depth of the first surface at each landmark, ..."""
    back: Tensor
    """(33,) ... and of the last."""

    def into_body(self, landmark: int, z: float, radius: float) -> float:
        """Move a depth into the body at a landmark; unchanged beyond the mask.

        It ends at least `radius` view units from the body's front and back, or in the middle where the body is thinner.
        """
        if not self.covered[landmark]:
            return z
        nearest, farthest = float(self.front[landmark]) - radius, float(self.back[landmark]) + radius
        return min(max(z, farthest), nearest) if farthest < nearest else (farthest + nearest) / 2


def under_surface(joints: Tensor, maps: Maps, guessed: float, under: float) -> UnderSurface | None:
    """Find the landmarks that the body hides; None for maps without depths or mask.

    Parameters
    ----------
    joints
        (33, 4) landmarks in view space, lifted: z counted from the view's own origin; and visibility in [0, 1].
    maps
        Of that person (batch of 1).
    guessed
        Visibility below which a landmark is guessed.
    under
        View units of depth under the first surface from which on a joint is hidden by it.
    """
    if maps.depth is None or maps.mask is None:
        return None
    depth = maps.depth[0].float().cpu()  # (2, s, s)
    mask = resize_image(maps.mask.float(), depth.shape[-1])[0, 0].cpu()  # (s, s)
    joints = joints.float().cpu()
    column, row = (torch.from_numpy(place) for place in pixel_of(joints.numpy(), depth.shape[-1]))  # (33,)
    covered = mask[row, column] > 0.5  # (33,)
    front, back = depth[:, row, column]  # (33,) of the surfaces where the joints are visible, or would be
    hidden = (joints[:, 3] < guessed) & covered & (front - joints[:, 2] > under)
    return UnderSurface(hidden, covered, front, back)
