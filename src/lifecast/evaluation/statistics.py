"""From figures of single pictures to what a table may say: mean, median, worst tenth, and how sure the mean
is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

RESAMPLES = 2_000


@dataclass(frozen=True)
class Summary:
    """Statistics of one metric over pictures.

    `worst_tenth`: the value that nine of ten pictures reach or better: the 90th percentile of an error, the
    10th of a score. `low`, `high`: 95% bootstrap interval of the mean. `count`: pictures. `people`: whom they
    show.
    """

    mean: float
    median: float
    worst_tenth: float
    low: float
    high: float
    count: int
    people: int

    def to_json(self) -> dict[str, float | int]:
        """Describe the summary in plain values."""
        return asdict(self)


def bootstrap_interval(
    values: np.ndarray, people: Sequence[str], seed: int = 0, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """Compute the 95% percentile interval of the mean of `values` (N,).

    People are drawn with replacement. Whole people are drawn, each with all of their pictures: four pictures of one
    person are not four independent trials, and drawing pictures would make the interval too narrow. nan for a single
    person.
    """
    _, owner = np.unique(np.asarray(people), return_inverse=True)
    sums, counts = np.bincount(owner, values), np.bincount(owner)
    if len(sums) < 2:
        return float("nan"), float("nan")
    drawn = np.random.default_rng(seed).integers(len(sums), size=(resamples, len(sums)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def summarise(values: Sequence[float], people: Sequence[str], lower_is_better: bool, seed: int = 0) -> Summary | None:
    """Summarise one metric; values that are not numbers are left out.

    A view without any overlap has such values. None when no value is left.
    """
    numbers = np.asarray(values, dtype=np.float64)
    finite = np.isfinite(numbers)
    if not finite.any():
        return None
    numbers, whose = numbers[finite], [person for person, keep in zip(people, finite, strict=True) if keep]
    low, high = bootstrap_interval(numbers, whose, seed)
    return Summary(
        mean=float(numbers.mean()),
        median=float(np.median(numbers)),
        worst_tenth=float(np.percentile(numbers, 90 if lower_is_better else 10)),
        low=low,
        high=high,
        count=len(numbers),
        people=len(set(whose)),
    )
