"""Sets of numbers, written as ranges: `[[0, 41], [43, 57]]` are 0 to 41 and 43 to 57."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def as_ranges(numbers: Iterable[int]) -> list[list[int]]:
    """Write a set of numbers as its ranges, first and last number of each, in order."""
    ranges: list[list[int]] = []
    for number in sorted(set(numbers)):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ranges


def from_ranges(ranges: Sequence[Sequence[int]]) -> set[int]:
    """Read what `as_ranges` wrote; ValueError or TypeError where it is something else."""
    numbers: set[int] = set()
    for first, last in ranges:
        if not 0 <= first <= last:
            raise ValueError(f"{first} to {last} is no range of numbers")
        numbers.update(range(first, last + 1))
    return numbers
