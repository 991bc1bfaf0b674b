"""A body that was fitted to one person: the numbers that shape, pose and place it, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from lifecast.body.model import Body, BodyPoints

Floats = NDArray[np.float32]


@cache
def shipped_body() -> Body:
    """Load the body that comes with the package, once a process."""
    return Body()


@dataclass(frozen=True, eq=False)
class FittedBody:
    """One person's body in view space: scale * posed body in metres + offset.

    The posed body's axes are those of view space: x right, y up, front toward +z, the camera.
    """

    shape: Floats
    """(N,) components of `Body`, standard deviations over drawn people."""
    expression: Floats
    """(A,) facial actions, 0 .. 1."""
    rotations: Floats
    """(J, 3, 3) of each joint against its parent, about the rest body's axes; the root's turns the whole body."""
    offset: Floats
    """(3,) view units."""
    scale: float
    """View units a metre of the body."""
    fitted: frozenset[str] = field(default_factory=frozenset)
    """Parts that were seen and fitted beyond BlazePose's joints: "hand.L", "hand.R", "face"; the others are at ease."""
    doubtful: frozenset[str] = field(default_factory=frozenset)
    """Limbs that do not lie where the picture has them, by the joints of `lifecast.body.limbs.LIMBS`, and what hangs on
    them."""
    notes: tuple[str, ...] = ()
    """What a user should know: what could not be fitted, and why."""

    def rest(self) -> BodyPoints:
        """Shape the body, in metres, not posed: vertices (1, V, 3), joints (1, J, 3)."""
        return shipped_body().rest(*self._batch(self.shape, self.expression))

    @cached_property
    def posed(self) -> tuple[Floats, Floats]:
        """Vertices (V, 3) and joints (J, 3) in view space."""
        with torch.no_grad():
            points = shipped_body().pose(*self._batch(self.shape, self.expression, self.rotations))
        offset = np.asarray(self.offset, np.float32)
        vertices, joints = (
            np.float32(self.scale) * one[0].numpy() + offset for one in (points.vertices, points.joints)
        )
        return vertices, joints

    @staticmethod
    def _batch(*arrays: Floats) -> list[torch.Tensor]:
        return [torch.from_numpy(np.asarray(one, np.float32))[None] for one in arrays]
