"""What training minimises: equations 5 and 6 of the paper, and the auxiliary losses of the slim presets.

Every function computes in float32 whatever the precision around it, and returns a scalar. Where a loss is divided by
something counted in the batch (points outside, pixels of the person), `across` averages that count over the processes
of a distributed run. The mean of the processes' gradients is then exactly the gradient of the whole batch, however
unevenly people fill the pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from lifecast.space.parsing import NOTHING
from lifecast.space.smoothing import smoothed
from lifecast.space.unit_normals import squared_lengths, unit_normals

Across = Callable[[Tensor], Tensor]


def alone(count: Tensor) -> Tensor:
    """Compute the mean over the processes of a run that has only one."""
    return count


def extended_bce(
    logits: Tensor | Sequence[Tensor],
    occupancy: Tensor,
    across: Across = alone,
    outside_share: float | None = None,
) -> Tensor:
    """Compute the extended binary cross entropy of equation 5, averaged over the points.

    If there are several stacks, it is averaged over them, too. lambda, the share of points outside the surface, weighs
    the points inside and 1 - lambda those outside, so that both sides of the surface pull alike however many points
    each has. (Equation 5 leaves out the minus sign.)

    Parameters
    ----------
    logits
        (B, N) float, before the sigmoid; or one such tensor for each stack of an hourglass.
    occupancy
        (B, N) float in [0, 1], 1 inside.
    across
        Mean over processes, see the module.
    outside_share
        lambda; by default it is counted in the batch, as the paper does. Where a network is unsure, a lambda above 0.5
        pushes the 0.5 level outward: to where a point is inside with probability 1 - lambda.
    """
    stacks = [logits] if isinstance(logits, Tensor) else list(logits)
    if not stacks:
        raise ValueError("no logits to compare with the occupancy")
    inside = occupancy.float()
    share = across((1 - inside).mean()) if outside_share is None else outside_share  # lambda
    total = inside.new_zeros(())
    for stack in stacks:
        if stack.shape != inside.shape:
            raise ValueError(f"logits {tuple(stack.shape)} for occupancy {tuple(inside.shape)}")
        x = stack.float()
        # -log sigmoid(x) = softplus(-x) and -log(1 - sigmoid(x)) = softplus(x): finite for every finite logit.
        terms = share * inside * F.softplus(-x) + (1 - share) * (1 - inside) * F.softplus(x)
        total = total + terms.mean()
    return total / len(stacks)


def masked_mean(values: Tensor, weights: Tensor, across: Across = alone) -> Tensor:
    """Average `values` (B, C, H, W) by `weights` (B, 1, H, W).

    It is 0 if these are 0.
    """
    count = across(weights.sum() * values.shape[1])
    return (values * weights).sum() / count.clamp_min(1.0)


def normal_l1(predicted: Tensor, true: Tensor, mask: Tensor | None = None, across: Across = alone) -> Tensor:
    """Compute the L1 distance of normal maps (B, 3, H, W) in [-1, 1].

    It is the second term of equation 6, without its weight. Without a mask all pixels count, and the background is
    pulled to 0; with a mask (B, 1, H, W) only the person's do.
    """
    difference = (predicted.float() - true.float()).abs()
    return difference.mean() if mask is None else masked_mean(difference, mask.float(), across)


def normal_cosine(predicted: Tensor, true: Tensor, mask: Tensor, across: Across = alone) -> Tensor:
    """Compute 1 - cosine between predicted and true normals (B, 3, H, W): in [0, 2].

    It is averaged over the mask.
    """
    ours, theirs = unit_normals(predicted.float()), unit_normals(true.float())
    cosine = (ours * theirs).sum(dim=1, keepdim=True)  # (B, 1, H, W)
    return masked_mean(1 - cosine, mask.float(), across)


FOLD_SIGMAS = (2.0, 6.0)
"""Pixels: standard deviations of the blurs from which folds stand out, at maps of 1024."""
FOLD_REACH, FOLD_STEP = 24, 8
"""Pixels: side of the squares in which the depth of folds is measured, and how far apart these are."""


def folds(normals: Tensor, mask: Tensor) -> list[Tensor]:
    """Compute the folds of a normal map (B, 3, H, W).

    The map less its Gaussian blur, at each of `FOLD_SIGMAS`.
    """
    bare = normals.float() * mask.float()
    return [bare - smoothed(bare, sigma) for sigma in FOLD_SIGMAS]


def fold_energy(ours: Sequence[Tensor], theirs: Sequence[Tensor], mask: Tensor, across: Across = alone) -> Tensor:
    """Compute the squared distance of `folds` (B, 3, H, W), averaged over the mask.

    Most of a person is nearly flat, and what little folds there are cannot be predicted: `fold_l1` counts them as much
    as the deep ones that can, and drowns these. Squares do not.
    """
    terms = [masked_mean((a - b).square(), mask.float(), across) for a, b in zip(ours, theirs, strict=True)]
    return torch.stack(terms).sum()


def fold_l1(ours: Sequence[Tensor], theirs: Sequence[Tensor], mask: Tensor, across: Across = alone) -> Tensor:
    """Compute the L1 distance of `folds` (B, 3, H, W), averaged over the mask.

    In the other losses the error of the whole surface's direction outweighs theirs; here it does not count.
    """
    terms = [masked_mean((a - b).abs(), mask.float(), across) for a, b in zip(ours, theirs, strict=True)]
    return torch.stack(terms).sum()


def fold_depths(ours: Sequence[Tensor], mask: Tensor) -> list[Tensor]:
    """Measure how deep `folds` (B, 3, H, W) are around each place: (B, 1, h, w) for each blur.

    The root of their mean square over the mask, in squares of `FOLD_REACH` pixels every `FOLD_STEP`.
    """
    inside = mask.float()
    around = F.avg_pool2d(inside, FOLD_REACH, FOLD_STEP, FOLD_REACH // 2).clamp_min(1e-3)
    found = []
    for one in ours:
        energy = F.avg_pool2d(squared_lengths(one) * inside, FOLD_REACH, FOLD_STEP, FOLD_REACH // 2)
        found.append((energy / around + 1e-6).sqrt())
    return found


def fold_amount(ours: Sequence[Tensor], theirs: Sequence[Tensor], mask: Tensor, across: Across = alone) -> Tensor:
    """Compute the squared distance of how deep `folds` (B, 3, H, W) are, averaged over the mask.

    Where folds lie does not count. A head that cannot know (the back is not seen) is asked for none by the other
    losses, whose least is the mean of all folds that there might be; this one asks for as many as people have.
    """
    covered = F.avg_pool2d(mask.float(), FOLD_REACH, FOLD_STEP, FOLD_REACH // 2)
    pairs = zip(fold_depths(ours, mask), fold_depths(theirs, mask), strict=True)
    terms = [masked_mean((a - b).square(), covered, across) for a, b in pairs]
    return torch.stack(terms).sum()


def fold_echoes(ours: Sequence[Tensor], others: Sequence[Tensor], mask: Tensor) -> list[Tensor]:
    """Measure how far `folds` (B, 3, H, W) follow those of the other side.

    (B, 2, h, w) for each blur. In the squares of `fold_depths`, for x and y: the mean product with the other side's
    folds, over how deep these are. That is how deep the part of the folds is that copies them, with its sign.
    """
    inside = mask.float()
    around = F.avg_pool2d(inside, FOLD_REACH, FOLD_STEP, FOLD_REACH // 2).clamp_min(1e-3)
    found = []
    for one, other, depth in zip(ours, others, fold_depths(others, mask), strict=True):
        product = F.avg_pool2d(one[:, :2] * other[:, :2] * inside, FOLD_REACH, FOLD_STEP, FOLD_REACH // 2)
        found.append(product / around / depth.clamp_min(0.02))
    return found


def fold_echo(
    ours: Sequence[Tensor],
    theirs: Sequence[Tensor],
    others: Sequence[Tensor],
    mask: Tensor,
    across: Across = alone,
) -> Tensor:
    """Compute the squared distance of how far `folds` follow those of the other side.

    It is averaged over the mask. A head that is asked for some folds, anywhere, on a side that it does not see would
    take those that it sees: a face on the back of the head. True backs follow their fronts at hems and seams, and
    hardly elsewhere.
    """
    covered = F.avg_pool2d(mask.float(), FOLD_REACH, FOLD_STEP, FOLD_REACH // 2)
    pairs = zip(fold_echoes(ours, others, mask), fold_echoes(theirs, others, mask), strict=True)
    terms = [masked_mean((a - b).square(), covered, across) for a, b in pairs]
    return torch.stack(terms).sum()


def blurred_inside(normals: Tensor, mask: Tensor, sigma: float) -> Tensor:
    """Blur a normal map (B, 3, H, W) over the mask alone: unit vectors, 0 outside."""
    inside = mask.float()
    return unit_normals(smoothed(normals.float() * inside, sigma)) * inside


def mask_bce(logits: Tensor, mask: Tensor) -> Tensor:
    """Compute the binary cross entropy of mask logits (B, 1, H, W) and a mask in [0, 1]."""
    return F.binary_cross_entropy_with_logits(logits.float(), mask.float())


def depth_l1(predicted: Tensor, true: Tensor, mask: Tensor, across: Across = alone) -> Tensor:
    """Compute the mean distance of depth maps (B, 2, h, w) inside `mask` (B, 1, h, w).

    It is of front and back, in view units.
    """
    true = true.float()
    return masked_mean((predicted.float() - true).abs(), mask.float(), across)


def depth_bins(logits: Tensor, true: Tensor, mask: Tensor, centres: Tensor, across: Across = alone) -> Tensor:
    """Compute the cross entropy of distributions over depths, logits (B, 2, K, h, w).

    The truth is the depth (B, 2, h, w) spread over the nearest of the `centres` (K,), a bell as wide as their spacing.
    Only pixels inside `mask` (B, 1, h, w) count.
    """
    step = centres[1] - centres[0]
    away = (true.float().clamp(float(centres[0]), float(centres[-1]))[:, :, None] - centres[:, None, None]) / step
    wanted = torch.softmax(-0.5 * away.square(), dim=2)  # (B, 2, K, h, w)
    entropy = -(wanted * logits.float().log_softmax(2)).sum(2)  # (B, 2, h, w)
    return masked_mean(entropy, mask.float(), across)


def angle_degrees(predicted: Tensor, true: Tensor) -> Tensor:
    """Compute the angle between two maps of vectors (B, 3, H, W): (B, H, W).

    It is in degrees, in [0, 180]. It is the atan2 of the cross and the dot product, which unlike the arc cosine is
    exact for small angles too.
    """
    p, t = predicted.float(), true.float()
    cross = torch.linalg.cross(p, t, dim=1).norm(dim=1)
    return torch.rad2deg(torch.atan2(cross, (p * t).sum(1)))


def parsing_cross_entropy(logits: Tensor, parts: Tensor, across: Across = alone) -> Tensor:
    """Compute the cross entropy of parsing logits with the true parts.

    logits: (B, 2, P, h, w); parts: (B, 2, S, S) uint8. Of both sides' pixels that show the person; pixels between those
    of the logits are left out.
    """
    true = parts_at(parts, logits.shape[-1]).long()
    inside = true != NOTHING
    entropy = F.cross_entropy(
        logits.movedim(2, 1).float(), torch.where(inside, true, 0), reduction="none"
    )  # (B, 2, h, w)
    count = across(inside.sum().float()).clamp_min(1)
    return (entropy * inside).sum() / count


def parts_at(parts: Tensor, width: int) -> Tensor:
    """Pick the parts (B, 2, H, W) of a map `width` pixels wide, which must divide W."""
    stride = parts.shape[-1] // width
    return parts[..., stride // 2 :: stride, stride // 2 :: stride]
