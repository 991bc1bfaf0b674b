"""Learning rates and budgets, by a clock that the test moves."""

from __future__ import annotations

import itertools
import math

import pytest

from lifecast.training.schedule import Budget, LearningRate


def test_step_is_a_tenth_after_every_ten_epochs():
    rate = LearningRate("step", every=10, factor=0.1)
    assert [rate(0.5, epoch) for epoch in (0, 9.99, 10, 19.9, 20)] == pytest.approx([1, 1, 0.1, 0.1, 0.01])


def test_one_cycle_rises_then_falls_to_its_final_value():
    rate = LearningRate("one-cycle", warmup=0.2, final=0.01)
    values = [rate(p / 100, 0) for p in range(101)]
    assert values[0] == pytest.approx(0.04)
    assert values[20] == pytest.approx(1)
    assert values[100] == pytest.approx(0.01)
    assert all(a <= b for a, b in itertools.pairwise(values[:21]))
    assert all(a >= b for a, b in itertools.pairwise(values[20:]))


def test_cosine_without_warmup_starts_at_its_peak():
    rate = LearningRate("cosine", final=0.0)
    assert [rate(p, 0) for p in (0, 0.5, 1)] == pytest.approx([1, 0.5, 0])
    assert LearningRate("constant")(0.9, 50) == 1


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_minutes_fit_the_schedule_to_the_clock():
    clock = Clock()
    budget = Budget(minutes=2, reserve=20, clock=clock)
    assert budget.progress(0) == 0
    clock.now += 50
    assert budget.progress(3) == pytest.approx(0.5)
    assert budget.seconds_left(3, 1.0) == pytest.approx(50)
    clock.now += 60
    assert budget.progress(4) == 1


def test_minutes_count_over_all_sittings():
    clock = Clock()
    budget = Budget(minutes=2, spent=60, clock=clock)
    assert budget.progress(0) == pytest.approx(0.5)
    clock.now += 30
    assert budget.elapsed == pytest.approx(90)
    assert budget.progress(0) == pytest.approx(0.75)


def test_steps_and_minutes_end_at_whichever_comes_first():
    clock = Clock()
    budget = Budget(steps=10, minutes=1, clock=clock)
    assert budget.progress(5) == pytest.approx(0.5)
    clock.now += 45
    assert budget.progress(5) == pytest.approx(0.75)
    assert budget.progress(10) == 1
    assert Budget(steps=None, minutes=None).seconds_left(0, 1.0) == math.inf
