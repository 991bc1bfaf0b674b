"""Depth maps that follow the normal maps: the folds that normals show, on the depths that the depth network found.

A normal (a, b, c) says how fast depth changes from one pixel to the next: by -a / c to the right and by -b / c upward.
The depths sought have those differences and stay near the rough ones; where the two contradict each other strongly, one
surface ends before another, and the difference is let go (as in Cao et al., "Bilateral Normal Integration", 2022). This
is a sparse linear system of one unknown a pixel, solved by conjugate gradients.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from lifecast.space.resizing import resize_image
from lifecast.space.unit_normals import unit_normals


@dataclass(frozen=True)
class Integration:
    """Constants of the step `integrate`."""

    stay: float = 0.03
    """Weight of the rough depth at a pixel against the difference to a neighbour: detail of up to about 1 / sqrt(stay)
    pixels, 6 cm at 256, is the normals'."""
    jump: float = 0.02
    """View units from pixel to pixel by which depths may differ from what the normals say before they are let go."""
    grazing: float = 0.15
    """Least |c| of a normal that is believed: beyond, slopes have no bound."""
    rounds: int = 2
    """How often the differences that are let go are chosen anew."""
    iterations: int = 24
    """Steps of conjugate gradients a round."""


INTEGRATION = Integration()


def slopes(
    normals: Tensor, step: float | None = None, grazing: float = INTEGRATION.grazing
) -> tuple[Tensor, Tensor, Tensor]:
    """Compute the change of depth from a pixel to the next, and its weight.

    The next is the one to the right, and the one below. normals (B, 3, H, W) of one side, of any length -> three of (B,
    H, W): view units, view units, weight in [0, 1]. `step`: view units from pixel to pixel; by default they are of a
    whole picture, 2 / W. `grazing`: as in `Integration`.
    """
    step = 2 / normals.shape[-1] if step is None else step
    a, b, c = unit_normals(normals).unbind(1)
    bounded = torch.where(c < 0, -1.0, 1.0) * c.abs().clamp_min(grazing)
    return -a / bounded * step, b / bounded * step, c * c


def integrated(
    rough: Tensor,
    normals: Tensor,
    mask: Tensor,
    step: float | None = None,
    constants: Integration = INTEGRATION,
) -> Tensor:
    """Integrate normals to depths (B, H, W) within the mask, near the rough ones.

    Parameters
    ----------
    rough
        (B, H, W) view z of one side's surface; kept as it is outside of the mask.
    normals
        (B, 3, H, W) of that side, in view space.
    mask
        (B, H, W) in [0, 1].
    step
        As in `slopes`.
    """
    wanted, sure = wanted_differences(normals, step, constants.grazing)
    trust = lesser(mask * sure)
    held = constants.stay * mask + 1e-4 * (1 - mask)
    depth = rough
    for _ in range(constants.rounds):
        weights = agreeing(trust, differences(depth), wanted, constants.jump)
        depth = solve(depth, rough, held, weights, wanted, constants.iterations)
    return torch.where(mask > 0.5, depth, rough)


def wanted_differences(
    normals: Tensor, step: float | None = None, grazing: float = INTEGRATION.grazing
) -> tuple[tuple[Tensor, Tensor], Tensor]:
    """Compute what `differences` should be by normals (B, 3, H, W).

    Returns them, and the weight of each pixel (B, H, W). `step` and `grazing` as in `slopes`.
    """
    right, down, sure = slopes(normals, step, grazing)
    return ((right[:, :, 1:] + right[:, :, :-1]) / 2, (down[:, 1:] + down[:, :-1]) / 2), sure


def lesser(weights: Tensor) -> tuple[Tensor, Tensor]:
    """Take the lesser of two neighbours' weights (B, H, W), in the shapes of `differences`."""
    return torch.minimum(weights[:, :, 1:], weights[:, :, :-1]), torch.minimum(weights[:, 1:], weights[:, :-1])


def agreeing(
    trust: tuple[Tensor, Tensor], found: tuple[Tensor, Tensor], wanted: tuple[Tensor, Tensor], jump: float
) -> tuple[Tensor, Tensor]:
    """Reduce trust in differences that are farther than about `jump` from those wanted."""
    right, down = (t / (1 + ((f - w) / jump) ** 2) ** 2 for t, f, w in zip(trust, found, wanted, strict=True))
    return right, down


def differences(depth: Tensor) -> tuple[Tensor, Tensor]:
    """Subtract each pixel from its right and its lower neighbour.

    Returns (B, S, S - 1) and (B, S - 1, S).
    """
    return depth[:, :, 1:] - depth[:, :, :-1], depth[:, 1:] - depth[:, :-1]


def gathered(flows: tuple[Tensor, Tensor]) -> Tensor:
    """Apply the transpose of `differences`: (B, S, S)."""
    across, down = flows
    return (
        functional.pad(across, (1, 0)) - functional.pad(across, (0, 1))
        + functional.pad(down, (0, 0, 1, 0)) - functional.pad(down, (0, 0, 0, 1))
    )  # fmt: skip


def solve(
    start: Tensor,
    rough: Tensor,
    stay: Tensor,
    weights: tuple[Tensor, Tensor],
    wanted: tuple[Tensor, Tensor],
    iterations: int = INTEGRATION.iterations,
) -> Tensor:
    """Solve for the depths (B, S, S) by conjugate gradients from `start` on.

    They minimise stay (d - rough)^2 + weights (differences(d) - wanted)^2.
    """
    across, down = weights

    def applied(values: Tensor) -> Tensor:
        right, below = differences(values)
        return stay * values + gathered((across * right, down * below))

    target = stay * rough + gathered((across * wanted[0], down * wanted[1]))
    diagonal = stay + (
        functional.pad(across, (1, 0)) + functional.pad(across, (0, 1))
        + functional.pad(down, (0, 0, 1, 0)) + functional.pad(down, (0, 0, 0, 1))
    )  # fmt: skip

    def dot(a: Tensor, b: Tensor) -> Tensor:
        return (a * b).sum((1, 2), keepdim=True)

    depth = start
    residual = target - applied(depth)
    scaled = residual / diagonal
    direction = scaled
    energy = dot(residual, scaled)
    for _ in range(iterations):
        moved = applied(direction)
        length = energy / dot(direction, moved).clamp_min(1e-20)
        depth = depth + length * direction
        residual = residual - length * moved
        scaled = residual / diagonal
        before, energy = energy, dot(residual, scaled)
        direction = scaled + energy / before.clamp_min(1e-20) * direction
    return depth


def integrated_depths(
    depth: Tensor,
    front: Tensor,
    back: Tensor,
    mask: Tensor,
    size: int,
    share: float = 1.0,
    constants: Integration = INTEGRATION,
) -> Tensor:
    """Integrate both depth maps of a person: (B, 2, h, size).

    Made of rough ones (B, 2, ., .), the normal maps (B, 3, H, W) and the mask (B, 1, H, W).
    Of pictures that are not square, `size` is the width; `share` is that width's share of the whole picture's.
    """
    cover = resize_image(mask.float(), size)  # (B, 1, h, size)
    rough = functional.interpolate(depth.float(), size=cover.shape[-2:], mode="bicubic", align_corners=False)
    step = 2 * share / size
    sides = [
        integrated(rough[:, i], resize_image(normals.float(), size), cover[:, 0], step, constants)
        for i, normals in enumerate((front, back))
    ]
    return torch.stack(sides, dim=1)
