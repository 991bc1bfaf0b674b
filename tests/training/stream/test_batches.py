"""Batches: every view as often as stated, no deadlock in small pools, waiting measured, reproducible samples."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from lifecast.scans.augmentation import Augmentation
from lifecast.training.stream.batches import Draws, StreamBatches
from lifecast.training.stream.dataset import Draw, StreamedPeople
from lifecast.training.stream.rates import SECONDS, Rates


def batches_of(stock, batch, workers=0, stop=None, **settings):
    waits = iter(range(400))  # a deadlock ends the batches, and fails the test
    stop = stop or (lambda: next(waits, None) is None)
    dataset = StreamedPeople(stock.pool.root, None, **({"size": 64, "points": 8} | settings))
    return StreamBatches(dataset, stock, batch, seed=3, start=0, workers=workers, stop=stop)


@pytest.mark.parametrize(("people", "batch", "workers"), [(1, 3, 0), (2, 4, 0), (3, 2, 1), (5, 4, 2)])
def test_every_view_is_used_as_often_as_stated(supply, fake_people, people, batch, workers):
    """Also in pools that are smaller than what is on its way to training."""
    stock = supply(fake_people(people=2, views=4), people=people, uses=2)
    batches = batches_of(stock, batch, workers)
    seen: Counter[tuple[str, int]] = Counter()
    while len(stock.pool.retired) < 6:
        got = next(batches)
        seen.update(zip(got["person"], got["view"].tolist(), strict=True))
        assert len(stock.pool.entries) <= people
    for number in stock.pool.retired:
        for person in range(2):
            name = f"people/{number:06d}/person_{number:06d}_{person}"
            assert [seen[name, view] for view in range(2)] == [2, 2]
    assert max(seen.values()) <= 2


def test_a_batch_shows_several_people(supply, fake_people):
    stock = supply(fake_people(), people=8)
    stock.wait_for(8, lambda _done: None)
    got = next(batches_of(stock, 4))
    assert len(set(got["person"])) == 4


def test_training_waits_for_people_rather_than_take_a_batch_of_one_of_them(supply, fake_people):
    stock = supply(fake_people(), people=8, uses=50)
    stock.wait_for(1, lambda _done: None)
    assert len(stock.pool.live()) < 2
    assert next(iter(Draws(stock, 4, 3, 0))) == []
    stock.wait_for(2, lambda _done: None)
    assert len(next(iter(Draws(stock, 4, 3, 0)))) == 4


def test_waiting_is_counted_and_ends_where_the_run_does(supply, fake_people):
    now = [0.0]

    def clock() -> float:
        now[0] += 1.0  # every look at it takes a second
        return now[0]

    stock = supply(fake_people(), people=2, uses=1, clock=clock)
    stops = []
    batches = batches_of(stock, 4, stop=lambda: len(stops) > 5 or bool(stops.append(None)))
    next(batches)  # nobody was there
    assert stock.rates.totals().wait_share > 0
    stock.makers.results = lambda seconds: []  # nobody is made any more
    with pytest.raises(StopIteration):
        next(batches)
    assert len(stops) == 6
    assert stock.rates.waited.total >= 5


def test_without_waiting_nothing_is_counted(supply, fake_people):
    stock = supply(fake_people(), people=4, uses=4)
    stock.wait_for(4, lambda _done: None)
    next(batches_of(stock, 2))
    assert stock.rates.totals().wait_share == 0
    assert stock.rates.totals().used == 2


def test_rates_are_of_the_last_minutes():
    now = 100.0
    rates = Rates(lambda: now)
    now += 30
    rates.made.add(6)
    rates.used.add(12)
    rates.waited.add(3)
    assert rates.read() == {"views_made_per_min": 12.0, "views_used_per_min": 24.0, "people_wait_share": 0.1}
    now += SECONDS
    assert rates.read() == {"views_made_per_min": 0.0, "views_used_per_min": 0.0, "people_wait_share": 0.0}
    assert rates.totals().made == 6
    assert rates.totals().wait_share == pytest.approx(3 / (30 + SECONDS))


def test_a_sample_follows_from_its_batch_of_draws(supply, fake_people):
    stock = supply(fake_people(), people=3)
    stock.wait_for(3, lambda _done: None)
    draws = [Draw(7 + n, n, f"people/{n:06d}/person_{n:06d}_0", 1) for n in range(3)]
    settings = {"size": 64, "points": 8, "augmentation": Augmentation(), "seed": 4}
    one = StreamedPeople(stock.pool.root, None, **settings)
    one.__getitems__(draws[1:])  # what came before does not matter
    for first, second in zip(
        one.__getitems__(draws), StreamedPeople(stock.pool.root, None, **settings).__getitems__(draws), strict=True
    ):
        assert torch.equal(first["image"], second["image"])
        assert torch.equal(first["points"], second["points"])
    later = [Draw(d.position + 3, d.number, d.person, d.view) for d in draws]
    assert not torch.equal(one.__getitems__(later)[0]["points"], one.__getitems__(draws)[0]["points"])
