"""Statistics against their definitions, the interval against theory and against a plain loop."""

import numpy as np
import pytest

from lifecast.evaluation.statistics import bootstrap_interval, summarise


def test_summary_of_known_values() -> None:
    values = list(range(1, 102))
    names = [f"p{i}" for i in values]
    found = summarise(values, names, lower_is_better=True)
    assert found is not None
    assert (found.mean, found.median, found.worst_tenth) == (51, 51, 91)
    assert (found.count, found.people) == (101, 101)
    scores = summarise(values, names, lower_is_better=False)
    assert scores is not None
    assert scores.worst_tenth == 11
    assert found.low < 51 < found.high


def test_the_interval_of_independent_people_is_that_of_the_central_limit() -> None:
    values = np.random.default_rng(0).normal(5, 2, 400)
    low, high = bootstrap_interval(values, [str(i) for i in range(400)], resamples=4_000)
    error = values.std() / np.sqrt(400)
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)


def test_pictures_of_one_person_are_drawn_together() -> None:
    rng = np.random.default_rng(1)
    person = rng.normal(0, 1, 50)
    values, names = np.repeat(person, 8), np.repeat([f"p{i}" for i in range(50)], 8).tolist()
    together = np.ptp(bootstrap_interval(values, names))
    apart = np.ptp(bootstrap_interval(values, [str(i) for i in range(400)]))
    assert together == pytest.approx(np.sqrt(8) * apart, rel=0.15)


def test_the_interval_equals_a_plain_loop_over_people_of_unequal_numbers_of_pictures() -> None:
    values = np.array([1.0, 2.0, 3.0, 10.0, 4.0])
    names = ["a", "a", "b", "b", "c"]
    rng = np.random.default_rng(9)
    means = []
    for _ in range(3_000):
        drawn = rng.integers(3, size=3)
        pool = [v for d in drawn for v, n in zip(values, names, strict=True) if n == "abc"[d]]
        means.append(np.mean(pool))
    expected = np.percentile(means, [2.5, 97.5])
    np.testing.assert_allclose(bootstrap_interval(values, names, seed=9, resamples=3_000), expected)


def test_unknown_values_are_left_out_and_counted() -> None:
    found = summarise([1.0, float("nan"), 3.0], ["a", "b", "c"], True)
    assert found is not None
    assert (found.mean, found.count, found.people) == (2, 2, 2)
    assert summarise([float("nan")], ["a"], True) is None
    single = summarise([1.0, 3.0], ["a", "a"], True)
    assert single is not None
    assert np.isnan(single.low)
