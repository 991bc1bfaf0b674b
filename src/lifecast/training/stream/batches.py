"""Batches of a pool's views: drawn, loaded in processes, and counted as used when training gets them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, default_collate

from lifecast.training.data import begin_worker
from lifecast.training.stream.dataset import Draw, StreamedPeople
from lifecast.training.stream.pool import Pool
from lifecast.training.stream.supply import Supply

POLL = 0.25
"""Longest wait for people, in seconds, before it is asked whether the run shall end."""


class StreamBatches(Iterator[dict[str, Any]]):
    """Endless batches for training.

    They end early where `stop` says so while they wait for people.

    Parameters
    ----------
    dataset
        Loads what is drawn.
    supply
        What is drawn from.
    batch
        Views in a batch.
    seed, start
        Seed, and samples that the run drew so far.
    workers
        Loading processes.
    stop
        Whether not to wait any longer.
    """

    def __init__(
        self, dataset: StreamedPeople, supply: Supply, batch: int, seed: int, start: int, workers: int,
        stop: Callable[[], bool], pinned: bool = False,
    ) -> None:  # fmt: skip
        self.supply, self.stop = supply, stop
        supply.pool.undraw()  # what other batches drew and nobody will get
        self._draws = Draws(supply, batch, seed, start)
        loader: DataLoader[Any] = DataLoader(
            dataset,
            batch_sampler=self._draws,
            collate_fn=collate,
            num_workers=workers,
            worker_init_fn=begin_worker,
            pin_memory=pinned,
            prefetch_factor=3 if workers else None,
            persistent_workers=workers > 0,
            generator=torch.Generator().manual_seed(seed),
        )
        self._loaded = iter(loader)

    def __next__(self) -> dict[str, Any]:
        while True:
            batch: dict[str, Any] = next(self._loaded)
            drawn = self._draws.on_their_way.popleft()
            if drawn:
                self.supply.use(draw.number for draw in drawn)
                self.supply.tend()
                return batch
            if not any(self._draws.on_their_way):
                if self.stop():
                    raise StopIteration
                self.supply.wait(POLL)


def collate(samples: list[dict[str, Any]]) -> dict[str, Any]:
    """Make a batch; of nothing an empty one."""
    batch: dict[str, Any] = default_collate(samples) if samples else {}
    return batch


class Draws:
    """Lists of `Draw`, one a batch, without end; an empty one where people must be waited for.

    It never waits itself: a pool may be full of people whose views are drawn and still being loaded, and only whoever
    gets the loaded batches can let them go.
    """

    def __init__(self, supply: Supply, batch: int, seed: int, start: int) -> None:
        self.supply, self.batch, self.position = supply, batch, start
        self.rng = np.random.default_rng([seed, start, 0x57])
        self.on_their_way: deque[list[Draw]] = deque()
        """What was drawn and not got yet, in order."""

    def __iter__(self) -> Iterator[list[Draw]]:
        while True:
            draws = self._draw()
            self.on_their_way.append(draws)
            yield draws

    def _draw(self) -> list[Draw]:
        pool = self.supply.pool
        live = pool.live()
        left = sum(pool.left(entry) for entry in live)
        fewest = min(self.batch, fewest_people(pool))
        if (len(live) < fewest or left < self.batch) and (self.supply.growing or any(self.on_their_way)):
            return []
        draws: list[Draw] = []
        while len(draws) < self.batch and live:
            # Everybody once before anybody twice.
            for place in self.rng.permutation(len(live))[: self.batch - len(draws)]:
                entry = live[int(place)]
                person, view = entry.draw()
                draws.append(Draw(self.position, entry.number, f"people/{entry.name}/{person}", view))
                self.position += 1
            live = pool.live()
        return draws


def fewest_people(pool: Pool) -> int:
    """Count the people to choose from with which training begins and goes on.

    A quarter of the pool, at least 1: with fewer, a batch would show one person from all sides.
    """
    return max(1, pool.most_people // 4)
