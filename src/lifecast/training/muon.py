"""Muon: steps of convolutions and linear layers made orthogonal, which teaches more from the same pictures.

Momentum of a weight matrix is mostly along a few directions, and plain steps spend themselves on these. Muon (Jordan et
al. 2024, "Muon: An optimizer for hidden layers in neural networks") replaces each step by the nearest matrix whose
singular values are about 1, found by a few Newton-Schulz iterations. Steps are scaled as Liu et al. 2025 ("Muon is
scalable for LLM training") do, to the size that Adam's have, so learning rates carry over. Norms, biases and what has
only a few channels on one side (pictures, maps) is left to AdamW.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

import torch
from torch import Tensor, nn

MOMENTUM = 0.95
ITERATIONS = 5
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the odd polynomial of degree 5 that each iteration applies to the singular values (Jordan et al.)."""
ADAM_STEP = 0.2
"""Root mean square of an Adam step, in learning rates (Liu et al., section 2.2)."""
FEW = 16
"""Channels up to which a layer's weights are AdamW's."""


def is_orthogonalised(parameter: Tensor) -> bool:
    """Check whether Muon steps this parameter, as a matrix of (outputs, everything else).

    AdamW does otherwise.
    """
    return parameter.ndim > 1 and min(parameter.shape[:2]) > FEW


def orthogonalised(matrix: Tensor) -> Tensor:
    """Compute a matrix of the same singular vectors with singular values of 0.7 to 1.2.

    (n, m) -> (n, m); zeros stay zeros. The iteration X <- (a + b X X^T + c (X X^T)^2) X is run on the small matrix X
    X^T alone, whose powers commute; their product is applied to X once at the end. For a convolution of 9 taps that is
    a third of the arithmetic.
    """
    tall = matrix.shape[0] > matrix.shape[1]
    wide = matrix.T if tall else matrix
    wide = wide / wide.norm().clamp_min(1e-12)
    a, b, c = COEFFICIENTS
    gram = wide @ wide.T  # (n, n)
    identity = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    product = identity
    for iteration in range(ITERATIONS):
        factor = a * identity + b * gram + c * (gram @ gram)
        product = factor @ product
        if iteration + 1 < ITERATIONS:
            gram = factor @ gram @ factor
    found: Tensor = product @ wide
    return found.T if tall else found


class Muon(torch.optim.Optimizer):
    """Muon for the parameters for which `is_orthogonalised`, AdamW for the others.

    Parameters
    ----------
    groups
        Parameters, or groups of them as `torch.optim` takes them; each may have its own `weight_decay` (decoupled).
    lr, betas, eps, weight_decay
        As AdamW's; `betas` and `eps` are for its part alone.
    """

    def __init__(
        self,
        groups: Iterable[nn.Parameter] | Iterable[dict[str, Any]],
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(groups, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Go one step along the gradients that are there.

        `closure`, if given, is asked for them first.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                if is_orthogonalised(parameter):
                    self._orthogonal_step(parameter, group)
                else:
                    self._adam_step(parameter, group)
        return loss

    def _orthogonal_step(self, parameter: nn.Parameter, group: dict[str, Any]) -> None:
        gradient, state = cast(Tensor, parameter.grad), self.state[parameter]
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        momentum = state["momentum"].mul_(MOMENTUM).add_(gradient)
        direction = orthogonalised((gradient + MOMENTUM * momentum).flatten(1))  # Nesterov's
        size = ADAM_STEP * max(direction.shape) ** 0.5
        parameter.add_(direction.reshape(parameter.shape), alpha=-group["lr"] * size)

    def _adam_step(self, parameter: nn.Parameter, group: dict[str, Any]) -> None:
        gradient, state = cast(Tensor, parameter.grad), self.state[parameter]
        if not state:
            state |= {"step": 0, "mean": torch.zeros_like(parameter), "square": torch.zeros_like(parameter)}
        state["step"] += 1
        first, second = group["betas"]
        mean = state["mean"].lerp_(gradient, 1 - first)
        square = state["square"].mul_(second).addcmul_(gradient, gradient, value=1 - second)
        spread = (square / (1 - second ** state["step"])).sqrt_().add_(group["eps"])
        parameter.addcdiv_(mean, spread, value=-group["lr"] / (1 - first ** state["step"]))
