"""How much memory a step will take, before it takes it: a run that cannot fit is refused with the batch that would.

The networks' intermediate results, kept for the backward pass, are most of it and grow with the batch. They are
counted in one forward pass of one sample. On a CPU nothing else would warn: Linux kills what outgrows its memory.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lifecast.errors import LifecastError
from lifecast.free_memory import free_bytes
from lifecast.training.trainee import Trainee

GIGABYTE = 1e9
# A backward pass needs some gradients of intermediate results at a time, and convolutions their workspace: 1.5 and 1.6
# times what is kept, measured for the compact preset's normals and coarse net (256 pixels, 4 pictures, CPU).
WORKSPACE = 1.6


class MemoryShort(LifecastError):
    """A step would not fit into memory."""


def kept_bytes(trainee: Trainee, sample: dict[str, Any]) -> int:
    """Measure the bytes that a forward pass of `sample` keeps for the backward pass.

    `sample` is a batch, usually of one. Weights are left out.
    """
    weights = {p.untyped_storage().data_ptr() for p in trainee.stage.parameters()}
    kept: dict[int, Any] = {}  # storages by address; holding them keeps an address from being used again

    def count(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage
        return tensor

    with trainee.fabric.autocast(), torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        # The stage itself, not Fabric's wrapper: no process waits here for the others.
        trainee.stage(trainee.to_device(sample))
    return sum(storage.nbytes() for storage in kept.values())


def state_bytes(trainee: Trainee) -> int:
    """Count the bytes of gradients and of the optimiser's averages.

    The first step allocates them.
    """
    trained = sum(p.numel() * p.element_size() for p in trainee.stage.parameters() if p.requires_grad)
    averages = 1 if trainee.part.optimiser == "rmsprop" else 2
    return trained * (1 + averages)


def check_memory(
    trainee: Trainee, sample: dict[str, Any], batch: int, free: int | None = None, sharing: int = 1
) -> int:
    """Refuse a batch that does not fit; returns the bytes that a step is expected to take.

    Parameters
    ----------
    sample
        A batch of one, as large as any that will come.
    batch
        Pictures in a step.
    free
        Bytes to fit into; by default what is free now.
    sharing
        Processes that do the same in that memory.

    Raises
    ------
    MemoryShort
        Naming the need, what is free, and the largest batch that fits.
    """
    free = free_bytes(trainee.fabric.device) if free is None else free
    free //= sharing
    state = state_bytes(trainee)
    each = round(kept_bytes(trainee, sample) * WORKSPACE)
    needed = state + batch * each
    if needed > free:
        fits = max(0, (free - state) // each)
        advice = (
            f"--batch {fits} fits" if fits else "not even --batch 1 fits: give a smaller --size or another --preset"
        )
        size = sample["image"].shape[-1]
        raise MemoryShort(
            f"too little memory: a step of {batch} pictures of {size} pixels needs about {needed / GIGABYTE:.1f} GB, "
            f"and {free / GIGABYTE:.1f} GB are free; {advice}"
        )
    return needed
