"""What a surface is extracted from: an occupancy field that is queried at points.

Fields return *logits*, not occupancies: log(p / (1 - p)), 0 on the surface, positive inside. A trained field turns
from 0 to 1 within a voxel or two, so that interpolating its occupancies puts most vertices at the wrong place, whereas
its logits are close to linear there; and a float32 occupancy near 1 has lost what the logit still knows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

OUTSIDE_LOGIT = -12.0
"""Stands for "outside by definition" (an occupancy of 6e-6): off the lattice, off the image."""


class Field(Protocol):
    """Occupancy logits over view space."""

    @property
    def device(self) -> torch.device:
        """Where points are expected and logits returned."""

    def logits(self, points: Tensor) -> Tensor:
        """Compute logits (N,) of the occupancy at view-space points (N, 3) float32.

        Each is independent of the others. Neighbours on a line of sight come one after the other where the caller has
        the choice.
        """


class CallableField:
    """Any function of points as a field.

    It is for tests, evaluation, and networks that have no faster query.

    Parameters
    ----------
    function: points (N, 3) -> occupancy (N,) in [0, 1], or logits where `logits` is set.
    chunk: most points handed to it at once.
    """

    def __init__(
        self,
        function: Callable[[Tensor], Tensor],
        *,
        logits: bool = False,
        chunk: int = 1 << 17,
        device: torch.device | str = "cpu",
    ) -> None:
        self.function = function
        self.gives_logits = logits
        self.chunk = chunk
        self._device = torch.device(device)

    @property
    def device(self) -> torch.device:
        """Device of the results."""
        return self._device

    def logits(self, points: Tensor) -> Tensor:
        """Compute logits (N,) at points (N, 3).

        An occupancy of exactly 0 or 1 counts as 1e-12 short of it.
        """
        values = [self.function(part) for part in torch.split(points, self.chunk)] or [points.new_zeros(0)]
        joined = torch.cat(values)  # (N,)
        return joined if self.gives_logits else torch.logit(joined.double(), eps=1e-12).float()
