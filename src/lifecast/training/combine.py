"""Weights put together out of several files: parts of one in the place of another's, or means of them.

Networks that were trained on from the same weights, side by side with other seeds or on other machines, mostly lie in
one valley of the loss, and the mean of their weights is then better than each (Wortsman et al. 2022, "Model soups"). A
mean with what a network was before it was trained on forgets less (the same group's "Robust fine-tuning of zero-shot
models").
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lifecast.errors import CheckpointError, OptionError, OptionsError
from lifecast.model.checkpoint import read_description
from lifecast.model.model import Model
from lifecast.training.weights import new_model


def combine(
    base: Path, sources: Sequence[Path], parts: Sequence[str], shares: Sequence[float] | None = None
) -> tuple[Model, dict[str, Any]]:
    """Replace parts of the model in `base` by the weighted mean of those in `sources`.

    `parts` are of `model.PARTS`.

    Parameters
    ----------
    shares
        Weight of each source, not negative, in any unit; equal ones without.

    Returns
    -------
    The model, and what each of its parts went through. A mean's history is that of the first source; the last runs of
    the other ones stand under `averaged_with`, shares under `shares`. What the first one itself was the mean of, if it
    was, stands with its shares under `first_was_mean_of`; that of the others stays with them.

    Raises
    ------
    UsageError
        Without sources or parts, or for shares that are not one a source, negative, not finite or all zero.
    CheckpointError
        Where a file cannot be read, is of another preset than `base`, or holds no trained weights of one of the parts.
    """
    if not sources or not parts:
        raise OptionsError("name at least one file to take parts from, and with {parts} at least one part")
    weights = _normalised(shares, len(sources))
    preset = read_description(base).architecture
    model, history = new_model(preset, (base,), 0)
    others = []
    for source in sources:
        if (found := read_description(source).architecture) != preset:
            raise CheckpointError(
                f"{source}: holds preset {found.name!r}, whose weights are not those of {preset.name!r} in {base}"
            )
        others.append(new_model(preset, (source,), 0))
    for part in parts:
        for source, (_, trained) in zip(sources, others, strict=True):
            if part not in trained:
                raise CheckpointError(f"{source}: holds no trained weights of the part {part!r}")
        _put_mean(getattr(model, part), [getattr(other, part) for other, _ in others], weights)
        history[part] = _mean_history([trained[part] for _, trained in others], shares)
    return model, history


def _normalised(shares: Sequence[float] | None, count: int) -> list[float]:
    """Shares that sum to 1."""
    if shares is None:
        return [1 / count] * count
    if len(shares) != count:
        raise OptionError("shares", tuple(shares), f"give one for each of the {count} files")
    if not all(math.isfinite(share) and share >= 0 for share in shares) or not sum(shares):
        raise OptionError("shares", tuple(shares), "give numbers from 0 on, not all of them 0")
    return [share / sum(shares) for share in shares]


@torch.no_grad()
def _put_mean(module: nn.Module, sources: Sequence[nn.Module], weights: Sequence[float]) -> None:
    """Weights and buffers of `module` become the mean of the sources', in float64."""
    states = [source.state_dict() for source in sources]
    for name, value in module.state_dict().items():
        total = sum(weight * state[name].double() for weight, state in zip(weights, states, strict=True))
        assert isinstance(total, torch.Tensor)
        value.copy_(total)


def _mean_history(notes: Sequence[dict[str, Any]], shares: Sequence[float] | None) -> dict[str, Any]:
    history = copy.deepcopy(notes[0])
    if len(notes) > 1:
        if "averaged_with" in history:
            own = {key: history.pop(key) for key in ("averaged_with", "shares", "first_was_mean_of") if key in history}
            history["first_was_mean_of"] = own
        last = [{key: copy.deepcopy(value) for key, value in note.items() if key != "before"} for note in notes[1:]]
        history["averaged_with"] = last
        if shares is not None:
            history["shares"] = list(shares)
    return history
