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
from lifecast.space.smoothing import smoothed


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


@dataclass(frozen=True)
class Tilt:
    """Constants of the step `tilt`."""

    broad: float = 3.0
    """Pixels at a depth map of 256: standard deviation of the smoothing beyond which depths are believed."""
    disagreeing: tuple[float, float] = (10.0, 20.0)
    """Degrees between a normal and the depths' slope up to which the slope is believed wholly, and from which not at
    all: if they are so far apart, one surface ends before another."""
    steep: tuple[float, float] = (0.4, 0.6)
    """Normals' |z| from which slopes are believed, and from which wholly: at the silhouette they have no bound."""
    inside: float = 0.98
    """Mask in [0, 1] above which slopes are believed."""


TILT = Tilt()


def slopes(
    normals: Tensor, step: float | None = None, grazing: float = INTEGRATION.grazing
) -> tuple[Tensor, Tensor, Tensor]:
    """Compute the change of depth from a pixel to the next, and its weight.

    The next is the one to the right, and the one below. normals (B, 3, H, W) of one side, of any length -> three of (B,
    H, W): view units, view units, weight in [0, 1]. `step`: view units from pixel to pixel; by default they are of a
    whole picture, 2 / W. `grazing`: as in `Integration`.
    """
    step = 2 / normals.shape[-1] if step is None else step
    a, b, c = functional.normalize(normals, dim=1, eps=1e-6).unbind(1)
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
    right, down, sure = slopes(normals, step, constants.grazing)
    wanted = ((right[:, :, 1:] + right[:, :, :-1]) / 2, (down[:, 1:] + down[:, :-1]) / 2)
    cover = mask * sure
    trust = (torch.minimum(cover[:, :, 1:], cover[:, :, :-1]), torch.minimum(cover[:, 1:], cover[:, :-1]))
    held = constants.stay * mask + 1e-4 * (1 - mask)
    depth = rough
    for _ in range(constants.rounds):
        found = differences(depth)
        weights = tuple(
            t / (1 + ((f - w) / constants.jump) ** 2) ** 2 for t, f, w in zip(trust, found, wanted, strict=True)
        )
        depth = solve(depth, rough, held, weights, wanted, constants.iterations)
    return torch.where(mask > 0.5, depth, rough)


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
    weights: tuple[Tensor, ...],
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


def tilted(normals: Tensor, depth: Tensor, mask: Tensor, facing: float, share: float, constants: Tilt = TILT) -> Tensor:
    """Turn normal maps (B, 3, S, S) toward the broad slopes of the depths.

    Predicted normals have a curl, which no surface has. Integrated depths have none, and depend on the predicted depths
    too. So broad slopes are better there, and folds in the normals. Lengths stay.

    Parameters
    ----------
    normals
        Of one side, in view space, of any length.
    depth
        (B, s, s) view z of that side.
    mask
        (B, 1, S, S) in [0, 1].
    facing
        1 of the front, -1 of the back.
    share
        Of the difference between both, smoothed by `Tilt.broad`: 0 leaves the normals as they are.
    """
    size = depth.shape[-1]
    normals = normals.contiguous(memory_format=torch.channels_last)  # lengths are found several times as fast on a CPU
    depth = depth.to(normals.dtype)
    unit = functional.normalize(normals, dim=1, eps=1e-6)
    coarse = functional.normalize(resize_image(unit, size), dim=1, eps=1e-6)  # (B, 3, s, s)
    near = functional.pad(depth[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
    right = (near[:, 1:-1, 2:] - near[:, 1:-1, :-2]) * size / 4  # (B, s, s), a slope: pixels are 2 / s apart
    down = (near[:, 2:, 1:-1] - near[:, :-2, 1:-1]) * size / 4
    slope = facing * functional.normalize(torch.stack([-right, down, torch.ones_like(right)], 1), dim=1)
    angle = torch.rad2deg(torch.acos((coarse * slope).sum(1, keepdim=True).clamp(-1, 1)))  # (B, 1, s, s)
    (agree, disagree), (steep, shallow) = constants.disagreeing, constants.steep
    believed = ((disagree - angle) / (disagree - agree)).clamp(0, 1)
    believed = believed * ((coarse[:, 2:].abs() - steep) / (shallow - steep)).clamp(0, 1)
    believed = believed * (resize_image(mask.to(normals.dtype), size) > constants.inside)
    broad = smoothed((slope - coarse) * believed, constants.broad * size / 256)  # (B, 3, s, s)
    turn = resize_image(broad, normals.shape[-1])  # (B, 3, S, S)
    length: Tensor = normals.norm(dim=1, keepdim=True)  # (B, 1, S, S)
    return functional.normalize(unit + share * turn, dim=1, eps=1e-6) * length
