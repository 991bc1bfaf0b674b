"""The few numbers that a photograph can tell of a body's shape: principal components of drawn people.

The body's file keeps them as combinations of its own shapes, so they take no room.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifecast.body.body_file import Arrays
from lifecast.body.shapes import BodyShapes

COMPONENTS = 64
"""So many are kept; the first are the most important."""
SKIN_VERTICES = 13380
"""The skin is the first 13,380 vertices of hm08."""


def shape_components(shapes: BodyShapes, drawn: NDArray[np.float64]) -> Arrays:
    """Compute principal components of bodies without expression.

    Parameters
    ----------
    shapes : what the bodies are added up from.
    drawn : (P, C) their coefficients.

    Returns
    -------
    `shape_mean` (C,): the mean body's coefficients. `shape_rows` (S, C): what one unit of each component adds to them;
    a unit is the standard deviation of the drawn people, by the vertices of the skin. `shape_of` (C, S): coefficients
    less the mean -> components, in the sense of least squares over the skin's vertices.
    """
    flat = shapes.combined(np.eye(drawn.shape[1]))[:SKIN_VERTICES].reshape(-1, drawn.shape[1]).T
    gram = flat @ flat.T
    mean = drawn.mean(0)
    spread = drawn - mean
    values, directions = np.linalg.eigh(spread.T @ spread / len(drawn))
    root = (directions * np.sqrt(np.maximum(values, 0))) @ directions.T
    values, directions = np.linalg.eigh(root @ gram @ root)
    order = np.argsort(values)[::-1][:COMPONENTS]
    rows = directions[:, order].T @ root  # a row's body has its component's variance as its squared length
    _turn_up(rows @ flat, rows)
    of = gram @ rows.T / values[order]
    return {
        "shape_mean": mean.astype(np.float32),
        "shape_rows": rows.astype(np.float32),
        "shape_of": of.astype(np.float32),
    }


def _turn_up(bodies: NDArray[np.float64], rows: NDArray[np.float64]) -> None:
    """Turn components in place so that more of each is a taller or wider body: their signs are chance otherwise."""
    rows *= np.where(bodies.sum(1) < 0, -1.0, 1.0)[:, None]
