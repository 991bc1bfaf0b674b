"""The order of samples is a function of seed and position."""

from __future__ import annotations

from itertools import chain, islice

import torch

from lifecast.training import data
from lifecast.training.order import ByEpoch, EndlessBatches


def drawn(count, **settings):
    """The first places of a sampler."""
    batches = EndlessBatches(length=7, seed=3, **settings)
    return list(islice(chain.from_iterable(batches), count))


def test_each_epoch_draws_every_sample_once_in_another_order():
    places = drawn(21, batch=3)
    epochs = [[index for epoch, index in places if epoch == e] for e in range(3)]
    assert all(sorted(order) == list(range(7)) for order in epochs)
    assert epochs[0] != epochs[1]
    assert places == drawn(21, batch=4)  # whatever the batch


def test_going_on_from_a_position_draws_what_would_have_come():
    assert drawn(20, batch=2)[9:] == drawn(11, batch=5, start=9)


def test_processes_share_each_global_batch():
    parts = [list(islice(iter(EndlessBatches(length=7, batch=2, seed=3, rank=rank, world=2)), 5)) for rank in (0, 1)]
    together = [place for step in zip(*parts, strict=True) for part in step for place in part]
    assert together == drawn(20, batch=4)


class Counting:
    """Its samples tell the epoch, which all processes share, as a prepared dataset's does."""

    def __init__(self):
        self.epoch = torch.zeros((), dtype=torch.int64).share_memory_()

    def __len__(self):
        return 5

    def set_epoch(self, epoch):
        self.epoch.fill_(epoch)

    def __getitem__(self, index):
        return {"index": index, "epoch": int(self.epoch)}


def test_loading_processes_at_different_epochs_do_not_disturb_each_other():
    batches = data.training_batches(Counting(), 2, seed=3, start=0, workers=2, rank=0, world=1, pinned=False)
    expected = iter(EndlessBatches(length=5, batch=2, seed=3))
    for _ in range(40):
        batch = next(batches)
        got = list(zip(batch["epoch"].tolist(), batch["index"].tolist(), strict=True))
        assert got == next(expected)


def test_asked_by_epoch_in_this_process():
    dataset = ByEpoch(Counting())
    assert dataset[(4, 2)] == {"index": 2, "epoch": 4}
    assert len(dataset) == 5
