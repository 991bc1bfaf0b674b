"""The adversary of the detail head: a discriminator that learns to tell predicted normal maps from true ones.

What a photograph does not show, the folds of the back, can only be guessed. The mean of all guesses, which the other
losses ask for, has no folds; what the discriminator takes for true has. It judges overlapping patches of 70 pixels
(Isola et al. 2017) by the hinge loss, and the head is also asked for the discriminator's features of the true maps
(Wang et al. 2018, "feature matching").
"""

from __future__ import annotations

import copy
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
    """A window of a batch as the discriminator gets it: the front's maps, then the back's."""

    image: Tensor
    """(2B, 3, h, w) in [-1, 1]."""
    predicted: Tensor
    """(2B, 3, h, w) normals, 0 outside the mask."""
    true: Tensor
    """(2B, 3, h, w) normals, 0 outside the mask."""
    mask: Tensor
    """(2B, 1, h, w) in [0, 1]."""


def comparison(
    image: Tensor, predicted: tuple[Tensor, Tensor], true: tuple[Tensor, Tensor], mask: Tensor
) -> Comparison:
    """Join front and back (B, 3, h, w) of a window in one batch, under the mask (B, 1, h, w)."""
    both = torch.cat((mask, mask)).float()
    return Comparison(
        torch.cat((image, image)).float(), torch.cat(predicted).float() * both, torch.cat(true).float() * both, both
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

    def forward(self, image: Tensor, normals: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Judge normals (2B, 3, h, w), the first half of the front.

        Logits (2B, 1, h', w'), and the features of each layer.
        """
        half = len(normals) // 2
        side = normals.new_zeros(len(normals), 1, *normals.shape[-2:])
        side[half:] = 1
        x = torch.cat((image, normals, side), dim=1)
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
        logits, features = self.discriminator(compared.image, compared.predicted)
        with torch.no_grad():
            _, goals = self.discriminator(compared.image, compared.true)
        matched = torch.stack([F.l1_loss(ours, goal) for ours, goal in zip(features, goals, strict=True)]).mean()
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
        ours, _ = self.discriminator(compared.image, compared.predicted)
        truth, _ = self.discriminator(compared.image, compared.true)
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


def over_people(values: Tensor, mask: Tensor) -> Tensor:
    """Average values (B, 1, h, w) of patches over the people in mask (B, 1, H, W): a scalar.

    A patch counts by the share of its middle that the mask covers.
    """
    height, width = values.shape[-2:]
    weight = F.adaptive_avg_pool2d(mask, (height, width))
    return (values * weight).sum() / weight.sum().clamp(min=1e-6)
