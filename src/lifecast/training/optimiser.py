"""The optimisers that recipes name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from lifecast.training.muon import Muon
from lifecast.training.recipe import StageRecipe


def parameter_groups(named: Iterable[tuple[str, nn.Parameter]], weight_decay: float) -> list[dict[str, Any]]:
    """Group the parameters in two.

    Weights of convolutions and linear layers decay; norms and biases (one axis) do not.
    """
    trained = [parameter for _, parameter in named if parameter.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]


def make_optimiser(module: nn.Module, stage: StageRecipe) -> torch.optim.Optimizer:
    """Make the recipe's optimiser over the parameters that need a gradient."""
    groups = parameter_groups(module.named_parameters(), stage.weight_decay)
    if stage.optimiser == "rmsprop":
        return torch.optim.RMSprop(groups, lr=stage.learning_rate)
    if stage.optimiser == "muon":
        return Muon(groups, lr=stage.learning_rate, betas=stage.betas)
    kind = torch.optim.Adam if stage.optimiser == "adam" else torch.optim.AdamW
    return kind(groups, lr=stage.learning_rate, betas=stage.betas)
