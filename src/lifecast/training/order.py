"""The order in which samples are drawn: endless, shuffled anew each epoch, and a pure function of seed and position.

A run that is resumed at position p draws exactly the samples that it would have drawn. Positions count samples over
all epochs and processes, so a resumed run may also change its batch size or its number of processes.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from torch.utils.data import Dataset, Sampler


class Epochal(Protocol):
    """A dataset whose randomness is a function of the epoch and the index."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> dict[str, Any]: ...

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose samples are read next."""


class ByEpoch(Dataset[dict[str, Any]]):
    """A dataset asked by (epoch, index).

    Persistent workers, which hold copies of it, learn the epoch that way. Where one epoch ends and the next begins, two
    workers are at different epochs. A dataset may keep its epoch in memory that all processes share, so each worker
    takes a copy that is its own before it sets one.
    """

    def __init__(self, dataset: Epochal) -> None:
        self.dataset = dataset
        self.owner = os.getpid()

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, place: tuple[int, int]) -> dict[str, Any]:
        if self.owner != os.getpid():
            self.dataset, self.owner = copy.deepcopy(self.dataset), os.getpid()
        epoch, index = place
        self.dataset.set_epoch(epoch)
        return self.dataset[index]


class EndlessBatches(Sampler[list[tuple[int, int]]]):
    """Batches of (epoch, index) for one process, without end.

    No sample is dropped where epochs meet.

    Parameters
    ----------
    length
        Samples in the dataset.
    batch
        Samples a step takes in *one* process.
    start
        Position to go on from: samples drawn so far by all processes.
    rank, world
        This process and how many there are; each takes its part of every global batch of `batch * world` samples.
    """

    def __init__(self, length: int, batch: int, seed: int, start: int = 0, rank: int = 0, world: int = 1) -> None:
        if length < 1 or batch < 1:
            raise ValueError(f"{length} samples cannot make batches of {batch}")
        self.length, self.batch, self.seed, self.start = length, batch, seed, start
        self.rank, self.world = rank, world

    def permutation(self, epoch: int) -> np.ndarray:
        """Draw the order of the samples in `epoch`: (length,) int64."""
        return np.random.default_rng([self.seed, epoch, 0x0D]).permutation(self.length)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        position = self.start
        epoch, order = -1, np.zeros(0, np.int64)
        while True:
            mine = range(position + self.rank * self.batch, position + (self.rank + 1) * self.batch)
            places = []
            for place in mine:
                if place // self.length != epoch:
                    epoch = place // self.length
                    order = self.permutation(epoch)
                places.append((epoch, int(order[place % self.length])))
            yield places
            position += self.batch * self.world
