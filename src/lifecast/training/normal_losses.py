"""The losses of normal maps and mask: equation 6 of the paper, and what the slim presets add to it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lifecast.model.window import random_window
from lifecast.space.maps import Maps
from lifecast.space.resizing import resize_image, resize_map
from lifecast.training import losses
from lifecast.training.adversary import Adversary, comparison
from lifecast.training.perceptual import PerceptualLoss
from lifecast.training.recipe import LossWeights


def normal_losses(
    maps: Maps,
    batch: dict[str, Any],
    weights: LossWeights,
    perceptual: PerceptualLoss | None = None,
    adversary: Adversary | None = None,
    across: losses.Across = losses.alone,
) -> dict[str, Tensor]:
    """Compute the losses of equation 6 and of the mask, summed over front and weighted back.

    Those that have a weight; `perceptual` and `adversary` where theirs has one.
    """
    size = maps.front.shape[-1]
    mask = resize_map(batch["mask"], size, False)
    names = ("l1", "cosine", "folds", "fold_energy", "fold_amount", "fold_echo", "perceptual")
    parts: dict[str, list[Tensor]] = {name: [] for name in names}
    window = None  # in which the perceptual and the adversarial loss compare the maps
    if (perceptual is not None and weights.perceptual) or adversary is not None:
        window = random_window(mask, weights.window)
    fronts: list[Tensor] = []  # the true front's folds, once the back's turn has come
    for side, predicted, weight in (("front", maps.front, 1.0), ("back", maps.back, weights.back)):
        true = resize_map(batch[side], size, False)
        ours: list[Tensor] = []
        theirs: list[Tensor] = []
        if weights.folds or weights.fold_energy or weights.fold_amount or weights.fold_echo:
            ours, theirs = losses.folds(predicted, mask), losses.folds(true, mask)
        guessed = side == "back" and weights.back_blur is not None
        if weights.fold_amount and (guessed or side == "front"):
            parts["fold_amount"].append(weight * losses.fold_amount(ours, theirs, mask, across))
        if weights.fold_echo and side == "back":
            parts["fold_echo"].append(weight * losses.fold_echo(ours, theirs, fronts, mask, across))
        fronts = theirs
        found, goal = predicted, true
        if guessed and weights.back_blur is not None:
            predicted, true = (losses.blurred_inside(normals, mask, weights.back_blur) for normals in (predicted, true))
        if weights.l1:
            over = mask if weights.l1_over == "mask" else None
            parts["l1"].append(weight * losses.normal_l1(predicted, true, over, across))
        if weights.cosine:
            parts["cosine"].append(weight * losses.normal_cosine(predicted, true, mask, across))
        if window is not None and perceptual is not None and weights.perceptual:
            compared = found * mask if weights.l1_over == "mask" else found
            parts["perceptual"].append(weight * perceptual(window.cut(compared), window.cut(goal), deep_only=guessed))
        if guessed:
            continue
        if weights.folds:
            parts["folds"].append(weight * losses.fold_l1(ours, theirs, mask, across))
        if weights.fold_energy:
            parts["fold_energy"].append(weight * losses.fold_energy(ours, theirs, mask, across))
    result = {name: torch.stack(terms).sum() for name, terms in parts.items() if terms}
    if adversary is not None and window is not None:
        cut = window.cut
        sides = {"front": maps.front, "back": maps.back}
        if weights.adversarial_side == "back":
            del sides["front"]
        result["adversarial"] = adversary.losses(
            comparison(
                cut(resize_image(batch["image"], size)),
                {side: cut(predicted) for side, predicted in sides.items()},
                {side: cut(resize_map(batch[side], size, False)) for side in sides},
                cut(mask),
            )
        )
    if weights.mask and maps.mask_logit is not None:
        result["mask"] = losses.mask_bce(maps.mask_logit, mask)
    return result
