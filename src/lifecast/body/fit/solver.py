"""Levenberg and Marquardt's steps on a sum of robust residuals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lifecast.body.fit.reduced_body import Floats
from lifecast.body.fit.residuals import Residuals

Problem = Callable[[Floats], list[Residuals]]


@dataclass(frozen=True)
class Solved:
    """Where the steps ended."""

    numbers: Floats
    """(P,)"""
    cost: float
    steps: int
    """How many lowered the cost."""


def solve(problem: Problem, start: Floats, most: int, enough: float = 1e-3, bounded: slice | None = None) -> Solved:
    """Reduce the cost of residuals step by step.

    No step is taken that does not lower it. It ends after `most` tries, or when a step lowers it by less than the
    share `enough`. Numbers of the slice `bounded` stay within 0 and 1.
    """
    numbers, damping, steps = start.copy(), 1e-2, 0
    residuals = problem(numbers)
    cost = sum(one.cost() for one in residuals)
    system = _system(residuals)
    for _ in range(most):
        matrix, gradient = system
        damped = matrix + damping * np.diag(np.diag(matrix) + 1e-6)
        tried = numbers - np.linalg.solve(damped, gradient)
        if bounded is not None:
            tried[bounded] = np.clip(tried[bounded], 0, 1)
        residuals = problem(tried)
        new = sum(one.cost() for one in residuals)
        if not new < cost:  # also if it is not a number
            damping *= 8
            if damping > 1e6:
                break
            continue
        gained = cost - new
        numbers, cost, damping, steps = tried, new, max(damping / 4, 1e-6), steps + 1
        if gained < enough * cost:
            break
        system = _system(residuals)
    return Solved(numbers, cost, steps)


def _system(residuals: list[Residuals]) -> tuple[Floats, Floats]:
    parts = [one.normal_equations() for one in residuals if len(one.values)]
    return np.sum([part[0] for part in parts], axis=0), np.sum([part[1] for part in parts], axis=0)
