"""Weighted residuals and their robust cost."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lifecast.body.fit.reduced_body import Floats


class Residuals(NamedTuple):
    """R residuals in standard deviations, and their derivatives by P numbers."""

    values: Floats
    """(R,)"""
    derivatives: Floats
    """(R, P)"""
    outlier: float = np.inf
    """Standard deviations from which on a residual counts for less and less."""
    vanishing: bool = False
    """Whether an outlier's cost has an upper bound (Geman and McClure's) or grows with its logarithm (Cauchy's)."""
    share: float = 1.0
    """What each residual counts for: less than 1 where neighbours say the same."""

    def cost(self) -> float:
        """Sum the robust cost: half the squares of small residuals."""
        squares = self.values**2
        if not np.isfinite(self.outlier):
            return float(squares.sum()) / 2 * self.share
        c2 = self.outlier**2
        robust = squares / (1 + squares / c2) if self.vanishing else c2 * np.log1p(squares / c2)
        return float(robust.sum()) / 2 * self.share

    def normal_equations(self) -> tuple[Floats, Floats]:
        """Compute the Gauss-Newton matrix (P, P) and the gradient (P,).

        Each residual is weighted by its robust cost: outliers count for less.
        """
        weights = np.full(len(self.values), self.share)
        if np.isfinite(self.outlier):
            fading = 1 / (1 + self.values**2 / self.outlier**2)
            weights = weights * (fading**2 if self.vanishing else fading)
        weighted = self.derivatives * weights[:, None]
        return self.derivatives.T @ weighted, weighted.T @ self.values
