"""An exponential moving average of the weights: what is validated and exported.

Averaging over the last steps does most of what a long tail of small learning rates does, so short runs gain most.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


class WeightAverage:
    """The running average of a module's trained parameters.

    Parameters
    ----------
    named
        Names and parameters, as `named_parameters()` gives them; those that need no gradient are left out.
    decay
        Share of the average that a step keeps. Early on less is kept, (1 + t) / (10 + t) at step t, or the random
        start would linger for 1 / (1 - decay) steps.
    """

    def __init__(self, named: Iterable[tuple[str, nn.Parameter]], decay: float) -> None:
        if not 0 < decay < 1:
            raise ValueError(f"decay {decay} is not between 0 and 1")
        self.live = {name: parameter for name, parameter in named if parameter.requires_grad}
        self.mean = {name: parameter.detach().clone() for name, parameter in self.live.items()}
        self.decay = decay
        self.steps = 0

    @torch.no_grad()
    def update(self) -> None:
        """Take in the parameters after an optimiser step."""
        self.steps += 1
        keep = min(self.decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(list(self.mean.values()), [p.detach() for p in self.live.values()], 1 - keep)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Put the averaged parameters in place within a `with` block."""
        kept = {name: parameter.detach().clone() for name, parameter in self.live.items()}
        with torch.no_grad():
            for name, parameter in self.live.items():
                parameter.copy_(self.mean[name])
        try:
            yield
        finally:
            with torch.no_grad():
                for name, parameter in self.live.items():
                    parameter.copy_(kept[name])

    def state_dict(self) -> dict[str, int | dict[str, Tensor]]:
        """Return what `load_state_dict` needs to go on."""
        return {"steps": self.steps, "mean": dict(self.mean)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state`; its names must be exactly the trained parameters'."""
        if set(state["mean"]) != set(self.mean):
            raise ValueError("the averaged weights are not those of the parameters that this stage trains")
        self.steps = int(state["steps"])
        with torch.no_grad():
            for name, value in state["mean"].items():
                self.mean[name].copy_(value)
