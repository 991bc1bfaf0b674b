"""The adversary of the detail head: a discriminator that learns to tell predicted normal maps from true ones.

What a photograph does not show, the folds of the back, can only be guessed. The mean of all guesses, which the other
losses ask for, has no folds; what the discriminator takes for true has. It judges overlapping patches of 70 pixels
(Isola et al. 2017) by the hinge loss, and the head is also asked for the discriminator's features of the true maps
(Wang et al. 2018, "feature matching"): not place by place, where they cannot be known, but their mean and spread over
each window.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

WIDTHS = (32, 64, 128)
"""Channels at strides 2, 4 and 8."""
LEARNING_RATE = 4e-4
BETAS = (0.0, 0.99)
MATCHED = 5.0
"""Weight of the feature matching beside the hinge loss."""


class Comparison(NamedTuple):
    """A window of a batch as the discriminator gets it.

    The maps of one side, or the front's and then the back's.
    """

    image: Tensor
    """(N, 3, h, w) in [-1, 1]."""
    side: Tensor
    """(N, 1, 1, 1), 0 of a front's map and 1 of a back's."""
    predicted: Tensor
    """(N, 3, h, w) normals, 0 outside the mask."""
    true: Tensor
    """(N, 3, h, w) normals, 0 outside the mask."""
    mask: Tensor
    """(N, 1, h, w) in [0, 1]."""


def comparison(image: Tensor, predicted: Mapping[str, Tensor], true: Mapping[str, Tensor], mask: Tensor) -> Comparison:
    """Join the maps of "front", "back" or both, of a window, in one batch.

    Maps (B, 3, h, w), under the mask (B, 1, h, w).
    """
    every = torch.cat([mask] * len(predicted)).float()
    return Comparison(
        torch.cat([image] * len(predicted)).float(),
        torch.cat([torch.full_like(mask[:, :, :1, :1], side == "back", dtype=torch.float32) for side in predicted]),
        torch.cat([predicted[side] for side in predicted]).float() * every,
        torch.cat([true[side] for side in predicted]).float() * every,
        every,
    )


class PatchDiscriminator(nn.Module):
    """Judges patches of normal maps, given the picture and which side they are of."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3 + 3 + 1
        for width in widths:
            layers.append(spectral_norm(nn.Conv2d(channels, width, 4, 2, padding=1)))
            channels = width
        layers.append(spectral_norm(nn.Conv2d(channels, channels, 4, 1, padding=1)))
        self.layers = nn.ModuleList(layers)
        self.logit = spectral_norm(nn.Conv2d(channels, 1, 4, 1, padding=1))

    def forward(self, image: Tensor, normals: Tensor, side: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Judge normals (N, 3, h, w) of the sides (N, 1, 1, 1).

        Logits (N, 1, h', w'), and the features of each layer.
        """
        x = torch.cat((image, normals, side.expand(-1, -1, *normals.shape[-2:])), dim=1)
        features = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
            features.append(x)
        return self.logit(x), features


class Adversary:
    """The discriminator, its optimiser, and what it is to learn from next.

    It is no part of the model: it is left behind when training ends.
    """

    def __init__(self, seed: int) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.discriminator = PatchDiscriminator()
        self.optimiser = torch.optim.Adam(self.discriminator.parameters(), LEARNING_RATE, BETAS)
        self.latest: Comparison | None = None

    def to(self, device: torch.device) -> None:
        """Move to a device, before the first step."""
        self.discriminator.to(device)

    def losses(self, compared: Comparison) -> Tensor:
        """Compute what the head is to make small, a scalar, and keep the window for `learn`."""
        self.discriminator.requires_grad_(False).eval()  # the estimates of the spectral norms stay, too
        logits, features = self.discriminator(compared.image, compared.predicted, compared.side)
        with torch.no_grad():
            _, goals = self.discriminator(compared.image, compared.true, compared.side)
        matched = torch.stack(
            [
                F.l1_loss(feature_statistics(ours, compared.mask), feature_statistics(goal, compared.mask))
                for ours, goal in zip(features, goals, strict=True)
            ]
        ).mean()
        if torch.is_grad_enabled():
            self.latest = Comparison(*(value.detach() for value in compared))
        return MATCHED * matched - over_people(logits, compared.mask)

    def learn(self) -> float | None:
        """Take one step of the discriminator on the last window.

        Returns its hinge loss, None without a window.
        """
        if self.latest is None:
            return None
        compared, self.latest = self.latest, None
        self.discriminator.requires_grad_(True).train()
        ours, _ = self.discriminator(compared.image, compared.predicted, compared.side)
        truth, _ = self.discriminator(compared.image, compared.true, compared.side)
        loss = over_people(F.relu(1 + ours), compared.mask) + over_people(F.relu(1 - truth), compared.mask)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        return float(loss.detach())

    def state_dict(self) -> dict[str, Any]:
        """Return everything to go on from."""
        return {"discriminator": self.discriminator.state_dict(), "optimiser": self.optimiser.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict()`."""
        self.discriminator.load_state_dict(state["discriminator"])
        self.optimiser.load_state_dict(copy.deepcopy(state["optimiser"]))  # PyTorch would share its tensors


def feature_statistics(features: Tensor, mask: Tensor) -> Tensor:
    """Compute mean and spread of each channel of features over the mask.

    (N, C, h, w) and (N, 1, H, W): (N, 2 C).
    """
    features = features.float()
    weight = F.adaptive_avg_pool2d(mask, (features.shape[-2], features.shape[-1]))
    total = weight.sum((2, 3)).clamp(min=1e-6)  # (N, 1)
    mean = (features * weight).sum((2, 3)) / total  # (N, C)
    away = (features - mean[..., None, None]).square()
    spread = ((away * weight).sum((2, 3)) / total + 1e-8).sqrt()
    return torch.cat((mean, spread), dim=1)


def over_people(values: Tensor, mask: Tensor) -> Tensor:
    """Average values (B, 1, h, w) of patches over the people in mask (B, 1, H, W): a scalar.

    A patch counts by the share of its middle that the mask covers.
    """
    height, width = values.shape[-2:]
    weight = F.adaptive_avg_pool2d(mask, (height, width))
    return (values * weight).sum() / weight.sum().clamp(min=1e-6)
